# The two commands of the README are make demo and make test. Each builds .venv first; nothing but Python 3.11 is needed.
PYTHON ?= python3
VENV := .venv
LOWEST := .venv-lowest
PEERS := .venv-peers
RUNTIMES := .venv-runtimes
DATA := tasks
CONSTRAINTS := constraints.txt
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
PROSE := CHANGELOG.md CONTRIBUTING.md SECURITY.md perf/README.md $(filter-out docs/cli.md,$(wildcard docs/*.md))
# docs/cli.md and the table in README.md are as gis writes them.
README_WITHOUT_TABLE := sed '/gis leaderboard: begin/,/gis leaderboard: end/{/: end/!d;}' README.md

.PHONY: demo quick test test-lowest lint audit format mutate perf clean

demo: $(INSTALLED)
	$(BIN)/gis bench --model random,length,jaccard,bm25,tfidf,minilm --task sample --output demo-results
	$(BIN)/gis leaderboard demo-results --markdown demo-results/leaderboard.md --csv demo-results/leaderboard.csv >/dev/null
	@echo
	@echo "The table is in demo-results/leaderboard.md and .csv; the numbers behind it are in demo-results/<model>/."
	@echo "Next: $(BIN)/gis tasks, $(BIN)/gis models, $(BIN)/gis bench --help"

# The tests that take milliseconds, for use while editing.
quick: $(INSTALLED)
	$(BIN)/python -m pytest -m "not slow" --numprocesses auto --dist worksteal

test: $(INSTALLED)
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal

# The same tests with the lowest version of every library that pyproject.toml allows.
test-lowest:
	@mkdir -p $(LOWEST)
	$(PYTHON) perf/lowest_versions.py > $(LOWEST)/constraints.txt
	$(MAKE) test VENV=$(LOWEST) CONSTRAINTS=$(LOWEST)/constraints.txt

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/codespell
	$(BIN)/mdformat --check $(PROSE)
	$(README_WITHOUT_TABLE) | $(BIN)/mdformat --check -
	$(BIN)/gis leaderboard docs/results --task sts,rust_issues --into README.md --check >/dev/null

# Asks PyPI, over the network, for known vulnerabilities of the versions in constraints.txt.
audit: $(INSTALLED)
	$(BIN)/pip-audit --strict --no-deps --disable-pip --progress-spinner off --requirement constraints.txt || \
		{ echo "make audit needs the network: a version of which PyPI cannot be asked counts as a failure"; exit 1; }

format: $(INSTALLED)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/mdformat $(PROSE)
	$(BIN)/gis leaderboard docs/results --task sts,rust_issues --into README.md >/dev/null
	$(BIN)/python -m gis.cli.reference > docs/cli.md

# How many of 300 small changes of meaning the tests notice; about an hour.
mutate: $(INSTALLED)
	$(BIN)/python perf/mutants.py

# Side by side with other tools, in an environment of their own; half an hour on a machine that does nothing else.
# DATA is a folder with <task>/test.jsonl.gz.
perf: $(INSTALLED) $(PEERS)/.installed $(RUNTIMES)/.installed
	$(BIN)/python perf/results.py --data $(DATA) --peers $(PEERS)/bin/python --runtimes $(RUNTIMES)/bin/python

$(PEERS)/.installed $(RUNTIMES)/.installed: .venv-%/.installed: perf/requirements-%.txt
	$(PYTHON) -m venv .venv-$*
	.venv-$*/bin/python -m pip install --quiet --requirement $<
	@touch $@

$(INSTALLED): pyproject.toml $(CONSTRAINTS)
	@$(PYTHON) -c 'import sys; sys.exit("gis needs Python 3.11 or newer: make PYTHON=python3.11" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV) || ($(PYTHON) -m pip install --user virtualenv && $(PYTHON) -m virtualenv $(VENV))
	$(BIN)/python -m pip install --quiet --constraint $(CONSTRAINTS) --editable '.[minilm,lora,openai,dev]'
	@touch $@

clean:
	rm -rf $(VENV) $(LOWEST) $(PEERS) $(RUNTIMES) demo-results
