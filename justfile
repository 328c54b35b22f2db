# Recipes that people and CI share; `just` lists them.

default:
    @just --list

# Make .venv-test: locked dependencies and this project.
setup:
    scripts/setup

# Lint, format, types and import contracts.
lint: setup
    .venv-test/bin/ruff check .
    .venv-test/bin/ruff format --check .
    .venv-test/bin/mypy
    .venv-test/bin/lint-imports

# The whole test suite; pytest options may follow.
test *options:
    scripts/test {{options}}

# The whole story in a throw-away home.
demo: setup
    .venv-test/bin/mcpgw demo

# What an instance costs, as ratios against a direct run, and what config surgery costs.
bench: setup
    .venv-test/bin/python bench/relay.py
    .venv-test/bin/python bench/config.py

# Bytes that nobody thought of, for framing, parsing and the scanned text; a crash leaves its input behind.
fuzz seconds="60": setup
    .venv-test/bin/pip install --quiet --disable-pip-version-check --require-hashes -r fuzz/atheris.lock
    mkdir -p .fuzz-corpus
    .venv-test/bin/python fuzz/frames.py -max_total_time={{seconds}} -max_len=5000 .fuzz-corpus fuzz/seeds

compile := "uv pip compile --universal --generate-hashes --no-emit-index-url --no-annotate --no-header --python-version 3.11 --upgrade"

# Renew the lock files. They name no package index.
lock:
    {{compile}} --group dev pyproject.toml -o requirements.lock
    {{compile}} fuzz/atheris.in -o fuzz/atheris.lock
    {{compile}} tests/integration/sdk1.in -o tests/integration/sdk1.lock
    {{compile}} tests/integration/time.in -o tests/integration/time.lock
    {{compile}} tests/integration/installers.in -o tests/integration/installers.lock

# All that CI checks.
ci:
    .ci/run
