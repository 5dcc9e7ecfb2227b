# Needs Python 3.10+, git and make; everything else goes into .venv.
#
#   make demo          install fttool, then prepare the example data and train on it, in demo/
#   make test          install what development needs, then run the tests
#   make check         style, types, layers; documentation and completions up to date
#   make docs          make the generated parts of the documentation anew
#   make completions   make the completion scripts anew
#   make bench         measure (LEGACY=… compares, see docs/benchmarks.md)
#   make clean         remove all of it

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
COMPLETIONS = completions

.PHONY: demo test check docs completions bench clean

demo: $(VENV)/.installed
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh examples/journey.sh demo
	@echo
	@echo 'The files are in demo/. With your own:  $(BIN)/fttool prepare_data FILE'

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n 2 --dist loadfile

check: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python docs/generate.py --check
	@made=$$(mktemp -d) && $(MAKE) --silent completions COMPLETIONS="$$made" && \
	  { diff -r completions "$$made" || { echo "out of date: run \`make completions\`"; rm -r "$$made"; exit 1; }; } && \
	  rm -r "$$made" && echo "completions are up to date"

docs: $(VENV)/.installed-dev
	$(BIN)/python docs/generate.py

completions: $(VENV)/.installed
	$(BIN)/fttool completion bash > $(COMPLETIONS)/fttool.bash
	$(BIN)/fttool completion zsh > $(COMPLETIONS)/_fttool
	$(BIN)/fttool completion fish > $(COMPLETIONS)/fttool.fish
	$(BIN)/fttool completion powershell > $(COMPLETIONS)/fttool.ps1

bench: $(VENV)/.installed
	$(BIN)/python bench/bench.py --fttool $(BIN)/fttool $(if $(LEGACY),--legacy '$(LEGACY)') $(BENCH)

clean:
	rm -rf $(VENV) demo build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "fttool needs Python 3.10 or later: make PYTHON=python3.12 …")'
	@echo '$(PYTHON) -m venv $(VENV)'; $(PYTHON) -m venv $(VENV) || \
	  { echo "no virtual environment could be made; Debian and Ubuntu need: apt install python3-venv"; rm -rf $(VENV); exit 1; }

# Installed again only when pyproject.toml changes. `pip install --group` needs pip 25.1.
$(VENV)/.installed: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --group dev
	@touch $@
