# `make demo` and `make test` set up whatever they need, the first time and never again.

# The same text encoding for everybody, whatever locale they have.
export PYTHONUTF8 = 1

python = .venv/bin/python

.PHONY: help demo test check chaos setup locks clean

help:
	@echo 'make demo    ring the sample list against a simulated phone network'
	@echo 'make test    run every test'
	@echo 'make check   what else CI insists on: style, types, layers, locks'
	@echo 'make chaos   campaigns under faults, judged by the far end (chaos/README.md)'
	@echo 'make setup   only make the environment .venv'
	@echo 'make locks   pin dependencies again after a change of pyproject.toml'
	@echo 'make clean   remove .venv, caches and the demo; not your campaigns'

# ARGS are handed on: make demo ARGS="--seed 7", make test ARGS=tests/unit
demo: export CAMPANILE_ENDS_WITH_PARENT = 1
demo: setup
	@$(python) -m campanile.cli.main demo $(ARGS)

test: .setup-for-tests
	@sh setup/test_servers.sh
	$(python) -m pytest -rs $(ARGS)

check: .setup-for-tests
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	@sh setup/locks.sh --check

# A few minutes; the release run: make chaos ARGS="--attempts 30000"
chaos: export CAMPANILE_ENDS_WITH_PARENT = 1
chaos: .setup-for-tests
	@$(python) -m chaos $(ARGS)

setup:
	@sh setup/environment.sh run

.PHONY: .setup-for-tests
.setup-for-tests:
	@sh setup/environment.sh test

locks: .setup-for-tests
	@sh setup/locks.sh

clean:
	@sh setup/clean.sh
