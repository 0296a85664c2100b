"""The science: arrays and tensors in, arrays and tensors out."""

import os

# Threads of torch that spin while they wait take the cores from whoever works, so that processes that share a machine
# slow each other down many times over. Read once, when torch is first imported, which this package does in every
# process that calculates.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
