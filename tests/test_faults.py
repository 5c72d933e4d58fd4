#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A plugin that is a shared object and crashes, hangs, leaks, reports nonsense, floods the
log or tries what its walls forbid, in the real daemon: what it fails over ends as degraded
and never as clean, and is judged by the others; everything else is judged exactly once, the
daemon keeps its pace meanwhile, one line of the log names plugin and item, and the record
verifies.  Last, plugins that crash or hang before they are ready: the log names them too."""
import collections
import os
import signal
import sys
import time

from daemon import BUILD, Daemon, Web, skip, wait

ORDINARY = 40
THREAT = "I will hurt you"
PACE = 5  # seconds from a post to its judgement while workers hang, polling included
BAD = {"rule": "not declared", "score": "not 0 to 1", "outside": "outside of the text",
       "nan": "not 0 to 1", "spans": "too many spans", "null": "a reason of NULL",
       "many": "too many findings"}
# Faults of plugins/probe/probe.c that cost the worker, and what the record says of it ...
FATAL = {"abort": "died", "segv": "died", "stack": "died", "exit": "died", "free": "died",
         "table": "died", "pause": "hung", "spin": "hung", "leak": "died", "fork": "died",
         "execv": "died"}
# Those that show only when the plugin has returned: nobody can say which one it was.
LATER = {"close": "died", "garble": "died"}
# ... and those that the plugin is only refused, with its own words.
REFUSED = {"socket": "socket is refused", "open": "open is refused",
           "write": "write is refused", "kill": "kill is refused",
           "thread": "thread is refused", "log": "said too much", "print": "printed too much"}
# What takes limits and seccomp, which a build with sanitizers has not.
WALLS = ("leak", "fork", "execv", "socket", "open", "write", "kill", "thread")
PROBE = os.path.abspath(BUILD) + "/plugins/probe/.libs/probe.so"
PLUGIN = """deadline = "1s"; attempts = 2; worker_memory = "512M";
  plugins = ( {{ name = "probe"; path = "{path}"; settings = {{ crash = "zapcrash";
    hang = "zaphang"; told = "zapbad-"; fault = "zap!"; }}; }},
    {{""".replace("{{", "{").replace("}}", "}").replace("{path}", PROBE)


def post(name, text, at=0.0):
    return {"at": at, "tenant": name, "op": "post", "id": f"{name}-{text}", "title": "A post",
            "text": text, "author": "someone"}


def timeline():
    """Forty ordinary posts with the two bad ones among them, and the bad findings."""
    events = [post("forum", f"ordinary words number {i}", i / 1000) for i in range(ORDINARY)]
    events.append({**post("forum", "now zapcrash", 0.0135), "text": f"now zapcrash, {THREAT}"})
    events.append(post("forum", "now zaphang", 0.0275))
    events += [post("liars", f"see zapbad-{kind} here") for kind in BAD]
    events += [post("liars", f"see zap!{kind} here") for kind in (*FATAL, *LATER, *REFUSED)]
    events.append(post("garden", "roses"))
    return {"tenants": {t: {"page": 100} for t in ("forum", "liars", "garden")},
            "events": events}


def states(d):
    """{text of the id: state of its only revision}; 0 pending, 1 judged, 2 degraded."""
    return dict(d.query("SELECT guid, state FROM revision_state JOIN revision ON "
                        "revision.id = revision_state.revision JOIN item ON item.id = item"))


def settled(d, n):
    s = states(d)
    return len(s) == n and 0 not in s.values()


def check_pace(d, web):
    """While texts that hang come one after the other, other tenants' posts are judged."""
    for i in range(4):
        web.event(**post("forum", f"zaphang again {i}"))
    slowest = 0
    for i in range(8):
        text, begin = f"tulips {i}", time.monotonic()
        web.event(**post("garden", text))
        wait("a post to be judged", lambda: states(d).get(f"garden-{text}") == 1, PACE)
        slowest = max(slowest, time.monotonic() - begin)
        if states(d).get("forum-zaphang again 3") == 2:
            break
    assert i > 0, "the workers did not hang for long enough to see anything"
    return slowest, i + 1


def check_once(d):
    """Every revision is in exactly one entry of the ledger: judged or degraded."""
    count, degraded = collections.Counter(), {}
    for e in d.ledger():
        if e["kind"] == "judged":
            count.update(r for first, last in e["revisions"] for r in range(first, last + 1))
        elif e["kind"] == "degraded":
            count[e["revision"]] += 1
            degraded[e["revision"]] = e["why"]
    rows = d.query("SELECT revision.id, guid, state FROM revision_state JOIN revision ON "
                   "revision.id = revision_state.revision JOIN item ON item.id = item")
    assert set(count.values()) == {1} and set(count) == {r[0] for r in rows}, count
    for number, guid, state in rows:
        assert (state == 2) == ("zap" in guid) == (number in degraded), (guid, state)
    return {guid: degraded.get(number) for number, guid, _ in rows}


def check_log(d, why):
    log = d.log().splitlines()
    for text, word in (("now zapcrash", "died"), ("now zaphang", "hung")):
        (item,) = d.query("SELECT id FROM item WHERE guid = ?", f"forum-{text}")[0]
        lines = [x for x in log if f"of item {item} " in x and "degraded" in x]
        assert len(lines) == 1 and "policy worker" in lines[0] and word in lines[0], lines
        assert word in why[f"forum-{text}"], why[f"forum-{text}"]
        tries = [x for x in log if f"of item {item} cost a policy worker" in x]
        assert len(tries) == 2, tries
    for kind, word in (FATAL | LATER).items():
        guid = f"liars-see zap!{kind} here"
        (item,) = d.query("SELECT id FROM item WHERE guid = ?", guid)[0]
        lines = [x for x in log if f"of item {item} " in x and "degraded" in x]
        assert len(lines) == 1 and word in lines[0] and word in why[guid], lines
        assert kind in LATER or "in check() of plugin `probe' over revision" in lines[0], lines
    for kind, words in REFUSED.items():
        guid = f"liars-see zap!{kind} here"
        assert why[guid] == "probe: " + words, why[guid]
        assert any("degraded" in x and why[guid] in x for x in log), guid
    assert sum("far too much" in x for x in log) <= 40, "the log is flooded"
    printed = [x for x in log if "complained " in x or "printed " in x]
    if not sanitized():
        assert 0 < len(printed) <= 100 and all(
            "a plugin wrote: complained " in x for x in printed
            if "printed too much" not in x), printed[:50]
        # The C library says why it ended the process, in the pipe that nobody reads any more.
        assert any("a plugin wrote last: " in x and "free" in x for x in log), "last words"
    for kind, words in BAD.items():
        guid = f"liars-see zapbad-{kind} here"
        assert why[guid].startswith("probe: made") and words in why[guid], why[guid]
        assert any("degraded" in x and why[guid] in x for x in log), guid


def run(d, web):
    d.start()
    bad = len(BAD) + len(FATAL) + len(LATER) + len(REFUSED)
    first = ORDINARY + 3 + bad
    wait("every post to be judged or given up", lambda: settled(d, first), 90)
    slowest, n = check_pace(d, web)
    wait("the rest to be settled", lambda: settled(d, first + 4 + n), 30)
    status = d.status()
    assert status["items_degraded"] == 6 + bad, status["items_degraded"]
    assert status["items_judged"] == ORDINARY + 1 + n, status["items_judged"]
    deaths = 2 * (6 + len(FATAL) + len(LATER))  # twice each, alone
    assert status["worker_deaths"] >= deaths, status["worker_deaths"]
    # Nothing that was refused is kept: of the many, which are one, that one.
    kept = d.query("SELECT guid, count(*) FROM finding JOIN revision ON "
                   "revision.id = finding.revision "
                   "JOIN item ON item.id = item WHERE rule LIKE 'probe/%' GROUP BY guid")
    assert kept == [("liars-see zapbad-many here", 1)], kept
    # Who can crash one plugin does not escape the others by it.
    assert d.query("SELECT rule FROM violation JOIN item ON item.id = violation.item WHERE "
                   "guid = 'forum-now zapcrash'") == [("trial/threat",)]
    # In whose hands they ended, and that it is asked all the same.
    (row,) = (r for r in d.rows("plugin", "status") if r["name"] == "probe")
    assert row["state"] == "serves" and row["waiting"] == 0, row
    assert 0 < row["deaths"] <= status["worker_deaths"] and row["died"], row
    assert row["over"].startswith("revision ") and row["over"].split(", ")[1] in (
        "died", "hung"), row
    d.stop()
    check_log(d, check_once(d))
    d.check_record()
    print(f"{status['items_judged']} judged once, {status['items_degraded']} degraded, "
          f"{status['worker_deaths']} workers lost; slowest of {n} posts while workers "
          f"hung: {slowest:.1f} s")


def in_open(d):
    """A plugin that crashes before it is ready: a reload refuses it, by name."""
    d.start()
    conf = d.path("tosd.conf").read_text()
    d.write("tosd.conf", conf.replace('settings = { crash', 'settings = { open = "crash"; crash'))
    os.kill(d.proc.pid, signal.SIGHUP)
    wait("the plugin to be refused", lambda: "configuration is refused" in d.log(), 30)
    line = [x for x in d.log().splitlines() if "in open() of plugin `probe'" in x]
    assert len(line) == 1 and "SIGABRT" in line[0], line
    assert d.status()["worker_deaths"] == 0
    if not sanitized():
        d.write("tosd.conf", conf.replace('settings = { crash',
                                          'settings = { open = "fork"; crash'))
        os.kill(d.proc.pid, signal.SIGHUP)
        wait("one that starts a process to be refused",
             lambda: "did not open: fork is refused" in d.log(), 30)
    d.stop()
    print(line[0].split("] ", 1)[1])


def at_start(d, web):
    """The same at a start: after the third time workers do without it.  What it did not judge
    is not clean, and is judged once it is mended."""
    conf = d.path("tosd.conf").read_text()
    d.write("tosd.conf", conf.replace('settings = { crash', 'settings = { open = "crash"; crash'))
    web.event(**post("late", THREAT))
    d.start(limit=60)
    wait("the rules to judge without it",
         lambda: d.query("SELECT rule FROM violation") == [("trial/threat",)], 60)
    assert states(d)[f"late-{THREAT}"] == 0, "clean, though it was not asked"
    last = [x for x in d.log().splitlines() if "does without it" in x]
    assert 1 <= len(last) <= 2 and "plugin `probe' has ended policy" in last[0], last
    (row,) = (r for r in d.rows("plugin", "status") if r["name"] == "probe")
    assert row["state"] in ("down", "partly") and row["waiting"] == 1, row
    assert "it ended workers before they were ready" in row["why"], row
    d.write("tosd.conf", conf)
    os.kill(d.proc.pid, signal.SIGHUP)
    wait("it to judge at last", lambda: states(d)[f"late-{THREAT}"] == 1, 60)
    d.stop()
    d.check_record()
    print(last[0].split("] ", 1)[1])


def simulated(d, web):
    """Faults without any plugin's help: the setting `simulate' and marks in texts."""
    conf = d.path("tosd.conf").read_text()
    d.write("tosd.conf", 'simulate = [ "plugin-crash", "plugin-timeout" ];\n' +
            conf.replace("policy = {", 'policy = { deadline = "1s";', 1))
    faults = {"crash": "died", "timeout": "hung"}
    for kind in faults:
        web.event(**post("forum", f"see tosd-simulate-plugin-{kind} here"))
    web.event(**post("forum", "nothing to see"))
    d.start()
    wait("the three to be settled", lambda: settled(d, 3), 60)
    assert "simulate: plugin-crash is made on purpose" in d.log()
    for kind, word in faults.items():
        (why,) = wait("it to be on record", lambda: [
            e["why"] for e in d.ledger() if e["kind"] == "degraded" and word in e["why"]])
        assert "in check() of plugin `simulated' over revision" in why, why
        assert states(d)[f"forum-see tosd-simulate-plugin-{kind} here"] == 2
    assert states(d)["forum-nothing to see"] == 1
    # The store is full: nothing is lost, nothing passes for judged, and then it goes on.
    d.stop()
    d.write("tosd.conf", 'simulate = [ "db-full" ];\n' + conf)
    for i in range(60):
        web.event(**post("forum", f"long {i} " + "words without end " * 1000))
    d.spawn()
    wait("the store to be full", lambda: "is full" in d.log(), 60)
    assert len([s for s in states(d).values() if s != 0]) < 63, "it was never full"
    d.end(limit=60)
    d.write("tosd.conf", conf)
    d.start()
    wait("all to be judged", lambda: settled(d, 63), 90)
    assert sorted(states(d).values()) == [1] * 61 + [2] * 2
    d.stop()
    d.check_record()
    print("simulated: crash, timeout and a full store; 61 judged, 2 degraded")


def with_probe(tenants):
    d = Daemon(tenants, interval="1s")
    conf = d.path("tosd.conf").read_text()
    d.write("tosd.conf", conf.replace("plugins = ( {", PLUGIN, 1))
    return d


def sanitized():
    with open(BUILD + "/tosd", "rb") as f:
        return b"__asan_init" in f.read()


def main():
    if not os.path.exists(PROBE):
        skip(f"no {PROBE}")
    if sanitized():
        for kind in WALLS:
            FATAL.pop(kind, None)
            REFUSED.pop(kind, None)
    if os.environ.get("TOSD_QUICK") == "1":
        skip("a slow scenario")
    web = Web("--timeline", timeline())
    tenants = {t: f"{web.base}{t}/feed.xml" for t in ("forum", "liars", "garden")}
    try:
        with with_probe(tenants) as d:
            run(d, web)
        with with_probe({"any": "http://127.0.0.1:1/feed.xml"}) as d:
            in_open(d)
        calm = Web("--timeline", {"tenants": {"forum": {"page": 100}, "late": {"page": 100}},
                                  "events": []})
        try:
            with with_probe({"forum": f"{calm.base}late/feed.xml"}) as d:
                at_start(d, calm)
            with Daemon({"forum": f"{calm.base}forum/feed.xml"}, interval="1s") as d:
                simulated(d, calm)
        finally:
            calm.stop()
    finally:
        web.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
