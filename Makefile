# Dropoff. `make help` lists what there is.
SHELL := /bin/sh
PYTHON ?= python3
BIN := .venv/bin
KIND ?= auto
URL ?= http://127.0.0.1:8000
export DROPOFF_URL ?= $(URL)

.DEFAULT_GOAL := help
.PHONY: help setup run test demo drop drop-image drop-text drop-video drop-audio drop-document drop-samples lint typecheck bench bench-image bench-video bench-text kills clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/.ready ## Make .venv and install Dropoff into it, from pinned versions

.venv/.ready: pyproject.toml constraints.txt
	@test "$$(uname -s)" = Linux || { echo "Dropoff runs on Linux only: it relies on its process controls." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Dropoff needs Python 3.11 or newer; set PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' || { echo "This Python has no venv: install your system's python3-venv package." >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

run: setup ## Serve on 127.0.0.1:8000, data in ./data
	$(BIN)/dropoff serve

test: setup ## Run every test
	$(BIN)/pytest

demo: setup ## The whole main job in one go: serve, drop the samples, show progress, print the results
	$(BIN)/python -m scripts.demo

drop: setup ## Drop FILE=... [KIND=auto] onto the running server and follow its job
	@test -n "$(FILE)" || { echo "usage: make drop FILE=path [KIND=image|text|video|audio|document|auto]" >&2; exit 2; }
	$(BIN)/dropoff put --kind "$(KIND)" "$(FILE)"

drop-image: setup ## Drop the sample photo
	$(BIN)/dropoff put --kind image samples/photo.jpg

drop-text: setup ## Drop the sample texts
	$(BIN)/dropoff put --kind text samples/notes-utf8.txt samples/legacy-cp1252.txt samples/table.csv

drop-video: setup ## Drop the sample clip
	$(BIN)/dropoff put --kind video samples/clip.mp4

drop-audio: setup ## Drop the sample tune
	$(BIN)/dropoff put --kind audio samples/tune.mp3

drop-document: setup ## Drop the sample documents
	$(BIN)/dropoff put --kind document samples/letter.pdf samples/report.docx

drop-samples: setup ## Drop all samples and let the server tell what they are
	$(BIN)/dropoff put --kind auto samples/photo.jpg samples/notes-utf8.txt samples/legacy-cp1252.txt samples/table.csv samples/clip.mp4 samples/tune.mp3 samples/letter.pdf samples/report.docx

lint: setup ## Check style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

typecheck: setup ## Check types, strictly
	$(BIN)/mypy

bench: setup ## Measure against the tutorial app (and nginx where it is installed), as ratios
	$(BIN)/python -m bench

bench-image: setup ## Measure the image kind against sharp, pyvips and naive Pillow, with quality and bytes beside speed
	$(BIN)/python -m bench.images

bench-video: setup ## Measure the video and audio kinds against ffmpeg, with equal outputs, and their memory
	$(BIN)/python -m bench.videos

bench-text: setup ## Measure the text kind against wc, Python's own modules and the field's libraries
	$(BIN)/python -m bench.texts

kills: setup ## The long kill harness: 10,000 kills
	$(BIN)/python -m tests.kills --kills 10000

clean: ## Remove the environment and caches, not the data
	rm -rf .venv build .pytest_cache .mypy_cache .ruff_cache .hypothesis
