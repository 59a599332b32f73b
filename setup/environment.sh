#!/bin/sh
# Makes .venv hold what a lock says: `sh setup/environment.sh run|test`.
# A stamp remembers the locks' checksum, so that a second run has nothing to do.
set -eu

what=$1
lock_of() {
    case $1 in
    run) echo requirements.lock ;;
    test) echo requirements-dev.lock ;; # all that requirements.lock holds, and more
    esac
}
stamp_of() {
    cat "$(lock_of "$1")" requirements-build.lock pyproject.toml setup/environment.sh | cksum
}
lock=$(lock_of "$what")
python=.venv/bin/python
log=.venv/install.log

# A virtual environment does not survive being moved, or the removal of its Python.
here=$(pwd -P)
works() {
    "$python" -c 'import os, sys; sys.exit(not os.path.samefile(sys.prefix, sys.argv[1]))' \
        "$here/.venv" 2>/dev/null
}
if ! works; then
    found=$(sh setup/find_python.sh)
    echo "Making .venv with $("$found" --version)."
    rm -rf .venv
    "$found" -m venv .venv
fi

if [ "$(cat ".venv/stamp-$what" 2>/dev/null)" = "$(stamp_of "$what")" ]; then
    exit
fi

install() {
    if "$python" -m pip install --quiet --no-input --no-compile "$@" >"$log" 2>&1; then
        return
    fi
    missing=$(sed -n 's/.*No matching distribution found for \([^ =<>!;]*\).*/\1/p' "$log" | head -n 1)
    if [ -n "$missing" ]; then
        echo "There is no ready-made $missing for this machine ($(uname -sm)," \
            "$("$python" --version)): try another Python of 3.11 to 3.13 with" \
            "'rm -rf .venv; make $what PYTHON=python3.13', on Linux or Apple silicon." >&2
    else
        tail -n 20 "$log" >&2
        echo "The packages could not be installed; the whole story is in $log." >&2
    fi
    exit 1
}

"$python" -m pip --version >/dev/null 2>&1 || "$python" -m ensurepip >/dev/null
echo "Installing $(grep -c '^[a-z]' "$lock") packages into .venv; the first time this takes a minute or two."
install --no-deps --only-binary :all: --require-hashes -r requirements-build.lock
install --no-deps --only-binary :all: --require-hashes -r "$lock"
install --no-deps --no-build-isolation --no-index --editable .
# Compiled here on every core, instead of by pip on one, or by eight processes at once.
"$python" -m compileall -q -j 0 .venv/lib >/dev/null 2>&1 || true # some ship odd files
stamp_of run >.venv/stamp-run
if [ "$what" = test ]; then
    stamp_of test >.venv/stamp-test
else
    rm -f .venv/stamp-test # the locks may have moved on under it
fi
