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

# A line break is written \n, so a letter behind a backslash is none of a word.
judge() {
	seq_of "$1"
	[ -n "$seq" ] || return 0
	case $1 in
	*[!A-Za-z]$WORD[!A-Za-z]* | *\\[nrt]$WORD[!A-Za-z]*)
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
