# What a person types, and what CI runs: both call these targets. `make help` lists them.
# Needs python3 (3.11 or newer) and make. Everything else goes into .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SAM_VENV := .venv-sam
SAM_VERSION := 1.170.0
CHECK_VENV := .venv-check
CHECK_PINS := cli/terrace_cli/checks
RUNS ?= 300
PYTEST_ARGS ?= -n 2 --dist loadfile

# pip takes the pins for the build backend too.
export PIP_CONSTRAINT := $(CURDIR)/constraints.txt
export PIP_DISABLE_PIP_VERSION_CHECK := 1
PIP := $(BIN)/python -m pip install --quiet --no-warn-conflicts

# A stamp per kind of environment: instant when neither the pins nor the project file have changed.
RUN_READY := $(VENV)/.ready-to-run
DEV_READY := $(VENV)/.ready-to-develop
PINS := pyproject.toml constraints.txt

.DEFAULT_GOAL := help
.PHONY: help setup demo test world mutants hardening check format-check lint types schemas-check stack-check security-doc \
        iam-proof check-tools format schemas sam-build constraints clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# --- set-up ----------------------------------------------------------------------------------------

setup: $(DEV_READY)  ## .venv with the terrace command and all tools

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Terrace needs Python 3.11 or newer; this is $$($(PYTHON) --version 2>&1)." \
	       "Name another one: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(RUN_READY): $(PINS) | $(BIN)/python
	@echo "Installing Terrace into $(VENV) (once) ..."
	@$(PIP) -e '.[cli,local]'
	@# Only its photographs are used, so its dependencies (numpy, scipy: 170 MB) stay away.
	@$(PIP) --no-deps scikit-image==0.26.0
	@touch $@

$(DEV_READY): $(PINS) $(RUN_READY)
	@echo "Installing the tools for tests and checks (once) ..."
	@$(PIP) -e '.[cli,local,dev]'
	@touch $@

# --- run ---------------------------------------------------------------------------------------------

demo: $(RUN_READY)  ## a real batch from label to audit to adjust, on this machine (ARGS=--keep)
	@$(BIN)/terrace demo $(ARGS)

# --- check -------------------------------------------------------------------------------------------

test: $(DEV_READY)  ## all tests (ARGS="tests/domain -k word" for some)
	@$(BIN)/python -m pytest $(PYTEST_ARGS) $(ARGS)

world: $(DEV_READY)  ## many runs of the deterministic world (RUNS=10000), or one again (SEED=17)
	@$(BIN)/python -m tests.world $(if $(SEED),--seed $(SEED),--runs $(RUNS)) $(ARGS)

hardening: $(DEV_READY)  ## bad requests and files by the thousand (RUNS=10000), or one again (SEED=17)
	@$(BIN)/python -m tests.hardening $(if $(SEED),--seed $(SEED),--runs $(RUNS)) $(ARGS)

mutants: $(DEV_READY)  ## the protocol's known mistakes, made again: the world catches each
	@$(BIN)/python -m tests.world --mutants $(ARGS)

check: format-check lint types schemas-check stack-check test  ## all that CI runs

format-check: $(DEV_READY)  ## layout of the code
	@$(BIN)/ruff format --check --quiet . || { echo "make format puts this right" >&2; exit 1; }

lint: $(DEV_READY)  ## ruff
	@$(BIN)/ruff check --quiet .

types: $(DEV_READY)  ## mypy --strict on what ships
	@$(BIN)/mypy --no-error-summary functions/terrace

schemas-check: $(DEV_READY)  ## schemas/ and the tables in docs/ are what the models say
	@$(BIN)/python -m terrace_cli.schemas --check
	@$(BIN)/python -m terrace_cli.modality_table --check
	@$(BIN)/python -m terrace_cli.check_table --check

stack-check: $(DEV_READY) check-tools  ## template, policies and state machine: 6 checkers
	@$(BIN)/python -m terrace_cli.checks

iam-proof: $(DEV_READY)  ## run every path under the template's roles; allowed = called
	@$(BIN)/python -m tests.security.prove

# Two environments: checkov pins an older cloudsplaining, and both pin other versions than ours.
check-tools: $(CHECK_VENV)/checkov/.ready $(CHECK_VENV)/iam/.ready  ## .venv-check with their checkers

$(CHECK_VENV)/%/.ready: $(CHECK_PINS)/requirements-%.txt
	@echo "Installing the checkers of $< (once) ..."
	@$(PYTHON) -m venv $(CHECK_VENV)/$*
	@PIP_CONSTRAINT= $(CHECK_VENV)/$*/bin/python -m pip install --quiet -r $<
	@touch $@

# --- make --------------------------------------------------------------------------------------------

format: $(DEV_READY)  ## lay out the code
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

schemas: $(DEV_READY)  ## write schemas/ and the tables in docs/ from the models
	@$(BIN)/python -m terrace_cli.schemas
	@$(BIN)/python -m terrace_cli.modality_table
	@$(BIN)/python -m terrace_cli.check_table

security-doc: $(DEV_READY)  ## write docs/security.md from the checks and the last proof
	@$(BIN)/python -m terrace_cli.checks.security_doc

sam-build: $(SAM_VENV)/.ready-$(SAM_VERSION)  ## build what `sam deploy` uploads, without Docker
	@$(SAM_VENV)/bin/sam build $(ARGS)

# SAM CLI pins other versions than ours, so it lives by itself and without our pins.
$(SAM_VENV)/.ready-$(SAM_VERSION):
	@$(PYTHON) -m venv $(SAM_VENV)
	@PIP_CONSTRAINT= $(SAM_VENV)/bin/python -m pip install --quiet aws-sam-cli==$(SAM_VERSION)
	@touch $@

constraints: $(DEV_READY)  ## write constraints.txt again from .venv
	@{ sed -n '/^#/!q;p' constraints.txt; \
	   $(BIN)/python -m pip freeze --exclude-editable | sort -f; \
	   sed -n '/^# the build backend/,$$p' constraints.txt; } > constraints.new
	@mv constraints.new constraints.txt

clean:  ## everything that was made here, except the state of local runs (.terrace)
	rm -rf $(VENV) $(SAM_VENV) $(CHECK_VENV) .aws-sam .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
