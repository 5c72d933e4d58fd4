#!/bin/sh
# The demonstration over the programs of a build tree: sample tenants, a mail server and
# the daemon, all on this machine.  srcdir and builddir say where; without them the
# current folder is the build tree.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
srcdir=${srcdir:-$(dirname "$here")}
builddir=${builddir:-$(pwd)}
export srcdir builddir PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1

# Debian's Python sees Debian's aiosmtpd; another one in PATH may not.
python=/usr/bin/python3
[ -x "$python" ] || python=$(command -v python3) || {
	echo "demo.sh: python3 is needed" >&2
	exit 1
}
exec "$python" "$here/demo.py"
