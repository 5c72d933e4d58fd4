#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A plugin that is a program and crashes, hangs, leaks, writes garbage or far too much, does
not read, or forks without end, in the real daemon.  For each fault: what it fails over ends
as degraded and never as clean, what other plugins found in the same post counts at once,
everything else is judged exactly once by all, other tenants' posts keep their pace, one line
of the log names plugin and post, and no process is left over.  Then the retry queue: what a
program that is down was not asked waits in the store, also over a restart of the daemon.

Each trial has a daemon of its own, all at once: they mostly wait.  An argument runs one of
them; TOSD_QUICK=1 two faults."""
import os
import pathlib
import re
import shutil
import sys
import time

from daemon import SOURCE, Daemon, Site, skip, wait
from trials import run_trials

FAULTS = ("crash", "hang", "leak", "garbage", "slow", "fork", "huge", "noise", "chatter")
PLUGINS = """deadline = "6s"; {more} plugins = ( {{ name = "faulty";
    command = [ "/usr/bin/python3", "{dir}/plugin/faulty.py" ]; deadline = "1500ms";
    memory = "128M"; processes = 8; }}, {{"""
THREAT = "I will hurt you"


def post(tenant, text):
    return {"at": 0.0, "tenant": tenant, "op": "post", "id": f"{tenant}-{text}",
            "title": "A post", "text": text, "author": "someone"}


class Tenants(Site):
    """Forum and garden, for as long as a context."""

    def __init__(self, events=()):
        super().__init__({"forum": {"page": 100}, "garden": {"page": 100}}, events)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class Trial(Daemon):
    """The daemon with the faulty program beside the rules, and two tenants."""

    def __init__(self, web, more=""):
        super().__init__({t: web.feed(t) for t in ("forum", "garden")}, interval="1s")
        # The program may have a user id of its own, which must get to its file.
        os.chmod(self.dir, 0o711)
        self.path("plugin").mkdir()
        shutil.copy(SOURCE + "/plugins/probe/faulty.py", self.path("plugin/faulty.py"))
        self.path("plugin").chmod(0o755)
        self.path("plugin/faulty.py").chmod(0o755)
        conf = self.path("tosd.conf").read_text()
        self.write("tosd.conf", conf.replace(
            "plugins = ( {", PLUGINS.format(dir=self.dir, more=more), 1))

    def states(self):
        """{id of the post: state of its revision}; 0 pending, 1 judged, 2 degraded."""
        return dict(self.query("SELECT guid, state FROM revision_state JOIN revision ON "
                               "revision.id = revision_state.revision "
                               "JOIN item ON item.id = item"))

    def plugin(self, name):
        """Its row of `plugin status'."""
        return {r["name"]: r for r in self.rows("plugin", "status")}[name]

    def programs(self):
        """Processes of the program, with what it has started."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                args = pathlib.Path("/proc", pid, "cmdline").read_bytes().split(b"\0")
                dead = ") Z " in pathlib.Path("/proc", pid, "stat").read_text()
            except OSError:
                continue
            if not dead and f"{self.dir}/plugin/faulty.py".encode() in args:
                found.append(int(pid))
        return found

    def found(self, guid):
        return [r for (r,) in self.query(
            "SELECT rule FROM finding JOIN revision ON revision.id = finding.revision JOIN item ON "
            "item.id = revision.item WHERE guid = ? ORDER BY rule", guid)]

    def violated(self, guid):
        return self.query("SELECT rule FROM violation JOIN item ON item.id = violation.item "
                          "WHERE guid = ?", guid)


def pace(d, web, name):
    """Seconds from a threat in the garden to its violation, the slowest of three."""
    slowest = 0
    for i in range(3):
        text, begin = f"{THREAT} {name} {i}", time.monotonic()
        web.event(**post("garden", text))
        wait("a threat to be a violation", lambda: d.violated(f"garden-{text}"), 60)
        slowest = max(slowest, time.monotonic() - begin)
    return slowest


def check_log(d, guid, fault):
    """The loss by the worker, with plugin and revision; the end by the engine, with item."""
    rows = d.query("SELECT revision.id, item.id FROM revision JOIN item ON item.id = item "
                   "WHERE guid = ?", guid)
    (revision, item), lines = rows[0], d.log().splitlines()
    lost = [x for x in lines if "plugin `faulty'" in x and f"revision {revision} " in x and
            "lost" in x]
    assert lost, (fault, "no line of the loss")
    last = [x for x in lines if f"revision {revision} of item {item} " in x and
            "degraded" in x and "faulty" in x]
    assert len(last) == 1, (fault, last)
    return last[0]


def check_record(d, bad):
    """Each revision is in one entry of the ledger, the bad one in `degraded'."""
    count, degraded = {}, {}
    for e in d.ledger():
        if e["kind"] == "judged":
            for first, last in e["revisions"]:
                for r in range(first, last + 1):
                    count[r] = count.get(r, 0) + 1
        elif e["kind"] == "degraded":
            count[e["revision"]] = count.get(e["revision"], 0) + 1
            degraded[e["revision"]] = e["why"]
    rows = d.query("SELECT revision.id, guid FROM revision JOIN item ON item.id = item")
    assert count == {r: 1 for r, _ in rows}, count
    assert {g for r, g in rows if r in degraded} == {bad}, degraded
    (why,) = degraded.values()
    assert why.startswith("faulty: lost 2 times over it"), why
    assert not d.query("SELECT id FROM retry")
    return why


def one_fault(fault):
    events = [post("forum", f"ordinary words {i} found") for i in range(20)]
    with Tenants(events) as web, \
            Trial(web) as d:
        d.start()
        wait("the first posts to be judged", lambda: list(d.states().values()) == [1] * 20, 60)
        assert d.found("forum-ordinary words 7 found") == ["faulty/found"]
        calm = pace(d, web, "calm")
        bad = f"now zap{fault}, {THREAT}"
        for i in range(3):
            web.event(**post("forum", f"before {i} found"))
        web.event(**post("forum", bad))
        for i in range(3):
            web.event(**post("forum", f"after {i} found"))
        wait("what the rules found to count at once", lambda: d.violated(f"forum-{bad}"), 30)
        rough = pace(d, web, "rough")
        wait("the bad post to be given up", lambda: d.states().get(f"forum-{bad}") == 2, 90)
        wait("everything else to be judged",
             lambda: sum(s == 1 for s in d.states().values()) == 32, 90)
        for i in range(3):
            for word in ("before", "after"):
                assert d.found(f"forum-{word} {i} found") == ["faulty/found"]
        assert d.found(f"forum-{bad}") == ["trial/threat"], d.found(f"forum-{bad}")
        assert len(d.programs()) <= 2 * 8, "the program multiplies"
        assert d.status()["worker_deaths"] == 0
        line = check_log(d, f"forum-{bad}", fault)
        assert len(d.log().splitlines()) < 400, "the log is flooded"
        assert ("under the user id of the roles" in d.log()) == (os.geteuid() != 0)
        d.stop()
        wait("all its processes to be gone", lambda: not d.programs(), 5)
        check_record(d, f"forum-{bad}")
        d.check_record()
        assert rough < 8 * calm + 4, (fault, calm, rough)
        print(f"{fault}: pace {rough / calm:.1f} of that without a fault; {line.split(': ', 1)[1]}",
              flush=True)


def retry_queue():
    """The program is down when posts come, and the daemon is restarted meanwhile."""
    events = [post("forum", f"{THREAT} {i} found") for i in range(10)]
    with Tenants(events) as web, \
            Trial(web) as d:
        d.start()
        wait("the first posts to be judged", lambda: list(d.states().values()) == [1] * 10, 60)
        d.path("plugin/down").write_text("")
        for pid in d.programs():
            os.kill(pid, 9)
        for i in range(5):
            web.event(**post("garden", f"{THREAT} later {i} found"))
        wait("what the rules find to count without it",
             lambda: all(d.violated(f"garden-{THREAT} later {i} found") for i in range(5)), 30)
        later = {g: s for g, s in d.states().items() if "later" in g}
        assert set(later.values()) == {0} and len(later) == 5, later
        assert len(d.query("SELECT id FROM retry")) == 5
        # Its program ends before it says hello: down, and why.
        row = wait("it to be down", lambda: (r := d.plugin("faulty"))["state"] == "down" and r)
        assert row["waiting"] == 5 and row["since"] and row["waiting_since"], row
        assert "started again in" in row["why"], row
        assert d.plugin("rules")["state"] == "serves", d.plugin("rules")
        d.stop()
        assert len(d.query("SELECT id FROM retry")) == 5, "the queue is not in the store"
        d.path("plugin/down").unlink()
        d.start()
        wait("the rest to be judged by it", lambda: list(d.states().values()) == [1] * 15, 60)
        for i in range(5):
            assert d.found(f"garden-{THREAT} later {i} found") == ["faulty/found",
                                                                  "trial/threat"]
            assert sorted(d.violated(f"garden-{THREAT} later {i} found")) == [
                ("faulty/found",), ("trial/threat",)], "doubled or lost"
        assert not d.query("SELECT id FROM retry")
        wait("it to serve", lambda: d.plugin("faulty")["state"] == "serves")
        assert d.plugin("faulty")["waiting"] == 0, d.plugin("faulty")
        d.stop()
        d.check_record()
        print("retry queue: 5 posts waited over a restart, none doubled", flush=True)


def refused():
    """One that never says a word is left out, and said so; one that is never there again
    ends its posts as degraded after retry_for."""
    with Tenants() as web, \
            Trial(web, 'retry_for = "3s";') as d:
        d.start()
        d.path("plugin/down").write_text("")
        for pid in d.programs():
            os.kill(pid, 9)
        web.event(**post("forum", "too late found"))
        wait("it to be given up", lambda: d.states().get("forum-too late found") == 2, 60)
        (why,) = wait("it to be on record", lambda: [e["why"] for e in d.ledger()
                                                     if e["kind"] == "degraded"])
        assert why.startswith("faulty: gave no answer for "), why
        d.stop()
        d.start()
        assert "plugin `faulty' said no hello" in d.log(), "left out without a word"
        web.event(**post("forum", f"{THREAT} found"))
        wait("the rules to judge without it", lambda: d.violated(f"forum-{THREAT} found"), 30)
        assert d.states()[f"forum-{THREAT} found"] == 0, "clean, though it was not asked"
        wait("it to end as degraded", lambda: d.states()[f"forum-{THREAT} found"] == 2, 60)
        (_, why) = wait("it to be on record", lambda: len(v := [
            e["why"] for e in d.ledger() if e["kind"] == "degraded"]) == 2 and v)
        assert why.startswith("faulty: gave no answer for "), why
        assert "not loaded: plugin `faulty' said no hello" in why, why
        d.stop()
        print("given up:", why, flush=True)


def missing():
    """Workers that are started again while a program cannot be: what that is not asked waits
    until their successors have it back, or a reload."""
    with Tenants() as web, Trial(web) as d:
        conf = d.path("tosd.conf")
        conf.write_text(re.sub("restart_max = [^;]*;", "restart_max = \"2s\";", conf.read_text()))
        d.start()
        d.path("plugin/down").write_text("")
        workers = [pid for (role, _), pid in d.roles().items() if role == "policy"]
        for pid in workers:
            os.kill(pid, 9)
        wait("a worker to do without it", lambda: "plugin `faulty' said no hello" in d.log(), 30)
        web.event(**post("forum", f"{THREAT} found"))
        wait("the rules to judge without it", lambda: d.violated(f"forum-{THREAT} found"), 30)
        assert d.states()[f"forum-{THREAT} found"] == 0, "clean, though it was not asked"
        assert d.status()["retries"] == 1 and d.status()["plugins_missing"] == 1, d.status()
        row = d.plugin("faulty")
        assert (row["state"], row["waiting"]) == ("down", 1), row
        assert "plugin `faulty' said no hello" in row["why"], row
        d.path("plugin/down").unlink()
        wait("successors to have it", lambda: d.status()["plugins_missing"] == 0, 60)
        wait("it to judge at last", lambda: d.states()[f"forum-{THREAT} found"] == 1, 60)
        assert d.found(f"forum-{THREAT} found") == ["faulty/found", "trial/threat"]
        assert d.status()["worker_deaths"] == 0, "one was ended with something in hand"
        d.stop()
        d.check_record()
        print("missing: nothing was clean that it was not asked, and it was asked", flush=True)


def reload():
    """A changed program is taken by a reload, a broken one refused; none is left over."""
    with Tenants() as web, Trial(web) as d:
        d.start()
        old, file = set(d.programs()), d.path("plugin/faulty.py")
        assert len(old) == 2, old
        time.sleep(1.5)  # within a second of its start nobody could tell which one it read
        text = file.read_text()
        file.write_text("import sys\nsys.exit('broken')\n")
        os.kill(d.proc.pid, 1)
        wait("the broken one to be refused",
             lambda: "the new configuration is refused" in d.log(), 30)
        assert "plugin `faulty' said no hello" in d.log()
        assert set(d.programs()) == old, "the old ones should have stayed"
        file.write_text(text.replace("faulty/found", "faulty/other"))
        os.kill(d.proc.pid, 1)
        wait("the new one to be in use",
             lambda: "new configuration in use" in d.log(), 30)
        wait("two programs, other ones",
             lambda: len(d.programs()) == 2 and not old & set(d.programs()), 10)
        web.event(**post("forum", "a word found"))
        wait("it to judge", lambda: d.found("forum-a word found") == ["faulty/other"], 30)
        d.stop()
        wait("all its processes to be gone", lambda: not d.programs(), 5)
        print("reload: a broken program refused, a changed one taken", flush=True)


SLOW = {"retry_queue": retry_queue, "refused": refused, "missing": missing, "reload": reload}


def main():
    if not os.access("/usr/bin/python3", os.X_OK):
        skip("no /usr/bin/python3")
    if len(sys.argv) == 2:
        name = sys.argv[1]
        SLOW.get(name, lambda: one_fault(name))()
        return 0
    if os.environ.get("TOSD_QUICK") == "1":
        return run_trials(("crash", "garbage"), 2)
    return run_trials(sys.argv[1:] or (*FAULTS, *SLOW), len(FAULTS) + len(SLOW))


if __name__ == "__main__":
    sys.exit(main())
