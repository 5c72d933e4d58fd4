#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# links.sh: an example of a plugin in plain POSIX shell (tosd-exec(7)).  It finds items
# whose text has more web addresses than a person writes.
#
#	tosctl plugin try ./links.sh < items.ndjson
#	tosctl plugin conform ./links.sh
#
# A shell has no JSON.  This plugin needs none: it asks for one field only, the text, and
# looks at a message as a row of characters.  That is enough because
#   - a message is one line, so `read' gets it whole;
#   - within a JSON string a quote is always written \", so "seq" and "t" with plain
#     quotes can only be members of the message, never words of somebody's post;
#   - an address holds nothing that JSON has to escape, and every one of them is counted
#     the same way whatever stands around it.
# It says how many addresses there are and not where (no spans): for that it would have to
# undo the escapes.  It reads a letter at a time, as shells do: a text of 1 MiB takes it
# seconds, and may pass its deadline.  For more than this, take a language that has JSON.
#
# No program is started for an item: everything is done by the shell itself, and the text
# is never run, matched as a pattern or split into file names (set -f).
set -fu
LC_ALL=C
export LC_ALL
MOST=5

# Results go out at once: printf is built in and writes each line by itself.
say() {
	printf '%s\n' "$1"
}

# The number behind "seq" in $1, outside of strings; empty if there is none.
seq_of() {
	seq=${1#*\"seq\"}
	[ "$seq" != "$1" ] || { seq=; return; }
	while :; do
		case $seq in
		[\ :]*) seq=${seq#?} ;;
		*) break ;;
		esac
	done
	seq=${seq%%[!0-9]*}
}

# How many addresses $1 has, up to MOST + 1.
count() {
	n=0
	rest=$1
	while [ "$n" -le "$MOST" ]; do
		case $rest in
		*://*) rest=${rest#*://} ;;
		*) break ;;
		esac
		n=$((n + 1))
	done
}

judge() {
	seq_of "$1"
	[ -n "$seq" ] || return 0
	count "$1"
	if [ "$n" -gt "$MOST" ]; then
		say '{"t":"result","seq":'"$seq"',"findings":[{"rule":"links/many","score":0.7,"reason":"more than '"$MOST"' web addresses"}]}'
	else
		say '{"t":"result","seq":'"$seq"',"findings":[]}'
	fi
}

trap 'exit 0' TERM
say '{"t":"hello","proto":[1,1],"name":"links","version":"1","want":["text"],"max_inflight":16,"pure":true,"rules":[{"id":"links/many","rev":1,"clause":"9.2 spam","category":"spam","severity":"low","mode":"shadow"}]}'
while IFS= read -r line; do
	case $line in
	*\"t\":\"item\"* | *\"t\"\ :\ \"item\"*) judge "$line" ;;
	*\"t\":\"drain\"*) exit 0 ;;
	esac
done
exit 0
