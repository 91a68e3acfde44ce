# make run    install, then sample -> encode -> decode in a fresh process -> compare, into out/
# make test   install, check, run the quick tests (SLOW= runs the slow ones too; TESTS=tests/media some of them)
# make fuzz   mutated streams against every decoder, SECONDS each (CORPUS=DIR keeps what was found)
# make demo   install, open the page with live calls
# make docs   install, build the documentation as a site, into out/site
# make check  lint, format, types, direction of imports
# the first of these that is a Python genvc runs on; or say it: make PYTHON=/path/to/python3.11
PYTHON ?= $(shell for p in python3 python3.12 python3.11 python3.10; do \
  $$p -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null && { echo $$p; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
CODEC ?= keypoints
BITRATE ?= 6k
SLOW ?= and not slow
TESTS ?=
SECONDS ?= 60
CORPUS ?= out/corpus

.PHONY: run demo test check fuzz docs clean

run: $(VENV)/installed-run
	mkdir -p out
	$(BIN)/genvc sample carphone out/carphone.mkv
	$(BIN)/genvc encode out/carphone.mkv out/carphone.gvc --codec $(CODEC) --bitrate $(BITRATE)
	$(BIN)/genvc decode out/carphone.gvc out/carphone.mp4
	$(BIN)/genvc compare out/carphone.mkv --codec $(CODEC) --bitrate $(BITRATE) --out out --json out/compare.json

demo: $(VENV)/installed-demo
	$(BIN)/genvc demo --browser

test: $(VENV)/installed-test
	$(MAKE) check
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not alone $(SLOW)" $(TESTS)
	$(BIN)/python -m pytest -m "alone $(SLOW)" $(TESTS) || test $$? -eq 5  # none of that kind is no failure

check: $(VENV)/installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fuzz: $(VENV)/installed-test
	mkdir -p $(CORPUS)
	$(BIN)/python tests/fuzz/fuzz.py --seconds $(SECONDS) --corpus $(abspath $(CORPUS))

docs: $(VENV)/installed-test
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --site-dir out/site

clean:
	rm -rf $(VENV) out build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache *.egg-info

# One resolver run chooses all versions together: torch and torchvision have to be a pair.
$(VENV)/installed-run: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[eval]'
	touch $@

$(VENV)/installed-demo: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[demo,eval]'
	touch $@ $(VENV)/installed-run

$(VENV)/installed-test: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@ $(VENV)/installed-run $(VENV)/installed-demo

$(BIN)/python:
	@test -n "$(PYTHON)" && $(PYTHON) -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 12))' || { \
	  echo "genvc needs Python 3.10 to 3.12, found: '$(PYTHON)'; say which: make PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
