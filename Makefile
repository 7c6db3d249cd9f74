# The two commands are `make run` and `make test`; both install what they need first.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
# Debian packages of the tests, each named as its command.
DEBIAN := chromium nginx pgbouncer
SCALE ?= 0.05

.DEFAULT_GOAL := help
.PHONY: help install run test bench check fix lock docs clean debian

help: ## Show this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

install: .venv/installed ## Make .venv with everything, development tools included

.venv/installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed." if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

run: install ## Start the dashboard with an embedded database and sample data
	@$(BIN)/domo-insights up

test: install debian check ## Check everything, then run all tests, the browser's included
	$(BIN)/pytest --numprocesses 2 --dist loadfile

bench: install ## Measure speed on a scratch database; SCALE=1 is 5 million messages
	$(BIN)/domo-insights bench --scale $(SCALE)

soak: install debian ## Run the long forms of what is tried at random (about an hour)
	DOMO_INSIGHTS_SOAK=1 $(BIN)/pytest -m soak

check: install ## Lint, format, types, and the contracts between layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fix: install ## Repair what the linter and the formatter can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: install ## Write the versions in .venv to requirements.lock
	$(BIN)/pip freeze --all --exclude pip --exclude-editable > requirements.lock

docs: install ## Write docs/metrics.md and docs/settings.md from the code
	$(BIN)/python -m domo_insights.metrics > docs/metrics.md
	$(BIN)/python -m domo_insights.settings_page > docs/settings.md

clean: ## Remove .venv and caches; the database stays
	rm -rf .venv build .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# What the tests need from the system, where it is missing.
debian:
	@for package in $(DEBIAN); do \
	  PATH="$$PATH:/usr/sbin" command -v $$package >/dev/null && continue; \
	  command -v apt-get >/dev/null || { echo "The tests need $$package: install it." >&2; exit 1; }; \
	  $(SUDO) apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -qq -y --no-install-recommends $$package >/dev/null; \
	done
