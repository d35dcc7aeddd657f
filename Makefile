# Needs Python 3.11 or newer with pip, and make. Everything else is installed into .venv.

SCENARIO ?= scenarios/support-chat.yaml
ARGS ?=

# The first interpreter on the path that is new enough; `make PYTHON=...` picks another.
PYTHON ?= $(shell for name in python3 python3.11 python3.12 python3.13 python; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& { echo "$$name"; break; }; done)

VENV := .venv
BIN := $(VENV)/bin
UV_VERSION := 0.13.9
SOURCES := $(shell find planner -type f -name '*.py')

# pip's own cache and index settings are the user's; only its chatter is ours.
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
COMPILE := $(BIN)/python -m compileall -q planner

.DEFAULT_GOAL := help
.PHONY: help recommend test engine lint typecheck coverage smoke docs benchmark parity wheel lock clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

recommend: $(VENV)/.compiled ## recommend for SCENARIO=file.yaml; more options in ARGS='...'
	@$(BIN)/planner recommend $(SCENARIO) --no-emit $(ARGS)

test: lint typecheck engine ## lint, types, every test
	$(BIN)/python -m pytest

engine: $(VENV)/.dev ## the Pulumi engine for the tests: found, or built once
	@$(BIN)/python scripts/build_engine.py

lint: $(VENV)/.dev ## ruff
	$(BIN)/ruff check
	$(BIN)/ruff format --check

typecheck: $(VENV)/.dev ## pyright, strict for planner/
	$(BIN)/pyright

coverage: $(VENV)/.dev ## the tests with branch coverage
	$(BIN)/coverage run -m pytest -q
	$(BIN)/coverage report

smoke: $(VENV)/.dev ## the built wheel, installed into an empty environment, on every scenario
	$(BIN)/python tests/smoke/wheel.py

docs: $(VENV)/.dev ## write the generated pages
	$(BIN)/python scripts/build_cli_docs.py
	$(BIN)/python scripts/build_report_schemas.py
	$(BIN)/python scripts/build_readme.py

benchmark: $(VENV)/.compiled ## measure commands, the search and the simulator
	$(BIN)/python benchmarks/startup.py
	$(BIN)/python benchmarks/preview.py
	$(BIN)/python benchmarks/search.py
	$(BIN)/python benchmarks/simulator.py
	$(BIN)/python benchmarks/gateway.py

parity: .tools/spark/.done ## a local Spark gives DuckDB's answers about actuals; needs Java
	.tools/spark/bin/python -m pytest -q -p no:cacheprovider tests/actuals/spark_parity.py

wheel: $(VENV)/.base ## build dist/*.whl
	$(BIN)/python -m hatchling build -t wheel -d dist

lock: .tools/bin/uv ## resolve the lock files anew
	.tools/bin/uv pip compile pyproject.toml --group dev $(LOCK) -o requirements/dev.txt
	.tools/bin/uv pip compile pyproject.toml --group build $(LOCK) -c requirements/dev.txt \
		-o requirements/base.txt

# Hashes but no address: who installs decides where from.
LOCK := --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header

clean: ## remove the environment and what was built
	rm -rf $(VENV) .tools dist build .pytest_cache .ruff_cache .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# An environment with pip inside (Pulumi calls `python -m pip`), and what the command needs.
$(VENV)/.base: requirements/base.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "planner needs Python 3.11 or newer, and none is on the path:" \
		"install one, then run make PYTHON=/path/to/python" >&2; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(MAKE) --no-print-directory $(VENV)
	$(PIP) install --require-hashes -r requirements/base.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.base requirements/dev.txt
	$(PIP) install --require-hashes -r requirements/dev.txt
	@touch $@

# Where PYTHONDONTWRITEBYTECODE is set, every start would compile the package again: 200 ms.
$(VENV)/.compiled: $(VENV)/.base $(SOURCES)
	@$(COMPILE)
	@touch $@

# Some systems pack venv apart from Python; virtualenv brings its own pip.
.PHONY: $(VENV)
$(VENV):
	@if $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null; then \
		$(PYTHON) -m venv --clear $(VENV); \
	else \
		$(PYTHON) -m pip --quiet install --target .tools/virtualenv 'virtualenv>=20.29,<21' \
		&& PYTHONPATH=.tools/virtualenv $(PYTHON) -m virtualenv --quiet --clear $(VENV); \
	fi

# PySpark is 450 MB: in an environment of its own, and only here.
.tools/spark/.done: requirements/dev.txt
	$(PYTHON) -m venv --clear .tools/spark
	.tools/spark/bin/python -m pip --quiet install --require-hashes -r requirements/dev.txt
	.tools/spark/bin/python -m pip --quiet install 'pyspark>=4,<5' 'pandas>=2'
	.tools/spark/bin/python -m pip --quiet install --no-deps --no-build-isolation --editable .
	@touch $@

.tools/bin/uv:
	$(PYTHON) -m pip --quiet install --target .tools 'uv==$(UV_VERSION)'
