#!/bin/sh
# @NAME@: a policy plugin of tosd, in plain POSIX shell.  It finds a word, in whatever case,
# where it stands for itself; tosd-exec(7) says what else a plugin can see.
#
# A shell has no JSON, and this plugin needs none: a message is one line, the only field that
# it asks for is the text, a quote within a text is always written \", and the word has no
# letter that JSON would write in another way.  It says no spans: for that it would have to
# undo the escapes.  For more than this, take a language that has JSON.
set -fu
LC_ALL=C
export LC_ALL
WORD='[Ss][Pp][Oo][Ii][Ll][Ss][Pp][Oo][Rr][Tt]'
# No part of a word: neither a letter of ASCII nor a byte of any other letter.
APART="[!A-Za-z$(printf '\200')-$(printf '\377')]"

# printf is built in and writes each line by itself: results go out at once.
say() {
	printf '%s\n' "$1"
}

# The number behind "seq" in $1; empty if there is none.
seq_of() {
	seq=${1#*\"seq\"}
	[ "$seq" != "$1" ] || { seq=; return; }
	seq=${seq#"${seq%%[!\ :]*}"}
	seq=${seq%%[!0-9]*}
}

# A line break is written \n, a form feed \u000c: what stands behind one backslash is no letter
# of a word.  Behind two it is, since they are a backslash of the text; behind three again not,
# and a text with more of them in a row is not worth a shell's while.
judge() {
	seq_of "$1"
	[ -n "$seq" ] || return 0
	case $1 in
	*$APART$WORD$APART* | \
	*[!\\]\\[bfnrt]$WORD$APART* | *[!\\]\\\\\\[bfnrt]$WORD$APART* | \
	*[!\\]\\u00[01][0-9A-Fa-f]$WORD$APART* | *[!\\]\\u007[Ff]$WORD$APART*)
		say '{"t":"result","seq":'"$seq"',"findings":[{"rule":"@NAME@/word","score":0.8,"reason":"uses the word"}]}'
		;;
	*)
		say '{"t":"result","seq":'"$seq"',"findings":[]}'
		;;
	esac
}

trap 'exit 0' TERM
say '{"t":"hello","proto":[1,1],"name":"@NAME@","version":"0.1","want":["text"],"max_inflight":16,"pure":true,"rules":[{"id":"@NAME@/word","rev":1,"clause":"9.1 Good manners","category":"manners","severity":"low","mode":"shadow"}]}'
while IFS= read -r line; do
	case $line in
	*\"t\":\"item\"* | *\"t\"\ :\ \"item\"*) judge "$line" ;;
	*\"t\":\"drain\"*) exit 0 ;;
	esac
done
exit 0
