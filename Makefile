PYTHON ?= python3
BIN = .venv/bin
INSTALL = $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable
.DEFAULT_GOAL = help
.PHONY: help run test check schema docs bench

help: ## say what can be made
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/'

run: .venv/serving ## start a server with a demo shop, and say how to try it
	@$(BIN)/cartograph serve --dev

# Some tests measure time, and fail where another process has the machine. They get a second attempt, which is reported.
AGAIN = $(BIN)/pytest --last-failed --last-failed-no-failures none
test: .venv/installed ## run the tests: in parallel, then those that need the machine to themselves
	@$(BIN)/pytest -m "not alone" --numprocesses auto --dist loadfile && parallel=passed \
	|| { $(AGAIN) -m "not alone" && parallel="passed at the second attempt"; } || parallel=FAILED; \
	$(BIN)/pytest -m alone && alone=passed || { $(AGAIN) -m alone && alone="passed at the second attempt"; } || alone=FAILED; \
	echo "Tests in parallel: $$parallel. Tests alone: $$alone."; \
	[ "$$parallel" != FAILED ] && [ "$$alone" != FAILED ]

check: .venv/installed ## lint, formatting, types, and schema.graphql against the code
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/cartograph export-schema --check

schema: .venv/installed ## write schema.graphql and docs/settings.md from the code
	$(BIN)/cartograph export-schema
	{ sed '/^|/,$$d' docs/settings.md; $(BIN)/cartograph settings; } > docs/settings.new && mv docs/settings.new docs/settings.md

docs: .venv/docs ## build the manual into build/docs, and lint Dockerfile and compose.yaml
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	$(BIN)/hadolint Dockerfile
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.compose-spec compose.yaml

bench: .venv/installed ## compare with other servers, in a quarter of an hour; needs node, npm and wrk
	@benchmarks/run

.venv/serving: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed: make PYTHON=python3.12" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv
	$(INSTALL) .
	@touch $@

.venv/installed: .venv/serving
	$(INSTALL) '.[dev,otel,postgres]'
	@touch $@

.venv/docs: .venv/serving
	$(INSTALL) '.[docs]'
	@touch $@
