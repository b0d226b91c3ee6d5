#!/bin/sh
# Prints the newest usable Python the project is tested on (3.13 to 3.11), or any later one; PYTHON overrides the choice.
# One that cannot make a virtual environment (Debian splits that off) is taken only where no other can.
set -eu

runs() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }
makes_venvs() { "$1" -c 'import venv, ensurepip' >/dev/null 2>&1; }

if [ -n "${PYTHON:-}" ]; then
    runs "$PYTHON" || { echo "PYTHON=$PYTHON is not a Python 3.11 or newer." >&2; exit 1; }
    echo "$PYTHON"
    exit 0
fi

second_choice=
for candidate in python3.13 python3.12 python3.11 python3 python3.14; do
    runs "$candidate" || continue
    if makes_venvs "$candidate"; then
        echo "$candidate"
        exit 0
    fi
    second_choice=${second_choice:-$candidate}
done
[ -n "$second_choice" ] || { echo "twoleg needs Python 3.11 or newer; none was found on PATH (PYTHON=/path/to/python3 names one)." >&2; exit 1; }
echo "$second_choice"
