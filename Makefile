# The front door. Every target sets up .venv first (tasks.py, which does the same without make).
# NAMES="6 attention" chooses notebooks; ARGS passes further options of the `course` command.
.DEFAULT_GOAL := help
.PHONY: help setup run test test-oldest lab figures student slides bench audit book book-pdf clean

PYTHON ?= python3
export CONSTRAINTS ?= --constraint constraints.txt
COURSE := @$(PYTHON) tasks.py

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

setup: ## make .venv, with what a reader needs
	$(COURSE) setup

run: ## execute the notebooks, write their figures, print the scoreboard of claims
	$(COURSE) run $(ARGS) $(NAMES)

test: ## unit tests, and every notebook against its stored outputs
	$(COURSE) test $(ARGS)

test-oldest: ## all but the notebooks and the types, with the oldest versions allowed, in .venv-oldest
	@COURSE_VENV=.venv-oldest CONSTRAINTS="--constraint constraints-oldest.txt" $(PYTHON) tasks.py test tests helpers -k "not code_keeps_its"

lab: ## open JupyterLab, with sliders, in copies that you may change (work/)
	$(COURSE) lab $(ARGS)

figures: ## regenerate the figures only
	$(COURSE) figures $(ARGS) $(NAMES)

student: ## copies of the notebooks without the exercises' solutions
	$(COURSE) student $(ARGS) $(NAMES)

slides: ## a deck for each notebook, to be shown without a network: build/slides/
	$(COURSE) slides $(ARGS) $(NAMES)

book: ## the site, to be read without a network: build/book/index.html
	$(COURSE) book

book-pdf: ## the site, and its notebooks, claims and glossary on paper: build/book.pdf (needs chromium)
	$(COURSE) book --pdf

bench: ## time the helpers beside their peers, and write docs/benchmarks.md
	$(COURSE) bench

audit: ## every claim at ten seeds, and at half and double budget: writes docs/audit.json
	$(COURSE) audit $(ARGS) --seeds 0-9 --out docs/audit.json $(NAMES)
	$(COURSE) audit $(ARGS) --seeds 0-2 --vary budget=0.5x,2x --out docs/audit.json $(NAMES)
	$(COURSE) claims --write

clean: ## remove what the targets made, .venv included; what people wrote (work/, student/) stays
	rm -rf .venv .venv-oldest build figures/*/
