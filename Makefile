# graphattr: every command a user or CI needs. `make help` lists them.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
OUT ?= hop-run
HOP_DATA ?= ../shared/data/hop

.DEFAULT_GOAL := help
.PHONY: help setup setup-train demo explore notebooks hop neo4j neo4j-stop sample model rings benchmark-quality benchmark-adversary system test lint types layers check lock clean

help: ## list the commands
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

$(VENV)/.installed: requirements.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.txt
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.txt
	@touch $@

$(VENV)/.installed-notebooks: $(VENV)/.installed requirements-notebooks.txt
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-notebooks.txt
	@touch $@

setup: $(VENV)/.installed ## make .venv with graphattr in it

lock: ## compile the pinned, hashed requirements from pyproject.toml
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
	  --custom-compile-command "make lock" pyproject.toml requirements-build.in -o requirements.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
	  --custom-compile-command "make lock" pyproject.toml requirements-build.in --extra train -c requirements.txt -o requirements-train.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
	  --custom-compile-command "make lock" pyproject.toml requirements-build.in --extra notebooks -c requirements.txt -o requirements-notebooks.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
	  --custom-compile-command "make lock" pyproject.toml requirements-build.in --extra train --extra notebooks --extra dev -c requirements-train.txt -c requirements-notebooks.txt -o requirements-dev.txt

demo: setup ## run the main job on sample_data and say what to open next
	@rm -rf demo-run
	@$(BIN)/graphattr run sample_data/signals --out demo-run
	@echo; echo "How right it was, against the truth that the simulator kept apart:"
	@$(BIN)/graphattr evaluate demo-run --truth sample_data/truth.parquet --brief
	@echo; echo "Open the rings in a browser:  make explore"

explore: setup ## open the explorer on the demo's run (RUN=folder for another)
	@$(BIN)/graphattr explore $(or $(RUN),demo-run)

notebooks: $(VENV)/.installed-notebooks ## open the analysts' notebooks on the demo's run (RUN=folder for another)
	GRAPHATTR_RUN=$(abspath $(or $(RUN),demo-run)) $(BIN)/python -m marimo edit --skip-update-check notebooks

hop: setup ## the main job on the hop data: make hop OUT=DIR
	@test -d "$(HOP_DATA)" || { echo "make hop: no folder $(HOP_DATA); expected the hop data there, or name it with HOP_DATA=DIR"; exit 2; }
	$(BIN)/graphattr run "$(HOP_DATA)" --mapping benchmarks/hop/mapping.toml --out "$(OUT)"
	@if test -f "$(HOP_DATA)/reported_groups.csv"; then $(BIN)/python -m graphattr.evaluate.hop "$(OUT)" "$(HOP_DATA)"; fi

neo4j: setup ## start a local Neo4j on loopback (make neo4j-stop ends it)
	@$(BIN)/python -m graphattr.store.server start

neo4j-stop: setup ## stop it
	@$(BIN)/python -m graphattr.store.server stop

sample: setup ## make sample_data anew
	$(BIN)/graphattr simulate sample_data --preset sample --seed 1

# What the page needs; docs/results-small.md and docs/results-tables.md name commands of their own.
QUALITY ?= --what worlds,presets,hop --worlds 10 --innocent-worlds 1 --training 4 2

benchmark-quality: $(VENV)/.installed-dev ## every figure of docs/results.md: worlds, rivals, real accounts
	$(BIN)/python -m benchmarks.quality --out docs/results.md --hop "$(HOP_DATA)" $(QUALITY)

benchmark-adversary: $(VENV)/.installed-dev ## what it costs an adversary to break a ring or to frame somebody
	$(BIN)/python -m benchmarks.adversary --out docs/adversary.md

# Every fifth world is kept for measuring.
MODEL_WORLDS := sample-2001 sample-2002 none-2201 small-2101 sample-2003 sample-2004 resellers-2202 small-2401 small-2102 \
  sample-2005 sample-2006 companies-2203 small-2402 small-2103 sample-2007 sample-2008 small-2403 small-2404 small-2405 \
  small-2406 small-2407 small-2408 small-2409 small-2410 small-2411 small-2412
# So many of a world's mechanisms are switched off in worlds of these seeds: the more they differ, the less the network
# takes what one kind of world has in common for what operators have.
MODEL_SWITCHED := $(foreach seed,$(shell seq 2501 2536),sample-$(seed))
# And of these, which the network alone learns from.
MODEL_NETWORK := $(foreach seed,$(shell seq 2600 2799),sample-$(seed))
SWITCHED_OFF := 9

setup-train: $(VENV)/.installed-train ## install what training a graph network needs beside the rest (PyTorch)

$(VENV)/.installed-train: $(VENV)/.installed requirements-train.txt
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-train.txt
	@touch $@

model: setup-train ## make the shipped model anew from simulated worlds (two hours)
	rm -rf build/model && mkdir -p build/model
	@printf '%s\n' $(MODEL_WORLDS:%=%:0) $(MODEL_SWITCHED:%=%:$(SWITCHED_OFF)) $(MODEL_NETWORK:%=%:$(SWITCHED_OFF)) \
	  | OMP_NUM_THREADS=1 POLARS_MAX_THREADS=1 xargs -P 2 -I EACH sh -c 'each=EACH; off=$${each#*:} world=$${each%:*}; \
	  $(BIN)/graphattr simulate build/model/$$world --preset $${world%-*} --seed $${world#*-} --family A --without-some $$off \
	    --json > /dev/null || exit 255'
	$(BIN)/graphattr train $(MODEL_WORLDS:%=build/model/%/signals) $(MODEL_SWITCHED:%=build/model/%/signals) \
	  $(MODEL_NETWORK:%=--gnn-signals build/model/%/signals) --name linkage-5 --gnn --epochs 12 --workers 2 --out build/model/linkage
	cp build/model/linkage/* models/shipped/linkage/

rings: setup ## make what joins rings, the ring classifier and the rings with known truth anew, after each change of linkage
	rm -rf build/rings build/rings.training && mkdir -p build
	$(BIN)/graphattr train-rings --out build/rings --workers 2
	cp build/rings/* models/shipped/rings/

system: ## what the tests need beside Python: a JDK, Maven and Chromium (installed through apt where that is allowed)
	@.ci/system

test: system $(VENV)/.installed-dev ## all tests, with a real Neo4j and a real browser
	$(BIN)/python -m pytest -q

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.installed-dev
	$(BIN)/mypy

layers: $(VENV)/.installed-dev
	$(BIN)/lint-imports

check: lint types layers test ## format, lint, strict types, layers and tests, as CI does

clean: ## remove what was made here, the environment too
	rm -rf $(VENV) demo-run hop-run .neo4j build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
