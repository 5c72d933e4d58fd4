#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""What people have to do with plugin `moderation', in the real daemon and by the real
tosctl: a report has a model asked about a post at which no rule points, whatever dies
meanwhile, and once.  What models found waits until a person confirms or dismisses it, which
is a label and nothing more.  One tenant's flood leaves the model to others, and another policy
is another question."""
import os
import pathlib
import signal
import sqlite3
import sys

from daemon import wait
from model_server import ModelServer
from test_moderation import DEGRADED, JUDGED, Tenants, Trial

# Terminal codes, an end of a JSON text, bytes that are no UTF-8.
HOSTILE = os.fsdecode(b'\x1b[2Ja mail said "}\n{"kind":"decision"} \xff\xfe')


class People(Trial):
    def item(self, name):
        return self.query("SELECT id, url FROM item WHERE guid = ?", name)[0]

    def tell(self, *words, reason="it is a threat", code=0):
        """A command of desk-1; its rows."""
        p = self.run(*words, "--person", "desk-1", "--reason", reason)
        assert p.returncode == code, (words, p)
        return p

    def report(self, about, *more, **how):
        return self.tell("report", str(about), *more, **how)

    def reported(self, n, limit=30):
        """The row of report n once policy has looked."""
        def done():
            rows = [r for r in self.rows("reports") if r["id"] == n]
            return rows[0] if rows and rows[0]["state"] != "open" else None
        return wait(f"report {n} to be looked at", done, limit)

    def entries(self, kind, **has):
        return [e for e in self.ledger() if e["kind"] == kind and
                all(e.get(k) == v for k, v in has.items())]


def check_report(web, model, d):
    web.post("quiet", "you know THREAT is what I mean, neighbour")
    web.post("other", "the birds are back")
    assert d.settled("quiet")[0] == d.settled("other")[0] == JUDGED
    assert not model.texts()  # no rule points at either
    number, url = d.item("quiet")
    p = d.report(url, "--from", HOSTILE, reason=HOSTILE)
    assert "known              false" in p.stdout and "\x1b" not in p.stdout, p.stdout
    row = d.reported(1)
    assert row["state"] == "looked" and row["found"] == 3, row
    # Categories and the pair of models, of which one is asked already.
    assert model.count("neighbour") == 3, model.asked
    assert d.states()["quiet"] == (JUDGED, None)
    assert row["from"].endswith("\ufffd\ufffd") and row["reason"] == row["from"], row
    text = d.run("reports").stdout
    assert "looked" in text and "\x1b" not in text and text.count("\n") == 2, text
    assert sorted(r["rule"] for r in d.rows("reviews")) == [
        "classes/violence", "moderation/threat", "pair/threat"]
    # Once more, by its number: known, and nothing happens.
    p = d.report(number, "--from", HOSTILE, reason=HOSTILE)
    assert "known              true" in p.stdout, p.stdout
    assert len(d.rows("reports")) == 1 and model.count("neighbour") == 3
    # The tenant may be said beside it.
    for tenant, words in (("forum", ""), ("nobody", "there is no tenant `nobody'")):
        p = d.report(url, "--tenant", tenant, "--from", HOSTILE, reason=HOSTILE,
                     code=1 if words else 0)
        assert words in p.stderr and ("known              true" in p.stdout) == (not words), p
    for about, words in (("99999", "there is no post 99999"),
                         ("http://127.0.0.1:1/", "no post among the newest")):
        assert words in d.report(about, code=1).stderr
    assert d.run("report", str(number), "--person", "nobody", "--reason", "x").returncode == 1
    assert d.run("report", "--person", "desk-1", "--reason", "x").returncode == 2
    print("a reported post is asked about, once", flush=True)


def check_word(d):
    """Confirm and dismiss: labels, each finding once; nothing counts."""
    rows = {r["rule"]: r for r in d.rows("reviews")}
    assert all(r["of"] == "model" and r["state"] == "waits" and "tenant" not in r
               for r in rows.values()), rows
    first, second = rows["moderation/threat"]["id"], rows["pair/threat"]["id"]
    p = d.tell("reviews", str(first), "confirm")
    assert "never counts" in p.stdout, p.stdout
    d.tell("policy", "dismiss", str(second))  # the older command says the same
    for word in ("confirm", "dismiss"):
        p = d.tell("reviews", str(first), word, code=1)
        assert "does not wait for a person" in p.stderr, p.stderr
    assert d.run("reviews", str(first), "confirm", "--reason", "x").returncode == 2
    assert [r["rule"] for r in d.rows("reviews")] == ["classes/violence"]
    assert d.rows("policy", "reviews") == []  # canaries, of which there are none
    assert sorted((r["rule"], r["state"]) for r in d.rows("reviews", "--all")) == [
        ("classes/violence", "waits"), ("moderation/threat", "confirmed"),
        ("pair/threat", "dismissed")]
    stats = {r["rule"]: r for r in d.rows("policy", "stats")}
    assert (stats["moderation/threat"]["right"], stats["moderation/threat"]["wrong"]) == (1, 0)
    assert (stats["pair/threat"]["right"], stats["pair/threat"]["wrong"]) == (0, 1)
    assert d.status()["reviews"] == 1
    print("a person's word, once", flush=True)


def check_kill(model, d):
    """kill -9 of everything with the question of a report out."""
    number, _ = d.item("other")
    model.delay = 0.8
    d.report(number)
    wait("its questions", lambda: model.count("birds") > 0)
    for pid in d.roles().values():
        os.kill(pid, signal.SIGKILL)
    d.proc.kill()
    d.proc.wait()
    d.start()
    model.delay = 0
    d.report(number)  # whoever was not told makes it again
    row = d.reported(2)
    assert row["state"] == "looked" and row["found"] == 0, row
    assert model.count("birds") <= 6, model.asked
    assert len(d.rows("reports")) == 2
    print("kill -9 with a report under way", flush=True)


def lose_store(d):
    for name in ("store.db", "store.db-wal", "store.db-shm"):
        pathlib.Path(d.state, name).unlink(missing_ok=True)
    p = d.run("rebuild", "--dir", d.state)
    assert p.returncode == 0, p.stderr


REPORTS = ("SELECT id, item, revision, tenant, state, made, looked, found, who, file, entry "
           "FROM report ORDER BY id")
REVIEWS = "SELECT id, tenant, since, state, entry FROM review ORDER BY id"
LABELS = "SELECT revision, tenant, rule, rev, verdict, source, who, entry FROM rule_label ORDER BY id"


def check_record(d):
    d.stop()
    d.check_record()
    made = d.entries("report", state="made")
    assert [e["person"] for e in made] == ["desk-1", "desk-1"], made
    assert all("reason" not in e and "from" not in e for e in made), made
    assert len(d.entries("report", state="looked")) == 2
    assert not d.entries("violation") and not d.entries("decision")
    labels = d.entries("label", by="review", person="desk-1")
    assert sorted((e["rule"], e["right"]) for e in labels) == [
        ("moderation/threat", True), ("pair/threat", False)], labels
    tables = REPORTS, REVIEWS, LABELS
    before = [d.query(t) for t in tables]
    assert all(before), before
    lose_store(d)
    assert [d.query(t) for t in tables] == before
    print("on record, and made again from there", flush=True)


def check_share(web, model, d):
    """One tenant's flood leaves the other its share, and what was not asked is said."""
    for i in range(12):
        web.post(f"flood-{i}", f"watch one: THREAT number {i} of a flood")
    got = [d.settled(f"flood-{i}") for i in range(12)]
    assert [s for s, _ in got].count(JUDGED) == 6, got
    assert all("the tenant's share of the day's budget of endpoint local is spent: 6 of 12"
               in w for s, w in got if s == DEGRADED), got
    for i in range(3):
        web.post(f"small-{i}", f"watch one: THREAT number {i} of a few", "garden")
    assert all(d.settled(f"small-{i}")[0] == JUDGED for i in range(3))
    rows = {r.get("tenant"): r for r in d.rows("endpoints")}
    assert rows["forum"]["requests"] == rows["forum"]["of_requests"] == 6, rows
    assert rows["forum"]["refused"] == 6 and rows["garden"]["refused"] == 0, rows
    assert rows[None]["requests"] == 9 and rows[None]["of_requests"] == 12, rows
    assert d.status()["asks_refused"] == 6
    assert len(model.texts()) == 9, model.texts()
    assert d.log().count("its posts that would be asked about are degraded") == 1
    print("a flood beside another tenant", flush=True)


def check_policy(web, model, d):
    """Another policy text, and another model, make old answers none."""
    words = "number 1 of a few"
    assert model.count(words) == 1
    for change in ("policy", "model"):
        if change == "policy":
            d.path("policy.txt").write_text("4.1 Threats. Another text.\n")
        else:
            conf = d.path("tosd.conf").read_text()
            d.write("tosd.conf", conf.replace('"model-a"', '"model-z"'))
        before = d.status()["policy"]
        d.proc.send_signal(signal.SIGHUP)
        wait("the new policy", lambda b=before: (d.status() or {}).get("policy") not in (b, None))
        web.post(f"after-{change}", f"watch one: THREAT {words}", "garden")
        assert d.settled(f"after-{change}")[0] == JUDGED
    assert model.count(words) == 3, model.asked
    assert model.asked[-1][2] == "model-z" and len(model.systems) == 2
    print("another policy, another model: asked anew", flush=True)


ASKS = "SELECT model, state, status, time, entry, file FROM ask ORDER BY entry"


def check_old(web, model, d):
    """An answer of last month serves no more; what rests on it still names it, and the
    store made again from the record knows both."""
    d.stop()
    db = sqlite3.connect(pathlib.Path(d.state, "store.db"))
    db.execute("UPDATE ask SET time = time - 31 * 86400000 WHERE state = 1 AND model = 'model-z'")
    db.commit()
    db.close()
    d.start()
    web.post("month", "watch one: THREAT number 1 of a few", "garden")
    assert d.settled("month")[0] == JUDGED
    assert model.count("number 1 of a few") == 4
    rows = [r for r in d.rows("reviews", "garden") if r.get("model") == "model-z"]
    entries = [m["entry"] for r in rows for m in r["models"] if m["model"] == "model-z"]
    assert len(rows) == len(set(entries)) == 2, rows
    d.stop()
    d.check_record()
    before = [r[:3] + r[4:] for r in d.query(ASKS)]
    assert [r[1] for r in before].count(3) == 1, before
    lose_store(d)
    assert [r[:3] + r[4:] for r in d.query(ASKS)] == before
    print("an answer that is too old", flush=True)


def main():
    model = ModelServer()
    with Tenants() as web, People(web, model) as d:
        d.start()
        check_report(web, model, d)
        check_word(d)
        check_kill(model, d)
        check_record(d)
    model.stop()
    model = ModelServer()
    with Tenants() as web, People(web, model, more="day_requests = 12;") as d:
        d.start()
        check_share(web, model, d)
        check_policy(web, model, d)
        check_old(web, model, d)
    model.stop()


if __name__ == "__main__":
    sys.exit(main())
