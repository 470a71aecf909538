# Two commands matter: `make demo` opens the inbox on the embedded sandbox, `make test` runs the suite.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q

.PHONY: demo test bench-sync bench-keys bench-palette bench-start bench-search check format screenshots docs session kills soak clean

demo: $(VENV)/run.stamp
	$(BIN)/inbox-tui demo

# Two at a time, each file in one process: most of a test's time is waiting for another process.
test: $(VENV)/dev.stamp
	$(BIN)/python -m pytest -n 2 --dist loadfile

# Speed and memory of syncing against its budgets: about ten minutes on two cores, a minute with SHORT=1.
bench-sync: $(VENV)/run.stamp
	$(BIN)/python -m benchmarks.sync $(if $(SHORT),--short)

# From exec to chat rows, over a bare Textual application: about three minutes, a third of one with SHORT=1.
bench-start: $(VENV)/run.stamp
	$(BIN)/python -m benchmarks.start $(if $(SHORT),--short)

# Search in a million messages against its budgets: about three minutes, a tenth of that with SHORT=1.
bench-search: $(VENV)/run.stamp
	$(BIN)/python -m benchmarks.search $(if $(SHORT),--short)

# The command palette at 100,000 chats, and beside Textual's own: two minutes, half of one with SHORT=1.
bench-palette: $(VENV)/dev.stamp
	$(BIN)/python -m benchmarks.palette $(if $(SHORT),--short)

# From a key to the paint, in terminals of their own: about ten minutes, three with SHORT=1.
bench-keys: $(VENV)/run.stamp
	$(BIN)/python -m benchmarks.keys $(if $(SHORT),--short)

check: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/dev.stamp
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The kill matrix with real clocks: some minutes.
kills: $(VENV)/dev.stamp
	INBOX_TUI_KILLS=1 $(BIN)/python -m pytest tests/sync/test_kills.py

# Ten minutes of a lively server with every fault and kills, which print what differs in the end; then examples
# of the properties that the suite has not: of those of sync twenty times as many.
soak: $(VENV)/dev.stamp
	$(BIN)/python -m tests.sync.soak --seconds 600
	$(BIN)/python -m pytest --hypothesis-profile=soak tests/sync/test_machine.py tests/sync/test_page_shift.py \
		tests/core tests/ui/test_kept_draft.py

# The table of keys, from the registry; a test says when it is stale.
docs: $(VENV)/run.stamp
	$(BIN)/python -m inbox_tui.ui.keys_table > docs/keys.md

# Two hundred customers worked off by keys in a real terminal, and undone: keystrokes and seconds, in a minute.
session: $(VENV)/dev.stamp
	$(BIN)/python -m tests.e2e.session

# Pictures of a frozen world, the same on every machine.
screenshots: $(VENV)/dev.stamp
	$(BIN)/python screenshots/take.py

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "inbox-tui needs Python 3.11 or newer; call make with PYTHON=python3.x" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/run.stamp: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) install -c constraints.txt -e .
	$(BIN)/python -m compileall -q $(VENV)/lib inbox_tui || true
	@touch $@

$(VENV)/dev.stamp: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) install -c constraints.txt -e '.[dev]'
	@touch $@

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
