# One command each; everything lands in .venv, nothing outside the checkout but pip's own cache.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PACKS := --pack gdpr --pack hipaa
# pip does it for what it copies, but not for what it links to; a detector's process may not write what it compiles.
COMPILED := $(BIN)/python -m compileall -q scanner detectors policies reports

.PHONY: scan test test-system check bench docs dev clean

# A red gate (1) is what the example is for, and where kubectl is missing the scan is incomplete (3) and says so;
# wrong use (2) and a bug of ours (4) fail the target.
scan: $(VENV)/.base
	@$(BIN)/assay scan fixtures/acme-ai $(PACKS); code=$$?; [ $$code -le 1 ] || [ $$code -eq 3 ] || exit $$code

test: $(VENV)/.dev
	$(BIN)/python -m pytest -m "not system"

# What needs programs from Debian's and npm's packages; a missing one is installed here, and fails if it can't be.
test-system: $(VENV)/.dev
	./tests/system/install
	$(BIN)/python -m pytest -m system

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/unit/test_imports.py
	$(BIN)/python -m assay.policies.catalogue_checkov --check
	$(BIN)/python -m assay.detectors.iac.imports.index_writer --check
	$(BIN)/python -m assay.detectors.iac.imports.pattern_writer --check
	$(BIN)/python -m assay.scanner.kinds.generate --check
	$(BIN)/python -m assay.policies.prepared_writer --check
	$(BIN)/python -m assay.scanner.reference --check

bench: $(VENV)/.dev
	$(BIN)/python -m tests.bench

docs: $(VENV)/.dev
	$(BIN)/python -m assay.policies.catalogue_checkov
	$(BIN)/python -m assay.detectors.iac.imports.index_writer
	$(BIN)/python -m assay.detectors.iac.imports.pattern_writer
	$(BIN)/python -m assay.scanner.kinds.generate
	$(BIN)/python -m assay.policies.prepared_writer
	$(BIN)/python -m assay.scanner.reference

dev: $(VENV)/.dev

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.base: pyproject.toml setup.py constraints.txt | $(VENV)/bin/python
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[helm]'
	$(COMPILED)
	@touch $@

$(VENV)/.dev: pyproject.toml setup.py constraints.txt | $(VENV)/bin/python
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	$(COMPILED)
	@touch $@ $(VENV)/.base

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .tools
