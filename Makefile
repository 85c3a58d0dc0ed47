# Every command sets up what it needs in .venv and can be repeated; a repeat is quick.
# Needed beforehand: make and Python 3.11 or newer. No root, no system Graphviz.
#
#   make test ARGS="-k forks"       hand arguments on
#   make demo PYTHON=python3.13     choose the interpreter for a new .venv
#   make demo VENV=/tmp/env         choose another place for it

.DEFAULT_GOAL := help
SHELL := /bin/sh
VENV ?= .venv
ARGS ?=
BIN := $(VENV)/bin

.PHONY: help demo test notebooks run-notebooks messages notebooks-zh docs site bench fuzz mutants lint format clean

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

demo: $(VENV)/.installed-demo ## draw the example circuits and train on real data
	$(BIN)/autodiff demo $(ARGS)

test: $(VENV)/.installed-test ## run the tests and the docstrings' examples
	$(BIN)/python -m pytest -n auto $(ARGS)

notebooks: $(VENV)/.installed-notebook ## open the course in JupyterLab
	$(BIN)/jupyter trust notebooks/*.ipynb  # else it shows no SVG before a cell was run
	$(BIN)/jupyter lab --notebook-dir=notebooks $(ARGS)

run-notebooks: $(VENV)/.installed-test ## run every notebook in both languages, keep nothing
	for folder in notebooks notebooks/zh; do \
	    find $$folder -maxdepth 1 -name '*.ipynb' -print | sort | \
	    xargs -r -n 1 -P 2 $(BIN)/jupyter nbconvert --to notebook --execute --output-dir build/$$folder $(ARGS) \
	    || exit 1; \
	done

messages: $(VENV)/.installed-test $(VENV)/.installed-docs ## bring the catalogues of the translations up to date
	$(BIN)/sphinx-build -q -b gettext docs build/gettext
	$(BIN)/python docs/messages.py
	$(BIN)/python notebooks/translate.py messages $(ARGS)

notebooks-zh: $(VENV)/.installed-test ## write the course and README.md in Chinese
	$(BIN)/python notebooks/translate.py write $(ARGS)

docs: $(VENV)/.installed-docs ## build the site into build/site, in Chinese into build/site/zh
	$(BIN)/sphinx-build -W --keep-going -b html docs build/site $(ARGS)
	$(BIN)/sphinx-build -W --keep-going -b html -D language=zh_CN docs build/site/zh $(ARGS)

site: $(VENV)/.installed-site docs ## ... and the Python that runs in its pages; this needs npm
	$(BIN)/python docs/publish.py build/site

bench: $(VENV)/.installed-bench ## measure against the peers, side by side
	$(BIN)/python -m benchmarks $(ARGS)

fuzz: $(VENV)/.installed-test ## attack everything with random input: make fuzz MINUTES=60
	$(BIN)/python -m tests.fuzz --minutes $(or $(MINUTES),10) $(ARGS)

mutants: $(VENV)/.installed-mutants ## change 400 lines, one at a time, and see whether a test notices
	$(BIN)/python -m tests.mutants --sample $(or $(SAMPLE),400) $(ARGS)

lint: $(VENV)/.installed-dev ## check style, formatting and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: $(VENV)/.installed-dev ## rewrite what ruff can mend by itself
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

clean: ## remove .venv and everything built
	rm -rf $(VENV) build dist demo docs/generated .pytest_cache .mypy_cache .ruff_cache .hypothesis

# One stamp for each extra, older than pyproject.toml when that changed. An interrupted
# installation leaves no stamp and is taken up again.
$(VENV)/.installed-%: pyproject.toml $(VENV)/.made
	@echo "Installing what '$*' needs into $(VENV); the first time takes a minute"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --editable ".[$*]"
	@touch $@

# An environment that works is kept, whoever made it. PYTHON is tried by running it, since a
# version manager's stand-in may be on the PATH without an interpreter behind it.
$(VENV)/.made:
	@usable='import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))'; \
	if $(BIN)/python -c "import pip; $$usable" >/dev/null 2>&1; then touch $@; exit 0; fi; \
	for python in $(PYTHON) $(if $(PYTHON),,python3 python3.14 python3.13 python3.12 python3.11 python); do \
	    "$$python" -c "$$usable" >/dev/null 2>&1 || continue; \
	    echo "Making $(VENV) with $$("$$python" --version)"; \
	    "$$python" -m venv --clear "$(VENV)" && touch $@; exit $$?; \
	done; \
	echo "glassgrad needs Python 3.11 or newer with the venv module, and found none$(if $(PYTHON), at $(PYTHON))." >&2; \
	echo "Install one (on Debian and Ubuntu also the package python3-venv), or name it: make PYTHON=/path/to/python3" >&2; \
	exit 1
