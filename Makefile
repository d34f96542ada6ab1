# Balance Monitor. `make help` lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TF_DIR := infra/deploy
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
	@cd requirements && for name in balance_poller alert_router courier status_page dev checkov policies moto bench release; do \
	  uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-annotate --custom-compile-command "make lock" \
	    $$name.in --output-file $$name.txt; done

# --- build and deploy -----------------------------------------------------------------------

.PHONY: build
build: setup ## Build dist/*.zip, byte for byte reproducible
	@$(BIN)/python scripts/package.py

# --- Terraform ------------------------------------------------------------------------------

CHECKOV := .venv-checkov
POLICIES := .venv-policies
MOTO := .venv-moto
DEPLOY = $(BIN)/python scripts/deploy.py $@ --var-file="$(TFVARS)" \
  $(if $(BACKEND_CONFIG),--backend-config="$(BACKEND_CONFIG)")

.PHONY: tfvars
tfvars:
	@test -f "$(TFVARS)" || { \
	  echo "There is no $(TFVARS). Start from an example:" >&2; \
	  echo "  cp $(TF_DIR)/examples/minimal.tfvars terraform.tfvars" >&2; \
	  echo "or name yours: make $(MAKECMDGOALS) TFVARS=path/to/file.tfvars" >&2; exit 1; }

.PHONY: checked
checked: tfvars setup
	@$(BIN)/balancectl check "$(TFVARS)"

.PHONY: plan
plan: checked build ## Show what a deployment would change (TFVARS=file, BACKEND_CONFIG=file)
	@$(DEPLOY)

.PHONY: deploy
deploy: checked build ## Build, plan, and apply that plan
	@$(DEPLOY)

.PHONY: destroy
destroy: tfvars build ## Remove what was deployed; asks first
	@$(DEPLOY)

# checkov and policy_sentry pin old packages, and moto brings many: each has its own environment.
$(CHECKOV)/.installed $(POLICIES)/.installed $(MOTO)/.installed: .venv-%/.installed: requirements/%.txt
	@echo "Preparing $(@D) ..."
	@$(PYTHON) -m venv $(@D)
	@$(@D)/bin/python -m pip install --quiet --require-hashes -r $<
	@touch $@

test test-infra: $(CHECKOV)/.installed $(POLICIES)/.installed

.PHONY: test-infra
test-infra: build ## Terraform's own tests, plans, its names against Python's, checkov
	@$(BIN)/pytest tests/infra --numprocesses 2 --dist loadgroup

.PHONY: clean
clean: ## Remove build products and caches (not .venv, not .tools)
	@rm -rf dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

# --- local cloud ----------------------------------------------------------------------------

.PHONY: demo
demo: terraform ## Tell a story in an emulated AWS on this machine; leaves nothing running
	@$(BIN)/balancectl local demo

.PHONY: up
up: terraform ## Keep an emulated AWS running on this machine, for your own accounts and keys
	@$(BIN)/balancectl local up

.PHONY: down
down: setup ## Stop what `make up` started
	@$(BIN)/balancectl local down

# --- benchmarks -----------------------------------------------------------------------------

.PHONY: bench
bench: build ## Run the benchmarks behind the speed claims (a few minutes; best on an idle machine)
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements/bench.txt
	@for script in poll cold_start runway report; do $(BIN)/python bench/$$script.py; done

# --- release --------------------------------------------------------------------------------

RELEASE := .venv-release
TAG ?=

$(RELEASE)/.installed: requirements/release.txt
	@echo "Preparing $(RELEASE) ..."
	@$(PYTHON) -m venv $(RELEASE)
	@$(RELEASE)/bin/python -m pip install --quiet --require-hashes -r requirements/release.txt
	@touch $@

.PHONY: release
release: setup $(RELEASE)/.installed ## Build the files of a release in dist/release/
	@$(BIN)/python scripts/release.py --tag "$(TAG)"

# Not part of `make test`: known vulnerabilities change from day to day.
.PHONY: audit
audit: setup $(RELEASE)/.installed ## Check the locked dependencies for known vulnerabilities (needs the network)
	@$(BIN)/python scripts/audit.py

# --- checks and tests -----------------------------------------------------------------------

CODE := functions balancectl scripts bench tests

.PHONY: check
check: lint types layers docs-check test test-browser test-upgrade ## Everything that CI runs

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
	@$(BIN)/mypy functions balancectl scripts bench tests/unit/poller tests/unit/shared tests/unit/router/world.py

.PHONY: layers
layers: setup ## import-linter: the directions of imports
	@PYTHONPATH=functions:. $(BIN)/lint-imports

.PHONY: docs-check
docs-check: setup ## Check that generated tables are current and that links and anchors exist
	@$(BIN)/python scripts/docs --check

.PHONY: docs
docs: setup ## Regenerate the generated tables
	@$(BIN)/python scripts/docs

.PHONY: test
test: build ## Run every test that needs no browser: unit, integration, infra, e2e
	@$(BIN)/pytest tests --ignore tests/browser --ignore tests/upgrade --ignore tests/aws --numprocesses 3 --dist loadgroup

BROWSERS := chromium-headless-shell chromium chromium-browser google-chrome

.PHONY: test-browser
test-browser: setup ## Run the tests in a headless browser; installs Debian's Chromium as root
	@if command -v $(BROWSERS) >/dev/null; then exit 0; fi; \
	  if [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then \
	    echo "No Chromium is installed, and only root on Debian installs one here." >&2; exit 1; fi; \
	  echo "Installing Debian's chromium-headless-shell ..."; \
	  { apt-get update && apt-get install --yes --no-install-recommends chromium-headless-shell; } \
	    > /tmp/chromium-install.log 2>&1 || { tail -5 /tmp/chromium-install.log >&2; exit 1; }
	@$(BIN)/pytest tests/browser

.PHONY: test-upgrade
test-upgrade: build terraform $(MOTO)/.installed ## Upgrade the previous release (needs its history), and test against a second emulator
	@$(BIN)/pytest tests/upgrade tests/aws

.PHONY: test-unit
test-unit: setup ## Run the tests that need nothing but Python
	@$(BIN)/pytest tests/unit --numprocesses 2
