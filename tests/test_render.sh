#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# test_render: options, exit codes and files of `tosctl render`.
set -u
main=${builddir:-.}/tests/render_main
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
n=0

# check NAME CODE WANTED-OUTPUT ARGUMENTS...
check() {
	name=$1 code=$2 want=$3
	shift 3
	"$main" "$@" >"$dir/out" 2>"$dir/err" </dev/null
	got=$?
	printf '%s' "$want" >"$dir/want"
	if [ $got -ne "$code" ] || ! cmp -s "$dir/out" "$dir/want"; then
		echo "FAILED $name: exit $got, wanted $code; output:"
		cat "$dir/out" "$dir/err"
		exit 1
	fi
	if [ "$code" -ne 0 ] && [ ! -s "$dir/err" ]; then
		echo "FAILED $name: no word about it"
		exit 1
	fi
	n=$((n + 1))
}

mkdir "$dir/p" "$dir/p/isdir.mustache"
printf '{"a":"<&>\\"'"'"'","l":[1,2],"nl":"x\\ny","u":"gr\\u00fcn"}' >"$dir/d.json"
printf '{{a}}|{{{a}}}\n' >"$dir/t"
printf '{{absent}}!' >"$dir/absent"
printf '{{#l}}{{>item}}{{/l}}' >"$dir/partial"
printf '  {{>item}}\n' >"$dir/indent"
printf '<{{.}}>' >"$dir/p/item.mustache"
printf '{{#a' >"$dir/broken"
printf '{"a":' >"$dir/broken.json"
printf '{{nl}}' >"$dir/nl"
printf 'S: {{u}}\n' >"$dir/u"
printf '{{>../t}}|{{>/etc/passwd}}|{{>.}}' >"$dir/escape"
printf '{{>isdir}}' >"$dir/isdir"
: >"$dir/empty"

check 'HTML by default' 0 '&lt;&amp;&gt;&quot;&#39;|<&>"'"'"'
' --data "$dir/d.json" "$dir/t"
check 'text' 0 '<&>"'"'"'|<&>"'"'"'
' --mode text --data "$dir/d.json" "$dir/t"
check 'template first' 0 '<&>"'"'"'|<&>"'"'"'
' "$dir/t" --mode=text --data="$dir/d.json"
check 'header' 0 'S: =?utf-8?B?Z3LDvG4=?=' --mode header --data "$dir/d.json" "$dir/u"
check 'header with a line break' 1 '' --mode header --data "$dir/d.json" "$dir/nl"
check 'absent, strict' 1 '' --data "$dir/d.json" "$dir/absent"
check 'absent, lenient' 0 '!' --lenient --data "$dir/d.json" "$dir/absent"
check 'partials' 0 '<1><2>' --partials "$dir/p" --data "$dir/d.json" "$dir/partial"
check 'no partials, strict' 1 '' --data "$dir/d.json" "$dir/partial"
check 'no partials, lenient' 0 '' --lenient --data "$dir/d.json" "$dir/partial"
check 'partials stay in their folder' 0 '||' --lenient --partials "$dir/p" --data "$dir/d.json" "$dir/escape"
check 'partial that is a folder' 3 '' --lenient --partials "$dir/p" --data "$dir/d.json" "$dir/isdir"
check 'broken template' 1 '' --data "$dir/d.json" "$dir/broken"
check 'broken data' 1 '' --data "$dir/broken.json" "$dir/t"
check 'empty data' 1 '' --data "$dir/empty" "$dir/t"
check 'empty template' 0 '' --data "$dir/d.json" "$dir/empty"
check 'no template' 3 '' --data "$dir/d.json" "$dir/none"
check 'no data' 3 '' --data "$dir/none" "$dir/t"
check 'usage: no data' 2 '' "$dir/t"
check 'usage: no template' 2 '' --data "$dir/d.json"
check 'usage: two templates' 2 '' --data "$dir/d.json" "$dir/t" "$dir/t"
check 'usage: mode' 2 '' --mode xml --data "$dir/d.json" "$dir/t"
check 'usage: option' 2 '' --what --data "$dir/d.json" "$dir/t"
check 'usage: standard input twice' 2 '' --data - -
"$main" --data - "$dir/absent" --lenient <"$dir/d.json" >"$dir/out" || exit 1
[ "$(cat "$dir/out")" = '!' ] || { echo 'FAILED data from standard input'; exit 1; }
"$main" --data "$dir/d.json" - <"$dir/t" >"$dir/out" || exit 1
echo "$((n + 2)) checks passed"
