# One command per need; each target works on a fresh clone and installs what it needs into .venv.
# Needs on the machine: Python >= 3.11 with venv, Rust (rust-version in Cargo.toml); for the tests
# against Apache Kafka's own tools and foreign clients also Java 17, Maven and Go; for `make interop`
# also a C++ compiler and npm; for `make fuzz` a C++ compiler.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PY     := $(BIN)/python
TOOLS  := $(CURDIR)/target/tools

PYTHON_DIRS := $(wildcard python tests benches examples scripts)
MYPY_DIRS   := $(wildcard python/logcore tests benches examples scripts)
CRASH_IMAGES ?= 100000
FUZZ_FRAMES  ?= 1000000
FUZZ_SECONDS ?= 60
KILLS        ?= 100
DEPTH        ?= 20
MACHINES     := tests/controller/test_model.py tests/property tests/coordinator/group/test_random_*.py \
  tests/coordinator/group/streams/test_random_streams.py
# How many processes share the Python tests; each starts the peers that its files need.
WORKERS      ?= 2
FUZZ_TARGETS ?= batch index log_against_model

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PYTHONDONTWRITEBYTECODE := 1

.DEFAULT_GOAL := help
.PHONY: help build docs demo demo-takeover test interop lint bench bench-broker bench-clients fuzz wheel ci fmt clean lock need-cargo

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# ---------------------------------------------------------------- installing

need-cargo:
	@command -v cargo >/dev/null || { \
	  echo "make: cargo is missing: install Rust (Cargo.toml's rust-version or newer) with rustup" >&2; exit 1; }

# Sanitizers and coverage need a nightly compiler, or a stable one that is told to act as one.
FUZZ_CARGO = $$(cargo +nightly --version >/dev/null 2>&1 && echo "cargo +nightly" || \
  echo "env RUSTC_BOOTSTRAP=1 cargo")

$(PY):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "make: $(PYTHON) is missing or older than 3.11; name another with make PYTHON=..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# A stamp per requirements file, redone when the file changes; every package is checked by hash.
$(VENV)/.%-installed: requirements/%.txt | $(PY)
	$(PY) -m pip install --quiet --require-hashes -r $<
	@touch $@

$(TOOLS)/bin/cargo-fuzz: | need-cargo
	cargo install cargo-fuzz --locked --quiet --root $(TOOLS)

build: $(VENV)/.dev-installed need-cargo ## compile the engine and install the package, editable
	PIP_QUIET=1 VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/maturin develop --release --quiet
	@PYTHONDONTWRITEBYTECODE= $(PY) -m compileall -q python/logcore # as an installed package is

# ---------------------------------------------------------------- checking

test: build $(VENV)/.demo-installed ## every test: the engine's (cargo) and the package's (pytest)
	cargo test --locked --quiet -p logcore
	$(PY) -m pytest -n $(WORKERS) --dist loadfile

interop: build $(VENV)/.demo-installed ## foreign test suites against our broker, and what takes long beside Kafka
	TEST_LONG=1 $(PY) -m pytest -m long
	$(PY) -m tests.interop $(SUITES)

lint: build ## every gate: rustfmt, clippy, ruff, mypy, stubtest, import contracts, tidy
	cargo fmt --all -- --check
	cargo clippy --locked --quiet --workspace --all-targets -- -D warnings
	$(BIN)/ruff check --quiet $(PYTHON_DIRS)
	$(BIN)/ruff format --check --quiet $(PYTHON_DIRS)
	$(BIN)/mypy $(MYPY_DIRS)
	$(PY) -m mypy.stubtest logcore._native._core --mypy-config-file pyproject.toml
	PYTHONPATH=python $(BIN)/lint-imports --no-cache
	$(PY) -m pytest -q tests/tidy

ci: lint test ## what CI runs

fmt: $(VENV)/.dev-installed need-cargo ## rewrite Rust and Python in the house's format
	cargo fmt --all
	$(BIN)/ruff check --quiet --fix $(PYTHON_DIRS)
	$(BIN)/ruff format --quiet $(PYTHON_DIRS)

fuzz: build $(TOOLS)/bin/cargo-fuzz ## a million frames and requests, 100 kills, random groups, 60 s per target, 100,000 crash images
	$(PY) -m tests.protocol.fuzz_frames $(FUZZ_FRAMES)
	$(PY) -m tests.broker.fuzz_broker $(FUZZ_FRAMES)
	$(PY) -m tests.crash.kill_broker $(KILLS)
	TEST_DEPTH=$(DEPTH) $(PY) -m pytest -q --timeout=0 $(MACHINES)
	@for target in $(FUZZ_TARGETS); do \
	  echo "fuzz: $$target for $(FUZZ_SECONDS) s"; \
	  (cd rust && PATH="$(TOOLS)/bin:$$PATH" $(FUZZ_CARGO) fuzz run $$target -- \
	    -max_total_time=$(FUZZ_SECONDS) -print_final_stats=1) || exit 1; \
	done
	TEST_CRASH_IMAGES=$(CRASH_IMAGES) cargo test --release --locked -p logcore --test crash -- --ignored --nocapture
	cargo test --release --locked -p logcore --test crash_compaction --test crash_manager --test crash_transactions -- --ignored --nocapture

# ---------------------------------------------------------------- showing

demo: build $(VENV)/.demo-installed ## 336,776 real flights through a broker, then an embedded log, each killed half way
	$(PY) -m examples.broker_flights
	@echo
	$(PY) examples/flights.py

demo-takeover: build $(VENV)/.demo-installed ## fill an Apache Kafka, stop it, start here on its directory, go back
	$(PY) -m examples.takeover

bench: build $(VENV)/.bench-installed ## measure against the peers; writes docs/benchmarks.md
	@mkdir -p target/bench
	$(PY) -m pytest benches --benchmark-enable --timeout=0 --benchmark-json=target/bench/results.json
	$(PY) -m benches.report target/bench/results.json docs/benchmarks.md

bench-broker: build ## measure the broker against Apache Kafka and a null broker; into docs/benchmarks.md
	$(PY) -m benches.broker target/bench/broker.json $(BENCH_BROKER)
	$(PY) -m benches.broker.report target/bench/broker.json docs/benchmarks.md

bench-clients: build $(VENV)/.demo-installed ## measure our clients against confluent-kafka, aiokafka and kafka-python; into docs/benchmarks.md
	$(PY) -m benches.clients target/bench/clients.json $(BENCH_CLIENTS)
	$(PY) -m benches.clients.report target/bench/clients.json docs/benchmarks.md

wheel: $(VENV)/.dev-installed need-cargo ## build the wheel, install it in an empty environment, open a log
	rm -rf dist
	$(BIN)/maturin build --profile wheel --quiet --out dist
	$(PY) scripts/check_wheel.py dist

docs: $(VENV)/.docs-installed ## build the documentation as a site, in target/docs; a broken link fails
	$(BIN)/mkdocs build --strict --quiet
	@echo "docs: open target/docs/index.html"

# ---------------------------------------------------------------- keeping

lock: $(PY) ## resolve requirements/*.in again into hashed *.txt without addresses
	$(PYTHON) scripts/lock_requirements.py

clean: ## remove everything the targets made, .venv and target/ included
	rm -rf $(VENV) dist build target rust/fuzz/target .mypy_cache .ruff_cache .pytest_cache \
	  .hypothesis .benchmarks .import_linter_cache .grimp_cache
