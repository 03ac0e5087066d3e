# make demo: five heatmaps of a real language model, in ./bathyscope-demo/
# make study: forty problems, four worked examples each, and what can be claimed of them, in ./bathyscope-study/
# make test: formatter, linter, types, and every test
# make bench: what it costs beside other tools, in ratios, and whether Think@n pays; long, on a quiet machine
# Each makes the virtual environment when it is missing or out of date, and otherwise installs nothing.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
BENCH  := $(VENV)-bench
LOWEST := $(VENV)-lowest
NODE_MODULES := tests/page/node_modules
SUDO   := $(shell [ "$$(id -u)" = 0 ] || echo sudo -n)

.PHONY: demo study test test-slow test-statistical test-lowest families planted reliability bench docs browser clean

demo: $(VENV)/installed
	$(BIN)/bathyscope demo --overwrite

# Under five minutes on two cores; the same command goes on where it was cut off.
study: $(VENV)/installed-study
	mkdir -p bathyscope-study
	$(BIN)/bathyscope problems arithmetic --n 40 --seed 1 --kinds gain,loss,groups,share > bathyscope-study/problems.jsonl
	$(BIN)/bathyscope batch bathyscope-study/problems.jsonl --output bathyscope-study/rows --attribute \
	  --template examples/study/prompt.jinja --demonstrations examples/study/examples.jsonl --target ' {{ solution }}'
	$(BIN)/bathyscope study bathyscope-study/rows --output bathyscope-study/report --overwrite \
	  --claim "largest(column.operator == row.operator) by row.operator" \
	  --claim "difference(column.operator == row.operator, column.operator != row.operator) where row.role == 'operator' by row.operator"

test: $(VENV)/installed-dev browser
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest --numprocesses 2 --dist loadgroup --no-loadscope-reorder -m "not slow and not statistical"

# A second real model, which is about 240 MB to obtain, and whole fits of Jacobian lenses: half an hour.
test-slow: $(VENV)/installed-dev
	$(BIN)/pytest -m slow

# Whether intervals hold as often as they say, over many more random games than `make test` plays.
test-statistical: $(VENV)/installed-dev
	$(BIN)/pytest --numprocesses 2 -m statistical

# The lowest versions that pyproject.toml allows, without the tests of a real model.
test-lowest: $(LOWEST)/installed
	$(LOWEST)/bin/python -m pytest -m "not slow and not statistical and not real" tests

$(LOWEST)/installed: pyproject.toml constraints.txt tests/lowest.py
	$(PYTHON) -m venv $(LOWEST)
	$(PYTHON) -m tests.lowest > $(LOWEST)/constraints.txt
	$(LOWEST)/bin/python -m pip install --constraint $(LOWEST)/constraints.txt --editable '.[dev]'
	touch $@

# The documentation as a site, in ./site/: strictly, so that what is broken stops it.
docs: $(VENV)/installed-dev
	$(BIN)/zensical build --clean --strict

# Every model type that transformers knows, made tiny and compared with its own passes: docs/families.md.
families: $(VENV)/installed-dev
	HF_HUB_OFFLINE=1 OMP_NUM_THREADS=1 $(BIN)/python -m tests.families_page

# 100 kills at random moments, 300 bits of every kind of file turned; writes docs/reliability.md.
reliability: $(VENV)/installed-dev
	$(BIN)/python -m tests.reliability.kills
	$(BIN)/python -m tests.reliability.flips
	$(BIN)/python -m tests.reliability.studies
	$(BIN)/python -m tests.reliability.page

# Other tools come with dependencies of their own: they never mix with those of development.
bench: $(BENCH)/installed browser
	$(BENCH)/bin/python -m benchmarks.attribution --output benchmarks/results/attribution.json
	$(BENCH)/bin/python -m benchmarks.depth --peers --output benchmarks/results/depth.json
	$(BENCH)/bin/python -m benchmarks.estimators --output benchmarks/results/estimators.json
	$(BIN)/python -m benchmarks.jacobian_rows --output benchmarks/results/jacobian-rows.json
	$(BENCH)/bin/python -m benchmarks.indices --output benchmarks/results/indices.json
	$(BENCH)/bin/python -m benchmarks.think --output benchmarks/results/think.json
	$(BIN)/python -m benchmarks.chain --output benchmarks/results/chain.json
	$(BIN)/python -m benchmarks.studies --output benchmarks/results/studies.json
	$(BIN)/python -m benchmarks.page --output benchmarks/results/page.json
	$(BIN)/python -m benchmarks.many --output benchmarks/results/many.json
	$(BIN)/python -m benchmarks.start --output benchmarks/results/start.json
	$(BIN)/python -m benchmarks.forecast --output benchmarks/results/forecast.json
	$(BIN)/python -m benchmarks.gguf --output benchmarks/results/gguf.json
	$(BIN)/python -m benchmarks.hundreds --output benchmarks/results/hundreds.json
	$(BIN)/python -m benchmarks.sharing --output benchmarks/results/sharing.json
	$(BIN)/python -m benchmarks.estimators --page
	$(BIN)/python -m benchmarks.hundreds --page
	$(BIN)/python -m benchmarks.jacobian_rows --page
	$(BIN)/python -m benchmarks.select --output benchmarks/results/select.json
	$(BIN)/python -m benchmarks.summary

# Do the readings of a chain find the step that an answer depends on? Writes the table of docs/chain.md.
planted: $(VENV)/installed-dev
	$(BIN)/python -m benchmarks.planted

$(BENCH)/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/python -m pip install --constraint constraints.txt --editable '.[bench]'
	# inseq names eleven CUDA 11 packages as its own, which it never imports: gigabytes.
	$(BENCH)/bin/python -m pip install --no-deps inseq==0.7.1
	touch $@

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --constraint constraints.txt --editable .
	touch $@

$(VENV)/installed-study: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --constraint constraints.txt --editable '.[study]'
	touch $(VENV)/installed $@

$(VENV)/installed-dev: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --constraint constraints.txt --editable '.[dev]'
	touch $(VENV)/installed $@

# The page is tested in Debian's Chromium and Firefox, its modules by a type checker from npm. Without
# them those tests are skipped, each with its reason.
browser: $(VENV)/installed-dev
	@{ { command -v chromium > /dev/null || [ -n "$$BATHYSCOPE_CHROMIUM" ]; } && \
	  { command -v firefox-esr > /dev/null || [ -n "$$BATHYSCOPE_FIREFOX" ]; }; } || { $(SUDO) apt-get update && \
	  $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends chromium firefox-esr fonts-dejavu-core; } || \
	  echo 'no Chromium or no Firefox: install the Debian packages chromium and firefox-esr, or name them in BATHYSCOPE_CHROMIUM and BATHYSCOPE_FIREFOX'
	@[ $(NODE_MODULES)/installed -nt tests/page/package-lock.json ] || \
	  { $(BIN)/npm --prefix tests/page ci --no-audit --no-fund && touch $(NODE_MODULES)/installed; } || \
	  echo 'no type checker for the page: npm could not obtain it'

clean:
	rm -rf $(NODE_MODULES) $(VENV) $(BENCH) $(LOWEST) bathyscope-demo bathyscope-study site .cache .mypy_cache .pytest_cache .ruff_cache
