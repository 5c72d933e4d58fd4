#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The texts under tests/classifier and tests/packs are what they say, disguises repeat, and
the measures of measure.py agree with values worked out by hand."""

import collections
import hashlib
import math
import os
import pathlib
import sys

SRC = pathlib.Path(os.environ.get("srcdir") or pathlib.Path(__file__).parent.parent)
sys.dont_write_bytecode = True
sys.path.insert(0, str(SRC / "tests" / "classifier"))
import disguise  # noqa: E402
import measure  # noqa: E402

SETS = {  # rows, threats at least
    "eval": (1000, 80), "counter": (200, 60), "twins": (120, 60), "veiled": (40, 40),
    "wide": (1200, 200), "hard": (1000, 500), "strange": (1000, 250), "frames": (1000, 300),
    "street": (990, 125)}
FIELDS = {"id", "text", "label", "category", "source"}

failed = []


def check(what, right):
    if not right:
        failed.append(what)
        print("wrong: " + what)


def alike(texts):
    return [t for t, n in collections.Counter(map(measure.plain, texts)).items() if n > 1]


def check_sets():
    everything = []
    for name, (rows, threats) in SETS.items():
        v = measure.load(SRC / "tests" / "classifier" / (name + ".jsonl"))
        everything += v
        check("%s: fields" % name, all(set(r) - {"pair"} == FIELDS for r in v))
        check("%s: labels" % name, all(r["label"] in (0, 1) for r in v))
        check("%s: counts" % name, len(v) >= rows and sum(r["label"] for r in v) >= threats)
        if name == "twins":
            pairs = collections.defaultdict(list)
            for r in v:
                pairs[r["pair"]].append(r["label"])
            check("twins: pairs of one label",
                  all(len(p) == 2 and p[0] == p[1] for p in pairs.values()))
    check("ids are unique", len({r["id"] for r in everything}) == len(everything))
    check("no text twice: %s" % alike(r["text"] for r in everything),
          not alike(r["text"] for r in everything))


def check_lines():
    known = []
    for path in sorted((SRC / "tests" / "packs").glob("*.negatives.txt")):
        lines = [x for x in path.read_text(encoding="utf-8").splitlines() if x[:1] != "#"]
        check("%s: at least 100 lines" % path.name, len(lines) >= 100 and "" not in lines)
        known += lines
    check("ten files of lines", len(known) >= 1000)
    check("no line twice: %s" % alike(known), not alike(known))


def check_disguises():
    rows = measure.load(SRC / "tests" / "classifier" / "counter.jsonl")
    once = list(disguise.rows(rows, 7))
    check("the same seed gives the same", once == list(disguise.rows(rows, 7)))
    check("another seed gives others", once != list(disguise.rows(rows, 8)))
    check("all kinds", {r["category"] for r in once} == set(disguise.KINDS))
    plain = {r["id"]: r for r in rows}
    check("changed, and of the same label", all(
        r["text"] != plain[r["orig"]]["text"] and r["label"] == plain[r["orig"]]["label"]
        for r in once))


def check_measures():
    """Six texts: threats at .9, .7 and .4, harmless ones at .8, .4 and .1."""
    v = [measure.Scored({"id": i, "label": label}, {"scores": {"violence": score}})
         for i, (label, score) in enumerate(((1, .9), (0, .8), (1, .7), (1, .4), (0, .4),
                                             (0, .1)))]
    c = measure.curve(v)
    near = lambda a, b: math.isclose(a, b, abs_tol=1e-9)  # noqa: E731
    check("AUPRC", near(measure.auprc(c), (1 + 2 / 3 + 3 / 5) / 3))
    check("ROC-AUC", near(measure.roc_auc(c), (3 + 2 + 1.5) / 9))
    check("recall at no false positive", near(measure.recall_at(c, 0), 1 / 3))
    check("recall at a third", near(measure.recall_at(c, 1 / 3), 2 / 3))
    check("precision at half", near(measure.precision_at(c, .5), 2 / 3))
    check("threshold at a third", near(measure.threshold_at(c, 1 / 3), .7))
    # bins of .067: .9 alone, .8 alone, .7 alone, the two of .4 together, .1 alone
    check("calibration", near(measure.calibration(v), (.1 + .8 + .3 + .2 + .1) / 6))
    w = measure.weight_for(v, .05)
    check("weights", near(measure.precision_at(measure.curve(v, w), 1), .05 / (.05 + .95 * 2 / 3)))
    check("order does not hang on weights",
          near(measure.roc_auc(measure.curve(v, w)), measure.roc_auc(c)))


def check_card():
    """The card that ships names the threshold that measure.py takes from it."""
    t = measure.read_card(SRC / "plugins" / "classifier" / "violence.card")
    check("the card's threshold of the score: %s" % t, t is not None and 0.1 < t < 1)
    folder = SRC / "plugins" / "classifier"
    model = hashlib.sha256((folder / "violence.model").read_bytes()).hexdigest()
    check("it is the card of the model that ships",
          f"\nThe model (SHA-256 of its file)\n\n{model}\n"
          in (folder / "violence.card").read_text(encoding="utf-8"))
    check("no card, no threshold", measure.read_card(SRC / "no.card") is None)


check_sets()
check_card()
check_lines()
check_disguises()
check_measures()
sys.exit(1 if failed else 0)
