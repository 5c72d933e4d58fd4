#!/bin/sh
# Every man page passes mandoc's lint.  Pages that this machine has not installed
# may be referred to; nothing else is forgiven.
set -eu
srcdir=${srcdir:-$(cd "$(dirname "$0")/.." && pwd)}

if ! command -v mandoc >/dev/null; then
	echo "mandoc is not installed"
	exit 77
fi

lint() {
	mandoc -T lint "$@" 2>/dev/null | grep -v 'referenced manual not found' || true
}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# The check itself must be able to fail.
printf '.Dd November 22, 2026\n.Dt X 1\n.Os\n.Sh NAME\n.Nm x\n.Zz\n' >"$scratch/x.1"
if [ -z "$(lint "$scratch/x.1")" ]; then
	echo "check_man: mandoc accepts a broken page"
	exit 1
fi

find "$srcdir/daemon" "$srcdir/etc" "$srcdir/plugins" "$srcdir/systemd" \
	-name '*.[1578]' -type f | LC_ALL=C sort >"$scratch/pages"
pages=0
bad=0
while read -r page; do
	pages=$((pages + 1))
	said=$(lint "$page")
	if [ -n "$said" ]; then
		echo "$said"
		bad=1
	fi
done <"$scratch/pages"
if [ "$pages" -eq 0 ]; then
	echo "check_man: no man page found under $srcdir"
	exit 1
fi
echo "check_man: $pages pages"
exit "$bad"
