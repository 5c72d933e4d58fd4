#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A plugin that crashes, hangs or reports nonsense, in the real daemon: what it fails over
ends as degraded and never as clean, everything else is judged exactly once, the daemon
keeps its pace meanwhile, the log names worker and item, and the record verifies."""
import collections
import os
import sys
import time

from daemon import BUILD, Daemon, Web, skip, wait

ORDINARY = 40
PACE = 5  # seconds from a post to its judgement while workers hang, polling included
BAD = {"rule": "not declared", "score": "not 0 to 1", "outside": "outside of the text"}
PROBE = os.path.abspath(BUILD) + "/plugins/probe/.libs/probe.so"
PLUGIN = """deadline = "1s"; attempts = 2;
  plugins = ( {{ name = "probe"; path = "{path}"; settings = {{ crash = "zapcrash";
    hang = "zaphang"; told = "zapbad-"; }}; }},
    {{""".replace("{{", "{").replace("}}", "}").replace("{path}", PROBE)


def post(name, text, at=0.0):
    return {"at": at, "tenant": name, "op": "post", "id": f"{name}-{text}", "title": "A post",
            "text": text, "author": "someone"}


def timeline():
    """Forty ordinary posts with the two bad ones among them, and the bad findings."""
    events = [post("forum", f"ordinary words number {i}", i / 1000) for i in range(ORDINARY)]
    events.append(post("forum", "now zapcrash", 0.0135))
    events.append(post("forum", "now zaphang", 0.0275))
    events += [post("liars", f"see zapbad-{kind} here") for kind in BAD]
    events.append(post("garden", "roses"))
    return {"tenants": {"forum": {"page": 100}, "garden": {"page": 100}}, "events": events}


def states(d):
    """{text of the id: state of its only revision}; 0 pending, 1 judged, 2 degraded."""
    return dict(d.query("SELECT guid, state FROM revision JOIN item ON item.id = item"))


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
    rows = d.query("SELECT revision.id, guid, state FROM revision JOIN item ON item.id = item")
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
    for kind, words in BAD.items():
        guid = f"liars-see zapbad-{kind} here"
        assert why[guid].startswith("probe: made") and words in why[guid], why[guid]
        assert any("degraded" in x and why[guid] in x for x in log), guid


def run(d, web):
    d.start()
    first = ORDINARY + 3 + len(BAD)
    wait("every post to be judged or given up", lambda: settled(d, first), 30)
    slowest, n = check_pace(d, web)
    wait("the rest to be settled", lambda: settled(d, first + 4 + n), 30)
    status = d.status()
    assert status["items_degraded"] == 6 + len(BAD), status["items_degraded"]
    assert status["items_judged"] == ORDINARY + 1 + n, status["items_judged"]
    assert status["worker_deaths"] >= 12, status["worker_deaths"]  # twice each, alone
    # Nothing that was refused is kept.
    assert not d.query("SELECT id FROM finding WHERE rule LIKE 'probe/%'")
    d.stop()
    check_log(d, check_once(d))
    d.check_record()
    print(f"{status['items_judged']} judged once, {status['items_degraded']} degraded, "
          f"{status['worker_deaths']} workers lost; slowest of {n} posts while workers "
          f"hung: {slowest:.1f} s")


def main():
    if os.environ.get("TOSD_QUICK") == "1":
        skip("a slow scenario")
    if not os.path.exists(PROBE):
        skip(f"no {PROBE}")
    web = Web("--timeline", timeline())
    tenants = {t: f"{web.base}{t}/feed.xml" for t in ("forum", "liars", "garden")}
    try:
        with Daemon(tenants, interval="1s") as d:
            conf = d.path("tosd.conf").read_text()
            d.write("tosd.conf", conf.replace("plugins = ( {", PLUGIN, 1))
            run(d, web)
    finally:
        web.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
