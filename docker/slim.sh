#!/bin/sh
# Take from an environment what a running process never opens, then compile what is left: slim.sh /opt/clearleaf
set -eu
packages=$1/lib/python3.11/site-packages

find "$packages" -type d -name tests -prune -exec rm -r {} +
# For those who compile against torch or Arrow, or test torch.
rm -rf "$packages/torch/include" "$packages/torch/test" "$packages/pyarrow/include" "$packages/pyarrow/src"
find "$packages" -path "$packages/torch/bin/protoc*" -delete
# Of AWS, only buckets are used, and what credentials come from.
find "$packages/botocore/data" -mindepth 1 -maxdepth 1 -type d \
  ! -name s3 ! -name sts ! -name 'sso*' ! -name signin -exec rm -r {} +
# Symbols of extension modules; libraries that wheels bring along were patched, and break when stripped.
find "$packages" -name '*.so' ! -path '*.libs/*' ! -path "$packages/torch/*" ! -path "$packages/nvidia/*" \
  ! -path "$packages/triton/*" ! -path "$packages/cuda*" \
  -exec strip --strip-unneeded {} +
# The hash in the file's head is not looked at again: nothing in an image changes.
"$1/bin/python" -m compileall -q -j 0 -x py312 --invalidation-mode unchecked-hash "$1/lib" # torch keeps later syntax apart
