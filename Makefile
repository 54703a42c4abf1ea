# `make demo` and `make test` each do all of their own set-up, once.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help setup native qemu demo wheel test test-python test-rust lint docs conformance fuzz miri bench clean

help: ## say what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

# The environment is made again when what it is made from changes.
$(VENV)/.ready: pyproject.toml
	@sh tools/make_venv.sh $(PYTHON) $(VENV)
	@touch $@

native: $(VENV)/.ready
	@$(BIN)/python tools/build_native.py

setup: native ## a virtual environment, the runtime archives, the emulator's library

qemu:
	@sh tools/get_qemu.sh

demo: setup ## a trained LeNet-5 on an emulated nRF52840, held against onnxruntime
	@$(BIN)/python -m pytest examples/lenet5 -v -p no:cacheprovider

wheel: setup ## the wheel and the sdist, in dist/
	@rm -rf dist
	@$(BIN)/python -m hatchling build

test: lint test-rust test-python ## everything that CI runs

lint: setup
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@cd firmware && cargo fmt --check && cargo clippy -q --all-targets -- -D warnings
	@cd firmware/fuzz && cargo fmt --check && cargo clippy -q --all-targets -- -D warnings
	@cd native && cargo fmt --check && cargo clippy -q --all-targets -- -D warnings

test-rust: setup
	@cd firmware && cargo test -q --workspace
	@cd firmware && RUSTFLAGS="--cfg loom" cargo test -q --release -p arielml-scheduler --target-dir target/loom
	@cd firmware/fuzz && cargo test -q
	@cd native && cargo test -q

test-python: setup qemu
	@$(BIN)/python -m pytest -n 2
	@$(BIN)/python -m pytest conformance/runtime -n 2 -q -k "work_items or failure"
	@$(BIN)/python -m pytest conformance/parallel -n 2 -q -k "$(PARALLEL)" \
	  $$($(BIN)/python -m conformance.parallel)
	@$(BIN)/python -m pytest conformance/board -n 2 -q $(addprefix --arielml-target=,$(BRINGUP))

# One board of each start-up code.
BRINGUP := emu-nrf52840 emu-rp2040 emu-mps2-an505 emu-riscv-virt emu-esp32c3 emu-esp32c6

# Those of conformance/parallel that take seconds.
PARALLEL := item_runs_once and not order or long_as or greedy_cores or waits or 100_calls or load_may or several_failures

conformance: setup qemu ## the ONNX node cases and the runtime's, on the emulated board; QEMU too
	@$(BIN)/python -m pytest conformance -n 2 -q
	@$(BIN)/python -m pytest conformance/parallel -n 2 -q $$($(BIN)/python -m conformance.parallel)
	@$(BIN)/python -m pytest conformance/runtime conformance/parallel conformance/board -n 2 -q \
	  --arielml-target=qemu-mps2-an386 --arielml-target=qemu-riscv-virt --arielml-skip-unavailable

FUZZ_SECONDS ?= 1200
FUZZ_TARGETS ?= module vm wire tiny

fuzz: ## each fuzz target for FUZZ_SECONDS (1200); needs nightly Rust and a C++ compiler
	@sh firmware/fuzz/fuzz.sh $(FUZZ_SECONDS) $(FUZZ_TARGETS)

miri: ## the unit tests of the device's crates under Miri; needs nightly Rust
	@sh firmware/fuzz/miri.sh

docs: $(VENV)/.ready ## the documentation as a site: docs/_build/html/index.html
	@$(BIN)/python -m sphinx -q -W --keep-going -n -b html docs docs/_build/html
	@echo docs/_build/html/index.html

bench: setup ## timings and sizes; not part of the tests
	@$(BIN)/python -m benchmarks

clean: ## remove what was made here; the user's cache stays
	rm -rf $(VENV) dist docs/_build pytest_arielml/_native firmware/target firmware/fuzz/target native/target
