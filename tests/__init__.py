"""The tests. What libraries read when they are imported is set here, before any of them is."""

import os
from pathlib import Path

if not Path("/proc/driver/nvidia").exists():  # without a GPU, Triton's own interpreter runs kernels
    os.environ["TRITON_INTERPRET"] = "1"
