#!/bin/sh
# Removes what `make` made. Campaigns of your own, in var/campanile, stay.
set -eu

# Root's database may live elsewhere (embedded/postgres.py); the link tells where.
if [ -L var/demo/postgres ]; then
    place=$(readlink var/demo/postgres)
    case $place in
    */campanile-*) rm -rf "$place" ;;
    esac
fi
rm -rf var/demo .venv dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
find . -name __pycache__ -type d -prune -exec rm -rf {} +
