# Two commands do it all: `make book` and `make test`. Python 3.11 or newer and make are enough.

PYTHON ?= python3
BIN    := .venv/bin
READY  := .venv/.ready
BOOK   := _build/html/index.html
BUILT  := _build/.built

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help book slides test test-slow classroom check lab serve bench lock clean

help:  ## show this list
	@sed -n 's/^\([a-z-]*\): .*## /make \1	/p' $(MAKEFILE_LIST)

book: $(READY)  ## build the book from scratch, warnings as errors
	@rm -rf _build
	@mkdir _build && touch _build/.begun
	$(BIN)/jupyter-book build . -W -n --keep-going
	@mv _build/.begun $(BUILT)
	@echo $(CURDIR)/$(BOOK)

slides: $(READY) $(BUILT)  ## a deck of slides for each chapter, from its notebook
	@$(BIN)/python -m tools.slides

test: check  ## check everything: code, notebooks, the book and its pages, the assignments
	$(BIN)/pytest -n 2 --dist worksteal
	$(BIN)/pytest --nbval-lax -n 2 --dist loadfile chapters
	@$(MAKE) --no-print-directory book
	$(BIN)/pytest -n 2 -m site
	@$(MAKE) --no-print-directory classroom

test-slow: $(READY)  ## what takes minutes: simulation-based calibration of every sampler
	$(BIN)/pytest -n 2 -m slow

classroom: $(READY)  ## make the assignments and try them: solved, answered wrongly, marked
	$(BIN)/python -m hiertools.classroom make
	$(BIN)/pytest -n 2 -m classroom

check: $(READY)  ## lint and types only
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

lab: $(READY)  ## open the chapters in Jupyter Lab
	$(BIN)/jupyter lab chapters

serve: $(READY)  ## show the built book in the browser
	@test -f $(BOOK) || $(MAKE) --no-print-directory book
	$(BIN)/python tools/serve.py _build/html

bench: $(READY)  ## measure our samplers and their peers (forty minutes, on a quiet machine)
	$(BIN)/python benchmarks/compare.py

lock:  ## pin the newest versions that requirements.txt allows (needs uv)
	uv pip compile --universal --python-version 3.11 --fork-strategy fewest --upgrade \
	  --no-emit-index-url --no-annotate --custom-compile-command "make lock" \
	  requirements.txt --output-file requirements.lock

clean:  ## remove the built book and the caches, not the environment
	rm -rf _build .frames .pytest_cache .mypy_cache .ruff_cache .hypothesis

# Made when a whole build has passed, and as old as its beginning: what was edited meanwhile is newer.
$(BUILT): _config.yml _toc.yml index.md references.bib requirements.lock \
          $(shell find benchmarks/results chapters hiertools reference tests/golden theme -type f \
                  -not -path '*/.*' -not -path '*/__pycache__/*')
	@$(MAKE) --no-print-directory book

# The environment is made once, and again when what it is made from changes. The stamp comes last:
# a run that was killed half-way leaves none, and the next one starts over.
$(READY): requirements.txt requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	$(PYTHON) -m venv --clear .venv
	$(BIN)/pip install --quiet --requirement requirements.lock
	$(BIN)/pip install --quiet --no-deps --editable .
	@touch $@
