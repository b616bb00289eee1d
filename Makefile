# The two commands of the README; under Windows see the `python -m` equivalents there.
PYTHON ?= python3
BIN := .venv/bin
RAW := data/raw/55/2024

.PHONY: bilan test test-all lint lab clean

bilan: .venv/ok
	test -d $(RAW) || $(BIN)/bilan exemple
	$(BIN)/bilan produire --bilan intermediaire --exercice 2024 --departement 55

test: .venv/ok
	$(BIN)/python -m pytest -n auto --dist loadgroup

test-all: .venv/ok
	$(BIN)/python -m pytest -n auto --dist loadgroup -m "slow or not slow"

lint: .venv/ok
	$(BIN)/ruff check src tests notebooks
	$(BIN)/ruff format --check src tests notebooks
	$(BIN)/mypy

lab: .venv/ok
	$(BIN)/bilan explorer

clean:
	rm -rf data/processed

.venv/ok: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --editable .
	touch .venv/ok
