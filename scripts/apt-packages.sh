#!/bin/sh
# apt-packages.sh PACKAGE:COMMAND ...: installs the Debian packages whose command is not on PATH yet (no command: always).
# As root it installs, else it tries sudo without a password, else it says what to run and fails.
set -eu
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

missing=
for pair in "$@"; do
    wanted=${pair#*:}
    if [ -z "$wanted" ] || ! command -v "$wanted" >/dev/null 2>&1; then
        missing="$missing ${pair%%:*}"
    fi
done
[ -n "$missing" ] || exit 0

refuse() {
    {
        echo "These packages are needed and could not be installed from here:$missing ($1)"
        echo "On Debian or Ubuntu run, as root:  apt-get update && apt-get install -y --no-install-recommends$missing"
    } >&2
    exit 1
}

command -v apt-get >/dev/null 2>&1 || refuse "this system has no apt-get; install their equivalent"
if [ "$(id -u)" -eq 0 ]; then
    as_root=env
elif sudo -n true >/dev/null 2>&1; then
    as_root="sudo -n env"
else
    refuse "neither root nor sudo without a password"
fi

echo "Installing system packages:$missing"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# The word lists below are meant to split: they hold package names and a command with its arguments.
# shellcheck disable=SC2086
if ! { $as_root DEBIAN_FRONTEND=noninteractive apt-get update -qq &&
    $as_root DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing; } >"$log" 2>&1; then
    cat "$log" >&2
    refuse "apt-get failed"
fi
