#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A running tosd lets the texts of a store go whose time is over, while its engine is killed
again and again and backtests read beside it: in the end exactly those are gone that had to,
nothing that is counted has changed, and the record verifies."""
import json
import os
import signal
import subprocess
import sys
import time

from daemon import BUILD, Daemon, Failed, item_of, wait

ITEMS, DAYS = 4000, 60
KEEP = 'keep = { texts = "40d"; sample = 0.2; sampled = "60d"; found = "75d"; };'
LET_GO = 1 << 19
END_OF_PAST = 1793491200  # past_main's


def check(ok, what, detail=""):
    if not ok:
        raise Failed(f"{what}: {detail}")
    print("ok  ", what)


def is_let_go(body):
    """ITEM_LET_GO among the flags, which stand behind texts and times."""
    at = 0
    for _ in range(10):
        size = int.from_bytes(body[at:at + 4], "little")
        at += 4 + (0 if size == 0xffffffff else size)
    return bool(int.from_bytes(body[at + 16:at + 20], "little") & LET_GO)


def mark(d, name):
    rows = d.query("SELECT value FROM meta WHERE key = ?", "keep." + name)
    return int(rows[0][0].split()[0]) if rows else 0


def sampled(digest):
    return int(digest[:16], 16) % 1000000 < 200000


def check_texts(d):
    """Every text against where its time is."""
    whole, sample, found = (mark(d, m) for m in ("whole", "sample", "found"))
    bad, gone = [], 0
    hits = {r for (r,) in d.query("SELECT revision FROM finding")}
    for ident, digest, body in d.query("SELECT id, digest, body FROM revision ORDER BY id"):
        keep = (ident > whole or (ident > found and ident in hits)
                or (ident > sample and sampled(digest)))
        gone += is_let_go(body)
        if keep == is_let_go(body):
            bad.append((ident, keep))
        elif not keep and set(item_of(body)) - {"id", "url", "published", "links", "media"}:
            bad.append((ident, "still says something"))
    check(not bad, f"of {gone} texts nothing is left but what they are known by", bad[:5])
    check(0 < found < sample < whole, "all three marks moved", (whole, sample, found))


def backtest(d):
    got = d.run("policy", "backtest", "-c", d.conf, "--json", d.dir + "/cand")
    check(got.returncode == 0, "a backtest beside it", got.stderr)
    rows = [json.loads(x) for x in got.stdout.splitlines()]
    history = [r for r in rows if r["kind"] == "history"][0]
    check(history["revisions"]["lost"] == 0, "finds what should be there", history)
    return history


def settled(d):
    """Until no mark has moved for three seconds."""
    since, last = time.monotonic(), None

    def quiet():
        nonlocal since, last
        now = [mark(d, m) for m in ("whole", "sample", "found")]
        if now != last or now[2] == 0:
            since, last = time.monotonic(), now
        return time.monotonic() - since > 3
    wait("all that is due to be let go", quiet, 120, 0.5)


def exposure(d):
    return d.query("SELECT tenant, hour, items, violations, degraded FROM exposure "
                   "WHERE hour < ? ORDER BY 1, 2", END_OF_PAST * 1000)


def main():
    age = (time.time() - END_OF_PAST) / 86400
    if not 5 < age < 10000:
        print("the clock is not where the made past ends")
        return 77
    # As if it had ended a fortnight ago, whatever day it is.
    more = KEEP
    for word, days in (("40d", 26), ("60d", 46), ("75d", 55)):
        more = more.replace(word, "%dh" % ((days + age) * 24))
    with Daemon({"forum": "http://127.0.0.1:9/none"}, more=more) as d:
        os.mkdir(d.dir + "/state")
        os.mkdir(d.dir + "/cand")
        subprocess.run([BUILD + "/tests/past_main", d.dir + "/state/store.db", str(ITEMS),
                        str(DAYS), "30"], check=True)
        subprocess.run([BUILD + "/tosctl", "policy", "new", "demo", d.dir + "/cand"],
                       check=True, stdout=subprocess.DEVNULL)
        before = exposure(d)
        d.start(60)
        for kill in range(4):
            moved = mark(d, "whole")
            wait("the mark to move", lambda m=moved: mark(d, "whole") > m or m > 2000, 60)
            backtest(d)
            pid = d.roles().get(("engine", 0))
            if pid is not None:
                os.kill(pid, signal.SIGKILL)
            wait("tosd to be there again", d.ready, 60)
        settled(d)
        backtest(d)
        check_texts(d)
        check(exposure(d) == before, "what was seen is counted as before")
        d.stop()
        told = [e for e in d.ledger() if e["kind"] == "let-go"]
        check(told and told[-1]["whole"]["upto"] <= mark(d, "whole")
              and told[-1]["share"] == 0.2, "it is on record", told)
        d.check_record()
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as e:
        sys.exit("FAILED: %s" % e)
