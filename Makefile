# Everything runs in .venv, which is made on first use from requirements-dev.lock. Needs Python 3.11+ and make.
# ARGS goes to the command behind the target: make test ARGS="-k booking".

VENV ?= .venv
STAMP := $(VENV)/.installed
NODE_STAMP := tests/conformance/node_modules/.installed
SDK := checkout_widget/sdk
SDK_STAMP := $(SDK)/node_modules/.installed
ARGS ?=

SHELL := bash
.DEFAULT_GOAL := help
export VENV
export PATH := $(abspath $(VENV))/bin:$(PATH)

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

$(STAMP): requirements-dev.lock .ci/venv
	@.ci/venv "$(VENV)"
	@touch "$(STAMP)"

.PHONY: demo
demo: $(STAMP) ## Start everything and book once over REST and once over MCP (DEMO_EXIT=1 leaves afterwards)
	@python manage.py demo $(ARGS)

.PHONY: worker
worker: $(STAMP) ## Run a worker with its clock, beside a server that runs already
	@celery -A movmo worker -B -P threads -c 4 --without-gossip --without-mingle --without-heartbeat $(ARGS)

.PHONY: test
test: $(STAMP) ## Run the suite on SQLite; no service needed
	@.ci/test $(ARGS)

.PHONY: test-postgres
test-postgres: $(STAMP) ## Run the suite on PostgreSQL: DATABASE_URL, a local server, or a throw-away one
	@.ci/with-postgres .ci/suite -n auto $(ARGS)

.PHONY: test-browser
test-browser: $(STAMP) ## Look at the pages in a browser (ARGS="--screenshots FOLDER" keeps pictures of them)
	@.ci/test tests/browser $(ARGS)

.PHONY: coverage
coverage: $(STAMP) ## Run the suite and hold its branch coverage to the limits
	@.ci/coverage $(ARGS)

.PHONY: check
check: lint types imports rooms sizes migrations system check-snapshots check-words ## Run every static check (make -k check: all of them, even after a failure)

.PHONY: lint
lint: $(STAMP)
	ruff check . .ci
	ruff format --check . .ci

.PHONY: types
types: $(STAMP)
	mypy

.PHONY: imports
imports: $(STAMP)
	lint-imports

.PHONY: rooms
rooms: $(STAMP)
	python .ci/check_rooms.py

.PHONY: sizes
sizes: $(STAMP)
	python .ci/check_sizes.py

.PHONY: migrations
migrations: $(STAMP)
	python manage.py makemigrations --check --dry-run

.PHONY: system
system: $(STAMP)
	python manage.py check --fail-level WARNING

.PHONY: check-snapshots
check-snapshots: $(STAMP)
	.ci/snapshots check

.PHONY: snapshots
snapshots: $(STAMP) ## Write docs/openapi.yaml and docs/mcp_*.json from the declarations
	@.ci/snapshots write

.PHONY: check-words
check-words: $(STAMP)
	python .ci/check_words.py

.PHONY: words
words: $(STAMP) ## Read what the checkout says into its .po files, and compile them
	@python .ci/check_words.py write

.PHONY: bench
bench: $(STAMP) ## Measure against the baselines, in one run
	@.ci/with-postgres python -m tests.bench $(ARGS)

$(NODE_STAMP): tests/conformance/package-lock.json tests/conformance/.npmrc
	@command -v npm >/dev/null || { echo "npm is needed, which comes with Node. On Debian: apt-get install nodejs npm" >&2; exit 1; }
	@cd tests/conformance && npm ci --loglevel error
	@touch "$(NODE_STAMP)"

$(SDK_STAMP): $(SDK)/package-lock.json $(SDK)/.npmrc
	@command -v npm >/dev/null || { echo "npm is needed, which comes with Node. On Debian: apt-get install nodejs npm" >&2; exit 1; }
	@cd $(SDK) && npm ci --loglevel error
	@touch "$(SDK_STAMP)"

.PHONY: sdk
sdk: $(SDK_STAMP) ## Build the partners' packages, and what of them is served and committed (needs npm)
	@cd $(SDK) && node build.mjs

.PHONY: check-sdk
check-sdk: $(SDK_STAMP) ## Hold what is committed of the packages against a rebuild and their budgets (needs npm)
	@cd $(SDK) && node check.mjs

.PHONY: conformance
conformance: $(STAMP) $(NODE_STAMP) ## Hold the MCP door against the protocol's own suite and its Inspector (needs npm)
	@python -m tests.conformance $(ARGS)

.PHONY: chaos
chaos: $(STAMP) ## Book over both doors while processes and databases are killed, then read all books
	@python -m tests.chaos $(ARGS)

.PHONY: fmt
fmt: $(STAMP) ## Format the code and mend what ruff can mend
	@ruff check --fix . .ci
	@ruff format . .ci

.PHONY: lock
lock: $(STAMP) ## Pin the dependencies of pyproject.toml, with hashes (ARGS=--upgrade for the newest)
	@command -v uv >/dev/null || python -m pip install --quiet uv
	uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url --no-emit-find-links $(ARGS) \
		pyproject.toml --output-file requirements.lock
	uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url --no-emit-find-links $(ARGS) \
		pyproject.toml --group dev --output-file requirements-dev.lock

.PHONY: clean
clean: ## Remove caches and reports; .venv and var/ stay
	@rm -rf .mypy_cache .ruff_cache .import_linter_cache .pytest_cache .hypothesis .coverage .coverage.* htmlcov staticfiles
	@rm -f var/test-*.sqlite3*
	@find . -path ./$(VENV) -prune -o -type d -name __pycache__ -exec rm -rf {} +
