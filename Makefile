# The chores of this repository. `make` alone lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash
BIN := .venv/bin
export PATH := $(CURDIR)/.venv/bin:$(PATH)

# What may be chosen: `make test workers=4 args="-k etag"`, `make lock options=--upgrade`, `make serve args="--port 9000"`.
# One more than cores of a small machine: some tests wait for time to pass, or for the database.
workers ?= 3
args ?=
options ?=
examples ?= 1
name ?=
ref ?=

.PHONY: help
help: ## List these targets
	@awk -F ':.*## ' '/^##@/ { printf "\n%s\n", substr($$0, 5) } /^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

##@ Running it

.PHONY: setup
setup: ## Make .venv and install exactly what requirements.lock names (again only when that changed)
	@tools/setup

.PHONY: serve
serve: setup ## Start the register on http://127.0.0.1:8000, with a database of its own unless DATABASE_URL is set
	@exec $(BIN)/workplan serve $(args)

.PHONY: up
up: ## The same behind a proxy with Docker: PostgreSQL 18, migrations, two instances (docker-compose.yml)
	@docker/make-secrets
	docker compose up --build --detach --wait

.PHONY: down
down: ## Stop what `make up` started; the data stays
	docker compose down

##@ Changing it

.PHONY: test
test: setup ## Run the whole test suite
	@$(BIN)/pytest -n $(workers) $(args)

.PHONY: fuzz
fuzz: setup ## Let schemathesis try the whole API document against a running service (examples=50 for longer)
	@WORKPLAN_FUZZ=$(examples) $(BIN)/pytest -q -o faulthandler_timeout=0 tests/openapi/test_schemathesis.py -k all

.PHONY: lint
lint: setup ## Style, types, import directions, dependencies, migrations
	@tools/lint

.PHONY: format
format: setup ## Put the code into the one format
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

.PHONY: check
check: format lint test ## What must pass before a commit

.PHONY: migration
migration: setup ## Start the next migration: make migration name="decisions are recorded"
	@test -n "$(name)" || { echo 'Say in a few words what it does: make migration name="decisions are recorded"' >&2; exit 2; }
	@last=$$(ls migrations/versions | sed -n 's/^0*\([0-9][0-9]*\)_.*\.py$$/\1/p' | sort -n | tail -n 1); \
	  $(BIN)/alembic revision --rev-id "$$(printf %04d $$(( $${last:-0} + 1 )))" --message "$(name)"

.PHONY: beside
beside: ## Run the suite of a former version on the schema of today: make beside ref=v1.2.0
	@test -n "$(ref)" || { echo 'Name a version or commit: make beside ref=HEAD~20' >&2; exit 2; }
	@tools/beside "$(ref)"

.PHONY: audit
audit: setup ## Ask for known weaknesses of what requirements.lock names (make lint does, too)
	@tools/audit

.PHONY: sbom
sbom: setup ## Write sbom.json: what the service consists of, as CycloneDX
	@$(BIN)/cyclonedx-py requirements requirements-runtime.lock --pyproject pyproject.toml --output-reproducible \
	  --output-file sbom.json 2> >(grep -v -e UserWarning -e 'warn(' >&2)
	@echo 'sbom.json lists what requirements-runtime.lock names'

.PHONY: openapi
openapi: setup ## Write docs/openapi.json anew; its difference is read in review
	@$(BIN)/workplan openapi > docs/openapi.json.new && mv docs/openapi.json.new docs/openapi.json

.PHONY: bench
bench: setup ## Measure every operation beside the limits of this machine and the installed peers (args="--quick")
	@$(BIN)/python -m bench $(args)

.PHONY: bench-peers
bench-peers: setup ## Install the services that the bench puts beside the register, for the same Python
	@test "$$(.venv-peers/bin/python -VV 2>/dev/null)" = "$$($(BIN)/python -VV)" || $(BIN)/python -m venv --clear .venv-peers
	@.venv-peers/bin/pip install --quiet --disable-pip-version-check --require-hashes -r bench/requirements-peers.lock
	@if command -v npm > /dev/null; then cd bench/peers && npm ci --no-audit --no-fund --loglevel=error; \
	  else echo 'npm is not installed: Fastify is left out'; fi

LOCK := $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" $(options)

.PHONY: lock
lock: setup ## Resolve both lock files anew after a change of pyproject.toml (options=--upgrade raises versions)
	@$(LOCK) --group dev --group build --output-file requirements.lock
	@$(LOCK) --group build --constraint requirements.lock --output-file requirements-runtime.lock

.PHONY: lock-peers
lock-peers: setup ## The same for the bench's peers
	@$(BIN)/uv pip compile bench/peers/requirements.in --quiet --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock-peers" --output-file bench/requirements-peers.lock
	@cd bench/peers && npm install --package-lock-only --omit-lockfile-registry-resolved --no-audit --no-fund
