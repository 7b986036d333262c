# Two commands: `make demo` and `make test`.  Both set everything up first.
# The first Python that runs and is new enough.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
READY := $(VENV)/.ready
LABELS := .venv-label-studio
# Tests of one group stay in one process, what starts Ray first: tests/groups.py.  Those wait for
# seconds at a time for a cluster to notice its loss; the third process fills two cores meanwhile.
JOBS ?= 3
BESIDE = -n $(JOBS) --dist loadscope --no-loadscope-reorder
# In three processes that fill two cores, threads of linear algebra only wait for each other.
ALONE = OPENBLAS_NUM_THREADS=1
DATA ?= ../shared/data

.PHONY: installed ready demo test fast check eval bench race ablate faults label-studio clean

demo: $(READY)  ## the whole pipeline on the embedded sample
	$(BIN)/corpus-pipeline run configs/demo.yaml --input corpus_pipeline/assets/sample/raw --output demo --overwrite
	$(BIN)/corpus-pipeline verify demo
	$(BIN)/corpus-pipeline audit demo --profile house

test: $(READY)  ## all tests, in a few processes
	$(ALONE) $(BIN)/python -m pytest -q $(BESIDE)

fast: $(READY)  ## the tests that take seconds
	$(ALONE) $(BIN)/python -m pytest -q -m "not slow" $(BESIDE)

check: $(INSTALLED)  ## linters and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

installed: $(INSTALLED)  ## the packages

ready: $(READY)  ## the packages, and compiled kernels

eval: $(READY)  ## charset, mojibake, extraction, language, script, wiki: scores, baselines, floors
	$(BIN)/python -m scripts.eval $(DATA) --json eval.json --markdown eval.md

bench: $(READY)  ## throughput per stage, memory, scaling, on real documents
	$(BIN)/python scripts/bench.py $(DATA)/text/bulk.jsonl.zst --json bench.json
	$(BIN)/python -m scripts.race $(DATA) --mb 20 --json race.json --svg race.svg

race: $(READY)  ## our whole chain beside those of datatrove, data-juicer and dolma; two workers
	$(BIN)/python -m scripts.race.chain $(DATA) --mb 20 --workers-mb 160 --json race_chain.json --svg race_chain.svg

ablate: $(READY)  ## our output beside published rule sets on the same documents
	$(BIN)/python -m scripts.ablate $(DATA) --json ablate.json --markdown ablate.md

faults: $(READY)  ## damaged files, a disturbed engine, 200 kills: hours, and root for full disks
	$(BIN)/python -m scripts.faults --json docs/faults.json --markdown docs/faults.md

# An environment of its own (850 MB); a server of this machine, gone when the tests are done.
label-studio: $(READY) $(LABELS)/.ready  ## a round trip through a real Label Studio
	CORPUS_LABEL_STUDIO=$(CURDIR)/$(LABELS)/bin/label-studio $(BIN)/python -m pytest -q tests/products/test_label_studio.py

$(LABELS)/.ready:
	$(PYTHON) -m venv $(LABELS)
	$(LABELS)/bin/python -m pip install --quiet --disable-pip-version-check uv
	$(LABELS)/bin/python -m uv pip install --quiet --python $(LABELS)/bin/python label-studio==1.23.2
	touch $@

# pip compiles on one core; what cannot be compiled (templates, tests of others) is no fault.
$(INSTALLED): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile -c constraints.txt -e '.[dev]'
	@$(BIN)/python -W ignore -m compileall -q -j 0 $(VENV)/lib >$(VENV)/compiled.log 2>&1 || true
	touch $@

$(READY): $(INSTALLED)
	$(BIN)/corpus-pipeline warm
	touch $@

clean:
	rm -rf $(VENV) $(LABELS) .venv-eval .venv-race .venv-ablate .cache demo bench.json eval.json eval.md race*.json race*.svg ablate.*
