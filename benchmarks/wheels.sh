#!/usr/bin/env bash
# Wheels for a machine without a network, which has PyTorch but an older transformers: into .wheels/
#
#   benchmarks/wheels.sh [PYTHON_VERSION]     the other machine's, 3.12 where nothing is said
#
# Run it where pip works, take the folder along; benchmarks/accelerator.sh installs what lies there.
# Versions are those of constraints.txt. They are wheels for x86-64 Linux, and one of this package,
# which tells the version. MOST is how many MiB they may take. PYTHON chooses the interpreter.
set -euo pipefail
cd "$(dirname "$0")/.."
version=${1:-3.12} python=${PYTHON:-python3} most=${MOST:-48}
packages=(
  accelerate filelock gguf hf-xet httpcore2 httpx2 huggingface_hub jinja2 markdown-it-py platformdirs
  regex rich safetensors tokenizers torchao tqdm transformers truststore typer
  anyio click h11 idna
)
platforms=()
for name in manylinux_2_{34,31,28,27,26,24,17}_x86_64 manylinux2014_x86_64 manylinux1_x86_64; do
  platforms+=(--platform "$name")
done
rm -rf .wheels
"$python" -m pip download -q --no-deps --only-binary=:all: --python-version "$version" \
  --implementation cp "${platforms[@]}" -c constraints.txt -d .wheels "${packages[@]}"
"$python" -m pip wheel -q --no-deps -w .wheels .
size=$(du -sm .wheels | cut -f1)
echo "$(find .wheels -name '*.whl' | wc -l) wheels, $size MiB, in .wheels"
if ((size > most)); then
  echo "That is more than $most MiB: leave packages out that the other machine has." >&2
  exit 1
fi
