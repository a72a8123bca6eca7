.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.ready

.PHONY: help gameday test lint check load report lock clean

help:  ## what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "gameday needs Python 3.11 or newer: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $(STAMP)

gameday: $(STAMP)  ## set up .venv, run the game day on whatever runtime there is, say where the report is
	$(BIN)/gameday run scenarios

test: $(STAMP)  ## every test that this machine can run
	$(BIN)/pytest -q -n auto tests/unit tests/forms
	$(BIN)/pytest tests/conformance tests/plugin

lint: $(STAMP)  ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

check: lint  ## before you commit: style, types, unit tests
	$(BIN)/pytest -q -n auto tests/unit

load: $(STAMP)  ## load-test the redaction for ten seconds
	@# 2, inconclusive, is what so short a load can end with
	$(BIN)/gameday load --users 20 --run-time 10s || test $$? -eq 2

report: $(STAMP)  ## write the newest run's report again
	$(BIN)/gameday report "$$(ls -td reports/*/ | head -1)"

lock: $(STAMP)  ## pin every dependency with its hashes
	$(BIN)/uv pip compile pyproject.toml --all-extras --generate-hashes --universal --python-version 3.11 \
		--custom-compile-command "make lock" --quiet --output-file requirements.lock

clean: $(STAMP)  ## finish what a killed run left
	$(BIN)/gameday clean
