# Two commands matter: `make demo` and `make test`. Both set up everything they need.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test check bench clean

demo: .venv/.ready
	$(BIN)/layout-planner demo --out runs/demo

test: .venv/.ready-dev
	tools/setup browser
	$(BIN)/python -m pytest -n 2 --dist loadfile

check: .venv/.ready-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: .venv/.ready-dev
	for bench in benchmarks/bench_*.py; do $(BIN)/python $$bench || exit 1; done

.venv/.ready: pyproject.toml
	tools/setup python "$(PYTHON)"
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

.venv/.ready-dev: .venv/.ready
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@

clean:
	rm -rf .venv runs build dist .pytest_cache .ruff_cache .mypy_cache .hypothesis
