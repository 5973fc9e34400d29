# `make demo` and `make test` do all the set-up by themselves: a virtual environment in .venv with pinned packages.

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin
STAMP := $(VENV)/installed
JOBS ?= 2
SLOW := tests/cli tests/execution tests/e2e/test_matrix.py tests/e2e/test_proposals_bad_input.py tests/e2e/test_secrets.py \
  tests/e2e/test_checks.py tests/e2e/test_exec_python.py
SANDBOX := tests/execution/test_sandbox.py tests/execution/test_staged_view.py
WASM_PYTHON ?= python3.12

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow test-soak test-editors test-engines test-sandbox test-defences test-network test-wasm screenshots lint \
  bench reference lock clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

demo: $(STAMP) ## the main job on a scripted model: find, read, edit, test, show the diff
	$(RUN)/devstral-ls demo

test: $(STAMP) ## all tests but those with a target of their own (under three minutes)
	$(RUN)/python -m pytest -n $(JOBS) --dist worksteal $(addprefix --ignore ,$(SLOW) $(SANDBOX)) --ignore tests/editors \
	  --ignore tests/soak --ignore tests/defences

test-slow: $(STAMP) ## the command line, checks, secrets, executed code, and all that editors do differently
	$(RUN)/python -m pytest -n $(JOBS) --dist worksteal $(SLOW) $(addprefix --ignore ,$(SANDBOX))

test-soak: $(STAMP) ## 200 runs while a made-up user types, saves, undoes and renames (SOAK_SEED=, SOAK_RUNS=)
	$(RUN)/python -m pytest -n 5 tests/soak

test-editors: $(STAMP) ## the tests in real editors (Linux; installs them under .cache; VS Code needs npm and chromium)
	$(RUN)/python -m pytest tests/editors

test-engines: $(STAMP) ## the agent against a real llama.cpp server (built under .cache; a quarter of an hour)
	$(RUN)/python -m pytest -s tests/engines

test-sandbox: $(STAMP) .cache/bubblewrap/unpacked ## the sandbox on every rung, as root and as a user (Debian, as root)
	DEVSTRAL_LS_TEST_BWRAP=$(CURDIR)/.cache/bubblewrap/root/usr/bin \
	  $(RUN)/python -m pytest -n $(JOBS) -rs $(SANDBOX) tests/execution/test_ladder.py

.cache/bubblewrap/unpacked:
	rm -rf .cache/bubblewrap && mkdir -p .cache/bubblewrap
	tests/editors/unpack.sh trixie .cache/bubblewrap usr/bin/bwrap bubblewrap
	touch $@

test-defences: $(STAMP) ## that each test of the sandbox fails without its defence (Linux, root, bubblewrap)
	$(RUN)/python -m pytest -n $(JOBS) tests/defences

test-wasm: $(STAMP) ## the tests of Python in WebAssembly (installs it under .cache; needs Python 3.12: WASM_PYTHON=)
	$(WASM_PYTHON) -m venv --clear .cache/wasm
	.cache/wasm/bin/python -m pip install --quiet --disable-pip-version-check --only-binary :all: 'pyeryx==0.11.*'
	$(RUN)/python -m pytest tests/execution/test_python_wasm.py

test-network: $(STAMP) ## the tests that need the package index
	DEVSTRAL_LS_TEST_NETWORK=1 $(RUN)/python -m pytest tests/execution/test_editable_install.py

screenshots: $(STAMP) ## take the pictures of docs/pictures anew, in real editors (Kate's is taken by hand)
	SCREENSHOTS=docs/pictures $(RUN)/python -m pytest tests/editors

lint: $(STAMP) ## ruff and strict types
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .
	$(RUN)/mypy

bench: $(STAMP) ## the benchmarks; medians
	$(RUN)/python -m benchmarks

reference: $(STAMP) ## write the generated pages of docs/ anew
	$(RUN)/python docs/generate.py

lock: ## pin the newest versions of everything (needs uv)
	uv pip compile --upgrade --universal --python-version 3.11 --generate-hashes --group dev \
	  --no-header --no-annotate --no-emit-index-url pyproject.toml -o constraints.txt
	sed -E 's/ *\\$$//; /^ *--hash/d' constraints.txt > constraints.plain.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --extra images -c constraints.plain.txt \
	  --no-header --no-annotate --no-emit-index-url pyproject.toml -o editors/vscode/server/requirements.txt
	rm constraints.plain.txt
	uv pip compile --upgrade --universal --python-version 3.11 --generate-hashes --no-deps --group engines \
	  --no-header --no-annotate --no-emit-index-url -o tests/engines/packages.txt
	uv pip compile --upgrade --universal --python-version 3.11 --generate-hashes --no-deps --group engines-source \
	  --no-binary llama-cpp-python --no-header --no-annotate --no-emit-index-url -o tests/engines/sources.txt

clean: ## remove what the other targets made
	rm -rf $(VENV) .cache .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(STAMP): pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or newer is missing: sudo apt install python3 python3-venv"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "The venv module is missing: sudo apt install python3-venv"; exit 1; }
	@command -v git >/dev/null || { echo "git is missing: sudo apt install git"; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	$(RUN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --only-binary :all: -r constraints.txt
	$(RUN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
