#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""Plugin `moderation' in the real daemon, against a server that speaks the protocol
(model_server.py).  Only posts at which a rule points are asked about, each text once,
whoever posted it; what a model finds is for review and never counts.  Every fault of the
server ends in an answer, a retry or a `degraded' that says why, never as clean.  A question
that is out survives kill -9 of every role and a restart, and is asked once more at most.
With the answers kept, nothing needs the server any more."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from daemon import BUILD, Daemon, Site, account, wait
from model_server import KEY, ModelServer

PENDING, JUDGED, DEGRADED = 0, 1, 2
HINTS = """
pack = { name = "hint"; version = 1; owner = "tests"; about = "what is worth asking about"; };
clauses = ( { id = "9"; text = "Hints"; } );
rules = (
""" + ",\n".join(f"""	{{ id = "{n}"; rev = 1; mode = "shadow"; category = "hints"; clause = "9";
	  severity = "low"; score = 0.6; phrases = [ "watch {n}" ]; reason = "points at it"; }}"""
                 for n in ("one", "two", "three")) + """
);
tests = {
	fail = ( { text = "watch one"; rule = "one"; }, { text = "watch two"; rule = "two"; },
		{ text = "watch three"; rule = "three"; } );
	ok = [ "one", "two", "watch" ];
	twins = ( [ "watch one, farmers", "watch one, bakers" ] );
};
"""
POLICY = """4.1 Threats.  Nobody may threaten a person with violence.
Violates: "I will hurt you".  Does not: news, fiction, quotation.
"""
PLUGIN = """, {{ name = "{name}"; path = "{dir}/moderation.so"; grant = [ "text", "ask", "found" ];
    settings = {{ endpoint = "{endpoint}"; {more} }}; }}"""
CHAT = ('policy_file = "{dir}/policy.txt"; labels = "threat = violence high 4.1 Threats"; '
        'model = "model-a"; when = "hint/{hint}"; ')
ENDPOINT = """plugins = ( {{ name = "rules"; path = "{dir}/rules.so"; }}{plugins} );
  endpoints = ( {{ name = "local"; url = "{url}"; credential = "{dir}/model.key";
    timeout = "1200ms"; parallel = 4; attempts = 2; retry_min = "100ms"; retry_max = "300ms";
    max_answer = 16384; {more} }}{others} );"""


def post(tenant, name, text):
    return {"at": 0.0, "tenant": tenant, "op": "post", "id": name, "title": "A post",
            "text": text, "author": "someone"}


class Tenants(Site):
    def __init__(self):
        super().__init__({"forum": {"page": 100}, "garden": {"page": 100}})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def post(self, name, text, tenant="forum"):
        self.event(**post(tenant, name, text))


class Trial(Daemon):
    """The daemon with three uses of the plugin: a chat, a pair of models, categories."""

    def __init__(self, web, model, more="", retry_for="1h", others="",
                 uses=("local", "local", "local"), **settings):
        """more: of the endpoint `local'; others: further endpoints; uses: which of them the
        three uses of the plugin ask."""
        super().__init__({t: web.feed(t) for t in ("forum", "garden")}, interval="1s",
                         more=f'staff = ( {{ name = "desk-1"; user = "{account()}"; '
                              'reviewer = true; approver = true; } );', **settings)
        shutil.copy(BUILD + "/plugins/moderation/.libs/moderation.so",
                    self.path("moderation.so"))
        self.path("moderation.so").chmod(0o755)
        self.write("packs/hint.conf", HINTS)
        self.write("policy.txt", POLICY)
        self.write("model.key", KEY + "\n")
        self.path("model.key").chmod(0o600)
        chat = CHAT.format(dir=self.dir, hint="{}")
        plugins = "".join(PLUGIN.format(name=n, dir=self.dir, more=m, endpoint=e) for (n, m), e in zip((
            ("chat", chat.format("one")),
            ("pair", chat.format("two") + 'second_model = "model-b"; prefix = "pair";'),
            ("classes", 'protocol = "moderation"; model = "model-c"; when = "hint/three"; '
             'prefix = "classes"; labels = "violence = violence high 4.1 Threats; '
             'harassment/threatening = violence high 4.1 Threats";')), uses))
        old = f'plugins = ( {{ name = "rules"; path = "{self.dir}/rules.so"; }} );'
        conf = self.path("tosd.conf").read_text()
        assert old in conf
        self.write("tosd.conf", conf.replace(old, ENDPOINT.format(
            dir=self.dir, url=model.url, more=more, plugins=plugins, others=others) +
            f' retry_for = "{retry_for}";'))

    def states(self):
        """{id of the post: (state of its newest revision, why)}."""
        return {g: (s, w) for g, s, w in self.query(
            "SELECT guid, state, why FROM revision_state JOIN revision ON "
            "revision.id = revision_state.revision JOIN item ON item.id = item "
            "ORDER BY revision.id")}

    def settled(self, name, limit=30):
        """(state, why) once the post is not pending any more."""
        def done():
            got = self.states().get(name, (PENDING, None))
            return got if got[0] != PENDING else None
        return wait(f"{name} to be settled", done, limit)

    def found(self, name):
        """[(rule, mode, counts)] of what was found in a post."""
        return self.query(
            "SELECT rule, mode, counts FROM finding JOIN revision ON revision.id = "
            "finding.revision JOIN item ON item.id = revision.item WHERE guid = ? AND rule "
            "NOT LIKE 'hint/%' ORDER BY rule", name)


# What becomes of a post that sets a fault off: (state, part of why, requests at most).
FAULTS = {
    "error": (DEGRADED, "no answer of endpoint local after 2 tries: HTTP status 500, the server "
              "failed; it says: oops", 2),
    "hang": (DEGRADED, "after 2 tries", 2),
    "drip": (DEGRADED, "after 2 tries", 2),
    "huge": (DEGRADED, "too long, or broken off", 2),
    "close": (DEGRADED, "after 2 tries", 2),
    "reset": (DEGRADED, "after 2 tries", 2),
    "bad-request": (DEGRADED, "the endpoint does not take it: status 400; it says: context length",
                    1),
    "nojson": (DEGRADED, "after 2 tries: an answer that is not of its protocol", 2),
    "schema": (DEGRADED, "no choices[0].message.content", 1),
    "misquote": (DEGRADED, "the model's quote is no part of the text", 1),
    "two": (DEGRADED, "more than one JSON object", 1),
    "unknown": (DEGRADED, 'label "suspend-the-tenant" is none of ours', 1),
    "cut": (DEGRADED, 'cut short: finish_reason "length"', 1),
    "chatty": (JUDGED, None, 1),
    "inject": (JUDGED, None, 1),
}


def check_found(web, model, d):
    """The plain way: who is asked about, and what becomes of it."""
    web.post("threat", "watch one: THREAT to all of you, friends")
    web.post("harmless", "watch one: the birds are back")
    web.post("unasked", "the birds are back, THREAT or not")
    web.post("copy", "watch one: THREAT to all of you, friends", "garden")
    web.post("pair-threat", "watch two: THREAT to all of you")
    web.post("pair-split", "watch two: SPLIT decisions")
    web.post("classes-threat", "watch three: THREAT to all of you")
    web.post("rule", "watch one: I will hurt you. THREAT too. FAULT-hang.")
    # What a rule has found counts while the model is still asked.
    wait("the rule's violation", lambda: d.query(
        "SELECT 1 FROM violation WHERE rule = 'trial/threat'"))
    assert d.states()["rule"][0] == PENDING, d.states()["rule"]
    for name, rules in (("threat", ["moderation/threat"]), ("copy", ["moderation/threat"]),
                        ("harmless", []), ("unasked", []), ("pair-threat", ["pair/threat"]),
                        ("classes-threat", ["classes/violence"])):
        state, why = d.settled(name)
        assert state == JUDGED, (name, state, why)
        assert d.found(name) == [(r, 5, 0) for r in rules], (name, d.found(name))
    state, why = d.settled("pair-split")
    assert state == DEGRADED and 'uncertain: model-a says "threat", model-b "none"' in why, why
    assert model.count("friends") == 1, model.texts()
    assert model.count("the birds are back") == 1, model.texts()
    assert len(model.systems) == 1 and POLICY in next(iter(model.systems))
    assert KEY not in next(iter(model.systems))
    rows = {r["rule"]: r for r in d.rows("reviews", "garden")}
    row = rows["moderation/threat"]
    assert row["model"] == "model-a" and len(row["prompt"]) == 64, row
    assert row["quote"].startswith("THREAT to all") and "model-a says" in row["reason"], row
    assert row["tenant"] == "garden" and row["severity"] == "high", row
    assert len(d.rows("reviews")) == 4, d.rows("reviews")
    text = d.run("reviews").stdout
    assert "moderation/threat" in text and "model-a" in text, text
    print("asked about what a rule points at, each text once; found for review", flush=True)


def check_faults(web, model, d):
    for name in FAULTS:
        web.post(name, f"watch one: THREAT {name} FAULT-{name}.")
    with model.lock:
        model.plan = []
    for name, (want, words, most) in FAULTS.items():
        state, why = d.settled(name)
        asked = model.count(f"THREAT {name} FAULT-{name}.")
        assert state == want, (name, state, why)
        assert (words or "") in (why or ""), (name, why)
        assert 1 <= asked <= most, (name, asked)
    assert d.found("chatty") == [("moderation/threat", 5, 0)]
    assert d.found("inject") == [] and d.found("misquote") == []
    state, why = d.settled("rule")
    assert state == DEGRADED and "after 2 tries" in why, why
    # Busy is nobody's fault: it is waited for, as long as was asked.
    model.plan = ["busy"]
    begin = time.monotonic()
    web.post("busy", "watch one: THREAT at a busy time")
    assert d.settled("busy")[0] == JUDGED
    assert d.found("busy") == [("moderation/threat", 5, 0)]
    assert model.count("busy time") == 2 and time.monotonic() - begin >= 0.3
    print(f"{len(FAULTS) + 1} faults of the server", flush=True)


def check_never_counts(d):
    """No violation, notice or case has anything to do with what models said."""
    assert d.query("SELECT DISTINCT rule FROM violation") == [("trial/threat",)]
    assert d.query("SELECT count(*) FROM finding WHERE mode = 5 AND counts = 1") == [(0,)]
    garden = [r["key"] for r in d.rows("tenants") if r["id"] == "garden"][0]
    assert d.query("SELECT count(*) FROM cases WHERE tenant = ?", garden) == [(0,)]
    assert d.query("SELECT count(*) FROM notice WHERE tenant = ?", garden) == [(0,)]


def check_kills(web, model, d):
    """kill -9 of each role, and of all of them, while a question is out."""
    for role in ("fetch", "policy", "engine", "all"):
        model.delay = 0.6
        name = f"kill-{role}"
        web.post(name, f"watch one: THREAT while {name} dies")
        wait(f"the question of {name}", lambda n=name: model.count(f"while {n} dies"))
        if role == "all":
            for pid in d.roles().values():
                os.kill(pid, signal.SIGKILL)
            d.proc.kill()
            d.proc.wait()
            d.start()
        else:
            os.kill(d.roles()[role, 0], signal.SIGKILL)
        state, why = d.settled(name)
        model.delay = 0
        assert state == JUDGED, (name, state, why)
        assert d.found(name) == [("moderation/threat", 5, 0)], d.found(name)
        assert model.count(f"while {name} dies") <= 2, (name, model.texts())
    # An orderly stop with a question out.
    model.delay = 5
    web.post("stop", "watch one: THREAT while it stops")
    wait("the question", lambda: model.count("while it stops"))
    begin = time.monotonic()
    d.stop()
    assert time.monotonic() - begin < 4
    model.delay = 0
    model.release()
    d.start()
    assert d.settled("stop")[0] == JUDGED
    assert model.count("while it stops") == 2
    print("kill -9 of fetch, policy, engine and all, and a stop, with a question out",
          flush=True)


def check_kept(web, model, d):
    """Without the server: the same text is judged by the kept answer."""
    model.stop()
    web.post("late", "watch one: THREAT while kill-policy dies", "garden")
    assert d.settled("late")[0] == JUDGED
    assert d.found("late") == [("moderation/threat", 5, 0)]
    wait("the signature", lambda: any(
        e["kind"] == "advice" and e["rule"] == "moderation/threat" for e in d.ledger()))
    time.sleep(0.5)
    check_never_counts(d)
    d.stop()
    d.check_record()
    entries = d.ledger()
    answers = [e for e in entries if e["kind"] == "answer"]
    rows = d.query("SELECT key, entry, length(answer), question FROM ask WHERE state = 1")
    assert len(rows) == len(answers) > 10, (len(rows), len(answers))
    by_seq = {e["seq"]: e for e in answers}
    for key, entry, size, question in rows:
        e = by_seq[entry]
        assert e["key"] == key and e["bytes"] == size and question is None, e
        file = pathlib.Path(d.state, e["file"])
        assert file.stat().st_size == size
        assert len(e.get("prompt", "0" * 64)) == 64 and e["model"].startswith("model-")
    for e in entries:
        if e["kind"] == "advice":
            assert e["answers"] and all(a in by_seq for a in e["answers"]), e
    left = [p for p in pathlib.Path(d.state).rglob("*") if p.is_file() and
            KEY.encode() in p.read_bytes()]
    assert not left and KEY not in d.log(), left
    print(f"{len(answers)} answers on record; the key is nowhere", flush=True)


KEPT = ("SELECT key, endpoint, kind, model, prompt, status, time, tokens, entry, file, answer "
        "FROM ask WHERE state = 1 ORDER BY entry")
REVIEWS = ("SELECT revision, rule, rev, pack, clause, category, severity, score, mode, spans, "
           "counts FROM finding WHERE mode = 5 ORDER BY revision, rule")


def check_rebuilt(web, d):
    """A lost store comes back with the answers; an erased one is gone from everywhere."""
    before = d.query(KEPT), d.query(REVIEWS)
    for name in ("store.db", "store.db-wal", "store.db-shm"):
        pathlib.Path(d.state, name).unlink(missing_ok=True)
    p = d.run("rebuild", "--dir", d.state)
    assert p.returncode == 0, p.stderr
    assert (d.query(KEPT), d.query(REVIEWS)) == before
    d.start()
    web.post("later", "watch one: THREAT while kill-policy dies")
    assert d.settled("later")[0] == JUDGED
    assert d.found("later") == [("moderation/threat", 5, 0)]
    rows = [r for r in d.rows("reviews", "garden") if r["quote"].endswith("friends")]
    file = rows[0]["models"][0]["file"]
    p = d.run("erase", file, "--person", "desk-1", "--reason", "they asked")
    assert p.returncode == 0, p.stderr
    assert not pathlib.Path(d.state, file).exists()
    assert d.query("SELECT state, answer FROM ask WHERE file = ?", file) == [(2, None)]
    d.stop()
    d.check_record()
    for name in ("store.db", "store.db-wal", "store.db-shm"):
        pathlib.Path(d.state, name).unlink(missing_ok=True)
    p = d.run("rebuild", "--dir", d.state)
    assert p.returncode == 0, p.stderr
    assert d.query("SELECT state, answer FROM ask WHERE file = ?", file) == [(2, None)]
    print("a lost store has its answers again, but for an erased one", flush=True)


def check_endpoint():
    """A key that is refused and a redirect: nobody's text is to blame."""
    model = ModelServer(key="another")
    with Tenants() as web, Trial(web, model, retry_for="2s") as d:
        d.start()
        web.post("wrong-key", "watch one: THREAT with a wrong key")
        state, why = d.settled("wrong-key")
        assert state == DEGRADED and "gave no answer for" in why, why
        assert model.refused > 1 and not model.asked
        assert ("endpoint local gives no answers: HTTP status 401, the server refuses the "
                "API key") in d.log()
        assert "wrong key" not in d.log()  # what it says of a key may hold the key
        model.key = KEY
        model.plan = ["redirect"] * 100
        web.post("redirect", "watch one: THREAT led astray")
        state, why = d.settled("redirect")
        assert state == DEGRADED, (state, why)
        assert not model.others, model.others  # nobody was sent on
        assert "it redirects, which is not followed" in d.log()
        model.plan = []
        web.post("after", "watch one: THREAT after all that")
        assert d.settled("after")[0] == JUDGED
        assert "endpoint local answers again" in d.log()
        d.stop()
    model.stop()
    print("a wrong key, a redirect", flush=True)


def check_https():
    """A server by its name: the certificate must be good, and a private address allowed."""
    if shutil.which("openssl") is None:
        return print("without openssl: no HTTPS", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        cert = folder + "/both.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                        "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                        "-keyout", cert, "-out", folder + "/cert.pem"], check=True,
                       capture_output=True)
        with open(cert, "a", encoding="ascii") as f, open(folder + "/cert.pem",
                                                          encoding="ascii") as c:
            f.write(c.read())
        model = ModelServer(cert=cert)
        retry = 'retry_min = "100ms"; retry_max = "200ms"; }'
        with Tenants() as web, Trial(
                web, model, more='allow = [ "127.0.0.0/8" ];', retry_for="1s", others=(
                    f', {{ name = "strange"; url = "{model.url}"; {retry}, '
                    '{ name = "misnamed"; url = "%s"; %s' % (
                        model.url.replace("localhost", "127.0.0.1"), retry)),
                uses=("local", "strange", "misnamed"),
                fetch=f'ca_file = "{folder}/cert.pem";') as d:
            d.start()
            expect = (("one", None), ("two", "127.0.0.1:"), ("three", "certificate"))
            for name, _ in expect:
                web.post(name, f"watch {name}: THREAT over a wire")
            for name, said in expect:
                state, why = d.settled(name)
                assert state == (DEGRADED if said else JUDGED), (name, why)
                assert said is None or said in why, (name, why)
            assert len(model.asked) == 1, model.asked
            d.stop()
        model.stop()
    print("HTTPS: the guard, the certificate, the answer", flush=True)


def check_budget():
    model = ModelServer()
    with Tenants() as web, Trial(web, model, more="day_requests = 3; tenant_share = 1.0;") as d:
        d.start()
        for i in range(6):
            web.post(f"dear-{i}", f"watch one: THREAT number {i} costs")
        got = [d.settled(f"dear-{i}") for i in range(6)]
        assert model.count("costs") == 3, model.texts()
        assert [s for s, _ in got].count(JUDGED) == 3, got
        assert all("the day's budget of endpoint local is spent: 3 requests" in w
                   for s, w in got if s == DEGRADED), got
        asked = len(model.texts())
        d.stop()
        d.start()  # the count is kept
        web.post("dear-after", "watch one: THREAT number 7 costs")
        assert d.settled("dear-after")[0] == DEGRADED
        assert len(model.texts()) == asked
        d.stop()
        d.check_record()
    model.stop()
    print("a budget that is spent, and stays so over a restart", flush=True)


def check_conf(web, model):
    """Mistakes are named with their line."""
    for old, new, words in (
            ('model = "model-a"', 'model = ""', "`endpoint' and `model' must not be empty"),
            ("hint/one", "hint/o*e", "is no category, rule"),
            ("hint/one", "hint/won", "plugin `chat': `when' names `hint/won', which no other "
             "plugin has as a category or rule; near it is hint/one"),
            ("hint/one", "hint/*, arson", "`when' names `arson', which no other"),
            ('grant = [ "text", "ask", "found" ]', 'grant = [ "text" ]', "needs ask, found"),
            ("labels = \"threat = violence high 4.1 Threats\"", 'labels = "threat"',
             "is not \"label = category severity clause\""),
            ("policy.txt", "nothing.txt", "nothing.txt"),
            ('/v1"', '/v1/moderations/"', "ends in /moderations, and what plugin `classes' asks"),
            ('name = "local"', 'name = "other"', "no endpoint `local' is configured")):
        with Trial(web, model) as d:
            conf = d.path("tosd.conf").read_text()
            assert old in conf, old
            d.write("tosd.conf", conf.replace(old, new, 1))
            code, said = d.check()
            assert code != 0 and words in said, (new, code, said)
    with Trial(web, model) as d:
        d.path("policy.txt").chmod(0o666)
        code, said = d.check()
        assert code != 0 and "policy.txt: may be written by others" in said, (code, said)
    print("mistakes in the configuration", flush=True)


def check_golden():
    """tosctl moderation test: the same texts before the model that is configured."""
    texts = [("THREAT to all of you", "threat"), ("the birds are back", "none"),
             ("THREAT FAULT-misquote.", "abstain"), ("\u00fcber THREAT", "threat")]
    lines = [json.dumps({"text": t, "expect": e}) for t, e in texts]
    model = ModelServer()
    with Tenants() as web, Trial(web, model) as d:
        d.write("golden.jsonl", "\n".join(lines) + "\n\n")
        words = ("moderation", "test", "-c", d.conf, "--plugin", "chat")
        p = d.run(*words, d.path("golden.jsonl"))
        assert p.returncode == 0 and "4 texts, 4 as expected, 1 abstained" in p.stdout, p
        assert "model model-a, prompt " in p.stdout, p.stdout
        d.write("golden.jsonl", "\n".join(lines + [
            json.dumps({"text": "the rain is back", "expect": "threat"})]))
        p = d.run(*words, d.path("golden.jsonl"))
        assert p.returncode == 1 and "line 5: expected threat, got none" in p.stdout, p
        # What a model says moves no terminal.
        d.write("rude.jsonl", json.dumps({"text": "THREAT FAULT-rude.", "expect": "none"}))
        p = d.run(*words, d.path("rude.jsonl"))
        assert p.returncode == 1 and 'got abstain (chat: the model\'s label "\\x1b[31mred' in (
            p.stdout) and "\x1b" not in p.stdout and "\x07" not in p.stdout, p
        p = d.run(*words, "--max-drift", "20", "--json", d.path("golden.jsonl"))
        rows = [json.loads(x) for x in p.stdout.splitlines()]
        assert p.returncode == 0 and rows[-1]["drift"] == 20 and len(rows) == 6, p
        assert rows[0]["got"] == "threat" and rows[0]["score"] == 0.93, rows[0]
        # Categories have other labels; two models agree on these texts.
        for name, code in (("pair", 0), ("classes", 3), ("other", 3)):
            p = d.run("moderation", "test", "-c", d.conf, "--plugin", name, "--max-drift",
                      "25", d.path("golden.jsonl"))
            assert p.returncode == code, (name, p)
        # What no answer could be is a mistake of the file, not of the model.
        p = d.run("moderation", "test", "-c", d.conf, "--plugin", "classes",
                  d.path("golden.jsonl"))
        assert "golden.jsonl:1: plugin `classes' has no label `threat'" in p.stderr, p
        d.write("refused.jsonl", json.dumps({"text": "FAULT-bad-request.", "expect": "none"}))
        p = d.run(*words, d.path("refused.jsonl"))
        assert p.returncode == 3 and ("status 400, the server refuses the request; it says: "
                                      "context length") in p.stderr, p
        p = d.run("moderation", "test", "-c", d.conf, d.path("golden.jsonl"))
        assert p.returncode == 3 and "choose one with --plugin" in p.stderr, p
        d.path("model.key").write_text("wrong")
        p = d.run(*words, d.path("golden.jsonl"))
        assert p.returncode == 3 and "401, the server refuses the API key" in p.stderr, p
        d.path("model.key").unlink()
        p = d.run(*words, d.path("golden.jsonl"))
        assert p.returncode == 3 and "model.key" in p.stderr and p.stderr.count("\n") == 1, p
        assert d.run("moderation", "fly").returncode == 2
    model.stop()
    print("a golden set", flush=True)


def main():
    model = ModelServer()
    with Tenants() as web:
        check_conf(web, model)
        with Trial(web, model) as d:
            d.start()
            check_found(web, model, d)
            check_faults(web, model, d)
            check_never_counts(d)
            check_kills(web, model, d)
            check_kept(web, model, d)
            check_rebuilt(web, d)
    check_golden()
    check_endpoint()
    check_https()
    check_budget()


if __name__ == "__main__":
    sys.exit(main())
