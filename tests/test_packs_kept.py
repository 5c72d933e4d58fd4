#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Packs that are changed on disk are taken by a reload and by nothing else: a
worker of the running tosd that dies is followed by one with the policy of its configuration,
to the digest, also where the reload was refused.  Copies that were changed themselves are
not taken; a plugin's program that was not there once says nothing against them.  Standard
library only."""
import os
import pathlib
import signal
import sys

from daemon import PACK, SOURCE, Daemon, wait
from test_lists_daemon import Site, judged
from test_packs_missing import reload, workers

SECOND = PACK.replace("version = 1", "version = 2").replace("hurt", "harm")
THIRD = SECOND.replace("version = 2", "version = 3").replace("harm", "bite")
HALF = THIRD[:THIRD.index("tests = {")]


def pack_of(d, name):
    """The digest of the pack by which it was found; None: it was judged, and not found."""
    state, why, _ = judged(d, name)
    assert state == 1, (name, state, why)
    rows = d.query("SELECT DISTINCT pack FROM finding JOIN revision ON revision.id = "
                   "finding.revision JOIN item ON item.id = revision.item WHERE guid = ? "
                   "AND rule = 'trial/threat'", name)
    assert len(rows) <= 1, rows
    return rows[0][0] if rows else None


def die(d):
    """All at once: nobody is left who had loaded before."""
    before = workers(d)
    for pid in before.values():
        os.kill(pid, signal.SIGKILL)
    wait("successors", lambda: set(workers(d)) == set(before) and
         not set(workers(d).values()) & set(before.values()))
    for i, pid in workers(d).items():
        wait("them to be ready", lambda: f"policy {i} (pid {pid}) is ready" in d.log())


def no_code(d):
    """Nothing that runs is loaded from where the engine may write."""
    files = [p for p in pathlib.Path(d.dir, "state/policy").rglob("*") if p.is_file()]
    assert files and not [p for p in files if p.read_bytes()[:4] == b"\x7fELF"], files
    for pid in workers(d).values():
        with open(f"/proc/{pid}/maps", encoding="utf-8") as f:
            assert "/state/policy/" not in f.read()


def copies(d):
    return sorted(pathlib.Path(d.dir, "state/policy").glob("*/*/packs/trial.conf"))


def quiet(d):
    assert "changed_since" not in d.status(), d.status()
    assert "has loaded other packs" not in d.log(), "nothing else was loaded"


def edited(d, site):
    """Good packs, saved and not reloaded."""
    site.post("one", "I will hurt you")
    first = pack_of(d, "one")
    assert first is not None
    wait("copies", lambda: copies(d))
    d.write("packs/trial.conf", SECOND)
    die(d)
    site.post("two", "I will hurt you")
    site.post("three", "I will harm you")
    assert pack_of(d, "two") == first, "it was judged by other packs"
    assert pack_of(d, "three") is None
    no_code(d)
    quiet(d)
    return first


def reloaded(d, site, first):
    """A reload takes them, and from then on they are what is kept."""
    reload(d)
    site.post("four", "I will harm you")
    second = pack_of(d, "four")
    assert second not in (None, first), second
    # Those of the configuration before are spared while it might stay in use.
    assert len(copies(d)) <= 2 and copies(d)[-1].read_text() == SECOND, copies(d)
    d.write("packs/trial.conf", PACK)
    die(d)
    site.post("five", "I will harm you")
    assert pack_of(d, "five") == second
    quiet(d)
    return second


def refused(d, site, second):
    """So does one that was refused: the old policy is whole, and stays so."""
    d.write("packs/trial.conf", HALF)
    d.proc.send_signal(signal.SIGHUP)
    wait("the reload to be refused", lambda: "the new configuration is refused" in d.log())
    die(d)
    site.post("six", "I will harm you")
    assert pack_of(d, "six") == second
    assert d.status()["plugins_missing"] == 0, d.status()
    quiet(d)


def spoiled(d, site, second):
    """Copies are held against what was loaded; where they are not that, the files count."""
    line = "has not loaded from copies what this configuration was begun with"
    d.write("packs/trial.conf", SECOND)
    assert len(copies(d)) <= 2, copies(d)
    for copy in copies(d):
        copy.write_text(THIRD)
    pids = workers(d)
    for pid in pids.values():
        os.kill(pid, signal.SIGKILL)
    site.post("seven", "I will harm you")
    site.post("eight", "I will bite you")
    assert pack_of(d, "seven") == second and line in d.log(), "what was changed counts"
    assert pack_of(d, "eight") is None, "a copy that was changed is in use"
    wait("successors", lambda: set(workers(d)) == set(pids))
    die(d)
    site.post("nine", "I will bite you")
    assert pack_of(d, "nine") is None
    quiet(d)


def add_program(d):
    """A program that is not there while a file is."""
    os.chmod(d.dir, 0o711)
    d.path("plugin").mkdir()
    text = pathlib.Path(SOURCE, "plugins/probe/faulty.py").read_text("utf-8")
    d.write("plugin/prog.py", "import os, sys\nos.path.exists(os.path.dirname(__file__) + "
            "'/away') and sys.exit(1)\n" + text)
    conf = d.path("tosd.conf").read_text("utf-8")
    d.write("tosd.conf", conf.replace('rules.so"; } );', 'rules.so"; }, { name = "faulty"; '
            'command = [ "/usr/bin/python3", "%s" ]; } );' % d.path("plugin/prog.py")))


def program_away(d, site):
    """Copies are held against what they are copies of."""
    add_program(d)
    d.start()
    site.post("ten", "I will hurt you")
    first = pack_of(d, "ten")
    assert first is not None
    wait("copies", lambda: copies(d))
    d.write("plugin/away", "")
    die(d)
    wait("the program to be missed", lambda: d.status()["plugins_missing"] > 0)
    assert "faulty" in d.log()
    d.path("plugin/away").unlink()
    d.write("packs/trial.conf", SECOND)
    die(d)
    site.post("eleven", "I will hurt you")
    assert pack_of(d, "eleven") == first, "it was judged by other packs"
    assert "has not loaded from copies" not in d.log()
    quiet(d)


def main():
    os.umask(0o022)
    site = Site()
    with Daemon({"t": site.base + "/feed"}, interval="1s",
                more='coverage = { second_max = 0; };') as d:
        d.start()
        first = edited(d, site)
        second = reloaded(d, site, first)
        refused(d, site, second)
        spoiled(d, site, second)
        d.stop()
        d.check_record()
    with Daemon({"t": site.base + "/feed"}, interval="1s",
                more='coverage = { second_max = 0; };') as d:
        program_away(d, site)
        d.stop()
    site.shutdown()
    site.server_close()
    print("packs changed on disk: taken by a reload alone")


if __name__ == "__main__":
    sys.exit(main())
