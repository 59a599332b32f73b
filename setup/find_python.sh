#!/bin/sh
# Prints a Python 3.11, 3.12 or 3.13 that can make virtual environments, or says in one
# sentence what to install. PYTHON names one; otherwise the first that works is taken:
# a name on PATH proves nothing, pyenv puts shims there that only fail.
set -eu

usable() { # $1 a command; 0: usable, 1: not ours, 2: the right version without venv
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
        >/dev/null 2>&1 || return 1
    "$1" -c 'import ensurepip, venv' >/dev/null 2>&1 || return 2
}

without_venv=
for candidate in ${PYTHON:+"$PYTHON"} python3 python3.13 python3.12 python3.11 \
    /usr/bin/python3 /opt/homebrew/bin/python3 /usr/local/bin/python3 \
    "${HOME:-}"/.pyenv/versions/3.1[123].*/bin/python3; do
    status=0
    usable "$candidate" || status=$?
    if [ $status = 0 ]; then
        echo "$candidate"
        exit
    fi
    if [ $status = 2 ] && [ -z "$without_venv" ]; then
        without_venv=$candidate
    fi
    if [ -n "${PYTHON:-}" ]; then
        break
    fi
done

if [ -n "$without_venv" ]; then
    version=$("$without_venv" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    echo "Python $version is here but cannot make virtual environments:" \
        "install python$version-venv (sudo apt install python$version-venv)." >&2
elif [ -n "${PYTHON:-}" ]; then
    echo "PYTHON=$PYTHON is not a Python 3.11, 3.12 or 3.13." >&2
elif [ "$(uname)" = Darwin ]; then
    echo "Python 3.11, 3.12 or 3.13 is needed: brew install python@3.13." >&2
else
    echo "Python 3.11, 3.12 or 3.13 is needed:" \
        "install it with its venv module (sudo apt install python3 python3-venv)." >&2
fi
exit 1
