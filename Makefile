# Two commands do all the set-up: `make verify` (the main job) and `make test`.
# All they need is Python 3.11 or later and make; everything else goes into .venv.
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3)
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip -qq --disable-pip-version-check --no-input
# The stamp carries the path: a clone that was moved is set up again, since scripts in .venv name it.
HERE   := $(subst /,-,$(subst $(eval ) ,-,$(CURDIR)))
READY  := $(VENV)/.ready$(HERE)
BENCH  := $(VENV)/.bench$(HERE)
DOCS   := $(VENV)/.docs$(HERE)
CROSS  := $(VENV)/.cross$(HERE)
JOBS   ?= auto
# How long the schedules soak.  They go on where build/soak.json ends; exit code 2 says that there is more to do.
SOAK   ?= 3600

.DEFAULT_GOAL := help
.PHONY: help verify demo test test-long lint format types stale specs kill-matrix adequacy readme bench docs soak clean
.DELETE_ON_ERROR:

help: ## what can be made
	@sed -n 's/^\([a-z-]*\):.*## /  make \1	/p' $(MAKEFILE_LIST) | expand -t 20

$(READY): pyproject.toml
	@test -n "$(PYTHON)" || { echo "No Python found. Install Python 3.11 or later, or run: make PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) is older than Python 3.11. Run: make PYTHON=/path/to/python3.11"; exit 1; }
	@echo "Setting up $(VENV) with $$($(PYTHON) --version), once; about a minute."
	@$(BIN)/python -c '' 2>/dev/null || $(PYTHON) -m venv --clear $(VENV)
	@$(PIP) install --editable '.[dev]'
	@rm -f $(VENV)/.ready* $(VENV)/.bench* $(VENV)/.cross* $(VENV)/.docs*
	@touch $@

$(BENCH): $(READY)
	@echo "Adding the peers that the benchmarks measure, once."
	@$(PIP) install --editable '.[dev,bench]'
	@touch $@

$(CROSS): $(READY)
	@echo "Adding TLC for the cross-check, once.  SPIN and Java are the system's: apt-get install spin default-jre"
	@$(PIP) install --editable '.[dev,crosscheck]'
	@touch $@

$(DOCS): $(READY)
	@echo "Adding Sphinx for the docs, once.  Graphviz is the system's: apt-get install graphviz"
	@$(PIP) install --editable '.[dev,docs]'
	@touch $@

docs: $(DOCS) ## the docs, with the specification made from the model: docs/_build/html/index.html
	@$(BIN)/sphinx-build -q -n -W --keep-going -b html docs docs/_build/html
	@$(BIN)/sphinx-build -q -n -W --keep-going -b doctest docs docs/_build/doctest

verify: $(READY) ## the main job: explore the models, catch the known-bad ones, reload a real plugin under load
	@$(BIN)/quiesce verify

demo: $(READY) ## watch 20 seconds of hot reloads under load
	@$(BIN)/quiesce demo

test: $(READY) ## the tests, in less than 5 minutes on 2 cores
	@$(BIN)/python -m pytest --numprocesses $(JOBS) --dist worksteal -m "not long"

test-long: $(READY) ## the tests that `make test` leaves out because they take long
	@$(BIN)/python -m pytest --numprocesses $(JOBS) --dist worksteal -m long

lint: $(READY) ## ruff: lint and format
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

format: $(READY) ## let ruff mend what it can
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

types: $(READY) ## mypy strict on everything, pyright strict on the public API
	@$(BIN)/mypy
	@$(BIN)/pyright

stale: $(READY) ## fail if something generated no longer matches its source
	@$(BIN)/python .ci/stale.py

specs: $(READY) ## make everything in specs/ that is made from the model
	@$(BIN)/python -m quiesce_model.export.artefacts

kill-matrix: $(READY) ## run every mutant of the runtime through every engine, into specs/kill-matrix.json
	@$(BIN)/python -m tests.schedules.mutants

adequacy: $(READY) ## judge subjects whose verdict is known, 100 runs of each right one, into specs/adequacy-matrix.json
	@$(BIN)/python -m tests.conformance.subjects.matrix

readme: $(READY) ## put the verdicts of the last `make verify` into README.md
	@$(BIN)/python .ci/readme.py

bench: $(BENCH) ## ratios against named peers in one run, also in build/bench.json
	@$(BIN)/python -m tests.benchmarks

soak: $(CROSS) ## what takes long: the proof under five seeds; exports in SPIN and TLC; schedules for SOAK seconds (3600)
	@$(BIN)/python -m quiesce_model.prove.soak --audit specs/proof-audit.json
	@$(BIN)/python -m quiesce_model.export.crosscheck
	@$(BIN)/quiesce soak --seconds $(SOAK)

clean: ## forget everything that was installed or built
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
