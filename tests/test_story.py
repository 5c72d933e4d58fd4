#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The story of eight weeks (tests/scenarios/story.json) through `tosctl simulate`: a forum
whose threats become more and stay longer ends in a recommendation that two people accept;
a garden of the same size that removes each within hours never reaches a final warning."""

import email
import glob
import json
import os
import subprocess
import sys
import tempfile

SRC = os.environ.get("srcdir", os.path.join(os.path.dirname(__file__), ".."))
BUILD = os.environ.get("builddir", SRC)
TOSCTL = os.path.join(BUILD, "tosctl")
PLUGIN = os.path.join(BUILD, "plugins/rules/.libs/rules.so")
failures = 0


def check(what, ok):
    global failures
    failures += not ok
    print("%s: %s" % ("ok" if ok else "FAILED", what))


def simulate(folder):
    run = subprocess.run(
        [TOSCTL, "simulate", "--plugin", PLUGIN, "--dir", folder,
         os.path.join(SRC, "tests/scenarios/story.json")],
        capture_output=True, text=True, timeout=240)
    check("the simulation ends well: %s" % run.stderr[-300:].strip(), run.returncode == 0)
    return [json.loads(line) for line in run.stdout.splitlines()], run.stderr


def document(path):
    """The notice document attached to a mail."""
    with open(path, "rb") as f:
        mail = email.message_from_binary_file(f)
    return json.loads(mail.get_payload()[1].get_payload(decode=True))


def steps_of(entries, number):
    return [e for e in entries if e.get("case") == number
            and e["kind"] in ("step", "recommendation")]


def main():
    folder = tempfile.mkdtemp(prefix="tosd-story-")
    entries, said = simulate(folder)
    cases = {}
    for e in entries:
        if e["kind"] == "violation":
            cases.setdefault(e["tenant"], e["case"])
    forum, garden = steps_of(entries, cases["forum"]), steps_of(entries, cases["garden"])

    check("the forum climbs one stage at a time",
          [s["to"]["stage"] for s in forum] == sorted(s["to"]["stage"] for s in forum))
    recommended = [s for s in forum if s["kind"] == "recommendation"]
    check("one recommendation, with reasons and what speaks against",
          len(recommended) == 1 and len(recommended[0]["reasons"]) >= 2
          and len(recommended[0]["against"]) >= 1)
    check("not before every stage had its delivered notice",
          {s["to"]["stage"] for s in forum if s["event"] == "delivered"} == {1, 2, 3})
    people = [e["person"] for e in entries if e["kind"] == "decision"]
    check("two different people accept", people == ["desk-1", "desk-2"])
    check("the same person twice is refused", "a second person is needed" in said)
    check("decided in the end", forum[-1]["to"]["phase"] == "decided")

    check("the garden never leaves the first stage",
          {s["to"]["stage"] for s in garden} == {1})
    check("nor is it recommended", all(s["kind"] == "step" for s in garden))
    check("the garden had its share of violations",
          sum(e["kind"] == "violation" and e["tenant"] == "garden" for e in entries) > 25)

    safety = [e for e in entries if e["kind"] == "safety"]
    alert = [e for e in entries if e["kind"] == "notice" and e["of"] == "safety"]
    check("the threat to our own site went to the safety desk at once",
          len(safety) == 1 and alert and alert[0]["t"] == safety[0]["t"])
    check("and into no case", not any(
        e["kind"] == "violation" and e["category"] == "safety" for e in entries))
    gaps = [e["state"] for e in entries if e["kind"] == "gap" and e["tenant"] == "garden"]
    check("the garden's silence is a gap with both ends", gaps == ["open", "closed"])
    check("a shadow rule never makes a violation", not any(
        e["kind"] == "violation" and e["rule"] == "story/watched" for e in entries))

    legal = document(glob.glob(folder + "/notices/%s/*legal.eml" % cases["forum"])[0])
    print("    numbers for legal: %s" % json.dumps(legal["numbers"]))
    check("the rise is a number: %s" % legal["numbers"]["verdict"],
          legal["numbers"]["verdict"] == "rising")
    for what in (["evidence", "verify", folder], ["replay", "--dir", folder, "--all"]):
        run = subprocess.run([TOSCTL] + what, capture_output=True, text=True, timeout=60)
        check("tosctl %s: %s" % (" ".join(what[:2]), run.stdout.splitlines()[-1:]),
              run.returncode == 0)

    again, _ = simulate(tempfile.mkdtemp(prefix="tosd-story-"))
    check("played again: the same entries", [strip(e) for e in again]
          == [strip(e) for e in entries])
    return 1 if failures else 0


def strip(entry):
    """Without what hangs on the signing key, which is new each time."""
    return {k: v for k, v in entry.items()
            if k not in ("prev", "commit", "bytes", "sha256")}


if __name__ == "__main__":
    sys.exit(main())
