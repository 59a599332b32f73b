#!/bin/sh
# Writes the hash-pinned locks, or with `--check` says whether they are what pyproject.toml
# asks for. Existing pins are kept where they still fit; `rm` a lock to move everything on.
set -eu

folder=.
if [ "${1:-}" = --check ]; then
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    cp pyproject.toml README.md requirements*.lock "$folder"
fi

(
    uv=$(pwd -P)/.venv/bin/uv
    cd "$folder"
    # --universal: one lock for 3.11 to 3.13 on every platform.
    # --no-emit-index-url: where packages come from is the reader's business.
    compile() {
        "$uv" pip compile --quiet --universal --generate-hashes --no-emit-index-url \
            --no-header --python-version 3.11 "$@"
    }
    compile pyproject.toml --extra embedded -o requirements.lock
    compile pyproject.toml --extra embedded --group dev -c requirements.lock \
        -o requirements-dev.lock
    compile --group build -o requirements-build.lock
)

for lock in requirements.lock requirements-dev.lock requirements-build.lock; do
    if ! cmp -s "$lock" "$folder/$lock"; then
        echo "$lock is not what pyproject.toml asks for: run 'make locks'." >&2
        exit 1
    fi
done
