# What there is to do with Kith. `make run` serves it, `make test` tests it; both set up what they need first.

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
LOCKED := $(PIP) install --require-hashes

.PHONY: help run setup test check bench demo lock

help:
	@echo "make run     serve this folder's Kith at http://localhost:8080 (PORT=… for another port)"
	@echo "make setup   install everything that running and testing need, start nothing"
	@echo "make test    all tests (ARGS='tests/core -k config' for some of them)"
	@echo "make check   style, types and import rules"
	@echo "make bench   the benchmarks"
	@echo "make demo    two federated instances with sample content on ports 8080 and 8081"
	@echo "make lock    write the lock files anew (UPGRADE=--upgrade for the newest versions)"

run: .venv/.runtime node_modules/.kith
	@exec $(BIN)/kith serve

setup: .venv/.runtime .venv/.dev node_modules/.kith

test: setup
	@$(BIN)/python scripts/run_tests $(ARGS)

check: setup
	@code=0; for tool in "ruff check ." mypy "lint-imports"; do \
		echo "$$tool"; $(BIN)/$$tool || code=1; \
	done; exit $$code

bench: setup
	@$(BIN)/python -m tests.bench $(ARGS)

demo: .venv/.runtime node_modules/.kith
	@exec $(BIN)/kith demo

lock: .venv/.dev
	cd requirements && for name in runtime dev node; do \
		CUSTOM_COMPILE_COMMAND="make lock" ../$(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras \
			--no-emit-index-url --no-emit-find-links --no-emit-trusted-host $(UPGRADE) --output-file $$name.txt $$name.in \
			|| exit 1; \
	done

# A virtual environment is made anew where it is missing or its Python is gone.
.venv/.runtime: requirements/runtime.txt pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "Kith needs Python 3.11 or newer: apt install python3 python3-venv" >&2; exit 1; }
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" || \
		{ echo "Kith needs Python 3.11 or newer, and this is $$($(PYTHON) --version). PYTHON=… names another." >&2; exit 1; }
	@$(PYTHON) -c "import venv, ensurepip" 2>/dev/null || \
		{ echo "Python cannot make a virtual environment here. Please install its package: apt install python3-venv" >&2; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	@echo "Installing what Kith runs on (requirements/runtime.txt) …"
	@$(LOCKED) --requirement requirements/runtime.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.dev: requirements/dev.txt .venv/.runtime
	@echo "Installing what testing needs (requirements/dev.txt) …"
	@$(LOCKED) --requirement requirements/dev.txt
	@touch $@

# Only where the pages' packages are listed; npm comes from the PyPI wheel of Node where the machine has none.
ifneq ($(wildcard package-lock.json),)
node_modules/.kith: package.json package-lock.json | .venv/.runtime
	@command -v npm >/dev/null || test -x $(BIN)/npm || \
		{ echo "Installing Node, for its npm (requirements/node.txt) …"; $(LOCKED) --requirement requirements/node.txt; }
	@echo "Installing what the pages load (package-lock.json) …"
	@PATH="$$PATH:$(CURDIR)/$(BIN)" npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@
else
.PHONY: node_modules/.kith
node_modules/.kith:
endif
