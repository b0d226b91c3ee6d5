#!/bin/sh
# make-venv.sh NAME: .venv holds exactly what requirements/NAME.txt pins (checked by hash) and this package, editable.
set -eu
cd "$(dirname "$0")/.."
name=$1

# Two makes at once (a demo beside a test run) must not install over each other.
if command -v flock >/dev/null 2>&1; then
    exec 9>.venv.lock
    flock 9
fi

if ! .venv/bin/python -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
    python=$(sh scripts/find-python.sh)
    if ! "$python" -c 'import venv, ensurepip' >/dev/null 2>&1; then
        version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        sh scripts/apt-packages.sh "python$version-venv:"
    fi
    echo "Creating .venv with $("$python" --version)"
    "$python" -m venv --clear .venv
fi

pip() { .venv/bin/python -m pip "$@" -qq --disable-pip-version-check; }

echo "Installing requirements/$name.txt"
if [ "$name" = bench ]; then
    # One peer has no wheel. Built in this environment, its build uses the pinned setuptools of the smaller set.
    pip install --require-hashes --requirement requirements/dev.txt
    pip install --require-hashes --requirement requirements/bench.txt --no-build-isolation
else
    pip install --require-hashes --requirement "requirements/$name.txt"
fi
pip install --no-index --no-deps --no-build-isolation --editable .
