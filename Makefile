# Two commands do all the set-up: `make verify` (the main job) and `make test`.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.PHONY: verify demo test lint types bench clean help
help: ; @grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

$(READY): pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@

verify: $(READY) ## explore the models, catch the known-bad ones, reload a real plugin under load
	@$(BIN)/quiesce verify

demo: $(READY) ## watch 20 seconds of hot reloads
	@$(BIN)/quiesce demo

test: $(READY) ## every test, in less than 5 minutes on 2 cores
	@$(BIN)/python -m pytest -n 2

lint: $(READY) ## ruff, lint and format
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(READY) ## mypy strict on all packages, pyright on the public API
	@$(BIN)/mypy
	@$(BIN)/pyright

bench: $(READY) ## ratios against named peers, in one run
	@$(BIN)/python -m benchmarks

clean: ## forget everything that was built
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
