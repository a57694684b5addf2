# make setup, make check, make test, make demo: `make help` tells them apart.
# Nothing here asks a question; what installs system packages says so before it does.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.ONESHELL:
.SILENT:
.PHONY: help setup system asterisk lock check test soak demo clean

VENV := .venv
BIN := $(VENV)/bin
# The interpreter the environment is made with: the newest of these that is there and is 3.11 or later.
PYTHONS := python3.11 python3.12 python3.13 python3
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input --quiet
# Workers of `make test`; real phones share the processor with Asterisk, so few of them.
WORKERS ?= 2
# What needs a real Asterisk; it runs by itself, so that nobody's arithmetic delays a phone.
REAL := tests/real tests/containers tests/test_lab.py tests/test_fallback.py
SOAK := tests/real/test_soak.py
PURE := tests/core tests/routing tests/ledger tests/cdr
# More arguments for pytest: make test ARGS="-k pickup -x"; for the soak: make soak ARGS="--rate 5 --seed 7"
ARGS ?=
# How long a soak lasts.
SECONDS ?= 1800

help:
	echo "make setup   the Python environment in $(VENV), from the pinned lock"
	echo "make demo    real calls on a real Asterisk, shown as they climb"
	echo "make test    all tests, with a real Asterisk and a real PostgreSQL (ARGS=… goes to pytest)"
	echo "make soak    half an hour of random calls while something breaks every minute (SECONDS=… shortens it)"
	echo "make bench-ledger   what the figures of a year cost, on SQLite and on PostgreSQL (CALLS=… DAYS=… a smaller one)"
	echo "make check   ruff, mypy and the arrows between the packages"
	echo "make lock    resolve the dependencies anew into requirements.lock"
	echo "make clean   remove the environment and what the tools left behind"

setup: $(VENV)/.project

$(VENV)/.python:
	for python in $(PYTHONS); do
	    if "$$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found=$$python; break; fi
	done
	if [ -z "$${found:-}" ]; then
	    echo "error: no Python 3.11 or later with venv; on Debian 12: apt-get install python3 python3-venv" >&2; exit 2
	fi
	echo "setup: $(VENV) with $$("$$found" --version)"
	"$$found" -m venv --clear $(VENV)
	touch $@

$(VENV)/.locked: requirements.lock | $(VENV)/.python
	echo "setup: the pinned dependencies (about half a minute)"
	$(PIP) install --require-hashes --no-deps -r requirements.lock
	touch $@

$(VENV)/.project: pyproject.toml $(VENV)/.locked
	echo "setup: callrouter itself"
	$(PIP) install --no-build-isolation --no-deps -e .
	touch $@

# System packages of the laboratory: Asterisk's folder is made with mmdebstrap, the database is Debian's PostgreSQL.
system:
	bash tests/lab/system.sh

asterisk: setup system
	$(BIN)/python -m tests.lab

lock: setup
	if ! command -v uv >/dev/null; then echo "error: 'make lock' needs uv; https://docs.astral.sh/uv/ says how to get it" >&2; exit 2; fi
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	    --no-annotate --custom-compile-command "make lock" --group dev --quiet -o requirements.lock pyproject.toml
	echo "lock: requirements.lock is written"

check: setup
	echo "check: ruff"
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --check --quiet .
	echo "check: mypy"
	$(BIN)/mypy --no-error-summary
	echo "check: arrows"
	$(BIN)/pytest -q --no-header tests/test_arrows.py
	echo "check: fine"

test: asterisk
	if [ -n "$(ARGS)" ]; then exec $(BIN)/pytest -q -n $(WORKERS) --dist worksteal $(ARGS); fi
	echo "test: 1 of 4, what is pure, every branch of it (about a minute)"
	$(BIN)/pytest -q -n $(WORKERS) --dist worksteal $(PURE) \
	    $(addprefix --cov=callrouter.,core routing ledger) --cov-branch --cov-report=term-missing:skip-covered \
	    --cov-fail-under=100
	echo "test: 2 of 4, the rest without Asterisk, and a million random events (about six minutes)"
	$(BIN)/pytest -q -n $(WORKERS) --dist worksteal tests $(addprefix --ignore=,$(REAL) $(PURE))
	echo "test: 3 of 4, real calls on a real Asterisk (about twenty minutes)"
	$(BIN)/pytest -q -n $(WORKERS) --dist worksteal $(REAL) --ignore=$(SOAK)
	echo "test: 4 of 4, two minutes of a soak (about three minutes)"
	$(BIN)/pytest -q $(SOAK)

# Calls on the wire against the ledger, while workers die, stand still, and the database is away.
soak: asterisk
	$(BIN)/python -m tests.soak --seconds $(SECONDS) $(ARGS)

demo: asterisk
	$(BIN)/python -m tests.demo

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# What a call costs beside native Dial and app_queue; the machine should have nothing else to do. RATES: calls a second.
.PHONY: bench
RATES ?= 20
bench: asterisk
	$(BIN)/python -m bench.decision
	$(BIN)/python -m bench $(RATES)

# What the figures of a busy company's year cost, on SQLite and on PostgreSQL; most of an hour. CALLS, DAYS: a smaller one.
.PHONY: bench-ledger
CALLS ?= 3650000
DAYS ?= 365
bench-ledger: setup system
	$(BIN)/python -m bench.ledger $(CALLS) $(DAYS)
	$(BIN)/python -m bench.intake
