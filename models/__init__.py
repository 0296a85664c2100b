"""The science: arrays and tensors in, arrays and tensors out."""

import os

# Threads of torch that spin while they wait take the cores from whoever works; where a machine is shared, a job takes
# ten times as long. Read once, when torch is first imported, which this package does in every process that calculates.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
