#!/bin/sh
# Loads the plugin as the daemon would, and judges items that say what must be found.
#	PLUGIN=./@NAME@.so tests/check.sh tests/items.ndjson
set -eu
tosctl=${TOSCTL:-tosctl}
# tosd loads nothing that others could write or replace; a folder to build in may be such.
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cp "$PLUGIN" "$dir/@NAME@.so"
chmod 0644 "$dir/@NAME@.so"
"$tosctl" plugin check "$dir/@NAME@.so"
"$tosctl" plugin try --expect "$dir/@NAME@.so" < "$1" > /dev/null
