#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A pack that is not loaded has found nothing because nobody asked it: through the running tosd,
posts wait for one that is refused at a start, and for one that was half edited when a worker
died; what the other packs find counts at once, and after policy.retry_for they are degraded.
A successor that loads other packs than the workers beside it says so.  A pack whose rules are
all retired is there.  Standard library only."""
import os
import shutil
import signal
import sys

from daemon import PACK, Daemon, wait
from test_lists_daemon import Site, found, judged, revisions

OTHER = (PACK.replace('name = "trial"', 'name = "other"').replace("hurt", "bite")
         .replace("drive them all out", "chase them all off")
         .replace("Drive them all out", "Chase them all off").replace("depot", "garage"))
HALF = OTHER[:OTHER.index("tests = {")]


def configure(d, retry="24h"):
    conf = d.path("tosd.conf")
    conf.write_text(conf.read_text().replace("workers = 2;",
                                             f'workers = 2; retry_for = "{retry}";'))


def waits(d, name):
    """Once it was shown to a worker that has not all packs."""
    def there():
        rows = d.query("SELECT retry.why FROM retry JOIN revision ON revision.id = "
                       "retry.revision JOIN item ON item.id = revision.item WHERE guid = ? "
                       "AND plugin = 'rules' AND given_up = 0 AND retry.due IS NOT NULL", name)
        return rows[0][0] if rows else None
    why = wait(f"{name} to wait ({revisions(d).get(name)})", there)
    assert revisions(d)[name][0] == 0, revisions(d)[name]
    assert d.status()["plugins_missing"] == 1 and d.status()["retries"] >= 1, d.status()
    return why


def settled(d, *names):
    for name in names:
        state, why, _ = judged(d, name)
        assert state == 1, (name, state, why)
    wait("nothing to be missing", lambda: d.status()["plugins_missing"] == 0)
    assert d.status()["retries"] == 0 and d.status()["items_degraded"] == 0, d.status()


def reload(d):
    def times():
        return d.log().count("new configuration in use")
    before = times()
    d.proc.send_signal(signal.SIGHUP)
    wait("it to be taken into use", lambda: times() > before)


def at_a_start(d, site):
    d.write("packs/other.conf", HALF)
    d.start()
    site.post("both", "I will hurt you, and I will bite you")
    site.post("late", "I will bite you")
    site.post("harmless", "I will help you")
    for name in ("both", "late", "harmless"):
        why = waits(d, name)
        assert why.startswith("not complete: pack other.conf is not loaded: /"), why
    wait("the pack that is there to find it", lambda: ("trial/threat", "both") in found(d))
    d.write("packs/other.conf", OTHER)
    reload(d)
    settled(d, "both", "late", "harmless")
    assert found(d) == {("trial/threat", "both"), ("other/threat", "both"),
                        ("other/threat", "late")}, found(d)


def workers(d):
    return {i: pid for (role, i), pid in d.roles().items() if role == "policy"}


def die(d):
    """Both workers, one after the other, and the copies that they would load from are gone,
    so that each successor reads the disk: the first one, once that is seen."""
    shutil.rmtree(d.dir + "/state/policy")

    def is_ready(i, before):
        pid = workers(d).get(i)  # none: one that had others than at the reload has gone again
        return pid not in (None, before) and f"policy {i} (pid {pid}) is ready" in d.log()
    for i, pid in workers(d).items():
        os.kill(pid, signal.SIGKILL)
        wait("a successor that is ready", lambda: is_ready(i, pid))


def half_edited(d, site):
    """Saved, not reloaded, and workers die: nothing is clean meanwhile."""
    d.write("packs/other.conf", HALF)
    die(d)
    wait("the engine to know", lambda: d.status()["plugins_missing"] == 1)
    site.post("edited", "I will bite you")
    waits(d, "edited")
    d.proc.send_signal(signal.SIGHUP)
    wait("the reload to be refused", lambda: "the new configuration is refused" in d.log())
    assert revisions(d)["edited"][0] == 0, revisions(d)["edited"]
    d.write("packs/other.conf", OTHER)
    reload(d)
    settled(d, "edited")
    assert ("other/threat", "edited") in found(d), found(d)
    assert "has loaded other packs" not in d.log(), "it was told as what waits"


def edited_well(d):
    """The successor has what nobody has put into force: said, in words."""
    assert "changed_since" not in d.status(), d.status()
    d.write("packs/other.conf", OTHER.replace("version = 1", "version = 2"))
    die(d)
    wait("it to be said", lambda: "has loaded other packs or plugins" in d.log())
    since = wait("status to say it", lambda: d.status().get("changed_since"))
    # An engine that comes later is told.
    pid = d.roles()[("engine", 0)]
    os.kill(pid, signal.SIGKILL)
    wait("another engine", lambda: d.roles().get(("engine", 0)) not in (None, pid))
    wait("it to know", lambda: (s := d.status()) and s.get("changed_since") == since)
    n = d.log().count("has loaded other packs or plugins")
    assert d.status()["plugins_missing"] == 0, d.status()
    reload(d)
    wait("that to be over", lambda: "changed_since" not in d.status())
    die(d)
    assert "changed_since" not in d.status(), "there was a reload"
    assert d.log().count("has loaded other packs or plugins") == n, "there was a reload"


def retired(d, site):
    """All rules of a pack, by one word each: no pack is missing, nobody waits, and what they
    found counts no more, as far as nobody was told of it."""
    def open_ones():
        return d.query("SELECT count(*) FROM violation WHERE rule = 'other/threat' AND "
                       "withdrawn = 0 AND notice = 0")[0][0]
    line = "rule other/threat rev 1: enforce to retired as its pack has it no more, or as retired"
    site.post("before", "I will bite you")
    settled(d, "before")
    gone = d.log().count("its pack is gone")
    d.write("packs/other.conf", OTHER.replace('mode = "enforce"', 'mode = "retired"'))
    p = d.run("policy", "test", d.dir + "/packs")
    assert p.returncode == 0 and "pack other: 0 rules, 3 retired, 3 tests passed" in p.stdout, p
    reload(d)
    wait("it to be retired", lambda: line in d.log())
    wait("what no notice cites to be withdrawn", lambda: open_ones() == 0)
    site.post("after", "I will bite you")
    settled(d, "after")
    assert ("other/threat", "after") not in found(d), found(d)
    assert d.log().count("its pack is gone") == gone, "a pack that is there"
    d.write("packs/other.conf", OTHER)
    reload(d)
    wait("it to count again", lambda: not d.query(
        "SELECT id FROM violation WHERE rule = 'other/threat' AND withdrawn <> 0"))


def over(site):
    """After retry_for it is degraded, and never clean."""
    with Daemon({"t": site.base + "/feed"}, interval="1s",
                more='coverage = { second_max = 0; };') as d:
        configure(d, retry="2s")
        d.write("packs/other.conf", HALF)
        d.start()
        state, why, _ = judged(d, "harmless")
        assert state == 2 and "rules: gave no answer for" in why, (state, why)
        assert "other.conf" in why, why
        d.stop()
        d.check_record()


def main():
    os.umask(0o022)
    site = Site()
    with Daemon({"t": site.base + "/feed"}, interval="1s",
                more='coverage = { second_max = 0; };') as d:
        configure(d)
        at_a_start(d, site)
        half_edited(d, site)
        edited_well(d)
        retired(d, site)
        d.stop()
        d.check_record()
    over(site)
    site.shutdown()
    site.server_close()
    print("packs that are not loaded: posts waited, and were judged or degraded")


if __name__ == "__main__":
    sys.exit(main())
