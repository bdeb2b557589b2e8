# Two commands do everything on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin

# What is compiled is kept, whatever the environment says: tests start the hub hundreds of times.
export PYTHONDONTWRITEBYTECODE :=

# Tests stop processes, never the machine, so what they write need not reach a disk: where there is room in
# memory, and programs may be run from there, it stays there. What a test that passed has left is removed.
IN_MEMORY = $(shell made=$$(mktemp -d /dev/shm/hub.XXXXXX 2>/dev/null) && cp /bin/true $$made/ && $$made/true \
	&& test $$(df -Pk $$made | awk 'END {print $$4}') -gt 3000000 && echo TMPDIR=/dev/shm; rm -rf "$$made")
TIDY := -o tmp_path_retention_policy=failed -o tmp_path_retention_count=1

.PHONY: help demo test explore fuzz check check-style check-types check-imports check-tests serve bench lock clean

help: ## List what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "make %-8s %s\n", $$1, $$2}'

$(VENV)/run.stamp: requirements.lock setup.cfg
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

$(VENV)/dev.stamp: $(VENV)/run.stamp requirements-dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

demo: $(VENV)/run.stamp ## Run the main job with five hubs (DEMO="--keep --json FILE")
	@$(BIN)/python -m demo $(DEMO)

# Tests that run hubs wait as long as they compute: three processes keep two cores busy.
test: $(VENV)/dev.stamp ## Run every test; servers they need are set up by the tests
	$(IN_MEMORY) $(BIN)/python -m pytest -n 3 --dist worksteal --durations 40 --durations-min 5 $(TIDY) $(TEST)

explore: $(VENV)/dev.stamp ## Run the tests that make up examples on other examples each time
	$(IN_MEMORY) $(BIN)/python -m pytest -m hypothesis --hypothesis-profile random -n 2 --dist worksteal $(TIDY) $(TEST)

fuzz: $(VENV)/dev.stamp ## Damage all that is read, for FUZZ_S seconds (600); FUZZ_SEED repeats a run
	$(BIN)/python -m tests.hostile.fuzz

check: $(VENV)/dev.stamp ## The quick gate: style, types, imports, quick tests
	@$(MAKE) --no-print-directory --jobs --output-sync=target check-style check-types check-imports check-tests

check-style: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

check-types: $(VENV)/dev.stamp
	$(BIN)/mypy

check-imports: $(VENV)/dev.stamp
	$(BIN)/lint-imports

check-tests: $(VENV)/dev.stamp
	$(IN_MEMORY) $(BIN)/python -m pytest -q -m "not slow" -n 2 --timeout 60 --hypothesis-profile quick $(TIDY)

serve: $(VENV)/run.stamp ## Run one hub to play with, in .hub/
	@test -d .hub || $(BIN)/hub init --home .hub --agency kz-knb
	$(BIN)/hub serve --home .hub

bench: $(VENV)/dev.stamp ## Measure the exchange against the floor of the same run
	$(BIN)/python -m bench.exchange

lock: $(VENV)/dev.stamp ## Renew the lock files
	$(BIN)/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe -U -o requirements.lock requirements.in
	$(BIN)/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe -U -o requirements-dev.lock requirements-dev.in

clean: ## Remove the virtual environment and what the demo left
	rm -rf $(VENV) .demo
