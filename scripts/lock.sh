#!/bin/sh
# Writes requirements/*.txt anew: every pin with its hashes, no index address, good for Python 3.11 and later.
# Each larger set is resolved under the smaller one's pins, so all of them agree.
set -eu
cd "$(dirname "$0")/.."
tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT

"$(sh scripts/find-python.sh)" -m venv "$tools/venv"
"$tools/venv/bin/python" -m pip install -qq --disable-pip-version-check --require-hashes --requirement requirements/lock.txt

pin() {
    target=requirements/$1.txt
    shift
    "$tools/venv/bin/uv" pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-annotate \
        --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" --output-file "$target" "$@"
    echo "$target: $(grep -c '==' "$target") packages"
}

pin lock requirements/lock.in
pin runtime pyproject.toml requirements/build.in
pin dev --extra dev --constraint requirements/runtime.txt pyproject.toml requirements/build.in
pin bench --extra dev --extra bench --constraint requirements/dev.txt pyproject.toml requirements/build.in
pin release --extra release --constraint requirements/bench.txt pyproject.toml requirements/build.in
