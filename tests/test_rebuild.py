#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A lost store: a story is played with the store on disk, the store is made again
from ledger and vault, both are compared table by table, and the story goes on once
on each.  Then what must be refused.  Standard library only."""

import fcntl
import json
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile

BUILD = os.environ.get("builddir", ".")
SRC = os.environ.get("srcdir", ".")
TOSCTL = f"{BUILD}/tosctl"
PLUGIN = f"{BUILD}/plugins/rules/.libs/rules.so"
CONF = """
templates_dir = "{src}/etc/notices.d";
provider = {{ name = "Example Hosting"; mailbox = "abuse@host.example";
  aup_url = "https://host.example/aup"; aup_version = "1"; phone = "+1 555 0100"; }};
fetch = {{ interval = "30m"; }};
policy = {{ packs_dir = "{src}/tests/scenarios/policies.d"; }};
ladder = {{ recheck = "1h"; cure = "12h"; time_to_takedown = "3h"; stages = (
  {{ name = "notice"; deadline = "6h"; deadline_critical = "2h"; }},
  {{ name = "warning"; deadline = "4h"; deadline_critical = "2h"; }}); }};
courier = {{ transport = "smtp"; url = "smtp://127.0.0.1:25"; from = "abuse@host.example";
  legal = "legal@host.example"; }};
safety = {{ desk = [ "safety-a@host.example", "safety-b@host.example" ]; }};
staff = ( {{ name = "desk-1"; approver = true; reviewer = true; }},
  {{ name = "desk-2"; approver = true; }} );
tenants = (
  {{ id = "forum"; name = "The Forum"; contact = "owner@forum.example";
    manager = "am-1@host.example";
    feeds = ( {{ url = "http://forum.example/feed"; }},
      {{ url = "http://forum.example/second"; }} ); }},
  {{ id = "garden"; name = "The Garden"; contact = "owner@garden.example";
    contact2 = "second@garden.example"; manager = "am-2@host.example";
    feeds = ( {{ url = "http://garden.example/feed"; }} ); }},
  {{ id = "silent"; name = "Silent"; contact = "owner@silent.example";
    manager = "am-3@host.example";
    feeds = ( {{ url = "http://silent.example/feed"; }} ); }} );
"""
START, END = "2026-01-05T00:00:00Z", "2026-01-07T06:00:00Z"
LATER, LATER_END = "2026-01-07T07:00:00Z", "2026-01-09T00:00:00Z"


def at(day, hour, minute=0):
    return f"2026-01-{5 + day:02d}T{hour:02d}:{minute:02d}:00Z"


def post(tenant, ident, when, text, **more):
    return dict(op="post", tenant=tenant, id=ident, at=when, text=text, **more)


def person(tenant, when, **request):
    return dict(op="person", tenant=tenant, at=when, request=request)


POSTS = [
    # Two posts that stay: the ladder to its end.
    post("forum", "a", at(0, 1), "I will kill you", title="A title"),
    post("forum", "b", at(0, 1, 10), "we will hang them"),
    post("forum", "c", at(0, 1, 20), "good morning"),
    post("forum", "d", at(0, 12), "they deserve it"),
    # Removed after the report; one is mended, one comes again after its removal.
    post("garden", "e", at(0, 2), "I will shoot him", removed_after_report="1h"),
    post("garden", "f", at(0, 2, 5), "I will kill her"),
    dict(op="edit", tenant="garden", id="f", at=at(0, 4), text="I will call her"),
    post("garden", "g", at(0, 20), "burn down the data center"),
    post("garden", "h", at(2, 1), "we will shoot them"),
    dict(op="down", tenant="garden", at=at(1, 2), until=at(1, 5)),
    dict(op="bounce", tenant="garden", at=at(2, 0), until=at(2, 4)),
    # Unreadable to the end: a gap that stays open.
    dict(op="down", tenant="silent", at=at(1, 0)),
    post("silent", "z", at(0, 3), "hello"),
]
DEEDS = [
    person("garden", at(0, 3), cmd="reply", person="desk-1", reason="they are on it"),
    person("garden", at(0, 3, 30), cmd="hold", what="set", person="desk-1", reason="law"),
    person("garden", at(2, 3), cmd="appeal", what="open", person="desk-1",
           reason="they say it is a song"),
    person("garden", at(2, 4), cmd="appeal", what="reject", person="desk-1",
           reason="it is none"),
    person("forum", at(1, 20), cmd="decide", verdict="accept", person="desk-1",
           reason="the process has failed"),
    person("forum", at(1, 21), cmd="decide", verdict="accept", person="desk-1",
           reason="once more"),
    person("forum", at(1, 22), cmd="decide", verdict="accept", person="desk-2",
           reason="agreed"),
]

# Columns that are not on record, and why (daemon/tosctl/rebuild.h):
LOST = {
    # validators, titles, times and counts of polls
    "feed": {"etag", "last_modified", "body_hash", "title", "format", "next_poll",
             "last_poll", "last_ok", "failures", "status", "outcome", "why", "polls",
             "state_since", "hint", "ttl", "skip_hours", "skip_days", "retry_after", "rate",
             "rate_at", "rate_from", "flood", "planned", "answered", "moved", "moved_state",
             "moved_since", "moved_checked", "moved_polls"},
    # a finding's words can quote the post; findings that do not count are not on record
    "finding": {"id", "reason"},
    # the same, and looks that changed nothing
    "violation": {"reason", "last_online", "last_check", "next_check", "checks",
                  "misses"},
    # a mail server's words; the time of a retry
    "outbox": {"reply", "next_try"},
    # the account behind a name
    "decision": {"uid"},
    "exposure": {"id"},
    # the engine has rules by name, an entry as the worker told them
    "rule_loaded": {"id"},
}
ONLY = {"finding": "counts = 1"}
TABLES = ["feed", "item", "revision", "todo", "finding", "cases", "violation", "notice",
          "outbox", "decision", "hold", "exposure", "gap", "sighting", "away", "ledger_row",
          "counter", "rule_label", "rule_loaded"]

failures = 0


def check(ok, what, detail=""):
    global failures
    print(("ok   " if ok else "FAIL ") + what + ("" if ok else f": {detail}"))
    failures += not ok


def run(*argv, timeout=120):
    return subprocess.run([str(a) for a in argv], capture_output=True, text=True,
                          timeout=timeout)


def rows(path, table):
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    names = [r[1] for r in db.execute(f"PRAGMA table_info({table})")
             if r[1] not in LOST.get(table, ())]
    got = db.execute(f"SELECT {','.join(names)} FROM {table} "
                     f"WHERE {ONLY.get(table, '1')} ORDER BY 1, 2").fetchall() \
        if len(names) > 1 else db.execute(f"SELECT {names[0]} FROM {table}").fetchall()
    db.close()
    return names, got


def compare(old, new, tables=TABLES):
    for table in tables:
        names, was = rows(old, table)
        _, now = rows(new, table)
        bad = [(n, a[i], b[i]) for a, b in zip(was, now) for i, n in enumerate(names)
               if a[i] != b[i]]
        check(len(was) == len(now) and not bad, f"table {table}: {len(was)} rows",
              f"{len(now)} rows, {bad[:4]}")


def one(path, sql):
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    got = db.execute(sql).fetchone()[0]
    db.close()
    return got


def simulate(base, folder, start, end, events, name):
    path = f"{base}/{name}.json"
    with open(path, "w") as f:
        json.dump({"configuration": f"{base}/tosd.conf", "start": start, "end": end,
                   "seed": 5, "keep_store": True, "events": events}, f)
    got = run(TOSCTL, "simulate", "--all", "--dir", folder, "--plugin", PLUGIN, path)
    check(got.returncode == 0, f"simulate {name}", got.stderr[-300:])
    return [json.loads(line) for line in got.stdout.splitlines()]


def kinds(entries, *names):
    """What was decided, without the numbers of entries and the times of polls."""
    drop = ("seq", "prev", "t", "time", "entry", "capture", "commit", "file", "bytes", "sha256")
    return [{k: v for k, v in e.items() if k not in drop}
            for e in entries if e["kind"] in names]


def story(base):
    """Plays it; returns the folder and what was recorded."""
    folder = f"{base}/state"
    os.mkdir(folder)
    said = simulate(base, folder, START, END, POSTS + DEEDS, "story")
    have = {e["kind"] for e in said}
    want = {"policy", "capture", "judged", "violation", "step", "notice",
            "message", "delivery", "recheck", "recommendation", "decision", "appeal",
            "reply", "hold", "gap", "exposure", "safety"}
    check(want <= have, "the story has every kind of entry", want - have)
    states = {e["state"] for e in said if e["kind"] == "delivery"}
    check({"sent", "failed"} <= states, "mail was taken and refused", states)
    return folder


def rebuild(folder, *more):
    return run(TOSCTL, "rebuild", "--dir", folder, "--json", *more)


def test_same(folder, old):
    db = f"{folder}/store.db"
    got = rebuild(folder)
    check(got.returncode == 3 and "is there" in got.stderr, "refused over a store",
          got.stderr)
    shutil.copy(db, old)
    os.remove(db)
    got = rebuild(folder)
    check(got.returncode == 0, "rebuild", got.stderr)
    if got.returncode == 0:
        told = json.loads(got.stdout)
        check(told["pending"] == 0 and told["unknown"] == 0, "nothing is open", told)
        compare(old, db)
    got = rebuild(folder, "--force")
    check(got.returncode == 0, "rebuild --force", got.stderr)
    aside = [n for n in os.listdir(folder) if n.startswith("store.db.old-")]
    check(sum(n.endswith("Z") for n in aside) == 1, "the old store is kept", aside)
    for name in aside:
        os.remove(f"{folder}/{name}")


def test_goes_on(base, folder, old):
    """The same days once on the rebuilt store and once on the one that was never
    lost."""
    kept = f"{base}/kept"
    shutil.copytree(folder, kept)
    shutil.copy(old, f"{kept}/store.db")
    for name in ("store.db-wal", "store.db-shm"):
        if os.path.exists(f"{kept}/{name}"):
            os.remove(f"{kept}/{name}")
    before = one(f"{folder}/store.db", "SELECT max(id) FROM revision")
    events = [e for e in POSTS if "removed_after_report" not in e]
    events.append(post("garden", "new", at(2, 22), "I will hang you"))
    a = simulate(base, kept, LATER, LATER_END, events, "kept")
    b = simulate(base, folder, LATER, LATER_END, events, "rebuilt")
    check(one(f"{folder}/store.db", "SELECT max(id) FROM revision") == before + 1,
          "an unchanged feed gave nothing new, a new post one revision")
    for kind in (["step", "recommendation"], ["violation"], ["notice"], ["delivery"],
                 ["judged"], ["gap"], ["message"]):
        x, y = kinds(a, *kind), kinds(b, *kind)
        diff = [p for p in zip(x, y) if p[0] != p[1]]
        check(x == y, f"the same {kind[0]} entries on both: {len(x)}",
              f"{len(y)}, {str(diff[:1])[:1500]}")
    check(len(kinds(b, "step")) > 0, "cases went on")
    got = run(TOSCTL, "evidence", "verify", folder)
    check(got.returncode == 0, "the record is good afterwards", got.stdout[-400:])
    got = run(TOSCTL, "replay", "--dir", folder, "--all")
    check(got.returncode == 0, "decisions replay", got.stdout + got.stderr)
    shutil.copy(f"{folder}/store.db", f"{base}/second.db")
    os.remove(f"{folder}/store.db")
    got = rebuild(folder)
    check(got.returncode == 0, "rebuilt once more", got.stderr)
    compare(f"{base}/second.db", f"{folder}/store.db", ["item", "revision", "violation",
            "cases", "notice", "gap"])


def test_erased(base):
    """A capture that was erased by a person leaves its numbers; one that is merely
    missing ends the rebuild."""
    folder = f"{base}/erased"
    os.mkdir(folder)
    first = [post("silent", "p", at(0, 1), "a name that must go"),
             post("silent", "q", at(0, 5), "another post")]
    said = simulate(base, folder, START, at(0, 8), first, "erase-1")
    files = [e["file"] for e in said if e["kind"] == "capture"]
    check(len(files) == 2, "two captures", files)
    deed = person("silent", at(0, 10), cmd="erase", file=files[0], person="desk-1",
                  reason="asked for")
    simulate(base, folder, at(0, 9), at(0, 11), [first[1], deed], "erase-2")
    check(not os.path.exists(f"{folder}/{files[0]}"), "the capture is erased")
    shutil.copy(f"{folder}/store.db", f"{base}/erased.db")
    os.remove(f"{folder}/store.db")
    got = rebuild(folder)
    check(got.returncode == 0, "rebuild after an erasure", got.stderr)
    db = sqlite3.connect(f"{folder}/store.db")
    items = db.execute("SELECT id, guid FROM item ORDER BY id").fetchall()
    bodies = db.execute("SELECT id, body IS NULL FROM revision ORDER BY id").fetchall()
    db.close()
    check(items == [(1, "erased:1"), (2, "q")], "numbers stay, names do not", items)
    check(bodies == [(1, 1), (2, 0)], "only the erased content is gone", bodies)
    os.remove(f"{folder}/store.db")
    os.remove(f"{folder}/{files[1]}")
    got = rebuild(folder)
    check(got.returncode == 1 and "missing" in got.stderr, "a missing capture is told",
          got.stderr)
    check(not os.path.exists(f"{folder}/store.db"), "and leaves no store")


def test_unknown(base):
    """Messages that nobody knows to have left: a person decides, whatever they were."""
    folder = f"{base}/unsent"
    os.mkdir(folder)
    with open(f"{base}/tosd.conf") as f:
        conf = f.read()
    with open(f"{base}/tosd.conf", "w") as f:
        f.write(conf.replace('transport = "smtp"; url = "smtp://127.0.0.1:25";',
                             'transport = "none";'))
    simulate(base, folder, START, at(0, 8), [POSTS[0]], "unsent")
    states = "SELECT group_concat(state) FROM outbox"
    check(one(f"{folder}/store.db", states) == "0,0", "two messages wait")
    os.remove(f"{folder}/store.db")
    got = rebuild(folder)
    check(got.returncode == 0 and json.loads(got.stdout)["unknown"] == 2,
          "they are told of", got.stdout + got.stderr)
    check(one(f"{folder}/store.db", states) == "4,4", "their fate is unknown")


def test_changed(base, folder):
    """Other bytes in the vault."""
    broken = f"{base}/broken"
    shutil.copytree(folder, broken)
    os.remove(f"{broken}/store.db")
    name = next(os.path.join(d, f) for d, _, fs in os.walk(f"{broken}/evidence")
                for f in sorted(fs) if f.endswith(".warc"))
    os.chmod(name, 0o600)
    with open(name, "r+b") as f:
        f.seek(-40, 2)
        f.write(b"x")
    got = rebuild(broken)
    check(got.returncode == 1 and "entry" in got.stderr, "a changed capture is told",
          got.stderr)
    got = run(TOSCTL, "rebuild", "--dir", f"{base}/nothing")
    check(got.returncode != 0 and not os.path.exists(f"{base}/nothing/store.db"),
          "no ledger, no store", got.stderr)


def broken_writer(path):
    """A process that has the store open, writes and is gone without closing it."""
    code = ("import os, sqlite3, sys; db = sqlite3.connect(sys.argv[1]);"
            "db.execute('PRAGMA journal_mode = WAL');"
            "db.execute('CREATE TABLE stale(x)'); db.commit(); os._exit(0)")
    subprocess.run([sys.executable, "-c", code, path], check=True)


def test_left_over(base, folder, old):
    """The store is lost, and what an engine that was killed left beside it is not: it
    must not become part of the new one."""
    left = f"{base}/left"
    shutil.copytree(folder, left)
    db = f"{left}/store.db"
    broken_writer(db)
    check(os.path.getsize(db + "-wal") > 0, "a killed engine leaves its log of writes")
    os.remove(db)
    got = rebuild(left)
    check(got.returncode == 0, "rebuild beside it", got.stderr)
    check(one(db, "SELECT count(*) FROM sqlite_schema WHERE name = 'stale'") == 0,
          "nothing of it is in the new store")
    check(one(db, "PRAGMA integrity_check") == "ok", "which is sound")
    compare(old, db, ["item", "revision", "cases", "notice"])
    check(any(n.startswith("store.db.old-") and n.endswith("-wal") for n in os.listdir(left)),
          "it is kept aside", os.listdir(left))


def test_owner(base, folder):
    """By root for a daemon that is not: it must be able to write the store."""
    if os.geteuid() != 0:
        return
    theirs = f"{base}/theirs"
    shutil.copytree(folder, theirs)
    os.remove(f"{theirs}/store.db")
    os.chown(theirs, 65534, 65534)
    got = rebuild(theirs)
    st = os.stat(f"{theirs}/store.db")
    check(got.returncode == 0 and (st.st_uid, st.st_gid) == (65534, 65534),
          "the store is its folder's owner's", (st.st_uid, got.stderr))


def test_full(base, folder):
    """A disk that takes all but the last page of the new store."""
    full = f"{base}/full"
    shutil.copytree(folder, full)
    os.remove(f"{full}/store.db")
    got = rebuild(full)
    size = os.path.getsize(f"{full}/store.db")
    os.remove(f"{full}/store.db")

    def limits():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size - 8192, size - 8192))

    got = subprocess.run([TOSCTL, "rebuild", "--dir", full], capture_output=True, text=True,
                         timeout=120, preexec_fn=limits)
    check(got.returncode == 3 and "full" in got.stderr, "a full disk is told",
          (got.returncode, got.stdout, got.stderr))
    check(not os.path.exists(f"{full}/store.db"), "and leaves no store that lacks something")


def test_beside(base, folder):
    """No daemon may start while the store is made."""
    busy = f"{base}/busy"
    shutil.copytree(folder, busy)
    os.remove(f"{busy}/store.db")
    key = f"{busy}/log.vkey"
    with open(key) as f:
        vkey = f.read()
    os.remove(key)
    os.mkfifo(key)  # where it waits for us
    work = subprocess.Popen([TOSCTL, "rebuild", "--dir", busy], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)
    with open(key, "w") as f, open(f"{busy}/log/lock", "r+") as lock:
        try:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            held = False
        except OSError:
            held = True
        f.write(vkey)
    err = work.communicate(timeout=120)[1]
    check(held, "a rebuild holds the ledger's lock")
    check(work.returncode == 0, "and ends well", err)
    with open(f"{busy}/log/lock", "r+") as lock:
        fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        got = rebuild(busy, "--force")
    check(got.returncode == 3 and "stop it first" in got.stderr, "whoever has it is told of",
          got.stderr)
    os.rename(f"{busy}/log/lock", f"{busy}/log/lock.old")
    os.symlink("lock.old", f"{busy}/log/lock")
    got = rebuild(busy, "--force")
    check(got.returncode == 3 and "cannot open" in got.stderr and "log/lock" in got.stderr,
          "nothing is made without it", got)


def main():
    shm = "/dev/shm"
    base = tempfile.mkdtemp(prefix="tosd-rebuild-",
                            dir=shm if os.access(shm, os.W_OK) else None)
    try:
        with open(f"{base}/tosd.conf", "w") as f:
            f.write(CONF.format(src=os.path.abspath(SRC)))
        folder = story(base)
        test_same(folder, f"{base}/old.db")
        test_left_over(base, folder, f"{base}/old.db")
        test_owner(base, folder)
        test_full(base, folder)
        test_beside(base, folder)
        test_changed(base, folder)
        test_goes_on(base, folder, f"{base}/old.db")
        test_erased(base)
        test_unknown(base)
    finally:
        if os.environ.get("KEEP"):
            print(base)
        else:
            shutil.rmtree(base)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
