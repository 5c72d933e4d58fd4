#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Workers, into which code of others is loaded, hold no name of a tenant, none of its addresses
and no secret, neither in use nor in memory that was freed: all that they have mapped is
searched, at a start, after a reload and for a successor.  Standard library only."""
import os
import sys

from daemon import Daemon, skip
from test_packs_missing import die, reload, workers

CALLED = "Quixotic Zebra Farms"
NAMES = ("quixotic-zebra", CALLED, "zebra-boss@tenant", "zebra-manager@host", "zebra-feed",
         "said of zebras", "zebras2.conf", "zebra-two", "hush-zebra-hush")
KNOWN = b"Zebra Hosting Provider"


def memory(pid):
    """The bytes of each readable mapping."""
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as mem:
        for line in maps:
            span, rights = line.split()[:2]
            begin, end = (int(x, 16) for x in span.split("-"))
            if rights[0] != "r" or line.rstrip().endswith(("[vvar]", "[vsyscall]")):
                continue
            try:
                mem.seek(begin)
                yield mem.read(end - begin)
            except (OSError, ValueError, OverflowError):
                pass


def searched(d, when):
    for i, pid in workers(d).items():
        parts = list(memory(pid))
        assert any(KNOWN in p for p in parts), "nothing can be found at all"
        for name in NAMES:
            assert not any(name.encode() in p for p in parts), (when, i, name)


def tenant(name, called):
    return ('tenants = ( { id = "%s"; name = "%s"; contact = "zebra-boss@tenant.example"; '
            'manager = "zebra-manager@host.example"; feeds = ( '
            '"http://127.0.0.1:9/zebra-feed" ); } );\n' % (name, called))


def setup(d):
    conf = d.path("tosd.conf").read_text("utf-8")
    conf = conf[:conf.index("tenants = (")] + (
        "/* said of zebras: */ # said of zebras\n// said of zebras\n"
        + tenant("quixotic-zebra", CALLED)).replace("feeds", "# said of zebras\n feeds")
    conf = conf.replace("Trial Hosting", KNOWN.decode())
    conf = conf.replace('plugins = (', 'endpoints = ( { name = "local"; url = '
                        '"http://127.0.0.1:9/v1"; credential = "%s"; } );\n  plugins = ('
                        % d.path("model.key"))
    d.write("tosd.conf", conf)
    d.write("model.key", "hush-zebra-hush\n")
    d.path("model.key").chmod(0o600)
    d.path("tenants.d").mkdir()
    d.write("tenants.d/zebras2.conf", tenant("zebra-two", CALLED + " Two"))
    code, said = d.check()
    assert code == 0, said


def main():
    os.umask(0o022)
    with Daemon({"t": "http://127.0.0.1:9/feed"}, interval="1h") as d:
        setup(d)
        d.start()
        try:
            next(memory(workers(d)[0]))
        except PermissionError as e:
            skip(f"the memory of a process cannot be read here: {e}")
        assert any(CALLED.encode() in p for p in memory(d.roles()["engine", 0]))
        searched(d, "start")
        reload(d)
        searched(d, "reload")
        die(d)
        searched(d, "successor")
        d.stop()
    print("workers know no tenant: %d words searched for in all of their memory" % len(NAMES))


if __name__ == "__main__":
    sys.exit(main())
