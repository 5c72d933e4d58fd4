#!/bin/sh
# Makes configure.  The commands `demo` and `check` come with their rooms.
set -eu
cd "$(dirname "$0")"
mkdir -p build-aux/m4
autoreconf --install --force --warnings=all,error
