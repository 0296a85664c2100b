#!/bin/sh
# Stand-in for the entry point of the official PostgreSQL image, as far as docker-compose.yml uses it.
set -eu
bin=/usr/lib/postgresql/15/bin
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  # initdb wants to know the name of who calls it.
  export LD_PRELOAD=libnss_wrapper.so NSS_WRAPPER_PASSWD=/tmp/passwd NSS_WRAPPER_GROUP=/tmp/group
  echo "postgres:x:$(id -u):$(id -g):PostgreSQL:$PGDATA:/bin/false" >/tmp/passwd
  echo "postgres:x:$(id -g):" >/tmp/group
  # shellcheck disable=SC2086 # several options
  $bin/initdb -D "$PGDATA" -U "$POSTGRES_USER" --pwfile="$POSTGRES_PASSWORD_FILE" --auth-local=trust -E UTF8 $POSTGRES_INITDB_ARGS
  echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
  echo "CREATE DATABASE \"$POSTGRES_DB\"" | $bin/postgres --single -D "$PGDATA" postgres >/dev/null
  unset LD_PRELOAD NSS_WRAPPER_PASSWD NSS_WRAPPER_GROUP
fi
exec $bin/postgres -D "$PGDATA" -c listen_addresses='*'
