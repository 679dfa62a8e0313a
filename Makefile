# `make help` lists what there is. Everything lives below the project folder: the environment in .venv, data in var.

SHELL := /bin/sh
BIN := .venv/bin
TESTS := -n 2 -m "not soak"

.DEFAULT_GOAL := help
.PHONY: help run models test soak lint format screenshots environment test-environment system-packages

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 22

run: environment ## Run Argus here: http://localhost:8000, another port with PORT=8001. Ctrl-C stops everything
	@exec $(BIN)/python manage.py up --stop-with-parent $(UP)

models: ## Add PyTorch and what learned models need to the environment of `make run`
	@scripts/environment models

test: system-packages lint ## Every check and every test
	$(BIN)/python -m pytest $(TESTS)

soak: system-packages test-environment ## Long races, dying servers, the whole story, one at a time (docs/faults.md)
	nice $(BIN)/python -m pytest -m soak -v --durations=0

lint: test-environment ## Style, types, import directions, templates
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/djlint templates --lint --quiet

format: test-environment ## Fix what can be fixed by itself
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

screenshots: system-packages test-environment ## Take the pictures of README.md again (docs/images)
	$(BIN)/python scripts/screenshots.py

environment:
	@scripts/environment run

test-environment:
	@scripts/environment test

system-packages:
	@scripts/system-packages
