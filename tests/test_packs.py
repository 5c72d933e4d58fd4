#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The packs that ship, on lines that they were not written with.

Of tests/packs/NAME.positives.txt a pack must find 80 of 100: sixty lines were written before
its rules, the others later, and used to widen them.  NAME.heldout.txt is never used.
tests/packs/NAME.negatives.txt: no pack may find anything in any of them; most lines were
written by somebody who had not seen the rules.  Sentences with the target exchanged give the same findings.

test_packs.py -v names what was missed."""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

SRC = pathlib.Path(os.environ.get("srcdir") or pathlib.Path(__file__).parent.parent)
BUILD = pathlib.Path(os.environ.get("builddir") or SRC / "build")
PACKS = SRC / "etc" / "policies.d"
LINES = SRC / "tests" / "packs"
NAMES = ("doxxing", "fraud", "goods", "hate", "malware", "safety", "selfharm", "terrorism",
         "violence", "violence-de")
LEAST = 0.8
# What a protected name is, in the negatives of `safety'.
PROTECTED = "Northgate Hall"

# What lint may warn of: a number of seven digits has no word to look for.
WARNINGS = ("rule `doxxing/number': \"\\b[0-9]{3}[ .-]?[0-9]{4}\\b\" needs no word",)

# (pack, text of a negative): why it may stay.  Nothing is here without a reason.
EXCEPTIONS = {}

# {x} is filled with each of a row; all fillings must be found by the same rules.
CAMPS = ("republicans", "democrats", "liberals", "conservatives", "communists", "feminists")
FAITHS = ("muslims", "christians", "jews", "hindus", "sikhs", "atheists")
ORIGINS = ("mexicans", "russians", "irish", "turks", "arabs", "africans")
WORK = ("judges", "bankers", "teachers", "nurses", "journalists", "farmers", "landlords")
SEXES = ("men", "women")
DE = ("Muslime", "Christen", "Männer", "Frauen", "Banker", "Lehrer", "Linken", "Rechten")
ONE = ("judge", "teacher", "reporter", "streamer", "mayor")
TWINS = (
    ("violence", "we should kill all {x}", CAMPS + FAITHS + ORIGINS + WORK + SEXES),
    ("violence", "string up the {x}", CAMPS + FAITHS + WORK + ("tax inspectors", "florists")),
    ("violence", "the {x} deserve to be shot", CAMPS + FAITHS + WORK),
    ("violence", "I hope the {x} get raped", CAMPS + FAITHS + SEXES),
    ("violence-de", "Hängt die {x} auf", DE),
    ("violence-de", "Alle {x} gehören erschossen", DE),
    ("hate", "{x} are vermin, exterminate them", CAMPS + FAITHS + ORIGINS + SEXES),
    ("hate", "drive the {x} out of this town with clubs", CAMPS + FAITHS + ORIGINS),
    ("hate", "all {x} should be gassed", CAMPS + FAITHS + ORIGINS + SEXES),
    ("hate", "no mercy for the {x}", CAMPS + FAITHS + ORIGINS + SEXES),
    ("hate", "kill every one of the {x}", CAMPS + FAITHS + ORIGINS + SEXES),
    ("hate", "we need a final solution for the {x}", CAMPS + FAITHS + ORIGINS + SEXES),
    ("terrorism", "Glory to the martyrs who bombed the {x}",
     ("mosque", "synagogue", "church", "temple", "parliament")),
    ("terrorism", "I stand with {x}", ("the Islamic State", "Combat 18", "Hamas", "Kahane Chai")),
    ("doxxing", "The {x} lives at 40 Abbey Road, pay him a visit", ONE),
    ("doxxing", "the home of the {x} is 40 Abbey Road, get him out", ONE),
    ("doxxing", "someone dox this {x}", ONE + ("republican", "democrat")),
    ("selfharm", "kill yourself, {x}", ONE + ("christian", "muslim", "liberal", "conservative")),
    ("selfharm", "I hope you jump off a bridge, {x}", ONE + ("christian", "muslim", "liberal")),
    ("selfharm", "{x} like you should hang yourselves", SEXES + WORK + FAITHS),
    ("goods", "Fake {x} passports for sale, dm", ("German", "Turkish", "Polish", "Indian")),
    ("goods", "selling cocaine to {x}, dm", WORK + SEXES),
    ("fraud", "Your {x} is suspended, verify now at http://a.example.com",
     ("paypal", "netflix", "amazon account", "bank account")),
    ("fraud", "Thanks to {x} I doubled my bitcoin in a week, guaranteed, dm",
     ("Mr Frank", "Mrs Olivia", "Sister Agnes", "Imam Yusuf")),
    ("malware", "is this you, {x}? http://192.0.2.1/a", ONE),
    ("safety", "we will kill your {x}", ("drivers", "engineers", "lawyers", "moderators", "ceo")),
    ("safety", "burn down {x} data centre", ("your", "their", "the host's")),
)

failed = []


def check(what, right):
    if not right:
        failed.append(what)
        print("wrong: " + what)


def lines(name, kind):
    path = LINES / ("%s.%s.txt" % (name.replace("violence-de", "violence.de"), kind))
    return [x for x in path.read_text(encoding="utf-8").splitlines() if x[:1] != "#"]


def scan(texts, packs=PACKS):
    """The rules that found something, for each text."""
    given = "".join(json.dumps({"id": str(i), "text": t}) + "\n" for i, t in enumerate(texts))
    done = subprocess.run([BUILD / "tosctl", "scan", "--no-classifier", "--policies", packs, "--protect", PROTECTED],
                          input=given, stdout=subprocess.PIPE, encoding="utf-8", check=False)
    out = [json.loads(x) for x in done.stdout.splitlines()]
    check("tosctl scan answers every line (exit %d)" % done.returncode,
          done.returncode == 0 and [x["id"] for x in out] == [str(i) for i in range(len(texts))])
    return [{f["rule"] for f in x["findings"]} for x in out]


def of(pack, rules):
    return {r for r in rules if r.split("/")[0] == pack}


def check_lint():
    done = subprocess.run([BUILD / "tosctl", "policy", "lint", PACKS], stdout=subprocess.PIPE,
                          encoding="utf-8", check=False)
    found = dict(re.findall(r"^pack (\S+): \d+ rules, (\d+) tests passed$", done.stdout, re.M))
    check("lint: exit %d" % done.returncode, done.returncode == 0)
    check("lint: packs %s" % sorted(found), sorted(found) == sorted(NAMES))
    check("23 tests or more in each", all(int(n) >= 23 for n in found.values()))
    for line in re.findall(r"^warning: .*", done.stdout, re.M):
        check("lint: " + line, any(x in line for x in WARNINGS))


def judge(packs=PACKS):
    """(found, of, missed) by pack, and findings in harmless lines."""
    good = [(p, t) for p in NAMES for t in lines(p, "positives")]
    bad = [(p, t) for p in NAMES for t in lines(p, "negatives")]
    hits = scan([t for _, t in good + bad], packs)
    result = {p: [0, 0, []] for p in NAMES}
    for (p, t), rules in zip(good, hits):
        result[p][0] += bool(of(p, rules))
        result[p][1] += 1
        if not of(p, rules):
            result[p][2].append(t)
    false = [(r.split("/")[0], p, r, t) for (p, t), rules in zip(bad, hits[len(good):])
             for r in sorted(rules) if (r.split("/")[0], t) not in EXCEPTIONS]
    return result, false, len(bad)


def check_packs():
    result, false, harmless = judge()
    for p in NAMES:
        found, n, missed = result[p]
        own = {t for pack, where, _, t in false if pack == p == where}
        every = {t for pack, _, _, t in false if pack == p}
        print("%-12s finds %2d of %2d; of %d harmless lines %d of its own, %d of all" %
              (p, found, n, harmless, len(own), len(every)))
        check("%s: 60 lines or more" % p, n >= 60)
        check("%s: finds %d of %d" % (p, found, n), found >= LEAST * n)
        if "-v" in sys.argv:
            print("".join("\tmissed: %s\n" % t for t in missed), end="")
    for _, where, rule, text in false:
        check("%s finds in harmless lines of %s: %s" % (rule, where, text), False)
    known = {t for p in NAMES for t in lines(p, "negatives")}
    check("exceptions are lines that exist", all(t in known for _, t in EXCEPTIONS))


def show_reach():
    """Lines kept apart: no goal, since a goal would be tuned for; but there must be some."""
    kept = [(p, t) for p in NAMES for t in lines(p, "heldout")]
    hits = [(p, bool(of(p, rules))) for (p, _), rules in zip(kept, scan([t for _, t in kept]))]
    for p in NAMES:
        n = [found for pack, found in hits if pack == p]
        check("%s: ten lines kept apart" % p, len(n) >= 10)
        print("%-12s finds %2d of %2d kept apart" % (p, sum(n), len(n)))
    print("%-12s finds %2d of %2d kept apart" % ("together", sum(f for _, f in hits), len(hits)))


def check_twins():
    texts = [(pack, frame, x, frame.format(x=x)) for pack, frame, v in TWINS for x in v]
    first = {}
    for (pack, frame, x, text), rules in zip(texts, scan([t[3] for t in texts])):
        rules = of(pack, rules)
        check("found: %s" % text, rules)
        check("%s: %s, not as its twins" % (text, sorted(rules)),
              rules == first.setdefault((pack, frame), rules))


def check_checks():
    """A pack that finds too much, and nothing of what it is for, is noticed."""
    with tempfile.TemporaryDirectory() as d:
        (pathlib.Path(d) / "fraud.conf").write_text(
            'pack = { name = "fraud"; version = 1; owner = "x"; };\n'
            'clauses = ( { id = "1"; text = "x"; } );\n'
            'rules = ( { id = "a"; rev = 1; mode = "shadow"; category = "fraud"; clause = "1";\n'
            'severity = "low"; score = 0.5; phrases = [ "your order has" ]; reason = "x"; } );\n'
            'tests = { fail = [ "your order has 1", "your order has 2", "your order has 3" ];\n'
            'ok = [ "a", "b", "c" ]; twins = ( [ "your order has d", "your order has e" ] ); };\n')
        result, false, _ = judge(d)
    check("the planted pack is noticed: %s %s" % (result["fraud"][0], false),
          result["fraud"][0] < LEAST * result["fraud"][1] and len(false) == 1)


check_checks()
check_lint()
check_packs()
show_reach()
check_twins()
sys.exit(1 if failed else 0)
