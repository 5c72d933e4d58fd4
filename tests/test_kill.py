#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""kill -9 of every role in turn, at random moments, while tenants publish and a slow mail
server takes notices.  Afterwards nothing that was accepted is missing, and nothing was
judged or delivered twice.

usage: test_kill.py [KILLS [SEED]]

KILLS defaults to $TOSD_KILLS or else 30."""
import collections
import email
import os
import random
import re
import subprocess
import sys
import threading
import time

from daemon import Daemon, Mail, Web, skip, wait

TENANTS = [f"t{i:02}" for i in range(20)]
TURNS = [("engine", 0), ("fetch", 0), ("policy", 0), ("courier", 0), ("engine", 0),
         ("policy", 1), ("console", 0), ("fetch", 0), ("courier", 0), ("engine", 0),
         ("supervisor", 0)]
GOOD = ["I will help you", "the depot is open", "drive them home, please"]
BAD = {"trial/threat": "Watch out, I will hurt you", "trial/call": "drive them all out now"}
SAFETY = "we will burn the depot tonight"
LADDER = ('stages = ( { name = "notice"; deadline = "4s"; }, { name = "warning"; '
          'deadline = "4s"; }, { name = "final warning"; deadline = "4s"; } ); '
          'recheck = "5s"; min_exposure = 1;')


class Publisher(threading.Thread):
    """Posts to random tenants until told to stop; some posts are edited later."""

    def __init__(self, web, rng):
        super().__init__(daemon=True)
        self.web, self.rng, self.halt = web, rng, threading.Event()
        self.rules, self.safety, self.texts = {}, set(), {}
        self.error = None

    def text(self, key):
        dice = self.rng.random()
        if dice < 0.06:
            self.safety.add(key)
            return SAFETY
        if dice < 0.2:
            self.rules[key] = self.rng.choice(list(BAD))
            return BAD[self.rules[key]]
        return self.rng.choice(GOOD)

    def post(self, n):
        key = (self.rng.choice(TENANTS), f"p{n}")
        self.texts[key] = f"{self.text(key)} ({n})"
        self.web.event(op="post", tenant=key[0], id=key[1], title=f"Post {n}",
                       text=self.texts[key], author="someone")

    def edit(self):
        key = self.rng.choice(list(self.texts))
        if key in self.rules or key in self.safety:
            return
        self.texts[key] += " and more"
        self.web.event(op="edit", tenant=key[0], id=key[1], text=self.texts[key])

    def run(self):
        try:
            n = 0
            while not self.halt.wait(self.rng.uniform(0.01, 0.1)):
                self.post(n)
                if n % 10 == 9:
                    self.edit()
                n += 1
        except Exception as e:  # the main thread asks
            self.error = e

    def stop(self):
        self.halt.set()
        self.join(30)
        assert self.error is None, self.error


def await_work(d, rng):
    """Half of the time: until the engine is within a commit, a copy to the ledger or a
    signature, where a random moment rarely hits."""
    if rng.random() < 0.5:
        return
    path = d.path("state/" + rng.choice(["store.db-wal", "log/checkpoint"]))

    def state():
        try:
            return path.stat().st_mtime_ns, path.stat().st_size
        except OSError:
            return None
    before, end = state(), time.monotonic() + 1
    while state() == before and time.monotonic() < end:
        pass
    time.sleep(rng.choice([0, 0, 0.001, 0.003]))


def kill(d, role, index, rng):
    """One SIGKILL; returns False if the role was not there in time."""
    if role == "supervisor":
        d.proc.kill()
        d.proc.wait()
        d.spawn()  # at once: what is left of the old one must not matter
        return True
    end = time.monotonic() + 10
    while time.monotonic() < end:
        pid = d.roles().get((role, index))
        if pid is not None:
            if role == "engine":
                await_work(d, rng)
            try:
                os.kill(pid, 9)
                return True
            except ProcessLookupError:  # one that found its log held still by the old one
                pass
        time.sleep(0.02)
    return False


def kill_all(d, kills, rng):
    done = collections.Counter()
    for i in range(kills):
        role, index = TURNS[i % len(TURNS)]
        time.sleep(rng.uniform(0.02, 1.0))
        assert kill(d, role, index, rng), f"{role} {index} did not come back"
        done[role] += 1
    return done


def settle(d):
    """Everything published is read, everything found is told."""
    wait("tosd to be ready again", d.ready, 60)
    (polls,) = d.query("SELECT max(polls) FROM feed")[0]
    wait("three more polls of every feed", lambda: d.query(
        "SELECT count(*) FROM feed WHERE polls < ?", polls + 3) == [(0,)], 60, 0.5)

    def quiet():
        s = d.status()
        return s and s["pending"] == s["outbox_new"] == s["outbox_sending"] == 0 \
            and not d.query("SELECT id FROM cases WHERE phase = 1 AND deadline IS NOT NULL")
    wait("an end of inspections and mails", quiet, 90, 0.5)
    time.sleep(2)
    wait("an end of inspections and mails", quiet, 90, 0.5)


def stored(d):
    """{(tenant, guid): (item, revisions, state of the last revision)}"""
    found = {}
    for url, guid, item, n, state in d.query(
            "SELECT feed.url, guid, item.id, revisions, revision_state.state FROM item "
            "JOIN feed ON feed.id = feed "
            "JOIN revision ON revision.item = item.id AND revision.n = item.revisions "
            "JOIN revision_state ON revision_state.revision = revision.id"):
        key = (url.split("/")[-2], guid)
        assert key not in found, f"{key} is stored twice"
        found[key] = (item, n, state)
    return found


def check_items(d, pub):
    found = stored(d)
    missing = set(pub.texts) - set(found)
    assert not missing, f"{len(missing)} posts are missing: {sorted(missing)[:5]}"
    assert not set(found) - set(pub.texts)
    assert d.query("SELECT count(*) FROM revision_state WHERE state = 0") == [(0,)]
    assert not d.query("SELECT item FROM revision GROUP BY item, digest HAVING count(*) > 1 "
                       "AND max(n) - min(n) < 2"), "one content became two revisions"
    assert not d.query("SELECT item.id FROM item JOIN revision ON item = item.id "
                       "GROUP BY item.id HAVING count(*) <> revisions")
    return found


def check_violations(d, pub, found):
    """One violation of each bad post, unless it is on record as degraded."""
    by_item, degraded = collections.defaultdict(list), 0
    for item, rule in d.query("SELECT item, rule FROM violation"):
        by_item[item].append(rule)
    for key, (item, _, state) in found.items():
        want = [pub.rules[key]] if key in pub.rules else []
        if state == 2:
            degraded += 1
            assert by_item[item] in ([], want), (key, by_item[item])
        else:
            assert by_item[item] == want, (key, want, by_item[item])
    on_record = collections.Counter(
        (e["item"], e["rule"]) for e in d.ledger() if e["kind"] == "violation")
    assert all(n == 1 for n in on_record.values()), on_record.most_common(3)
    assert len(on_record) == sum(map(len, by_item.values()))
    alerts = collections.Counter(e["item"] for e in d.ledger() if e["kind"] == "safety")
    for key in pub.safety:
        assert alerts[found[key][0]] == 1 or found[key][2] == 2, (key, alerts[found[key][0]])
    return degraded


def tell_twice(d, mails, message_id, to):
    """All that is known of a mail that came twice."""
    for at, _, recipient, data in mails:
        if recipient == to and message_id.encode() in data[:4096]:
            print(f"  came at {time.strftime('%T', time.gmtime(at))}.{int(at * 1000) % 1000:03},",
                  len(data), "bytes")
    for row in d.query("SELECT outbox.* FROM outbox JOIN notice ON notice.id = notice "
                       "WHERE trim(message_id, '<>') = ? AND recipient = ?", message_id, to):
        print("  outbox:", row)
        for e in d.ledger():
            if e.get("outbox") == row[0]:
                print("  ledger:", e)
        for line in d.log().splitlines():
            if re.search(rf"(mail|message) {row[0]}\b", line) or " supervisor " in line or \
                    "killed by" in line:
                print("  log:", line[:160])


def check_mails(d, mails, done):
    """No mail twice; what is said to have been sent has come, what failed has not; a
    death leaves one mail at most whose fate is unknown."""
    came = collections.Counter(
        (email.message_from_bytes(data)["Message-ID"].strip("<>"), to)
        for _, _, to, data in mails)
    twice = [k for k, n in came.items() if n > 1]
    for key in twice:
        tell_twice(d, mails, *key)
    assert not twice, f"delivered twice: {twice}"
    states, unknown = collections.Counter(), []
    for state, message_id, to in d.query(
            "SELECT state, message_id, recipient FROM outbox JOIN notice ON "
            "notice.id = notice"):
        key = (message_id.strip("<>"), to)
        states[("new", "sending", "sent", "failed", "unknown")[state]] += 1
        assert state != 2 or came[key] == 1, f"{key} is said to be sent and did not come"
        assert state != 3 or came[key] == 0, f"{key} is said to have failed and came"
        if state == 4:
            unknown.append((*key, came[key]))
        came.pop(key, None)
    assert not +came, f"mails that the store does not know: {list(came)[:3]}"
    assert not states["new"] and not states["sending"], states
    for message_id, to, n in unknown:
        print(f"  fate unknown: {message_id} to {to}: {'came' if n else 'did not come'}")
    assert len(unknown) <= done["courier"] + done["supervisor"]
    return dict(states)


def check_log(d):
    """Nobody died but by our hand, or because another one did."""
    ends = collections.Counter(re.sub(r"\(pid \d+\)|\d+", "", m) for m in re.findall(
        r" (?:error|crit\w*) +\S+ (.*)", d.log()))
    for text, n in ends.most_common(12):
        print(f"  log: {n} x {text[:150]}")
    bad = re.findall(r".*(?:SIGSEGV|SIGABRT|SIGBUS|SIGSYS|Sanitizer).*", d.log())
    assert not bad, bad[:3]


def run(d, web, mail, kills, rng):
    pub = Publisher(web, random.Random(rng.random()))
    d.start()
    begin = time.monotonic()
    pub.start()
    time.sleep(2)
    done = kill_all(d, kills, rng)
    took = time.monotonic() - begin
    pub.stop()
    settle(d)
    found = check_items(d, pub)
    degraded = check_violations(d, pub, found)
    d.stop()
    states = check_mails(d, mail.mails, done)
    check_log(d)
    d.check_record()
    kinds = d.kinds()
    print(f"{sum(done.values())} kills in {took:.0f} s: {dict(done)}")
    print(f"{len(found)} posts, all stored once; {len(pub.rules)} bad ones, {degraded} "
          f"degraded; {kinds.get('violation', 0)} violations, {kinds.get('safety', 0)} alerts, "
          f"{kinds['start']} starts of the engine, {sum(kinds.values())} entries")
    print(f"{len(mail.mails)} mails came, none twice; outbox {states}")


def main():
    kills = int(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("TOSD_KILLS", "30"))
    if len(sys.argv) < 2 and (kills == 0 or os.environ.get("TOSD_QUICK")):
        skip("no kills are wanted (TOSD_KILLS, TOSD_QUICK)")
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.SystemRandom().randrange(1 << 32)
    print("seed", seed, flush=True)
    rng = random.Random(seed)
    delays = random.Random(seed + 1)

    mail = Mail(delay=lambda: delays.uniform(0, 0.2))
    web = Web("--timeline", {"tenants": {
        t: {"format": ("rss", "atom", "json")[i % 3], "page": 60}
        for i, t in enumerate(TENANTS)}, "events": []})
    try:
        with Daemon({t: f"{web.base}{t}/feed.xml" for t in TENANTS}, interval="1s",
                    transport="smtp", smtp=mail.port, ladder=LADDER) as d:
            run(d, web, mail, kills, rng)
    except subprocess.TimeoutExpired as e:
        sys.exit(f"out of time: {e}")
    finally:
        web.stop()
        mail.stop()


if __name__ == "__main__":
    sys.exit(main())
