#!/usr/bin/env bash
# What only a GPU can show, in at most 8 minutes: the tests that need CUDA, then the ratios.
#
#   benchmarks/accelerator.sh FOLDER     writes FOLDER/tests.txt and FOLDER/accelerator.json
#
# Needs the packages of `pip install -e '.[dev]'` for the tests with a CUDA build of PyTorch, of
# which it installs nothing. PYTHON chooses the interpreter.
set -uo pipefail
cd "$(dirname "$0")/.."
into=${1:?say into which folder}
python=${PYTHON:-python3}
mkdir -p "$into"
export PYTHONPATH="src:.${PYTHONPATH:+:$PYTHONPATH}" PYTHONUNBUFFERED=1 HF_HUB_OFFLINE=1

timeout 150 "$python" -m pytest -q -p no:cacheprovider \
  tests/model/test_cuda.py tests/layers/kernels tests/model/test_device.py 2>&1 | tee "$into/tests.txt"
tested=$?
timeout 330 "$python" -m benchmarks.accelerator --output "$into/accelerator.json" "${@:2}"
measured=$?
exit $((tested || measured))
