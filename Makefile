# Everything a developer or CI runs. `make help` lists it.
SHELL := /bin/sh
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

BIN := .venv/bin
RUNTIME := .venv/.runtime-installed
DEV := .venv/.dev-installed
BENCH := .venv/.bench-installed
CODE := src tests $(wildcard bench)
WORKERS ?= $(shell echo $$((2 * $$(nproc))))
SECONDS ?= 60

.PHONY: help venv demo test check fuzz bench format states interop-table explain lock release clean static test-system soak chaos

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' Makefile | expand -t 10

venv: $(DEV) ## .venv with everything a developer needs

demo: $(RUNTIME) ## start the service and make real two-way calls through it
	@$(BIN)/twoleg demo

test: test-system $(DEV) static ## everything CI runs: format, lint, types, imports, all tests
	@$(BIN)/python -m pytest -n $(WORKERS)

check: $(DEV) static ## the same without the slow tests: under a minute
	@$(BIN)/python -m pytest -n $(WORKERS) -m 'not slow' tests --ignore=tests/interop --ignore=tests/e2e

fuzz: $(DEV) ## look for faults in the SIP parsers for SECONDS=60 each, guided by coverage
	@cd tests && for target in $${TARGET:-message stream sdp digest uri header agent}; do \
		echo "== $$target"; found=fuzz/found/$$target; mkdir -p $$found; \
		../$(BIN)/python -m fuzz $$target -max_total_time=$(SECONDS) -max_len=4096 -verbosity=0 -print_final_stats=1 \
			-artifact_prefix=$$found/ || exit 1; rmdir $$found 2>/dev/null || true; done

bench: $(BENCH) ## measure the service against its peers and print the table
	@sh scripts/apt-packages.sh nginx-light:nginx wrk:wrk sip-tester:sipp
	@$(BIN)/python -m bench

soak: $(BENCH) ## HOURS=1 at RATE=50 calls a second through the whole service, and docs/soak.md: is everything flat?
	@sh scripts/apt-packages.sh sip-tester:sipp
	@$(BIN)/python -m bench.soak --hours $${HOURS:-1} --rate $${RATE:-50} --write

chaos: test-system $(DEV) ## KILLS=1000 times kill -9 under RATE=20 calls a second (SEED=...), and docs/chaos.md: is every promise kept?
	@PYTHONPATH=tests $(BIN)/python -m chaos --kills $${KILLS:-1000} --rate $${RATE:-20} $${SEED:+--seed $$SEED} --write

format: $(DEV) ## write the house format and the safe lint fixes
	@$(BIN)/ruff format --quiet $(CODE)
	@$(BIN)/ruff check --quiet --fix $(CODE)

states: $(DEV) ## write docs/states.md from the call machine's table
	@$(BIN)/python scripts/write-states-page.py

explain: $(DEV) ## write docs/explain.md from the tables of verdicts
	@$(BIN)/python scripts/write-explain-page.py

interop-table: test-system $(DEV) ## run the interop tests and write docs/interop.md from what the phones saw
	@PYTHONPATH=tests $(BIN)/python -m pytest -n $(WORKERS) -p interop.page --interop-page docs/interop.md tests/interop

release: ## sdist, wheel, bill of materials (CycloneDX) and an audit of the pins, into dist/
	@sh scripts/release.sh

lock: ## pin the newest allowed releases again, with hashes
	@sh scripts/lock.sh

clean: ## remove .venv and everything that was built or cached
	@rm -rf .venv .venv.lock build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	@find src tests $(wildcard bench) -name __pycache__ -type d -prune -exec rm -rf {} +
	@rm -rf src/twoleg.egg-info

static: $(DEV)
	@$(BIN)/ruff format --check --quiet $(CODE) || { $(BIN)/ruff format --check $(CODE); exit 1; }
	@$(BIN)/ruff check --quiet $(CODE)
	@$(BIN)/mypy --no-error-summary $(CODE)
	@$(BIN)/lint-imports --no-logo

test-system:
	@sh scripts/apt-packages.sh sip-tester:sipp curl:curl baresip-core:baresip kamailio:kamailio kamailio-tls-modules:/usr/lib/*/kamailio/modules/tls.so \
		kamailio-websocket-modules:/usr/lib/*/kamailio/modules/websocket.so \
		kamailio-outbound-modules:/usr/lib/*/kamailio/modules/outbound.so rtpengine-daemon:rtpengine \
		tshark:tshark gcc:gcc libc6-dev:/usr/include/stdio.h

# A larger set holds the smaller ones at the same pins, so installing it settles them too.
$(RUNTIME): requirements/runtime.txt pyproject.toml scripts/make-venv.sh
	@sh scripts/make-venv.sh runtime
	@touch $(RUNTIME)

$(DEV): requirements/dev.txt pyproject.toml scripts/make-venv.sh
	@sh scripts/make-venv.sh dev
	@touch $(RUNTIME) $(DEV)

$(BENCH): requirements/bench.txt pyproject.toml scripts/make-venv.sh
	@sh scripts/make-venv.sh bench
	@touch $(RUNTIME) $(DEV) $(BENCH)
