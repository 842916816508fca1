# Every verb works on a fresh clone: it installs what it needs into .venv first.
SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
TEXT := touch the thumb to each fingertip in turn with both hands
OUT := out/demo

# The first interpreter that the engine supports; override with `make PYTHON=…`.
PYTHON ?= $(shell for p in python3.11 python3.12 python3; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))' \
	2>/dev/null && { echo "$$p"; break; }; done)

.DEFAULT_GOAL := help
.PHONY: help demo test test-demo test-slow test-install test-ray test-browser test-rerun test-mano test-fastdds test-ros test-rclpy check format install install-dev clean clean-venv

help:  ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 15

demo: install  ## install, then text → two robot hands, into out/demo
	$(BIN)/handx run "$(TEXT)" --out $(OUT)

test: install-dev  ## install, then the fast tests (minutes)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2

test-demo: install-dev  ## the demo from a wheel in a fresh environment
	$(BIN)/python -m pytest -m slow tests/house

test-slow: install-dev  ## every long test, the demo included
	$(BIN)/python -m pytest -m slow

test-install: install-dev  ## the built wheel in fresh environments, numpy only
	$(BIN)/python -m pytest -m network tests/house

test-ray: install-dev  ## importing and simulating through Ray, on this machine
	$(BIN)/python -m pip install -q -c constraints.txt -e '.[ray]'
	$(BIN)/python -m pytest -m slow -k ray tests/training tests/sim

test-browser: install-dev  ## the exported page in Chromium, which it installs where it can
	@command -v chromium chromium-browser google-chrome >/dev/null || { test "$$(id -u)" = 0 && \
	command -v apt-get >/dev/null && apt-get install -y -qq --no-install-recommends chromium; } || \
	{ echo "make: no Chromium found. Fix: install it (Debian: apt-get install chromium)" >&2; exit 2; }
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m browser tests/handx

test-rerun: install-dev  ## recordings for Rerun; installs rerun-sdk (0.5 GB)
	$(BIN)/python -m pip install -q -c constraints.txt -e '.[rerun]'
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests/handx/test_export.py -k rerun

test-mano: install-dev  ## MANO; installs smplx, whose licence is non-commercial
	$(BIN)/python -m pip install -q --no-deps -c constraints.txt smplx
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests/mano

test-fastdds: install-dev  ## topics with another vendor's DDS, which Debian has
	@{ type fastddsgen java g++ && test -e /usr/include/fastrtps/fastrtps_dll.h; } >/dev/null 2>&1 || \
	{ echo "make: no Fast DDS to test with. Fix (Debian): apt-get install --no-install-recommends" \
	"libfastrtps-dev fastddsgen default-jre-headless g++" >&2; exit 2; }
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m fastdds tests/fastdds

ROS_BIN := $(VENV)-ros/bin

test-ros: install-dev  ## the ROS packages: colcon builds them, strict package.xml, words through a real engine (the rest is in test)
	$(BIN)/python -m venv $(VENV)-ros
	$(ROS_BIN)/pip install -q -r requirements-ros.txt
	OMP_NUM_THREADS=1 PATH="$(CURDIR)/$(ROS_BIN):$$PATH" $(BIN)/python -m pytest \
	-m "not network" tests/ros/test_colcon.py tests/ros/test_interfaces.py \
	tests/ros/test_live_engine.py

RCLPY := $(CURDIR)/$(VENV)-rclpy

test-rclpy: install-dev  ## the nodes on real rclpy and Fast DDS, from wheels for Python 3.11 (needs cmake, g++)
	@python3.11 -c "" 2>/dev/null || { echo "make: the wheels of rclpy are for Python 3.11." \
	"Fix (Debian): apt-get install python3.11-venv python3.11-dev" >&2; exit 2; }
	python3.11 -m venv $(RCLPY)
	$(RCLPY)/bin/pip install -q -r requirements-rclpy.txt
	$(RCLPY)/bin/python tools/ros_wheels.py
	source $(RCLPY)/workspace/install/local_setup.bash && \
	PYTHONPATH="$$PYTHONPATH:$(CURDIR)" HANDX=$(CURDIR)/$(BIN)/handx OMP_NUM_THREADS=1 \
	$(RCLPY)/bin/python -m pytest -rsP ros_ws/src/handx_ros/test

check: install-dev  ## lint, format and types, changing nothing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

format: install-dev  ## sort imports, mend what ruff can, format
	$(BIN)/ruff check --fix-only -q .
	$(BIN)/ruff format .

install: python-found  ## the product
	@$(PYTHON) tools/install.py run --venv $(VENV)

install-dev: python-found  ## the product and its tests' tools
	@$(PYTHON) tools/install.py dev --venv $(VENV)

.PHONY: python-found
python-found:
	@test -n "$(PYTHON)" || { echo "make: no Python 3.11 or 3.12 found. Fix: install one \
	(Debian: apt-get install python3.11 python3.11-venv) or say make PYTHON=/path/to/it" >&2; exit 2; }

clean:  ## remove what runs and tests left
	rm -rf out dist build .pytest_cache .ruff_cache .hypothesis

clean-venv:  ## remove the environment
	rm -rf $(VENV)
