#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The fuzzers, built with clang's libFuzzer and the sanitizers and run one after the other
# on each processor.  A finding is left in the build folder and fails the run.
#
# usage: tests/fuzz.sh [-s SECONDS] [-b BUILD] [TARGET...]
#   SECONDS for each target (60), BUILD the folder (build-fuzz), TARGET as fuzz_feed; all
#
# Seeds: what lies in BUILD/corpus/TARGET from the run before, and the files named below of
# the tree and of the folder of real cases (TOSD_DATA, else ../shared/data), where it is.
set -u
src=$(cd "$(dirname "$0")/.." && pwd)
data=${TOSD_DATA:-$src/../shared/data}
seconds=60
build="build-fuzz"

usage() {
	sed -n '/^# usage/,/^#$/s/^# \{0,1\}//p' "$0"
	exit 2
}

while getopts s:b: o; do
	case $o in
	s) seconds=$OPTARG ;;
	b) build=$OPTARG ;;
	*) usage ;;
	esac
done
shift $((OPTIND - 1))

# Files to begin with, and what libFuzzer has to be told.
seeds_of() {
	case $1 in
	fuzz_feed | fuzz_discover | fuzz_charset) find "$data/feeds/feedparser" -type f 2>/dev/null ;;
	fuzz_json) find "$data/feeds" -path '*JSONTestSuite*' -type f 2>/dev/null ;;
	fuzz_pack | fuzz_packs) find "$src/etc/policies.d" -type f -name '*.conf' ;;
	fuzz_model) echo "$src/plugins/classifier/violence.model" ;;
	esac
}

options_of() {
	case $1 in
	fuzz_json) echo -max_len=4096 -timeout=20 ;;
	fuzz_feed) echo -max_len=65536 -timeout=20 ;;
	fuzz_model) echo -max_len=1048576 ;;
	# libconfig leaks what it has read of a file that it refuses; to compile a whole
	# pack under the sanitizers takes seconds.
	fuzz_pack) echo -detect_leaks=0 -timeout=120 ;;
	*) echo -timeout=20 ;;
	esac
}

run() {
	local t=$1 rc=0 n=0 f
	mkdir -p "corpus/$t" "seeds/$t"
	# -detect_leaks=0 does not hold for the look at the end.
	[ "$t" = fuzz_pack ] && export ASAN_OPTIONS=detect_leaks=0
	while read -r f; do
		n=$((n + 1))
		cp -f "$f" "seeds/$t/$n"
	done < <(seeds_of "$t")
	# shellcheck disable=SC2046 # options, split on purpose
	"tests/$t" $(options_of "$t") -max_total_time="$seconds" \
		-rss_limit_mb=4096 -print_final_stats=1 \
		-artifact_prefix="$t-" "corpus/$t" "seeds/$t" >"$t.log" 2>&1 || rc=$?
	if [ "$rc" -eq 0 ]; then
		echo "PASS: $t ($(sed -n 's/^stat::number_of_executed_units: *//p' "$t.log") inputs)"
	else
		echo "FAIL: $t (exit $rc)"
		tail -n 40 "$t.log"
	fi
	return "$rc"
}

if ! command -v clang >/dev/null; then
	echo "fuzz.sh: no clang (Debian: clang, libclang-rt-14-dev)" >&2
	exit 77
fi
mkdir -p "$build" && cd "$build" || exit 1
if [ ! -f config.status ]; then
	CC=clang "$src/configure" --quiet --enable-fuzzers --enable-sanitizers \
		CFLAGS='-O1 -g -Wno-unknown-warning-option' || exit 1
fi
if [ $# -eq 0 ]; then
	# shellcheck disable=SC2046 # names, split on purpose
	set -- $(make -s list-fuzzers)
fi
make -s -j"$(nproc)" "${@/#/tests/}" >make.log 2>&1 || {
	tail -n 40 make.log
	exit 1
}
export -f run seeds_of options_of
export seconds src data
# shellcheck disable=SC2016 # for the inner shell
printf '%s\n' "$@" | xargs -n 1 -P "$(nproc)" bash -c 'run "$0"'
