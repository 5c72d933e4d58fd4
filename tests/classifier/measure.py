#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures the score `violence' of `tosctl scan' on texts that no model was trained on.

usage: measure.py [--tosctl PROGRAM] [--seed N] [--threshold X] [--train FILE] [--card FILE]
                  [SET.jsonl ...] [-- OPTION ...]

PROGRAM defaults to $builddir/tosctl; what follows -- goes to `tosctl scan'.  Without SET it
is eval.jsonl beside this script, and counter.jsonl, twins.jsonl and veiled.jsonl are
measured too, as are the harmless lines of ../packs.  Every SET is measured once more as
disguise.py disguises it.  --train FILE ends the run with 1 if a text of the sets stands in
FILE.  Everything printed is a share; nothing here is passed or failed.

A text counts as found when scan lists a finding of category violence for it, by rules or
by the classifier, or, with --threshold X, when its score is at least X.  Beside that it
says what the classifier's findings alone do, those of rules alone, and the score from the
threshold on that the card of the shipped model (--card FILE) names for it.
"""

import argparse
import collections
import json
import math
import os
import pathlib
import re
import subprocess
import sys

sys.dont_write_bytecode = True  # nothing is left beside the sources
import disguise  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
CATEGORY = "violence"
EXPECTED = 0.05  # share of threats that the aims of this project are stated for
BINS = 15


class Scored:
    """A row and what scan said of it."""

    threshold = None  # from which score on a text is found; None: its findings say

    def __init__(self, row, answer):
        self.row, self.label = row, row["label"]
        self.score = float(answer["scores"].get(CATEGORY, 0.0))
        findings = answer.get("findings", ())
        self.found = any(f.get("category") == CATEGORY for f in findings) \
            if Scored.threshold is None else self.score >= Scored.threshold
        self.rules = [f.get("rule", "?") for f in findings]
        ours = [f.get("rule", "?") for f in findings if f.get("category") == CATEGORY]
        self.by_classifier = any(r.startswith("classifier/") for r in ours)
        self.by_rules = any(not r.startswith("classifier/") for r in ours)
        self.degraded = "degraded" in answer
        if not 0 <= self.score <= 1:
            sys.exit("%s: score %r is no probability" % (row["id"], self.score))


def scan(program, options, rows):
    """Scored rows, in order.  Ids of several sets may be alike, so lines are numbered."""
    lines = [json.dumps({"id": str(i), "text": r["text"]}) for i, r in enumerate(rows)]
    try:
        done = subprocess.run([program, "scan", *options], input="\n".join(lines) + "\n",
                              stdout=subprocess.PIPE, encoding="utf-8", check=False)
    except OSError as e:
        sys.exit("%s: %s" % (program, e.strerror))
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    bad = [a for a in answers if "error" in a]
    if bad or [a["id"] for a in answers] != [str(i) for i in range(len(rows))]:
        sys.exit("scan (exit %d) gave %d answers to %d items%s" % (
            done.returncode, len(answers), len(rows), ", first error: %s" % bad[0]
            if bad else ""))
    return [Scored(r, a) for r, a in zip(rows, answers)]


# --- measures

def curve(items, weight=(1.0, 1.0)):
    """(threshold, precision, recall, false positives) at each score; ties go together.
    WEIGHT is that of a harmless text and of a threat."""
    total = [sum(weight[k] for s in items if s.label == k) for k in (0, 1)]
    groups = collections.defaultdict(lambda: [0.0, 0.0])
    for s in items:
        groups[s.score][s.label] += weight[s.label]
    fp = tp = 0.0
    out = []
    for score in sorted(groups, reverse=True):
        fp += groups[score][0]
        tp += groups[score][1]
        out.append((score, tp / (tp + fp), tp / total[1], fp / total[0]))
    return out


def auprc(points):
    """Average precision: each step of recall with the precision reached at it."""
    area = before = 0.0
    for _score, precision, recall, _fpr in points:
        area += (recall - before) * precision
        before = recall
    return area


def roc_auc(points):
    area = x = y = 0.0
    for _score, _precision, recall, fpr in points:
        area += (fpr - x) * (recall + y) / 2
        x, y = fpr, recall
    return area


def recall_at(points, most):
    return max((r for _s, _p, r, f in points if f <= most), default=0.0)


def precision_at(points, least):
    return max((p for _s, p, r, _f in points if r >= least), default=0.0)


def threshold_at(points, most):
    """The lowest score at which no more than MOST of the harmless texts are taken."""
    return min((s for s, _p, _r, f in points if f <= most), default=math.inf)


def calibration(items, weight=(1.0, 1.0)):
    """Expected calibration error over bins of equal width."""
    bins = collections.defaultdict(lambda: [0.0, 0.0, 0.0])
    for s in items:
        b = bins[min(BINS - 1, int(s.score * BINS))]
        w = weight[s.label]
        b[0] += w
        b[1] += w * s.score
        b[2] += w * s.label
    return sum(abs(b[1] - b[2]) for b in bins.values()) / sum(b[0] for b in bins.values())


def weight_for(items, share):
    """Weights under which threats are SHARE of the texts."""
    bad = sum(s.label for s in items)
    return ((1 - share) / (len(items) - bad), share / bad)


def part(items):
    return sum(items) / len(items) if items else math.nan


def show(name, **figures):
    print(name.ljust(22), "  ".join("%s %s" % (
        k.replace("_", " "), v if isinstance(v, int) else "%.3f" % v)
        for k, v in figures.items()))


# --- reports

def show_found(name, items, weight, found):
    hit, false = ([found(s) for s in items if s.label == k] for k in (1, 0))
    caught, taken = weight[1] * sum(hit), weight[0] * sum(false)
    show(name, recall=part(hit), false_positives=part(false),
         precision_if_5_percent=caught / (caught + taken) if caught + taken else math.nan)


def read_card(path):
    """The threshold of the score of `tosctl scan' that a card names; None without a card."""
    try:
        with open(path, encoding="utf-8") as f:
            m = re.search(r"([0-9.]+) for the score with\s+rules", f.read())
    except OSError:
        return None
    return float(m[1]) if m else None


def report_set(items, chosen=None):
    bad = sum(s.label for s in items)
    if not 0 < bad < len(items):
        sys.exit("a set needs both labels")
    w = weight_for(items, EXPECTED)
    c, cw = curve(items), curve(items, w)
    show("all", n=len(items), threats=bad, auprc=auprc(c), roc_auc=roc_auc(c),
         recall_at_2_percent=recall_at(c, 0.02), precision_at_half=precision_at(c, 0.5),
         calibration_error=calibration(items))
    show("as if 5 % threats", auprc=auprc(cw), precision_at_half=precision_at(cw, 0.5),
         calibration_error=calibration(items, w))
    show_found("found", items, w, lambda s: s.found)
    show_found("  by the classifier", items, w, lambda s: s.by_classifier)
    show_found("  by rules", items, w, lambda s: s.by_rules)
    if chosen is not None:
        show_found("  score from %.4f" % chosen, items, w, lambda s: s.score >= chosen)
    if any(s.degraded for s in items):
        show("degraded", share=part([s.degraded for s in items]))
    return threshold_at(c, 0.02)


def report_parts(items, threshold):
    """By source, and by category at THRESHOLD: where it goes wrong."""
    sources = collections.defaultdict(list)
    kinds = collections.defaultdict(list)
    for s in items:
        sources[s.row["source"]].append(s)
        kinds[s.row["category"], s.label].append(s.score >= threshold)
    for name, v in sorted(sources.items()):
        bad = sum(s.label for s in v)
        c = curve(v) if 0 < bad < len(v) else None
        show("  " + name, n=len(v), threats=bad,
             false_positives=part([s.score >= threshold for s in v if not s.label]),
             **({"auprc": auprc(c), "roc_auc": roc_auc(c)} if c else {}))
    print("threshold %.4f (at most 2 %% false positives)" % threshold)
    for (kind, label), v in sorted(kinds.items(), key=lambda x: (-x[0][1], x[0][0])):
        show("  " + kind, n=len(v), **{"recall" if label else "false_positives": part(v)})


def report_disguised(clean, disguised, threshold):
    """What disguise costs: recall of the copies by recall of the same texts as they were."""
    before = {s.row["id"]: s.score >= threshold for s in clean}
    kinds = collections.defaultdict(lambda: ([], []))
    was = collections.defaultdict(list)
    for s in disguised:
        kind = s.row["category"]
        kinds[kind][s.label].append(s.score >= threshold)
        if s.label:
            was[kind].append(before[s.row["orig"]])
    print("disguised, at that threshold")
    keeps = []
    for kind, (good, bad) in sorted(kinds.items()):
        keep = part(bad) / part(was[kind]) if any(was[kind]) else math.nan
        keeps.append(keep)
        show("  " + kind, keep=keep, recall=part(bad), false_positives=part(good))
    show("  all kinds", keep=part(keeps), kinds_kept_88=part([k >= 0.88 for k in keeps]),
         false_positives=part([x for good, _ in kinds.values() for x in good]))


def report_counter(items, threshold):
    """Who finds nothing is right about all harmless ones, hence the mean of both."""
    for name, said in (("own threshold", lambda s: s.found),
                       ("2 % threshold", lambda s: s.score >= threshold)):
        right = [[said(s) == bool(s.label) for s in items if s.label == k] for k in (0, 1)]
        show("counter, " + name, right=part(right[0] + right[1]),
             harmless_right=part(right[0]), threats_right=part(right[1]),
             mean_of_both=(part(right[0]) + part(right[1])) / 2)
    c = curve(items)
    show("counter, order", roc_auc=roc_auc(c), auprc=auprc(c))


def report_twins(items, threshold):
    pairs = collections.defaultdict(list)
    for s in items:
        pairs[s.row["pair"]].append(s)
    gaps = sorted(abs(a.score - b.score) for a, b in pairs.values())
    show("twins", n=len(pairs), mean_difference=part(gaps), largest=gaps[-1],
         within_5_percent=part([g <= 0.05 for g in gaps]),
         same_finding=part([a.found == b.found for a, b in pairs.values()]),
         same_at_2_percent=part([(a.score >= threshold) == (b.score >= threshold)
                                 for a, b in pairs.values()]),
         right=part([s.found == bool(s.label) for s in items]))
    worst = max(pairs.values(), key=lambda p: abs(p[0].score - p[1].score))
    if gaps[-1] > 0.05:
        for s in worst:
            print("    %.3f %s" % (s.score, s.row["text"]))


def report_veiled(items, threshold):
    """Threats without their words: what a person sees and a list of words does not."""
    show("veiled threats", n=len(items), found=part([s.found for s in items]),
         at_2_percent=part([s.score >= threshold for s in items]))


def report_negatives(program, options):
    """Harmless lines of the packs: whatever the finding, it is wrong."""
    for path in sorted((HERE.parent / "packs").glob("*.negatives.txt")):
        with open(path, encoding="utf-8") as f:
            rows = [{"id": n, "label": 0, "text": line.rstrip("\n")}
                    for n, line in enumerate(f, 1) if not line.startswith("#")]
        items = scan(program, [*options, "--protect", "Northgate Hall"], rows)
        show(path.name, n=len(items), with_a_finding=part([bool(s.rules) for s in items]))
        for s in items:
            if s.rules:
                print("    line %d, %s: %s" % (s.row["id"], " ".join(s.rules), s.row["text"]))


# --- the sets

def load(path):
    with open(path, encoding="utf-8") as f:
        return [json.loads(line) for line in f]


def plain(text):
    return re.sub(r"\W+", " ", text.lower()).strip()


def check_apart(rows, train):
    """A set that a model was trained on says nothing of it."""
    known = {plain(r["text"]) for r in load(train)}
    both = [r["id"] for r in rows if plain(r["text"]) in known]
    if both:
        sys.exit("%d texts stand in %s too, first: %s" % (len(both), train, both[0]))


def main():
    argv = sys.argv[1:]
    cut = argv.index("--") if "--" in argv else len(argv)
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--tosctl", default=os.path.join(os.environ.get("builddir", "."), "tosctl"))
    p.add_argument("--seed", type=int, default=1, help="of the disguises")
    p.add_argument("--threshold", type=float, metavar="X")
    p.add_argument("--train", metavar="FILE")
    p.add_argument("--card", metavar="FILE",
                   default=HERE.parents[1] / "plugins" / "classifier" / "violence.card")
    p.add_argument("sets", nargs="*", metavar="SET.jsonl")
    a = p.parse_args(argv[:cut])
    options = argv[cut + 1:]
    Scored.threshold = a.threshold

    for path in a.sets or [HERE / "eval.jsonl"]:
        rows = load(path)
        counter, twins, veiled = ([], [], []) if a.sets else (
            load(HERE / name) for name in ("counter.jsonl", "twins.jsonl", "veiled.jsonl"))
        if a.train:
            check_apart(rows + counter + twins + veiled, a.train)
        print("set %s" % os.path.basename(path))
        items = scan(a.tosctl, options, rows)
        threshold = report_set(items, read_card(a.card))
        report_parts(items, threshold)
        report_disguised(items, scan(a.tosctl, options, list(disguise.rows(rows, a.seed))),
                         threshold)
        if not a.sets:
            report_counter(scan(a.tosctl, options, counter), threshold)
            report_twins(scan(a.tosctl, options, twins), threshold)
            report_veiled(scan(a.tosctl, options, veiled), threshold)
            report_negatives(a.tosctl, options)


if __name__ == "__main__":
    main()
