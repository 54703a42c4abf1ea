#!/bin/sh
# Makes the virtual environment: make_venv.sh PYTHON FOLDER
set -eu
python=$1
venv=$2

say() { printf '%s\n' "$*" >&2; }

if ! command -v "$python" >/dev/null 2>&1; then
    say "No '$python' here. Python 3.11 or newer is needed: install it, or name one with make PYTHON=..."
    exit 1
fi
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    say "'$python' is $("$python" --version); Python 3.11 or newer is needed: make PYTHON=python3.12 ..."
    exit 1
fi
# Debian splits venv's pip off into a package of its own.
if ! "$python" -c 'import ensurepip' 2>/dev/null; then
    say "Python lacks ensurepip: installing python3-venv"
    if [ "$(id -u)" = 0 ]; then
        apt-get update -qq && apt-get install -y -qq python3-venv >/dev/null
    else
        sudo -n apt-get update -qq && sudo -n apt-get install -y -qq python3-venv >/dev/null || {
            say "Could not. Run: sudo apt-get install python3-venv"
            exit 1
        }
    fi
fi
say "setting up $venv (Python packages; about a minute the first time)"
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --editable . --group dev
