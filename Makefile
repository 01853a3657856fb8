# Two commands: `make run` opens the product on the bundled sample town, `make test` passes the tests.
# Both install what is missing into .venv first.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: run test lint bench bench-scale drills servers install clean

run: $(READY)
	$(BIN)/huiying demo

test: $(READY)
	# A process a core: more threads in each would only get in each other's way.
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/pytest -q -n auto --dist worksteal

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(READY)
	# One thread: figures are of one core, and small matrices gain nothing from more.
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m benchmarks --write

drills: $(READY)
	# Real kills and outages, about 12 minutes; disk and clock want root and libfaketime.
	$(BIN)/python -m tests.drills --write

bench-scale: $(READY)
	# What grows with the number of posts, up to a million: about an hour on two cores.
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks scale --posts 10000 100000 1000000 --write
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks plans --posts 1000000 --write

servers: $(READY)
	$(BIN)/python -m tests.servers

install: $(READY)

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "make: $(PYTHON) is older than Python 3.11 (set PYTHON=python3.11)" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { [ "$$(id -u)" = 0 ] && apt-get update -qq && apt-get install -y -qq python3-venv; } || { echo "make: Python's venv module is missing (apt-get install python3-venv)" >&2; exit 1; }
	@echo "Installing into $(VENV): about 900 MB, two minutes or more"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,postgresql]'
	@touch $@

clean:
	rm -rf $(VENV)
