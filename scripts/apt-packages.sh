#!/bin/sh
# apt-packages.sh PACKAGE:COMMAND ...: installs the Debian packages whose command is not on PATH yet (no command: always).
# A command with a slash is a file, with wildcards. No daemon is started: who needs one starts one of its own.
# As root it installs, else it tries sudo without a password, else it says what to run and fails.
set -eu
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

missing=
for pair in "$@"; do
    wanted=${pair#*:}
    case $wanted in
    */*)
        # Left bare, so that the wildcards in it find the file.
        # shellcheck disable=SC2086
        ls $wanted >/dev/null 2>&1 || missing="$missing ${pair%%:*}"
        continue
        ;;
    esac
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
policy=/usr/sbin/policy-rc.d # where Debian asks whether a package may start its daemon
made_policy=
tidy() {
    rm -f "$log"
    [ -z "$made_policy" ] || $as_root rm -f "$policy"
}
trap tidy EXIT
if [ ! -e "$policy" ]; then
    made_policy=yes
    printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
    $as_root chmod 755 "$policy"
fi
# The word lists below are meant to split: they hold package names and a command with its arguments.
# shellcheck disable=SC2086
if ! { $as_root DEBIAN_FRONTEND=noninteractive apt-get update -qq &&
    $as_root DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing; } >"$log" 2>&1; then
    cat "$log" >&2
    refuse "apt-get failed"
fi
