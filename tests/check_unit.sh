#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The unit's exposure stays at 1.2 or below, and systemd reads every line of it.
set -eu
builddir=${builddir:-.}
unit=$builddir/systemd/tosd.service
command -v systemd-analyze >/dev/null 2>&1 || { echo "no systemd-analyze"; exit 77; }
test -f "$unit" || { echo "$unit is not built"; exit 1; }

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT INT TERM
# `verify' wants the programs to exist: they need not be installed to be checked.
sed -e 's|^\(Exec[A-Za-z]*=\)[^ ]*/tosd |\1/bin/true |' "$unit" > "$scratch/tosd.service"

systemd-analyze security --offline=true --threshold=12 --no-pager \
	"$scratch/tosd.service" > "$scratch/out" 2>&1 || {
	cat "$scratch/out"
	echo "the unit exposes more than 1.2"
	exit 1
}
grep 'exposure level' "$scratch/out"

# Unknown keys and values only come as words, so look at the words.  Where verify cannot
# run at all (no units to refer to), that is said and not held against the unit.
if ! systemd-analyze verify --man=no "$scratch/tosd.service" > "$scratch/verify" 2>&1; then
	echo "systemd-analyze verify:"
	cat "$scratch/verify"
fi
if grep -E 'tosd\.service:[0-9]+:' "$scratch/verify"; then
	echo "systemd does not understand a line"
	exit 1
fi
