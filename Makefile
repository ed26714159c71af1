# make            what there is
# make test       everything that must hold; sets up what it needs
# make demo       words to a map, in one command

SHELL := bash
.DEFAULT_GOAL := help
.PHONY: help env qgis-env test test-core test-qgis test-qgis-3.40 test-qgis-3.44 lint lint-qgis demo qgis package bench bench-gpu soak soak-qgis lock lock-remote clean

PYTHON ?= python3
RUN := .venv/bin/python
QGIS_RUN := .venv-qgis/bin/python
DEVICE ?= auto
RASTER ?=
PROMPT ?=

help:  ## show this list
	@grep -hE '^[a-z0-9. -]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9.-]+)[^#]*## */\1\t/' | expand -t 16

env:  ## build the runtime environment at .venv (the plugin's own installer); a second call returns at once
	@$(PYTHON) -B -m geolangbind_qgis.runtime --target .venv --device $(DEVICE) --with-tests --system-packages

qgis-env:  ## build .venv-qgis for the QGIS tests; as root on Debian, install a missing QGIS
	@scripts/qgis_environment.sh

test: lint lint-qgis test-core test-qgis  ## everything that must hold

test-core: env  ## tests of the model runtime
	$(RUN) -m pytest tests/core

test-qgis: env qgis-env  ## tests in a real QGIS, without a window
	QT_QPA_PLATFORM=offscreen $(QGIS_RUN) -m pytest tests/qgis

test-qgis-3.40 test-qgis-3.44: test-qgis-%:  ## as root on Debian: the same tests with that QGIS, in a system of its own
	@scripts/qgis_root.sh $*

lint: env  ## style, types and directions of imports
	$(RUN) -m ruff check --quiet .
	$(RUN) -m mypy --no-error-summary
	.venv/bin/lint-imports --no-logo

lint-qgis: qgis-env  ## the checks of the QGIS plugin repository
	$(QGIS_RUN) -m flake8 --max-line-length 120 --extend-ignore E203,W503 __init__.py geolangbind_qgis
	$(QGIS_RUN) -m bandit --quiet --recursive __init__.py geolangbind_qgis
	$(QGIS_RUN) -m detect_secrets.pre_commit_hook --exclude-lines '"(sha256|revision)": ' $$(git ls-files __init__.py metadata.txt geolangbind_qgis resources)

demo: env  ## render a scene, prompt it, classify it; RASTER=file.tif PROMPT="..." for your own
	@$(RUN) -m training.demo $(if $(RASTER),"$(RASTER)") $(if $(PROMPT),--prompt "$(PROMPT)")

qgis: env qgis-env  ## open QGIS with the plugin and the demo scene
	@scripts/open_qgis.sh

package:  ## make the plugin's zip in dist/
	@$(PYTHON) packaging/package.py

bench: env  ## measure speed and memory
	$(RUN) -m pytest tests/benchmarks

soak: env  ## a thousand faults at random, fifteen minutes at most: nothing may be lost or left
	$(RUN) tests/soak/soak.py --faults 1000 --seconds 840

soak-qgis: env qgis-env  ## sixty such faults with the plugin in a real QGIS as the client, a quarter of an hour at most
	$(RUN) tests/soak/soak_qgis.py --faults 60 --seconds 780

bench-gpu: env  ## measure an accelerator, eight minutes at most; one line where there is none
	@if $(RUN) -c "import torch; raise SystemExit(not torch.cuda.is_available())"; \
		then $(RUN) -m pytest tests/benchmarks/test_accelerator.py; \
		else echo "bench-gpu: there is no accelerator on this computer."; fi

lock: env  ## write resources/requirements from pyproject.toml and the versions in .venv
	$(RUN) scripts/lock_requirements.py

lock-remote:  ## write the lock of the extra "remote" with hashes, by pip-tools in an environment of its own
	scripts/lock_remote.sh

clean:  ## remove what can be made again, the environments apart
	rm -rf build dist .pytest_cache .ruff_cache .mypy_cache .import_linter_cache .hypothesis .benchmarks
	find . -name __pycache__ -not -path './.venv*' -prune -exec rm -rf {} +
