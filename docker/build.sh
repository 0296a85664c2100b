#!/usr/bin/env bash
# Build images, by docker where its engine answers and by buildah (as root) otherwise.
#   docker/build.sh api worker
# From the environment:
#   TORCH_VARIANT   of the worker: cpu (default) or cuda
#   TORCH_INDEX     package index that holds that build of torch; pip's own where empty
#   PYTHON_IMAGE    the base, by tag or digest
#   PIP_INDEX_URL, PIP_FIND_LINKS, PIP_CERT   where pip looks and whom it trusts, as its own variables of these names
#   BUILD_OPTIONS   more options of the builder, such as --volume=/wheels:/wheels:ro for a folder in PIP_FIND_LINKS
set -euo pipefail
cd "$(dirname "$0")/.."

version=$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
revision=$(git describe --always --dirty --abbrev=40 --exclude='*' 2>/dev/null || true)
variant=${TORCH_VARIANT:-cpu}
base=${PYTHON_IMAGE:-docker.io/library/python:3.11-slim-bookworm}
read -r -a more <<<"${BUILD_OPTIONS:-}"

if docker info >/dev/null 2>&1; then
  builder=(docker build)
else
  builder=(buildah bud --layers --isolation chroot --network host --format docker) # HEALTHCHECK is of this format alone
  base=$(docker/base.sh)
fi

build() { # FILE TAG
  "${builder[@]}" "${more[@]}" --file "$1" --tag "$2" \
    --build-arg VERSION="$version" \
    --build-arg REVISION="$revision" \
    --build-arg SOURCE="${SOURCE:-$(git remote get-url origin 2>/dev/null || true)}" \
    --build-arg PYTHON_IMAGE="$base" \
    --build-arg PIP_INDEX_URL="${PIP_INDEX_URL:-}" \
    --build-arg PIP_FIND_LINKS="${PIP_FIND_LINKS:-}" \
    --build-arg PIP_CERT="${PIP_CERT:-}" \
    "${@:3}" .
}

for process in "$@"; do
  case $process in
    api) build docker/api.Dockerfile "clearleaf-api:$version" ;;
    worker)
      build docker/worker.Dockerfile "clearleaf-worker:$version-$variant" \
        --build-arg TORCH_VARIANT="$variant" --build-arg TORCH_INDEX="${TORCH_INDEX:-}"
      ;;
    *)
      echo "there is no image $process: api or worker" >&2
      exit 2
      ;;
  esac
done
