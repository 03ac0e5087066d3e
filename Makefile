# make demo: three heatmaps of a real language model, in ./bathyscope-demo/
# make bench: how long depth maps take beside what they could take, and whether Think@n pays
# make test: formatter, linter, types, and every test
# Each makes the virtual environment when it is missing or out of date, and otherwise installs nothing.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

.PHONY: demo test test-slow bench clean

demo: $(VENV)/installed
	$(BIN)/bathyscope demo --overwrite

test: $(VENV)/installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest -m "not slow"

# A second real model: obtains about 240 MB the first time.
test-slow: $(VENV)/installed-dev
	$(BIN)/pytest -m slow

bench: $(VENV)/installed-dev
	$(BIN)/python -m pip install '.[bench]' --constraint constraints.txt
	$(BIN)/python benchmarks/depth.py --peers --output benchmarks/depth.json
	$(BIN)/python benchmarks/think.py --output benchmarks/think.json

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --constraint constraints.txt --editable .
	touch $@

$(VENV)/installed-dev: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --constraint constraints.txt --editable '.[dev]'
	touch $(VENV)/installed $@

clean:
	rm -rf $(VENV) bathyscope-demo .mypy_cache .pytest_cache .ruff_cache
