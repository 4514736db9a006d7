# The front door. Every target first sets up .venv from pyproject.toml and constraints.txt.
# NAMES="6 attention" chooses notebooks; ARGS passes further options of the `course` command.
.DEFAULT_GOAL := help
.PHONY: help run test lab figures student bench audit book clean

PYTHON ?= python3
CONSTRAINTS ?= --constraint constraints.txt
COURSE := .venv/bin/python -m helpers.course

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 18

run: .venv/.ready ## execute the notebooks, write their figures, print the scoreboard of claims
	@$(COURSE) run $(ARGS) $(NAMES)

test: .venv/.ready ## unit tests, and every notebook against its stored outputs
	@$(COURSE) test $(ARGS)

lab: .venv/.ready ## open JupyterLab, with sliders, in copies that you may change (work/)
	@$(COURSE) lab $(ARGS)

figures: .venv/.ready ## regenerate the figures only
	@$(COURSE) figures $(ARGS) $(NAMES)

student: .venv/.ready ## copies of the notebooks without the exercises' solutions
	@$(COURSE) student $(ARGS) $(NAMES)

bench: .venv/.ready ## time the helpers beside their peers, and write docs/benchmarks.md
	@.venv/bin/python benchmarks/report.py

audit: .venv/.ready ## every claim at ten seeds, and at half and double budget: writes docs/audit.json
	@$(COURSE) audit $(ARGS) --seeds 0-9 --out docs/audit.json $(NAMES)
	@$(COURSE) audit $(ARGS) --seeds 0-2 --vary budget=0.5x,2x --out docs/audit.json $(NAMES)
	@$(COURSE) claims --write

book: .venv/.ready ## the site, to be read without a network: build/book/index.html
	@.venv/bin/python -c 'import sphinx' 2>/dev/null \
	  || .venv/bin/python -m pip install --quiet --disable-pip-version-check $(CONSTRAINTS) --editable '.[book]'
	@$(COURSE) book

clean: ## remove what the targets made, .venv included; what people wrote (work/, student/) stays
	rm -rf .venv build figures/*/

# The stamp comes last, so that an interrupted installation is done again.
.venv/.ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed; name yours with make PYTHON=python3.11 …"; exit 1; }
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet --disable-pip-version-check $(CONSTRAINTS) --editable '.[test]'
	@touch .venv/.ready
