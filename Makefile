# `make demo` and `make test` do everything on a fresh machine; see README.md.
.DEFAULT_GOAL := help
.PHONY: help setup demo demo-island demo-lab test check bench races schemas lint types tests others
SHELL := bash
BIN := .venv/bin
# In the order of tests/conftest.py, which begins with the longest files. One process more than there are
# cores: the tests wait for databases, sessions and devices that hang for a good part of their time. Functional
# ones wait for more of it, for whole services, and have one more.
PYTEST = $(BIN)/python -m $(RUNNER) -n 3 --dist loadfile --no-loadscope-reorder
RUNNER = pytest
# In the whole run what failed beside others is run once more, alone: docs/adr/0030.
test others: RUNNER = tools.rerun
# Else every process that a test starts compiles our code anew.
unexport PYTHONDONTWRITEBYTECODE

help: ## Say what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 13

.venv/.installed: setup.cfg tools/setup
	@tools/setup

.venv/.installed-test: setup.cfg tools/setup
	@tools/setup test
	@touch .venv/.installed .venv/.installed-island .venv/.installed-lab

.venv/.installed-island: setup.cfg tools/setup
	@tools/setup island

.venv/.installed-lab: setup.cfg tools/setup
	@tools/setup lab

setup: .venv/.installed-test ## Make .venv with everything to run and to test

demo: .venv/.installed ## Book a path, change a simulated router, put it back
	@$(BIN)/pathservice demo

demo-island: .venv/.installed-island ## Book an island of real switches, as root: controllers, VLANs and pings in a slot
	@$(BIN)/pathservice demo-island

demo-lab: .venv/.installed-lab ## Move a running transfer to the big path and back, as root, on each kind of router
	@$(BIN)/pathservice demo-lab --plot lsiperf.png

check: .venv/.installed-test ## The quick loop: lint, types, floors, unit and contract tests, migrations
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(PYTEST) tests/contract tests/unit

test: check ## Everything: `check`, the functional tests, and newer Pythons where they are installed
	$(PYTEST) -n 4 tests/functional --durations=10
	@tools/test-others

bench: .venv/.installed-test ## Print the benchmarks, as ratios
	@$(BIN)/python -m bench

races: .venv/.installed-test ## 32 clients for the last unit, two for an island, a thousand times on each database
	RACE_ROUNDS=1000 $(BIN)/python -m pytest -n 0 tests/contract/reservation/test_races.py -k exactly_one_of_many_threads
	RACE_ROUNDS=1000 $(BIN)/python -m pytest -n 0 tests/contract/tbam/test_races.py -k exactly_one_of_two

schemas: .venv/.installed-test ## Write schemas/ and docs/lifecycle.md anew from the code
	@$(BIN)/python -m pathservice.exports
