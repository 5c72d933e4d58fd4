#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""`tosctl policy backtest' and `label-samples' over stores that the daemon's own code made:
what a simulated engine did is what is projected of it, any number of processes gives the
same bytes, and a store that cannot be read is said to be so."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile

from test_lists_daemon import HEAD

SRC = os.path.abspath(os.environ.get("srcdir", os.path.join(os.path.dirname(__file__), "..")))
BUILD = os.path.abspath(os.environ.get("builddir", SRC))
TOSCTL = os.path.join(BUILD, "tosctl")
PAST = os.path.join(BUILD, "tests/past_main")
PLUGIN = os.path.join(BUILD, "plugins/rules/.libs/rules.so")
failures = 0

CONF = """
provider = { name = "Example Hosting"; mailbox = "abuse@host.example"; phone = "+1 555 0100";
	aup_url = "https://host.example/aup"; aup_version = "2026-01"; };
templates_dir = "%s/etc/notices.d";
fetch = { interval = "2h"; };
policy = { packs_dir = "packs"; };
ladder = { recheck = "6h"; };
courier = { transport = "smtp"; url = "smtp://127.0.0.1:25"; from = "abuse@host.example";
	legal = "legal@host.example"; };
safety = { desk = [ "safety@host.example" ]; };
staff = ( { name = "desk-1"; approver = true; reviewer = true; } );
tenants = (
	{ id = "forum"; name = "The Forum"; contact = "owner@forum.example";
	  manager = "am@host.example"; feeds = ( { url = "http://forum.example/feed"; } ); },
	{ id = "garden"; name = "The Garden"; contact = "owner@garden.example";
	  manager = "am@host.example"; feeds = ( { url = "http://garden.example/feed"; } ); }
);
"""


def check(ok, what, detail=""):
    global failures
    failures += not ok
    print(("ok   " if ok else "FAIL ") + what + ("" if ok else ": %s" % (detail,)))


def run(*argv):
    return subprocess.run([str(a) for a in argv], capture_output=True, text=True, timeout=600)


def backtest(base, store, *more, packs="packs"):
    return run(TOSCTL, "policy", "backtest", "-c", base + "/tosd.conf", "--store",
               "sqlite:" + store, "--json", *more, os.path.join(base, packs))


def lines(got):
    return [json.loads(s) for s in got.stdout.splitlines()]


def kind(rows, name, **more):
    return [r for r in rows if r["kind"] == name
            and all(r.get(k) == v for k, v in more.items())]


def demo_pack(base, folder, name="demo"):
    os.makedirs(base + "/" + folder, exist_ok=True)
    run(TOSCTL, "policy", "new", name, base + "/" + folder)
    path = "%s/%s/%s.conf" % (base, folder, name)
    with open(path) as f:
        text = f.read()
    with open(path, "w") as f:
        f.write(text.replace('id = "announced"', 'id = "threat"'))
    return path


def simulate(base, name="", deeds=(), begin="0s", end="10d"):
    """Days in virtual time: one tenant removes what it is told of, one does not."""
    series = [
        ("forum", "talk", "3h", ["good morning", "rain again"], {}),
        ("garden", "talk", "3h", ["the roses are out", "seed swap on friday"], {}),
        ("forum", "bad", "31h", ["We will smash the greenhouse"], {}),
        ("garden", "bad", "47h", ["I will wreck your greenhouse"],
         {"removed_after_report": "3h"})]
    events = [dict(op="series", tenant=t, id=i, at=begin, every=e, until="9d", texts=x, **more)
              for t, i, e, x, more in series]
    events.append({"op": "edit", "tenant": "forum", "id": "bad-1", "at": "5d",
                   "text": "we will paint the greenhouse"})
    story = {"configuration": f"{base}/tosd{name}.conf", "start": "2026-01-05T00:00:00Z",
             "end": end, "seed": 3, "keep_store": True, "events": events + list(deeds)}
    with open(base + "/story.json", "w") as f:
        json.dump(story, f)
    os.mkdir(base + "/state" + name)
    got = run(TOSCTL, "simulate", "--plugin", PLUGIN, "--dir", base + "/state" + name,
              base + "/story.json")
    check(got.returncode == 0, "the simulation ends well", got.stderr[-300:])
    return lines(got)


def test_projection(base):
    demo_pack(base, "packs")
    path = base + "/packs/demo.conf"
    with open(path) as f:
        text = f.read()
    with open(path, "w") as f:
        f.write(text.replace('mode = "draft"', 'mode = "enforce"'))
    said = simulate(base)
    rows = lines(backtest(base, base + "/state/store.db"))
    real = {"violations": len(kind(said, "violation")),
            "notices": len(kind(said, "notice", of="stage", audience="tenant")),
            "recommendations": len(kind(said, "recommendation")),
            "cases": len({e["case"] for e in kind(said, "violation")})}
    told = [r for r in kind(rows, "projection", tenants_do="as-recorded")
            if "tenant" not in r][0]
    check(real["violations"] > 8 and real["notices"] > 3, "the story has what it needs", real)
    for name, n in real.items():
        check(told[name] == n, "projected as it was: %s" % name, (told, real))
    record = kind(rows, "rule")[0]["record"]
    check(record["same"] == real["violations"] and record["new"] == record["lost"] == 0,
          "the same packs find the same", record)
    history = kind(rows, "history")[0]
    items = sum(r["items"] for r in said if r["kind"] == "exposure") or \
        sqlite3.connect(base + "/state/store.db").execute(
            "SELECT sum(items) FROM exposure").fetchone()[0]
    check(history["items"] == items, "as many items as the exposure counts",
          (history["items"], items))
    check("The Forum" not in json.dumps(rows) and "forum.example" not in json.dumps(rows),
          "tenants appear by key only")


def test_short(base):
    """Cases without a notice: the time was over, and people are told so."""
    shutil.copy(base + "/tosd.conf", base + "/tosd-short.conf")
    simulate(base, "-short", end="1h")
    for name, ended in (("-short", True), ("", False)):
        got = run(TOSCTL, "policy", "backtest", "-c", base + "/tosd.conf", "--store",
                  "sqlite:%s/state%s/store.db" % (base, name), base + "/packs")
        check(got.returncode == 0, "backtest as text", got.stderr)
        check(("the time looked at ended before any of them was due its notice"
               in got.stdout) == ended, "whether time ended first", got.stdout)
        check("other days are the posts' own" in got.stdout, "whose days they are")


def write_gated(base, name, floor):
    with open(f"{base}/tosd{name}.conf", "w") as f:
        f.write((CONF % SRC).replace("policy = {", 'policy = { life_cycle = "gated"; gates = { '
                                     f"override = \"7d\"; precision_final = {floor}; }};")
                .replace('recheck = "6h";', 'recheck = "6h"; stages = ( { name = "notice"; '
                         'deadline = "24h"; }, { name = "warning"; deadline = "12h"; }, '
                         '{ name = "final-warning"; deadline = "12h"; } );')
                .replace("staff = (", 'staff = ( { name = "desk-2"; approver = true; },'))


def test_unproven(base):
    """Rules whose precision nobody has shown: no last stage, in the engine as projected."""
    write_gated(base, "-gated", 0.5)
    said = simulate(base, "-gated", [
        {"op": "person", "tenant": "forum", "at": at, "request": {
            "cmd": "rule-move", "move": "enforce", "rules": ["demo/threat"],
            "emergency": True, "until": "2026-01-11T12:00:00Z", "person": who,
            "reason": "it is urgent",
            "note": "nothing was judged yet"}}
        for at, who in (("1h", "desk-1"), ("2h", "desk-2"))], begin="3h", end="6d")
    real = {"violations": len(kind(said, "violation")),
            "notices": len(kind(said, "notice", of="stage", audience="tenant")),
            "recommendations": len(kind(said, "recommendation")),
            "held": len([e for e in kind(said, "step") if "rules unproven" in e["row"]])}
    check(real["violations"] > 4 and real["held"] > 0 == real["recommendations"],
          "a story of a rule that has shown nothing", real)
    store = base + "/state-gated/store.db"

    def told(name):
        got = run(TOSCTL, "policy", "backtest", "-c", f"{base}/tosd{name}.conf", "--store",
                  "sqlite:" + store, "--json", base + "/packs")
        return [r for r in kind(lines(got), "projection", tenants_do="as-recorded")
                if "tenant" not in r][0], kind(lines(got), "rule")[0]
    sums, rule = told("-gated")
    for what, n in real.items():
        check(sums[what] == n, "projected as it was held: %s" % what, (sums, real))
    check(rule["proven"] is False, "the rule is said to be unproven", rule)
    text = run(TOSCTL, "policy", "backtest", "-c", base + "/tosd-gated.conf", "--store",
               "sqlite:" + store, base + "/packs").stdout
    check("times no step to the last stage" in text and "a precision of 0.5" in text,
          "and people are told", text[-900:])
    write_gated(base, "-free", 0)
    sums, rule = told("-free")
    check(sums["recommendations"] > 0 == sums["held"] and rule["proven"],
          "where nothing is asked nothing is held", sums)
    # Five words of people, all right: a lower bound of 0.57.
    db = sqlite3.connect(store)
    with db:
        db.executemany("INSERT INTO rule_label(revision, tenant, rule, rev, verdict, source, "
                       "found, time, who, entry) VALUES(?, ?, 'demo/threat', 1, 1, 0, 0, 0, "
                       "'desk-1', 0)", db.execute(
                           "SELECT revision.id, tenant FROM revision JOIN finding ON "
                           "finding.revision = revision.id JOIN item ON item.id = "
                           "revision.item LIMIT 5").fetchall())
    db.close()
    sums, rule = told("-gated")
    check(rule["proven"] and sums["recommendations"] > 0 == sums["held"],
          "five words are enough for a half", (rule, sums))


def test_same_bytes(base, store):
    once = backtest(base, store, "--jobs", 1, packs="cand")
    for jobs in (1, 2, 3):
        again = backtest(base, store, "--jobs", jobs, packs="cand")
        check(again.stdout == once.stdout and once.returncode == 0,
              "%d processes give the same bytes" % jobs, again.stderr)
    rows = lines(once)
    rule = kind(rows, "rule")[0]
    db = sqlite3.connect(store)
    want = len({item for item, body in db.execute("SELECT item, body FROM revision")
                if b"greenhouse" in body})
    found = db.execute("SELECT count(*) FROM finding").fetchone()[0]
    db.close()
    check(rule["items"] == want > 100, "every threat is found", (rule, want))
    check(rule["record"]["same"] == found and rule["record"]["lost"] == 0
          and rule["record"]["new"] == rule["revisions"] - found,
          "new and the same add up", (rule, found))
    rate = rule["rate"]
    check(rate["low"] < rate["per_1000"] < rate["high"], "a rate with its interval", rate)
    tenants = kind(rows, "rule-tenant")
    check(sum(t["items"] for t in tenants) == rule["items"]
          and sum(t["seen"] for t in tenants) == kind(rows, "history")[0]["items"],
          "tenants add up")
    return rows


def test_narrowed(base, store, rows):
    key = kind(rows, "rule-tenant")[0]["tenant"]
    one = lines(backtest(base, store, "--tenant", key, packs="cand"))
    check(kind(one, "rule-tenant") == kind(rows, "rule-tenant", tenant=key),
          "one tenant alone is the same")
    late = lines(backtest(base, store, "--since", "20d", packs="cand"))
    db = sqlite3.connect(store)
    last = db.execute("SELECT seen FROM revision ORDER BY id DESC LIMIT 1").fetchone()[0]
    want = db.execute("SELECT count(*) FROM revision WHERE n = 1 AND seen >= ?",
                      (last - 20 * 86400000,)).fetchone()[0]
    db.close()
    check(kind(late, "history")[0]["items"] == want, "since twenty days before the last",
          (kind(late, "history")[0], want))
    bad = backtest(base, store, "--since", "soon", packs="cand")
    check(bad.returncode == 2 and "not `soon'" in bad.stderr, "no such time", bad.stderr)
    bad = backtest(base, store, "--tenant", "nosuch", packs="cand")
    check(bad.returncode == 1 and "there is no tenant `nosuch' in" in bad.stderr
          and not bad.stdout, "no such tenant", bad)
    # Of another store: the id of a tenant there is its key.
    own = base + "/state/store.db"
    key = [r["tenant"] for r in kind(lines(backtest(base, own)), "rule-tenant")]
    forum = [kind(lines(backtest(base, own, "--tenant", t)), "rule-tenant") for t in
             ("forum", *key)]
    check(len(forum[0]) == 1 and forum[0] in forum[1:], "by its id as by its key", forum)
    bad = run(TOSCTL, "policy", "backtest", "-c", base + "/tosd.conf", base + "/cand")
    check(bad.returncode == 3 and "no store yet" in bad.stderr and
          f"(the store of {base}/tosd.conf; -c FILE" in bad.stderr, "whose store", bad.stderr)


def test_one_pack(base, store):
    with open(base + "/packs/demo.conf") as f:
        text = f.read()
    with open(base + "/packs/demo.conf", "w") as f:
        f.write(text.replace('mode = "enforce"', 'mode = "draft"'))
    path = demo_pack(base, "other", "extra")
    with open(path) as f:
        text = f.read()
    with open(path, "w") as f:
        f.write(text.replace('@target" ]', '@target", "river" ]').replace(
            '"I will really', '"the river", "I will really'))
    got = run(TOSCTL, "policy", "backtest", "-c", base + "/tosd.conf", "--store",
              "sqlite:" + store, "--json", path)
    rules = [r["rule"] for r in kind(lines(got), "rule")]
    check(rules == ["demo/threat", "extra/threat"], "a pack beside those in use",
          (rules, got.stderr))
    check([r["tried"] for r in kind(lines(got), "rule")] == [False, True],
          "which of them is tried is said")
    alone = [r for r in kind(lines(got), "projection", tenants_do="removes")
             if "tenant" not in r][0]
    check(alone["violations"] == kind(lines(got), "rule", rule="extra/threat")[0]["counting"],
          "only what is tried, and what is enforced, would count", alone)
    pair = kind(lines(got), "overlap")
    check(pair and pair[0]["share_of_a"] == 1 and pair[0]["share_of_b"] < 1,
          "what is found by both is shown", pair)
    check(not [n for n in os.listdir(tempfile.gettempdir()) if n.startswith("tosd-packs-")]
          or os.environ.get("TMPDIR") is None, "the copy is gone")
    text = run(TOSCTL, "policy", "backtest", "-c", base + "/tosd.conf", "--store",
               "sqlite:" + store, "--as-written", path).stdout
    check(f"{path}: 1 rule, beside 1 of the other packs; policy" in text,
          "whose rules are counted", text[:300])
    check(" items, 0 would count as written:" in text, "a draft does not count", text)


def test_replaces(base, store):
    """Under another file name a pack takes the place of the one of its own name."""
    os.makedirs(base + "/mine", exist_ok=True)
    new = base + "/mine/neu.conf"
    with open(base + "/packs/demo.conf") as f:
        text = f.read()
    with open(new, "w") as f:
        f.write(text.replace("rev = 1;", "rev = 2;"))
    got = run(TOSCTL, "policy", "backtest", "-c", base + "/tosd.conf", "--store",
              "sqlite:" + store, "--json", new)
    check([(r["rule"], r["rev"]) for r in kind(lines(got), "rule")] == [("demo/threat", 2)],
          "the pack of the same name is replaced", got)
    # Of that file name there is another pack, so that two have one name.
    shutil.copy(base + "/other/extra.conf", base + "/packs/neu.conf")
    shutil.copy(base + "/packs/demo.conf", base + "/packs/twice.conf")
    got = run(TOSCTL, "policy", "backtest", "-c", base + "/tosd.conf", "--store",
              "sqlite:" + store, new)
    check(got.returncode == 1 and "tosd-packs" not in got.stderr
          and f"the pack name `demo' is taken by {base}/packs/" in got.stderr
          and f"{new}: " in got.stderr, "files by the names that people know", got.stderr)
    for name in ("neu", "twice"):
        os.unlink(f"{base}/packs/{name}.conf")
    with open(base + "/mine/words.txt", "w") as f:
        f.write("none")
    got = run(TOSCTL, "policy", "backtest", "-c", base + "/tosd.conf", "--store",
              "sqlite:" + store, base + "/mine/words.txt")
    check(got.returncode == 2, "what is no pack", got)


def test_lists(base, store):
    """Lists beside the packs are looked up if the daemon would."""
    with open(base + "/packs/bad.list", "w") as f:
        f.write(HEAD.format(name="bad", kind="domain", entries="evil.example",
                            category="fraud"))
    with open(base + "/tosd-lists.conf", "w") as f:
        f.write((CONF % SRC).replace('packs_dir = "packs";', 'packs_dir = "packs"; plugins = ( '
                '{ name = "rules"; path = "%s"; }, { name = "lists"; path = "%s"; } );' % (
                    PLUGIN, PLUGIN.replace("rules", "lists"))))
    for name, rules, words in (("-lists", {"demo/threat", "list/bad", "list/bad/shadow"}, ""),
                               ("", {"demo/threat"}, "has no plugin lists")):
        for packs in ("packs", "packs/demo.conf"):
            got = run(TOSCTL, "policy", "backtest", "-c", f"{base}/tosd{name}.conf", "--store",
                      "sqlite:" + store, "--json", f"{base}/{packs}")
            check({r["rule"] for r in kind(lines(got), "rule")} == rules
                  and words in got.stderr, f"lists of {packs}, tosd{name}.conf", got.stderr)
    got = run(TOSCTL, "policy", "backtest", "-c", f"{base}/tosd-lists.conf", "--store",
              "sqlite:" + store, base + "/packs/demo.conf")
    check("demo.conf: 1 rule, beside 1 list; policy" in got.stdout, "and counted", got.stdout[:99])
    os.unlink(base + "/packs/bad.list")


def test_plugins(base, store):
    """A configuration's classifiers judge too, as written; what is not run here is said."""
    with open(base + "/tosd-more.conf", "w") as f:
        f.write((CONF % SRC).replace('packs_dir = "packs";', 'packs_dir = "packs"; plugins = ( '
                '"rules", { name = "second"; path = "%s"; grant = [ "text" ]; settings = '
                '{ model_file = "%s"; threshold = 0.2; }; }, { name = "prog"; command = '
                '[ "/bin/true" ]; } );' % (PLUGIN.replace("rules", "classifier"),
                                           SRC + "/plugins/classifier/violence.model")))
    more = {}
    for conf, beside in (("tosd.conf", {}), ("tosd-more.conf", {"classifier/violence": "shadow"})):
        for packs in ("packs", "packs/demo.conf"):
            words = (TOSCTL, "policy", "backtest", "-c", f"{base}/{conf}", "--store",
                     "sqlite:" + store, f"{base}/{packs}")
            got = run(*words, "--json")
            rules = {r["rule"]: r for r in kind(lines(got), "rule")}
            check({r: x["mode"] for r, x in rules.items() if not x["tried"]} == beside,
                  f"{conf}, {packs}: the classifier's rule is there as written", got)
            check(more.setdefault(packs, rules["demo/threat"]) == rules["demo/threat"],
                  "and changes nothing for the pack", rules)
    check("plugin `prog' is a program" in got.stderr and "is no part of this" in got.stderr,
          "a program is not run", got.stderr)
    text = run(*words).stdout
    check("demo.conf: 1 rule, beside 1 of other plugins; policy" in text, "and counted", text[:99])


def not_over(base, store, path):
    """What somebody may have labelled is not written over, nor its key, nor a device."""
    os.mkfifo(base + "/fifo")
    os.mkdir(base + "/nokey.key")
    for out in path, base + "/fifo", base + "/nokey", base, base + "/nosuch/s":
        before = sorted(os.listdir(base)), os.stat(path).st_mtime_ns
        got = backtest(base, store, "--samples", out, "--seed", 9, packs="cand")
        check(got.returncode == 3 and not got.stdout and
              got.stderr.startswith("tosctl: ") and got.stderr.count("\n") == 1,
              f"no samples over {out}", got)
        check((sorted(os.listdir(base)), os.stat(path).st_mtime_ns) == before,
              "nothing was touched", out)


def test_samples(base, store):
    path = base + "/samples.ndjson"
    got = backtest(base, store, "--samples", path, "--seed", 7, packs="cand")
    with open(path) as f:
        first = f.read()
    rows = [json.loads(s) for s in first.splitlines()]
    check(got.returncode == 0 and len(rows) == 50, "fifty samples", got.stderr)
    check(all(set(r) == {"id", "clause", "text"} for r in rows),
          "a labeller sees text and clause", rows[:1])
    check("demo" not in first and "00000000000000a" not in first,
          "neither rule nor tenant is named")
    check([r["id"] for r in rows] == sorted(r["id"] for r in rows), "in shuffled order")
    check(os.stat(path + ".key").st_mode & 0o077 == 0, "the key is private")
    backtest(base, store, "--samples", path + "7", "--seed", 7, "--jobs", 1, packs="cand")
    with open(path + "7") as f:
        check(f.read() == first, "the same seed draws the same")
    not_over(base, store, path)
    backtest(base, store, "--samples", path + "8", "--seed", 8, packs="cand")
    with open(path + "8") as f:
        check(f.read() != first, "another seed does not")
    label = run(TOSCTL, "policy", "label-samples", "--key", path + ".key", path)
    with open(path + ".marked", "w", encoding="utf-8-sig") as f:
        f.write(first)
    marked = run(TOSCTL, "policy", "label-samples", "--key", path + ".key", path + ".marked")
    check((marked.returncode, marked.stdout) == (label.returncode, label.stdout),
          "a byte-order mark does not matter", marked)
    check(label.returncode == 1 and "no labels yet" in label.stdout, "nothing labelled yet",
          label)
    test_labels(path, rows)


def let_go(base, store):
    """An engine goes on with the store for a day, and lets texts go."""
    with open(base + "/keep.conf", "w") as f:
        f.write(CONF % SRC + 'keep = { texts = "20d"; sample = 0.2; sampled = "40d"; '
                             'found = "50d"; };')
    os.mkdir(base + "/later")
    shutil.copy(store, base + "/later/store.db")
    story = {"configuration": base + "/keep.conf", "start": "2026-11-01T00:00:00Z",
             "end": "1d", "seed": 3, "keep_store": True, "events": []}
    with open(base + "/later.json", "w") as f:
        json.dump(story, f)
    got = run(TOSCTL, "simulate", "--all", "--plugin", PLUGIN, "--dir", base + "/later",
              base + "/later.json")
    check(got.returncode == 0, "an engine goes on with it", got.stderr[-300:])
    return base + "/later/store.db", lines(got)


def test_thinned(base, store):
    thin, said = let_go(base, store)
    told = kind(said, "let-go")
    check(len(told) == 1 and told[0]["share"] == 0.2
          and told[0]["whole"]["upto"] > told[0]["sample"]["upto"] > told[0]["found"]["upto"],
          "it is on record what is whole", told)
    # What was let go since then is told a day later.
    db = sqlite3.connect(thin)
    whole, sample = (int(db.execute("SELECT value FROM meta WHERE key = ?", (k,))
                         .fetchone()[0].split()[0]) for k in ("keep.whole", "keep.sample"))
    db.close()
    check(whole >= told[0]["whole"]["upto"], "marks move on", (whole, told))
    rows = lines(backtest(base, thin, packs="cand"))
    history, rule = kind(rows, "history")[0], kind(rows, "rule")[0]
    reach = history["revisions"]
    db = sqlite3.connect(store)
    true = len({i for i, body in db.execute("SELECT item, body FROM revision WHERE id > ?",
                                            (sample,)) if b"greenhouse" in body})
    seen = db.execute("SELECT count(*) FROM revision WHERE n = 1 AND id > ?",
                      (sample,)).fetchone()[0]
    total = db.execute("SELECT count(*) FROM revision").fetchone()[0]
    db.close()
    check(sum(reach.values()) == total, "every revision is somewhere", reach)
    check(reach["lost"] == 0, "what should be there is there", reach)
    check(0.1 < reach["drawn"] / (reach["drawn"] + reach["passed"]) < 0.3,
          "one in five is drawn", reach)
    check(history["items"] == seen, "the denominator is whole", (history["items"], seen))
    low, high = (rule["rate"][k] * seen / 1000 for k in ("low", "high"))
    check(low < true < high and rule["items"] < true,
          "the truth lies in the interval", (low, true, high, rule))
    check(abs(rule["estimated"] - true) < 0.35 * true, "and not far from the estimate",
          (rule["estimated"], true))
    check(history["greatest_weight"] == 5 and history["samples"][0]["upto"] == whole,
          "weights are those of the share", history)
    text = run(TOSCTL, "policy", "backtest", "-c", base + "/tosd.conf", "--store",
               "sqlite:" + thin, base + "/cand")
    check("only a sample is kept" in text.stdout and "of the sampled time only the sample"
          in text.stdout, "and people are told so", text.stdout)
    again = backtest(base, thin, "--jobs", 3, packs="cand")
    check(lines(again) == rows, "the same again")


def put(path, rows):
    with open(path, "w") as f:
        f.writelines(json.dumps(r) + "\n" for r in rows)


def test_labels(path, rows):
    a, b = path + ".a", path + ".b"
    for i, r in enumerate(rows):
        r["label"] = "no" if i % 10 == 0 else "yes"
    put(a, rows[:40])
    put(b, [dict(r, label="no" if i == 1 else r["label"]) for i, r in enumerate(rows[:10])])
    got = run(TOSCTL, "policy", "label-samples", "--json", "--key", path + ".key", a, b)
    rule = json.loads(got.stdout)
    check((rule["rule"], rule["rev"]) == ("demo/threat", 1), "by rule and revision", rule)
    check((rule["right"], rule["wrong"], rule["disputed"], rule["open"]) == (35, 4, 1, 10),
          "counted as they are", rule)
    p = rule["precision"]
    check(0.6 < p["low"] < p["share"] < p["high"] < 1, "with an interval", p)
    text = run(TOSCTL, "policy", "label-samples", "--key", path + ".key", a, b)
    check("10 texts were labelled by two people, 9 of them alike" in text.stdout,
          "how far they agree", text.stdout)
    # Who is not sure does not agree; nor does who says both.
    put(a, rows[1:5])
    put(b, [dict(rows[1], label="unsure"), rows[2], rows[2], dict(rows[3], label="no"), rows[3]])
    got = run(TOSCTL, "policy", "label-samples", "--json", "--key", path + ".key", a, b)
    rule = json.loads(got.stdout)
    check((rule["right"], rule["wrong"], rule["disputed"]) == (2, 0, 2),
          "unsure against yes counts for nothing", rule)
    text = run(TOSCTL, "policy", "label-samples", "--key", path + ".key", a, b)
    check("3 texts were labelled by two people, 1 of them alike" in text.stdout,
          "who says both agrees with nobody", text.stdout)
    put(a, rows[:40] + rows[:40])
    text = run(TOSCTL, "policy", "label-samples", "--key", path + ".key", a, a)
    check("two people" not in text.stdout and f"{a} is named twice" in text.stderr
          and "36 of 40 right" in text.stdout, "one file is one person", text)
    put(a, rows[:10] + [dict(r, id="f" * 8 + r["id"][8:]) for r in rows[10:30]])
    text = run(TOSCTL, "policy", "label-samples", "--key", path + ".key", a)
    check(text.returncode == 1 and f"20 of 30 labels are of no text of {path}.key: it is the "
          "key of other samples" in text.stderr, "another key", text)
    put(a, rows[:40])
    put(b, [{"id": "ffffffffffffffff", "label": "yes"}])
    got = run(TOSCTL, "policy", "label-samples", "--key", path + ".key", a, b)
    check(got.returncode == 0 and f"1 of 41 labels are of no text of {path}.key\n" in
          got.stderr, "labels of nothing", got.stderr)
    # No key moves a terminal, and no label is lost behind a byte that ends texts of C.
    with open(path + ".key") as f:
        key = f.read()
    with open(path + ".rude", "w") as f:
        f.write(key.replace("demo/threat", "demo/\\u001b[31m\\u009b\x7f"))
    text = run(TOSCTL, "policy", "label-samples", "--key", path + ".rude", a)
    check(text.returncode == 0 and "demo/\\x1b[31m\\x9b\\x7f rev 1" in text.stdout,
          "a rude key", text)
    with open(b, "w") as f:
        f.write(json.dumps(rows[0]) + "\n\0" + json.dumps(rows[1]) + "\n")
    text = run(TOSCTL, "policy", "label-samples", "--key", path + ".key", b)
    check(text.returncode == 3 and f"{b}: holds NUL bytes" in text.stderr, "a NUL", text)
    for bad in ('{"id": "a", "label": "perhaps"}', "{", "[]", '{"label": "yes"}'):
        with open(b, "w") as f:
            f.write(bad + "\n")
        got = run(TOSCTL, "policy", "label-samples", "--key", path + ".key", b)
        check(got.returncode == 3 and ":1:" in got.stderr, "refused: %s" % bad, got.stderr)
    got = run(TOSCTL, "policy", "label-samples", "--key", a, a)
    check(got.returncode == 3 and "no key" in got.stderr, "what is no key", got.stderr)


def test_many_labels(path):
    """A key with as many rules as there may be takes no square of them."""
    with open(path + ".key", "w") as f:
        f.write(json.dumps({"key": "tosd samples 1"}) + "\n")
        for i in range(10000):
            f.write(json.dumps({"id": "%05d" % i, "weight": 1, "findings": [
                {"rule": "p/r%05d" % ((7 * i + k) % 20000), "rev": 1 + k % 2}
                for k in range(24)]}) + "\n")
    with open(path, "w") as f:
        for i in range(10000):
            f.write('{"id": "%05d", "label": "%s"}\n' % (i, "yes" if i % 4 else "no"))
    before = os.times().children_user
    got = run(TOSCTL, "policy", "label-samples", "--json", "--key", path + ".key", path)
    took = os.times().children_user - before
    rows = lines(got)
    check(got.returncode == 0 and len(rows) == 40000 and rows == sorted(
        rows, key=lambda r: (r["rule"], r["rev"])), "of each rule a line", (len(rows), got.stderr))
    check(sum(r["right"] for r in rows) == 180000 and sum(r["wrong"] for r in rows) == 60000,
          "each finding once", rows[:3])
    check(took < 4, "in a moment: %.2f s" % took)


def test_hostile(base, store):
    # A writer in the middle of a transaction.
    db = sqlite3.connect(store, isolation_level=None)
    db.execute("BEGIN IMMEDIATE")
    db.execute("UPDATE revision SET why = 'x' WHERE id = 1")
    got = backtest(base, store, packs="cand")
    check(got.returncode == 0 and got.stdout != "", "beside a writer", got.stderr)
    db.execute("ROLLBACK")
    before = kind(lines(got), "rule")[0]
    # Texts that were erased.
    db.execute("UPDATE revision SET body = NULL WHERE id IN "
               "(SELECT revision FROM finding ORDER BY id LIMIT 5)")
    db.execute("UPDATE revision SET body = x'00ff' WHERE id = 9")
    db.close()
    got = backtest(base, store, packs="cand")
    rows = lines(got)
    rule = kind(rows, "rule")[0]
    check(got.returncode == 0 and rule["record"]["no_text"] == 5
          and rule["record"]["lost"] == 0, "erased texts are not `lost' by the rule", rule)
    check(kind(rows, "history")[0]["revisions"]["lost"] == 6, "and are said to be missing")
    check(rule["items"] == before["items"] - 5, "nor counted", (rule, before))
    # Stores that are none, newer or not there.
    shutil.copy(store, base + "/newer.db")
    db = sqlite3.connect(base + "/newer.db")
    db.execute("PRAGMA user_version = 4711")
    db.close()
    db = sqlite3.connect(base + "/foreign.db")
    db.execute("CREATE TABLE t(x)")
    db.commit()
    db.close()
    with open(base + "/noise.db", "wb") as f:
        f.write(os.urandom(8192))
    for name, words in (("newer", "schema version 4711"), ("foreign", "another program"),
                        ("noise", "noise.db"), ("none", "no store yet")):
        got = backtest(base, "%s/%s.db" % (base, name), packs="cand")
        check(got.returncode == 3 and words in got.stderr and got.stdout == "",
              "a store that is %s" % name, got.stderr)
    # Packs that do not load.
    demo_pack(base, "broken")
    shutil.copy(base + "/broken/demo.conf", base + "/broken/second.conf")
    got = backtest(base, store, packs="broken")
    check(got.returncode == 1 and "not all packs load" in got.stderr and got.stdout == "",
          "a pack that does not load", got.stderr)
    got = backtest(base, store, packs="nowhere")
    check(got.returncode == 3, "no packs at all", got.stderr)
    # Whatever the file system calls them.
    for folder in b"od\xffd\x1b", b"od\xffd\x1b/demo.conf":
        path = os.fsdecode(os.fsencode(base) + b"/" + folder)
        if not path.endswith(".conf"):
            shutil.copytree(base + "/cand", path)
        got = backtest(base, store, packs=path)
        text = run(TOSCTL, "policy", "backtest", "-c", base + "/tosd.conf", "--store",
                   "sqlite:" + store, path)
        check(got.returncode == 0 and text.returncode == 0
              and kind(lines(got), "history")[0]["packs"]
              == os.fsencode(path).decode("utf-8", "replace")
              and "od\\xffd\\x1b" in text.stdout and "\x1b" not in got.stdout + text.stdout,
              "a path that is no UTF-8: %r" % folder, (got, text))
    # A report that nobody got.
    for more in (), ("--json",):
        with open("/dev/full", "w") as full:
            got = subprocess.run([TOSCTL, "policy", "backtest", "-c", base + "/tosd.conf", *more,
                                  "--store", "sqlite:" + store, base + "/cand"], stdout=full,
                                 stderr=subprocess.PIPE, text=True, timeout=600)
        check(got.returncode == 3 and "cannot write: No space left" in got.stderr,
              "a full disk", got)
    got = run(TOSCTL, "policy", "backtest", "--sample-size", "0", base)
    check(got.returncode == 2 and "--sample-size is a number from 1 to 10000, not `0'"
          in got.stderr, "what was wrong", got.stderr)
    got = run(TOSCTL, "policy", "backtest", "--jobs", "0", base)
    check(got.returncode == 2, "usage", got.stderr)


def children(pid):
    try:
        with open("/proc/%s/task/%s/children" % (pid, pid)) as f:
            return f.read().split()
    except OSError:
        return []


def test_killed(base, store):
    """One of the reading processes dies, as under a plugin that crashes."""
    for _ in range(20):
        p = subprocess.Popen([TOSCTL, "policy", "backtest", "-c", base + "/tosd.conf",
                              "--store", "sqlite:" + store, base + "/cand"],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        pids = []
        while p.poll() is None and len(pids) == 0:
            # Of the one that does all of it, which tosctl only watches.
            pids = [g for c in children(p.pid) for g in children(c)]
        if pids:
            try:
                os.kill(int(pids[0]), signal.SIGKILL)
            except ProcessLookupError:
                pass
        out, said = p.communicate(timeout=120)
        if p.returncode != 0:
            break
    check(p.returncode == 3 and "a process died" in said and out == "",
          "no report where a process died", (p.returncode, said))


def main():
    base = tempfile.mkdtemp(prefix="tosd-backtest-")
    with open(base + "/tosd.conf", "w") as f:
        f.write(CONF % SRC)
    test_projection(base)
    test_short(base)
    test_unproven(base)
    store = base + "/past.db"
    got = run(PAST, store, 6000, 60, 40)
    check(got.returncode == 0, "a store with a past", got.stderr)
    demo_pack(base, "cand")
    rows = test_same_bytes(base, store)
    test_narrowed(base, store, rows)
    test_one_pack(base, store)
    test_replaces(base, store)
    test_lists(base, store)
    test_plugins(base, store)
    test_samples(base, store)
    test_many_labels(base + "/many.ndjson")
    test_thinned(base, store)
    test_killed(base, store)
    test_hostile(base, store)
    shutil.rmtree(base)
    print("%d failures" % failures)
    return failures != 0


if __name__ == "__main__":
    sys.exit(main())
