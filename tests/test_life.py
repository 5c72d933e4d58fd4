#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The life of a rule through the real tosd and the real tosctl: in shadow it finds, people
label what it found, its gates refuse and then hold, two people enforce it (the engine is
killed in between), it counts, an appeal is upheld and takes it down, the notices that relied
on it are listed, it is rolled back, made a canary whose finding a person confirms, and falls
when its pack is edited and its rev not raised.  Then
the store is lost and made again, and the same configuration is started with the modes that
packs declare."""
import json
import os
import shutil
import signal
import sqlite3
import sys
import urllib.error
import urllib.request

from daemon import PACK, Daemon, Site, mail_server, wait

GATES = ('life_cycle = "gated"; gates = { labels = 4; precision = 0.4; days = 1; '
         'tenant_share = 0.8; cost = "1s"; '
         'rule_cost = "1s"; precision_final = 0.4; }; batch = 16;')
STAFF = ('staff = ( { name = "ann"; approver = true; reviewer = true; },\n'
         '  { name = "bob"; approver = true; reviewer = true; } );')
RULE = "trial/threat"
TABLES = {"rule_loaded": "rule, rev, declared, mode", "rule_meaning": "id, rule, rev, meaning", "rule_life": "*", "rule_move": "*", "rule_label": "*",
          "violation": "id, rule, rev, mode, exhibit, notice, withdrawn",
          "review": "(SELECT rule FROM finding WHERE finding.id = review.id), state",
          "cases": "number, stage, phase, exhibits, notices, closed IS NULL",
          "exposure": "tenant, hour, items, violations, degraded"}


class Trial(Daemon):
    def __init__(self, site, mail):
        super().__init__({t: site.feed(t) for t in ("forum", "garden")}, interval="1s",
                         transport="smtp", smtp=mail.port, more=STAFF)
        self.site, self.posts = site, 0
        conf = self.path("tosd.conf").read_text()
        self.write("tosd.conf", conf.replace("batch = 16;", GATES, 1))

    def policy(self, *words, person=None, code=0):
        """Rows of `tosctl policy ...', which must end with this code."""
        if person:
            words += ("-p", person, "-r", f"{person} has looked at it")
        p = self.run("policy", *words, "--json")
        assert p.returncode == code, (words, p.returncode, p.stdout, p.stderr)
        return [json.loads(x) for x in p.stdout.splitlines()]

    def mode(self, rule=RULE):
        return self.policy("rules", rule)[0]["mode"]

    def post(self, tenant, text, n=1):
        for _ in range(n):
            self.posts += 1
            self.site.event(at=0.0, tenant=tenant, op="post", id=f"x{self.posts}",
                            title="A post", text=f"{text}, number {self.posts}",
                            author="someone")
        wait("all posts to be judged", lambda: self.query(
            "SELECT count(*) FROM revision_state WHERE state = 1")[0][0] == self.posts, 60)

    def label(self, n, verdict, person):
        rows = self.rows("findings", RULE, "--unlabelled", "--limit", n)
        assert len(rows) == n, rows
        assert all("tenant" not in r for r in rows), "people judge blind"
        for r in rows:
            self.policy("label", r["id"], verdict, person=person)

    def kill_engine(self):
        pid = self.roles()["engine", 0]
        os.kill(pid, signal.SIGKILL)
        wait("another engine", lambda: self.roles().get(("engine", 0), pid) != pid)
        wait("it to answer", lambda: (self.status() or {}).get("policy"), 30)


def slips(d):
    """What would be ignored or cannot be is refused before anybody is asked."""
    signed = ("-p", "ann", "-r", "a slip")
    for words, says in (
            (("policy", "enforce", RULE, "--until", "2030-01-01", *signed),
             "tosctl policy enforce: only an override of the gates has an end: --until needs"),
            (("policy", "shadow", RULE, "--emergency", *signed), "no option --emergency here"),
            (("policy", "canary", RULE, "25", *signed),
             f"the share is a number from 1 to 99, not `{RULE}'"),
            (("policy", "gate", RULE, "--note", "x"),
             "tosctl policy gate: there is no option --note here"),
            (("policy", "rules", "--rev", "1"), "no option --rev here"),
            (("findings", "--rev", "2"), "tosctl findings: there is no option --rev here"),
            (("findings", "--mode", "foo"), "there is no mode `foo': draft, shadow, canary"),
            (("findings", "--limit", "0"), "--limit is a number from 1 to 200, not `0'"),
            (("findings", "--limit", "-1"), "not `-1'"), (("findings", "--limit", "x"), "not `x'"),
            (("findings", "--limit", "5x"), "not `5x'"),
            (("outbox", "x", "resend", *signed), "tosctl outbox: the id is a number, not `x'"),
            (("outbox", "1", "resend"), "tosctl outbox: who says so?  --person NAME"),
            (("policy", "shadow", RULE, "-r", "x"), "who says so?  --person NAME"),
            (("policy", "label", "1", "right", "-p", "ann"), "why?  --reason TEXT"),
            (("decide", "2026-000001", "accept"), "tosctl decide: who says so?"),
            (("policy", "enforce", RULE, "--emergency", "--until", "soon", *signed),
             "--until is 2026-12-24 or 2026-12-24T18:00:00Z, not `soon'"),
            (("policy", "label", "1", "x2", "right", *signed),
             "a finding is a number, a violation v and a number, not `x2'"),
            (("policy", "label", "v", "right", *signed), "not `v'"),
            (("policy", "confirm", "v2", *signed), "a finding is a number, not `v2'"),
            (("reviews", "x", "confirm", *signed), "tosctl reviews: a finding is a number, not `x'")):
        p = d.run(*words)
        assert p.returncode == 2 and says in p.stderr and not p.stdout, (words, p)
    for words, says in ((("cases", "nosuch"), "there is no tenant `nosuch'"),
                        (("cases", "2026-999999"), "there is no case 2026-999999"),
                        (("decide", "2026-999999", "accept", *signed),
                         "there is no case 2026-999999")):
        p = d.run(*words)
        assert p.returncode == 1 and says in p.stderr and not p.stdout, (words, p)
    # That the gates do not hold is an answer, that there is no such rule is none.
    for words in (("gate", "nosuch"), ("gate", "nosuch/rule"), ("gate", "trial"),
                  ("gate", RULE, "--rev", "7")):
        p = d.run("policy", *words)
        assert p.returncode == 3 and p.stderr and not p.stdout, (words, p)
    assert d.policy("stats", RULE, "--rev", "1")[0]["rev"] == 1
    print("slips of people are told")


def way_up(d):
    """In shadow, until two people enforce it."""
    assert d.mode() == "shadow", "gated: whatever its pack says"
    d.post("forum", "I will hurt you", 2)
    d.post("garden", "I will hurt you", 2)
    assert d.rows("violations") == []
    found = d.rows("findings", RULE)
    assert len(found) == 4 and {r["mode"] for r in found} == {"shadow"}, found
    rows = d.policy("gate", RULE, code=1)
    gates = {g["gate"]: g["holds"] for g in rows}
    assert {g["gate"]: g["is"] for g in rows}["tenants"] == 0.5, rows
    assert not gates["labels"] and not gates["precision"] and gates["cost"], gates
    said = d.policy("enforce", RULE, person="ann", code=1)[0]
    assert said["verdict"] == "refused" and "labels: 0 judged" in said["why"][0], said
    d.label(4, "right", "ann")
    assert all(g["holds"] for g in d.policy("gate", RULE)), d.policy("gate", RULE)
    said = d.policy("enforce", RULE, person="ann")[0]
    assert said["verdict"] == "waits" and d.mode() == "shadow", said
    d.kill_engine()
    said = d.policy("enforce", RULE, person="ann", code=1)[0]
    assert "same person" in said["why"][0], said
    said = d.policy("enforce", RULE, person="bob")[0]
    assert said["verdict"] == "done" and d.mode() == "enforce", said
    d.kill_engine()
    assert d.mode() == "enforce"
    print("shadow, labelled, refused, then enforced by two people; two engines killed")


def fall(d):
    """It counts; an appeal takes it down; what relied on it; back again."""
    d.post("forum", "I will hurt you")
    case = wait("a case", lambda: d.rows("cases"))[0]["case"]
    wait("the notice to be delivered",
         lambda: any(v.get("reported") for v in d.rows("violations")), 90)
    for what, right, wrong in (("open", 4, 0), ("reject", 5, 0), ("open", 5, 0),
                               ("uphold", 4, 1)):
        p = d.run("appeal", case, what, "-p", "ann", "-r", "it is a song")
        assert p.returncode == 0, p.stderr
        row = d.policy("rules", RULE)[0]
        assert (row["right"], row["wrong"]) == (right, wrong), (what, row)
    assert d.mode() == "shadow"
    last = [e for e in wait("a signed head", lambda: [
        e for e in d.ledger() if e["kind"] == "mode" and e["move"] == "demote"])][-1]
    assert last["persons"] == [] and "notices that relied on it" in d.log(), last
    relied = d.policy("relied", RULE)
    assert [(r["case"], r["exhibits"], r["wrong"]) for r in relied] == [(case, 1, 1)], relied
    said = d.policy("rollback", RULE, person="bob", code=1)[0]
    assert "lower bound" in said["why"][0], said
    d.post("garden", "I will hurt you", 3)
    assert len(d.rows("violations")) == 1, "in shadow again"
    d.label(3, "right", "bob")
    assert d.policy("rollback", RULE, person="ann")[0]["verdict"] == "waits"
    rows = d.policy("rollback", "trial", person="bob")
    assert [r["rule"] for r in rows] == [RULE], "the pack's other rules were never moved"
    assert d.mode() == "enforce" and d.policy("rules", RULE)[0]["by"] == "ann, bob"
    print("counted, appealed, fallen, notices listed, rolled back by two people")


def canary(d):
    said = d.policy("canary", "99%", RULE, person="ann")[0]
    assert (said["verdict"], said["share"]) == ("done", 99), said
    d.post("garden", "I will hurt you")
    wait("its finding", lambda: d.policy("reviews"), 20)
    d.kill_engine()
    (row,) = d.policy("reviews")
    assert len(d.rows("violations")) == 1
    said = d.policy("confirm", row["id"], person="bob")[0]
    assert said["counts"] == "a violation now", said
    assert len(d.rows("violations")) == 2 and d.policy("reviews") == []
    stats = d.policy("stats", RULE)[0]
    # What rules cost is written once a minute: killed engines have lost some, but what hit
    # was tried.
    assert stats["tried"] == stats["hits"] == 9 and 0 < stats["mean_us"] <= stats["tried_p99_us"], stats
    assert stats["modes"] == {"shadow": 7, "enforce": 1, "canary": 1}, stats
    assert (stats["right"], stats["wrong"]) == (8, 1) and stats["p99_us"] > 0, stats
    print("a canary's finding, confirmed by a person")


def unsaid(d):
    """What a notice was to be about is withdrawn before it is made."""
    for person in ("ann", "bob"):
        d.policy("rollback", RULE, person=person)
    assert d.mode() == "enforce"
    notices = len(d.rows("notices"))
    d.post("forum", "I will hurt you")
    assert len(d.rows("violations")) == 3
    d.policy("shadow", RULE, person="ann")
    assert d.rows("violations")[2]["withdrawn"] == "its rule"
    wait("the case to hear of it", lambda: [
        e for e in d.ledger() if e["kind"] == "step" and e["event"] == "withdrawn"], 30)
    # The garden's notice may have come in between; none cites the third violation.
    assert d.rows("violations")[2]["notice"] == 0
    assert len(d.rows("notices")) - notices in (0, 2)
    print("withdrawn before the tenant heard of it")


def rewritten(d):
    """Its pack is edited and its rev not raised: nobody has let that count."""
    assert d.policy("rollback", RULE, person="ann")[0]["verdict"] == "waits"
    d.policy("rollback", RULE, person="bob")
    assert d.mode() == "enforce" and d.policy("rules", RULE)[0]["right"] > 0
    d.write("packs/trial.conf", PACK.replace(
        '"i will hurt you"', '"i will hurt you", "i will maim you"'))
    d.proc.send_signal(signal.SIGHUP)
    wait("it to fall", lambda: d.mode() == "shadow", 60)
    assert f"rule {RULE} rev 1 means something else than before" in d.log()
    row = d.policy("rules", RULE)[0]
    assert (row["by"], row["right"], row["wrong"]) == ("rewrite", 0, 0), row
    said = wait("a signed head", lambda: [
        r for e in d.ledger() if e["kind"] == "meaning" for r in e["rules"] if len(r) > 3])
    assert [(r[0], r[1]) for r in said] == [(RULE, 1)] and said[0][2] != said[0][3], said
    print("an edit without a new rev: told, on record, and it counts no more")


def metrics(d):
    url = f"http://127.0.0.1:{d.settings['console']}/metrics"

    def seen():
        try:
            with urllib.request.urlopen(url, timeout=10) as r:
                text = r.read().decode()
        except urllib.error.HTTPError as e:
            assert e.code == 503, e  # of an engine that was killed, and has just begun
            return None
        return text if f'tosd_rule_hits_total{{rule="{RULE}",mode="canary"}} 1' in text \
            else None

    text = wait("the metrics to have it", seen, 30)
    for line in (f'tosd_rule_labels{{rule="{RULE}",verdict="wrong"}} 1',
                 'tosd_plugin_item_seconds{plugin="rules",quantile="0.99"}',
                 'tosd_plugin_serves{plugin="rules"} 1'):
        assert line in text, line


def tables(path):
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    rows = {t: sorted(db.execute(f"SELECT {c} FROM {t}").fetchall(), key=str)
            for t, c in TABLES.items()}
    db.close()
    return rows


def lost_store(d):
    d.stop()
    db = d.state / "store.db"
    old = tables(db)
    shutil.move(db, d.path("old.db"))
    p = d.run("rebuild", "-c", d.conf)
    assert p.returncode == 0, p.stderr
    new = tables(db)
    for name, rows in old.items():
        assert rows == new[name], (name, rows, new[name])
    print("a store made again has the same", ", ".join(
        f"{len(r)} {t}" for t, r in old.items()))


def packs(d):
    """Moved rules stay where people put them; the others are where their pack says."""
    d.write("tosd.conf", d.path("tosd.conf").read_text().replace('"gated"', '"packs"'))
    d.start()
    assert d.mode() == "shadow" and d.mode("trial/call") == "enforce"
    taken_down(d, "trial/call")
    d.check_record()
    lost_store(d)


def taken_down(d, rule):
    """By the pack alone: what it found does not count, until the pack brings it back."""
    whole = d.path("packs/trial.conf").read_text()
    d.post("garden", "Drive them all out")
    for mode in ("shadow", "enforce", "retired", "enforce", "shadow"):
        text = whole.replace('rev = 2; mode = "enforce"', f'rev = 2; mode = "{mode}"')
        if mode == "retired":  # and so no test may name it
            text = text.replace('text = "Drive them all out!"; rule = "call"',
                                'text = "I will hurt you!"; rule = "threat"')
        d.write("packs/trial.conf", text)
        d.proc.send_signal(signal.SIGHUP)
        wait(f"it to be {mode}", lambda: d.mode(rule) == mode, 60)
        row = [r for r in d.rows("violations") if r["rule"] == rule][0]
        assert row["notice"] == 0 and row.get("withdrawn") == (
            None if mode == "enforce" else "its rule"), (mode, row)
    # The first one: the life is gated no more.
    wait("all of it on record", lambda: [
        e["to"]["mode"] for e in d.ledger() if e["kind"] == "mode" and e["move"] == "pack"
        and e["rule"] == rule] == [
            "enforce", "shadow", "enforce", "retired", "enforce", "shadow"], 30)
    assert f"rule {rule} rev 2: enforce to shadow as its pack says (1 open" in d.log(), d.log()
    print("its pack takes it down, and brings it back")


def main():
    mail, site = mail_server(), Site({"forum": {"page": 100}, "garden": {"page": 100}})
    try:
        with Trial(site, mail) as d:
            assert 'mode = "enforce"' in PACK
            d.start()
            slips(d)
            way_up(d)
            fall(d)
            canary(d)
            metrics(d)
            unsaid(d)
            rewritten(d)
            d.check_record()
            lost_store(d)
            packs(d)
    finally:
        site.stop()
        mail.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
