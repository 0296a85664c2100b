# The worker: reads scenes, runs the networks, writes results. TORCH_VARIANT=cpu or cuda.

# The tag is moved by those who mend the base; PYTHON_IMAGE=...@sha256:... holds a build to one digest.
# The same base serves a GPU: the wheels of torch carry CUDA's libraries, the host brings the driver.
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
COPY docker/build.lock docker/worker.lock /src/docker/
RUN /build/bin/pip install --require-hashes -r /src/docker/build.lock \
 && /build/bin/pip --python /opt/clearleaf/bin/python install --require-hashes -r /src/docker/worker.lock
# torch stands beside the lock, for its builds differ: one for the CPU, and one for each CUDA. TORCH_INDEX is the package
# index that holds the wanted one (the torch project's installation page names it); where it is empty, pip's own decides.
ARG TORCH_VERSION=2.13.0
ARG TORCH_VARIANT=cpu
ARG TORCH_INDEX=""
# Of what it needs besides, the lock decides: its versions without hashes, which would be asked of torch as well.
RUN sed -n 's/^\([a-z0-9._-]*==[^ ]*\) .*/\1/p' /src/docker/worker.lock >/src/constraints.txt \
 && /build/bin/pip --python /opt/clearleaf/bin/python install --constraint /src/constraints.txt \
      ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} "torch==${TORCH_VERSION}"
COPY docker/slim.sh docker/torch_variant.py /src/docker/
RUN /src/docker/slim.sh /opt/clearleaf \
 && /opt/clearleaf/bin/python /src/docker/torch_variant.py "${TORCH_VARIANT}" \
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
# The root is read-only when it runs; /scratch is where a volume goes.
RUN install --directory --owner 10001 --group 10001 /scratch
ENV PATH=/opt/app/bin:/opt/clearleaf/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp \
    MPLCONFIGDIR=/tmp/matplotlib \
    CLEARLEAF_DATA_DIR=/scratch/data \
    CLEARLEAF_SCRATCH_DIR=/scratch \
    CLEARLEAF_ALIVE_FILE=/scratch/alive \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility
WORKDIR /scratch
USER 10001:10001
# The worker touches the file every few seconds, from the process that takes messages.
HEALTHCHECK --interval=30s --timeout=5s --start-period=120s \
  CMD ["sh", "-c", "find \"$CLEARLEAF_ALIVE_FILE\" -mmin -2 | grep -q ."]
# tini hands SIGTERM on to Celery, which puts its message back into the queue and ends within CLEARLEAF_GRACE_S.
ENTRYPOINT ["tini", "--", "clearleaf"]
CMD ["worker"]
COPY --from=build /opt/app /opt/app
# Last, for they change with every commit.
ARG PYTHON_IMAGE
ARG VERSION=0.0.0
ARG REVISION=""
ARG SOURCE=""
ARG TORCH_VARIANT=cpu
# It starts. And a step that hears the arguments: buildah's cache takes labels of an earlier build for ours otherwise.
RUN ["clearleaf", "--version"]
LABEL org.opencontainers.image.title="clearleaf-worker" \
      org.opencontainers.image.description="Cloud-free leaf area index: worker (${TORCH_VARIANT})" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.base.name="${PYTHON_IMAGE}" \
      org.opencontainers.image.licenses="Apache-2.0"
