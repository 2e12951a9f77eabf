# Everything runs in .venv, which the first target that needs it makes. Nothing else is installed.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
JOBS ?= 2
SALUS_OUT ?= salus-demo
N ?= 1000
SEED ?= 0

.PHONY: demo test check format fuzz bench studies clean help setup

help: ## Show the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

setup: $(STAMP) ## Make the environment

# torch first and alone: afterwards nothing else may draw in a CUDA build.
$(STAMP): requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is not installed; set PYTHON=/path/to/python3.11" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "$$(grep '^torch==' requirements.lock)"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

demo: $(STAMP) ## Compare systems on real data that came with the installation (about two minutes)
	$(BIN)/salus demo --out $(SALUS_OUT)

test: check ## All tests and checks
	OMP_NUM_THREADS=1 MPLBACKEND=Agg $(BIN)/python -m pytest -n $(JOBS) --dist loadgroup

check: $(STAMP) ## Format, lint, types, import layers
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy --no-error-summary
	$(BIN)/lint-imports --no-logo 2>/dev/null || $(BIN)/lint-imports

format: $(STAMP) ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(STAMP) ## Speed, as ratios within one run
	$(BIN)/python -m benchmarks

fuzz: $(STAMP) ## Feed N damaged files (1000) to every reader; TARGETS=... for some, SEED=... for other damage
	OMP_NUM_THREADS=1 $(BIN)/python -m fuzz $(TARGETS) -n $(N) --seed $(SEED)

studies: $(STAMP) ## Every study of studies/ on the data of SALUS_DATA, and its results page (hours)
	for file in studies/*.toml; do name=$$(basename $$file .toml); \
	  $(BIN)/salus study $$file -o runs/$$name --page docs/results/$$name.md || true; done

clean: ## Remove the environment and what runs left
	rm -rf $(VENV) runs $(SALUS_OUT)
