# Balance Monitor. `make help` lists what there is.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TF_DIR := infra/terraform
TFVARS ?= terraform.tfvars
BACKEND_CONFIG ?=

export PYTHONUTF8 := 1

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z][a-z-]*:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

# --- set-up ---------------------------------------------------------------------------------

.PHONY: setup
setup: $(VENV)/.installed ## Prepare the virtual environment with balancectl in it

$(VENV)/.installed: requirements/dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; set PYTHON=/path/to/python3" >&2; exit 1; }
	@echo "Preparing $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: terraform
terraform: setup ## Find Terraform, or fetch a pinned release into .tools/
	@$(BIN)/python scripts/terraform.py version

.PHONY: lock
lock: ## Renew the hashed locks in requirements/ (needs uv)
	@cd requirements && for name in balance_poller alert_router dev checkov bench; do \
	  uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-annotate --custom-compile-command "make lock" \
	    $$name.in --output-file $$name.txt; done

# --- build and deploy -----------------------------------------------------------------------

.PHONY: build
build: setup ## Build dist/*.zip, byte for byte reproducible
	@$(BIN)/python scripts/package.py

.PHONY: clean
clean: ## Remove build products and caches (not .venv, not .tools)
	@rm -rf dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

# --- local cloud ----------------------------------------------------------------------------

.PHONY: demo
demo: terraform ## Tell a story in an emulated AWS on this machine; leaves nothing running
	@$(BIN)/balancectl local demo

.PHONY: up
up: terraform ## Keep an emulated AWS running on this machine, for accounts and keys of yours
	@$(BIN)/balancectl local up

.PHONY: down
down: setup ## Stop what `make up` started
	@$(BIN)/balancectl local down

# --- checks and tests -----------------------------------------------------------------------

CODE := functions balancectl scripts bench tests

.PHONY: check
check: lint types layers docs-check test ## Everything that CI runs

.PHONY: lint
lint: setup ## ruff: rules and format
	@$(BIN)/ruff check --quiet $(CODE)
	@$(BIN)/ruff format --quiet --check $(CODE)

.PHONY: format
format: setup ## Let ruff format the code and fix what it can
	@$(BIN)/ruff check --quiet --fix $(CODE)
	@$(BIN)/ruff format --quiet $(CODE)

.PHONY: types
types: setup ## mypy, strict
	@$(BIN)/mypy functions balancectl scripts bench

.PHONY: layers
layers: setup ## import-linter: the directions of the design
	@PYTHONPATH=functions:. $(BIN)/lint-imports

.PHONY: docs-check
docs-check: setup ## Generated tables are current, links and anchors lead somewhere
	@for script in scripts/docs_*.py; do $(BIN)/python $$script --check; done

.PHONY: docs
docs: setup ## Renew the generated tables
	@for script in scripts/docs_*.py; do $(BIN)/python $$script; done

.PHONY: test
test: build ## Every test: unit, integration, infra, e2e
	@$(BIN)/pytest tests --numprocesses 2 --dist loadgroup

.PHONY: test-unit
test-unit: setup ## The tests that need nothing but Python
	@$(BIN)/pytest tests/unit --numprocesses 2
