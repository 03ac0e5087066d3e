#!/usr/bin/env bash
# What only a GPU can show, in at most 8 minutes: the tests that need CUDA, then the ratios.
#
#   benchmarks/accelerator.sh FOLDER     writes FOLDER/tests.txt and FOLDER/accelerator.json
#
# Needs a CUDA build of PyTorch and the packages of `pip install -e '.[dev]'`. Where there is no
# network, benchmarks/wheels.sh brings what is missing: what lies in .wheels/ is installed into
# FOLDER/site and comes before the packages that are there. PYTHON chooses the interpreter.
set -uo pipefail
cd "$(dirname "$0")/.."
into=${1:?say into which folder}
python=${PYTHON:-python3}
mkdir -p "$into"
into=$(cd "$into" && pwd)
if compgen -G '.wheels/*.whl' >/dev/null; then
  timeout 60 "$python" -m pip install -q --no-index --no-deps --no-compile --no-cache-dir \
    --upgrade --target "$into/site" .wheels/*.whl || exit
  PYTHONPATH="$into/site${PYTHONPATH:+:$PYTHONPATH}"
fi
export PYTHONPATH="$PWD/src:$PWD${PYTHONPATH:+:$PYTHONPATH}" PYTHONUNBUFFERED=1 HF_HUB_OFFLINE=1

# Warnings of other versions of packages than the pinned ones are shown and fail nothing.
timeout -k 5 170 "$python" -m pytest -q -p no:cacheprovider -W default \
  tests/model/test_cuda.py tests/layers/kernels tests/model/test_device.py \
  tests/model/test_launches.py tests/model/test_room.py tests/model/test_placing.py \
  tests/model/test_wide_products.py \
  2>&1 | tee "$into/tests.txt"
tested=$?
left=$((465 - SECONDS)) # of 480, less what a kill takes
timeout -k 5 "$left" "$python" -m benchmarks.accelerator --seconds "$((left - 20))" \
  --output "$into/accelerator.json" "${@:2}"
measured=$?
exit $((tested || measured))
