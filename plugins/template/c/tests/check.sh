#!/bin/sh
# Loads the plugin as the daemon would, and judges items that say what must be found.
#	PLUGIN=./@NAME@.so tests/check.sh tests/items.ndjson
set -eu
tosctl=${TOSCTL:-tosctl}
"$tosctl" plugin check "$PLUGIN"
"$tosctl" plugin try --expect "$PLUGIN" < "$1" > /dev/null
