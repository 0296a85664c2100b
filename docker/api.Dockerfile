# The API, and what needs no more than it: `reconcile`, `migrate`, `keys`. Without torch.

# The tag is moved by those who mend the base; PYTHON_IMAGE=...@sha256:... holds a build to one digest.
ARG PYTHON_IMAGE=docker.io/library/python:3.11-slim-bookworm

#checkov:skip=CKV_DOCKER_7: the tag stands in PYTHON_IMAGE
FROM ${PYTHON_IMAGE} AS build
# Where pip looks and whom it trusts: a mirror, a folder mounted into the build, a bundle of certificates. None stays in the image.
ARG PIP_INDEX_URL
ARG PIP_FIND_LINKS
ARG PIP_CERT
ENV PIP_NO_CACHE_DIR=1 PIP_NO_COMPILE=1 PIP_ONLY_BINARY=:all: PIP_DISABLE_PIP_VERSION_CHECK=1
# Debian's stable release changes packages for security alone: the upstream version is pinned, its patches come in.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends "binutils=2.40-*" "tini=0.19.0-*" \
 && rm -rf /var/lib/apt/lists/*
# pip stays in the environment it came with; the one that is shipped has none.
RUN python3.11 -m venv /build && python3.11 -m venv --without-pip /opt/clearleaf
COPY docker/build.lock docker/api.lock /src/docker/
RUN /build/bin/pip install --require-hashes -r /src/docker/build.lock \
 && /build/bin/pip --python /opt/clearleaf/bin/python install --require-hashes -r /src/docker/api.lock
COPY docker/slim.sh /src/docker/
RUN /src/docker/slim.sh /opt/clearleaf \
 && echo /opt/app >/opt/clearleaf/lib/python3.11/site-packages/app.pth
# Apart from the packages: what changes with every release is a layer of a few megabytes.
COPY . /src
RUN env --unset=PIP_ONLY_BINARY /build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheels /src \
 && /build/bin/pip --python /opt/clearleaf/bin/python install --no-deps --target /opt/app /wheels/*.whl \
 && /build/bin/pip --python /opt/clearleaf/bin/python check \
 && /opt/clearleaf/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/app

#checkov:skip=CKV_DOCKER_7: the tag stands in PYTHON_IMAGE
FROM ${PYTHON_IMAGE}
# The base's own pip and setuptools are of no use to a process.
RUN rm -rf /usr/local/lib/python3.11/site-packages/* /usr/local/bin/pip* /usr/local/bin/wheel
COPY --from=build /usr/bin/tini-static /usr/bin/tini
COPY --from=build /opt/clearleaf /opt/clearleaf
# The root is read-only when it runs; /scratch is where a volume or a tmpfs goes. An empty volume takes the owner of the
# folder where it is mounted, of every image in turn as containers are created: those of docker-compose.yml get theirs below
# /volumes, and whoever has such a folder of its own mounts them by `nocopy`.
RUN install --directory --owner 10001 --group 10001 /scratch /volumes /volumes/secrets /volumes/api-secrets /volumes/keys \
      /volumes/catalogue /volumes/database /volumes/database-secret /volumes/broker /volumes/broker-secret \
      /volumes/storage /volumes/storage-secret /volumes/bucket-secret
ENV PATH=/opt/app/bin:/opt/clearleaf/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp \
    CLEARLEAF_DATA_DIR=/scratch/data \
    CLEARLEAF_SCRATCH_DIR=/scratch
WORKDIR /scratch
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
# tini hands SIGTERM on: as process 1, a program without a handler of its own would never hear it.
ENTRYPOINT ["tini", "--", "clearleaf"]
CMD ["api", "--host", "0.0.0.0"]
# Of the one-shot services of docker-compose.yml; readable however closed the checkout is.
COPY --chmod=0444 docker/compose/*.py /compose/
COPY --from=build /opt/app /opt/app
# Last, for they change with every commit.
ARG PYTHON_IMAGE
ARG VERSION=0.0.0
ARG REVISION=""
ARG SOURCE=""
# It starts. And a step that hears the arguments: buildah's cache takes labels of an earlier build for ours otherwise.
RUN ["clearleaf", "--version"]
LABEL org.opencontainers.image.title="clearleaf-api" \
      org.opencontainers.image.description="Cloud-free leaf area index: API, reconciler and migration" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.base.name="${PYTHON_IMAGE}" \
      org.opencontainers.image.licenses="Apache-2.0"
