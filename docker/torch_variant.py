"""Say whether the build of torch that was installed is the wanted one: `torch_variant.py cpu|cuda`."""

import sys

import torch

wanted, found = sys.argv[1], torch.version.cuda
if wanted not in ("cpu", "cuda"):
    sys.exit(f"TORCH_VARIANT is {wanted!r}: it must be cpu or cuda")
if wanted == "cuda" and found is None:
    print(f"torch {torch.__version__} knows no CUDA: name an index that has such a build")
    sys.exit("by TORCH_INDEX, in compose by TORCH_INDEX_CUDA")
if wanted == "cpu" and found is not None:
    print(f"torch {torch.__version__} carries CUDA {found}, gigabytes that a CPU never needs:")
    print("TORCH_INDEX, in compose TORCH_INDEX_CPU, can name an index of builds without it")
