#!/bin/sh
# The include rule: a file includes only its own folder, lower floors, the plugin
# header and system headers; libevent is seen by the loop and the web server only;
# plugins see nothing of the daemon.  Proves itself on a scratch copy first.
set -eu
srcdir=${srcdir:-$(cd "$(dirname "$0")/.." && pwd)}

# check ROOT: prints each breach as FILE:LINE: words; fails if there is one.
check() {
	# shellcheck disable=SC2016 # awk reads the $s
	(cd "$1" && find daemon plugins -name '*.[ch]' -type f | LC_ALL=C sort |
		xargs awk '
	BEGIN {
		n = split("base 0 ipc 1 conf 1 store 2 evidence 2 feed 3 fetch 3 " \
			"media 3 policy 3 cases 3 notice 4 engine 5 console 5 tosctl 6", t, " ")
		for (i = 1; i < n; i += 2)
			floor[t[i]] = t[i + 1]
		top = 6		# files of daemon/ itself
	}
	function breach(words) {
		printf "%s:%d: %s: %s\n", FILENAME, FNR, $0, words
		bad = 1
	}
	function daemon_include(name,	mine, other, level) {
		n = split(FILENAME, part, "/")
		mine = n > 2 ? part[2] : ""
		if (mine != "" && !(mine in floor)) {
			breach("folder " mine " is not in the table of floors")
			return
		}
		other = name
		if (!sub(/\/.*/, "", other)) {
			if (mine != "")
				breach("write the folder, \"" mine "/" name "\"")
			return
		}
		level = mine == "" ? top : floor[mine]
		if (other == mine)
			return
		# What learns a model belongs to the plugin; one command of tosctl runs it.
		if (other == "classifier" &&
		    FILENAME ~ /^daemon\/tosctl\/(tosctl_)?classifier[a-z_]*\.[ch]$/)
			return
		if (!(other in floor))
			breach("folder " other " is not in the table of floors")
		else if (floor[other] >= level)
			breach(other " (floor " floor[other] ") is not below " \
				(mine == "" ? "daemon" : mine) " (floor " level ")")
	}
	function plugin_include(name,	own) {
		split(FILENAME, part, "/")
		own = part[2]
		if (name ~ /\.\./ || (name ~ /\// && name !~ "^(kit|" own ")/"))
			breach("a plugin sees only its own folder, kit and " \
				"<tosd/policy.h>")
	}
	/^[ \t]*#[ \t]*include[ \t]*</ {
		name = $0
		sub(/^[^<]*</, "", name)
		sub(/>.*/, "", name)
		if (name ~ /^(event2\/|event\.h|evhttp\.h)/ &&
		    FILENAME !~ /^daemon\/ipc\/(loop|http)[a-z_]*\.c$/ &&
		    FILENAME !~ /^daemon\/console\/http[a-z_]*\.c$/)
			breach("libevent belongs to daemon/ipc/loop and the web server")
		if (name ~ /^tosd\// && name != "tosd/policy.h")
			breach("there is one public header, <tosd/policy.h>")
		split(name, piece, "/")
		if (name ~ /\// && (piece[1] in floor))
			breach("own headers are included with quotes")
	}
	/^[ \t]*#[ \t]*include[ \t]*"/ {
		name = $0
		sub(/^[^"]*"/, "", name)
		sub(/".*/, "", name)
		if (name ~ /\.\./)
			breach("no way up with ..")
		else if (FILENAME ~ /^daemon\//)
			daemon_include(name)
		else
			plugin_include(name)
	}
	END { exit bad }
	')
}

# planted FILE LINE WORDS: LINE added to FILE of the scratch copy is found.
planted() {
	rm -rf "$scratch/daemon" "$scratch/plugins"
	mkdir -p "$scratch/daemon/base" "$scratch/daemon/feed" "$scratch/daemon/ipc" \
		"$scratch/daemon/engine" "$scratch/plugins/tosd" "$scratch/plugins/rules" \
		"$scratch/plugins/kit"
	echo '#include "base/err.h"' >"$scratch/daemon/feed/good.c"
	echo '#include <event2/event.h>' >"$scratch/daemon/ipc/loop.c"
	echo '#include "engine/engine.h"' >"$scratch/daemon/role.c"
	echo '#include <tosd/policy.h>' >"$scratch/plugins/rules/rules.c"
	if ! check "$scratch" >"$scratch/said"; then
		echo "check_floors: a clean copy was refused:"
		cat "$scratch/said"
		exit 1
	fi
	echo "$2" >>"$scratch/$1"
	if check "$scratch" >"$scratch/said" || ! grep -q "$3" "$scratch/said"; then
		echo "check_floors: did not find \`$2' planted in $1"
		exit 1
	fi
}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
planted daemon/base/up.c '#include "store/store.h"' 'not below base'
planted daemon/feed/side.c '#include "fetch/client.h"' 'not below feed'
planted daemon/feed/new.c '# include "gossip/x.h"' 'not in the table'
planted daemon/feed/loop.c '#include <event2/event.h>' 'libevent'
planted daemon/feed/bare.c '#include "date.h"' 'write the folder'
planted daemon/engine/dots.c '#include "../base/err.h"' 'no way up'
planted daemon/engine/angle.c '#include <base/err.h>' 'with quotes'
planted daemon/engine/learn.c '#include "classifier/train.h"' 'not in the table'
planted plugins/rules/peek.c '#include "base/buf.h"' 'own folder'
planted plugins/kit/up.c '#include "rules/pack.h"' 'own folder'
planted plugins/rules/other.c '#include <tosd/inner.h>' 'one public header'

if check "$srcdir"; then
	echo "check_floors: no file includes upward"
else
	echo "check_floors: floors and folders: daemon/README" >&2
	exit 1
fi
