#!/usr/bin/env bash
# Say on which base to build: PYTHON_IMAGE where it is here or can be pulled, and otherwise a stand-in, Debian bookworm
# with its own Python 3.11, which is made where there is none yet. Needs root, buildah, and debootstrap for the stand-in.
set -euo pipefail

wanted=${PYTHON_IMAGE:-docker.io/library/python:3.11-slim-bookworm}
stand_in=localhost/clearleaf-standin-python:3.11

here() { buildah inspect --type image "$1" >/dev/null 2>&1; }

if here "$wanted" || buildah pull "$wanted" >&2; then
  echo "$wanted"
  exit
fi
cat >&2 <<TOLD
--------------------------------------------------------------------------------
$wanted cannot be pulled (above: why).
Building on the stand-in $stand_in instead: good for trying, no release.
--------------------------------------------------------------------------------
TOLD
if ! here "$stand_in"; then
  root=$(mktemp --directory --tmpdir clearleaf-base.XXXXXX)
  trap 'rm -rf "$root"' EXIT
  debootstrap --variant=minbase --include=ca-certificates,python3,python3-venv bookworm "$root" >&2
  # As the official slim images do: what documents, and what apt can fetch again.
  rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/usr/share/{doc,info,man,locale}/*
  tar --directory "$root" --create . | podman import --change 'CMD ["python3.11"]' - "$stand_in" >&2
fi
echo "$stand_in"
