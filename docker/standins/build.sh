#!/usr/bin/env bash
# Build stand-ins for the images of others in docker-compose.yml, where they cannot be pulled; tests/containers/standins.yml
# names them. Takes PYTHON_IMAGE, PIP_* and BUILD_OPTIONS as docker/build.sh does. Needs root, buildah and podman.
set -euo pipefail
cd "$(dirname "$0")"

base=$(../base.sh)
read -r -a more <<<"${BUILD_OPTIONS:-}"

for service in database broker storage; do
  buildah bud --layers --isolation chroot --network host --format docker "${more[@]}" \
    --target "$service" --tag "localhost/clearleaf-standin-$service:latest" \
    --build-arg PYTHON_IMAGE="$base" \
    --build-arg PIP_INDEX_URL="${PIP_INDEX_URL:-}" \
    --build-arg PIP_FIND_LINKS="${PIP_FIND_LINKS:-}" \
    --build-arg PIP_CERT="${PIP_CERT:-}" .
done
