#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""`tosctl policy diff' between folders and packs, over texts and over what was seen."""

import json
import os
import shutil
import subprocess
import sys
import tempfile

SRC = os.path.abspath(os.environ.get("srcdir", os.path.join(os.path.dirname(__file__), "..")))
BUILD = os.path.abspath(os.environ.get("builddir", SRC))
TOSCTL = os.path.join(BUILD, "tosctl")
failures = 0


def check(ok, what, detail=""):
    global failures
    failures += not ok
    print(("ok   " if ok else "FAIL ") + what + ("" if ok else ": %s" % (detail,)))


def run(*argv):
    return subprocess.run([str(a) for a in argv], capture_output=True, text=True, timeout=300)


def diff(*argv):
    got = run(TOSCTL, "policy", "diff", "--json", *argv)
    return got, [json.loads(s) for s in got.stdout.splitlines()]


def change(path, *pairs):
    with open(path) as f:
        text = f.read()
    for a, b in pairs:
        assert a in text, a
        text = text.replace(a, b, 1)
    with open(path, "w") as f:
        f.write(text)


def commands(a):
    """What the commands about packs say of wrong words, and as JSON."""
    got = run(TOSCTL, "policy", "linnt", a)
    check(got.returncode == 2 and "no command `linnt'" in got.stderr
          and got.stderr.count("\n") == 1, "a command that is none", got.stderr)
    got = run(TOSCTL, "policy", "new")
    check(got.returncode == 2 and "tosctl policy new NAME" in got.stderr
          and "lint" not in got.stderr, "a word too few", got.stderr)
    old = a + "-old"
    shutil.copytree(a, old)
    for name in os.listdir(old):
        if name.endswith(".conf"):
            change(os.path.join(old, name), ("rev = 1;", 'rev = 1; expires = "2020-02-02";'))
            break
    got = run(TOSCTL, "policy", "test", old)
    check(got.returncode == 0 and ("/%s:" % name) in got.stdout
          and "has expired; its owner is" in got.stdout, "a rule that has expired, in test",
          got.stdout)
    got = run(TOSCTL, "policy", "test", a)
    check(got.returncode == 0 and "warning" not in got.stdout, "test says nothing else",
          got.stdout)
    got = run(TOSCTL, "policy", "new", "host", a)
    check(got.returncode == 2 and "`host' is no name for a pack" in got.stderr
          and not os.path.exists(a + "/host.conf"), "a name that the host has", got.stderr)
    got = run(TOSCTL, "policy", "new", "boats", "")
    check(got.returncode == 2 and "is no folder" in got.stderr and not os.path.exists("/boats.conf"),
          "a folder without a name is not the root", got)
    for words in ("lint", a), ("test", a), ("explain", a, "x"), ("sign", "--key", a + "/key", a):
        if words[0] == "sign":
            run(TOSCTL, "policy", "keygen", "desk", a + "/key")
        got = run(TOSCTL, "policy", words[0], "--plugin", a + "/none.so", *words[1:])
        check(got.returncode == 3 and got.stdout == "" and "/none.so: No such file" in got.stderr,
              "a plugin that is not there is no fault of packs: %s" % words[0], got)
    os.unlink(a + "/key")
    got = run(TOSCTL, "policy", "lint", "--help")
    check(got.returncode == 0 and "--strict" in got.stdout and "canary" not in got.stdout,
          "help of one command", got.stdout)
    got = run(TOSCTL, "policy", "test", a + "/nowhere")
    check(got.returncode == 3 and "nowhere" in got.stderr, "a folder that is not there", got)
    got = run(TOSCTL, "policy", "lint", "--day", "2026-13-01", a)
    check(got.returncode == 2 and "--day is a day such as 2026-12-24, not `2026-13-01'"
          in got.stderr, "a day that is none", got.stderr)
    for words in (("test", "--day", "2026-12-24", a), ("new", "--strict", "x"),
                  ("sign", "--strict", "--key", a + "/key", a)):
        got = run(TOSCTL, "policy", *words)
        check(got.returncode == 2 and got.stderr == f"tosctl policy {words[0]}: there is no "
              f"option {words[1]} here\n", "an option of another command", got)
    run(TOSCTL, "policy", "keygen", "desk", a + "/desk")
    got = run(TOSCTL, "policy", "sign", "--key", a + "/desk", a, "demo", "nosuch")
    check(got.returncode == 3 and got.stdout == "" and "there is no pack `nosuch'" in got.stderr
          and not os.path.exists(a + "/demo.conf.sig"), "a pack to sign that is not there", got)
    os.unlink(a + "/desk")
    got = run(TOSCTL, "policy", "keygen", "a b", a + "/key")
    check(got.returncode == 2 and "a key's name" in got.stderr, "a name that is none", got)
    got = run(TOSCTL, "policy", "lint", "--json", a)
    rows = [json.loads(s) for s in got.stdout.splitlines()]
    said = [r for r in rows if "still \"example\"" in r.get("warning", "")]
    check(len(said) == 1 and said[0]["rule"] == "demo/announced" and said[0]["line"] > 9
          and said[0]["file"] == a + "/demo.conf", "a warning with its place", rows)
    check([r for r in rows if "summary" in r] == rows[-1:], "a summary", rows)


def escapes(base):
    """Nothing that was written by others moves the terminal."""
    one, two = base + "/one.conf", base + "/t\x1bwo.conf"
    for path, name, phrase in ((one, "p", "x"), (two, "p", "\x1b[31m\u202e\u009b1m")):
        with open(path, "w") as f:
            f.write('pack = { name = "%s"; about = "%s"; };\n'
                    'contexts = { c = { phrases = [ "%s" ]; }; };\n'
                    'rules = ( { id = "wr%s"; phrases = [ "%s" ]; except = [ "c" ]; },'
                    ' { id = "r"; reason = "%s"; } );\n' % ((name,) + (phrase,) * 5))
    with open(base + "/three.conf", "w") as f:
        f.write('pack = { name = "al\x1b[31m\u202e"; };\n')
    with open(base + "/fo\x1bur.conf", "w") as f:
        f.write("rules (\n")
    for pair in ((one, two), (two, one), (one, base + "/three.conf"), (one, base + "/fo\x1bur.conf"),
                 (one, base + "/no\x1bwhere")):
        got = run(TOSCTL, "policy", "diff", *pair)
        said = got.stdout + got.stderr
        check(said and not any(c in said for c in "\x1b\u202e\u009b"),
              "no raw controls: %r" % (pair,), repr(said))
    got, rows = diff(one, two)
    check(not any(c in got.stdout for c in "\x1b\u202e\u009b")
          and "\x1b[31m\u202e\u009b1m" in str([r["changes"][0]["to"] for r in rows
                                            if r["kind"] == "pack"][0]),
          "nor in JSON, which says the same", repr(got.stdout))


def unjudged(base, a, b):
    """What was not wholly looked at is no text that neither finds; and no line takes more
    memory than a line may have."""
    with open(base + "/long.ndjson", "w") as f:
        f.write(json.dumps({"id": "big", "text": "a" * (2 << 20)}) + "\n")
        f.write(json.dumps({"id": "huge", "text": "a" * (9 << 20)}) + "\n")
        f.write(json.dumps({"id": "last", "text": "we will smash your greenhouse"}))
    got, rows = diff("--on", base + "/long.ndjson", a, b)
    said = [r for r in rows if r["kind"] == "degraded"]
    check(got.returncode == 1 and [r["id"] for r in said] == ["big"]
          and "longer than 1 MiB" in said[0]["a"] == said[0]["b"], "not wholly judged", (got, said))
    check([(r["line"], r["error"]) for r in rows if r["kind"] == "line"]
          == [(2, "line longer than 8 MiB")]
          and [r["both"] for r in rows if r["kind"] == "found"][0] == 1,
          "a line that is too long, and the one after it", rows)
    with open(base + "/wrong.ndjson", "w") as f:
        f.write("no item\n" * 1000)
    text = run(TOSCTL, "policy", "diff", "--on", base + "/wrong.ndjson", a, b)
    check(text.returncode == 1 and text.stderr.count("\n") == 20
          and text.stderr.endswith("; more of them are not named\n")
          and "1000 lines are no items" in text.stdout, "a file of something else", text)
    text = run(TOSCTL, "policy", "diff", "--on", base + "/long.ndjson", a, b)
    check(text.returncode == 1 and "not wholly judged: big: " in text.stdout
          and "1 texts were not wholly judged" in text.stdout, "the same for people", text.stdout)


def broken(base, pack):
    """A word that is no UTF-8 is one word more."""
    with open(pack, "rb") as f:
        text = f.read()
    odd = base + "/odd.conf"
    for word in b"w\xff", b"w\\xff":
        with open(odd, "wb") as f:
            f.write(text.replace(b'"wreck", ', b'"wreck", "%s", ' % word, 1))
        got, rows = diff(pack, odd)
        rule = [r for r in rows if r["kind"] == "rule"]
        check(rule and rule[0]["lists"][0]["added"] == ["w\ufffd"], "no UTF-8: %r" % word,
              (got, rows))


def left(base, a, b):
    """Whoever ends it while it judges finds nothing left in the temporary folder."""
    os.mkdir(base + "/tmp")
    os.mkfifo(base + "/pipe.ndjson")
    work = subprocess.Popen([TOSCTL, "policy", "diff", "--on", base + "/pipe.ndjson", a, b],
                            env={**os.environ, "TMPDIR": base + "/tmp"},
                            stdout=subprocess.DEVNULL)
    with open(base + "/pipe.ndjson", "w"):  # which it reads when the packs are loaded
        there = os.listdir(base + "/tmp")
        work.kill()
        work.wait(60)
    check(there == [], "nothing left behind", there)


def main():
    base = tempfile.mkdtemp(prefix="tosd-diff-")
    a, b = base + "/a", base + "/b"
    os.mkdir(a)
    run(TOSCTL, "policy", "new", "demo", a)
    got = run(TOSCTL, "policy", "lint", a)
    check(got.returncode == 0 and got.stdout.count("still") == 3,
          "lint of a new pack names what is the example's", got.stdout)
    commands(a)
    shutil.copytree(a, b)
    got, rows = diff(a, b)
    check(got.returncode == 0 and rows == [], "the same packs", got)
    change(b + "/demo.conf", ('"wreck", ', '"wreck", "ruin", '),
           ('"I will really wreck', '"we will ruin that boathouse", "I will really wreck'))
    run(TOSCTL, "policy", "new", "other", b)
    got, rows = diff(a, b)
    rule = [r for r in rows if r["kind"] == "rule" and r["rule"] == "demo/announced"][0]
    check(got.returncode == 1 and rule["unraised"]
          and rule["lists"] == [{"key": "act", "added": ["ruin"], "removed": []}],
          "a word more, and rev as before", rule)
    check([r["pack"] for r in rows if r["kind"] == "pack" and r["change"] == "added"]
          == ["other"], "a pack more", rows)
    tests = [r for r in rows if r["kind"] == "pack" and r["change"] == "changed"][0]
    check(tests["changes"] == [{"key": "tests.fail", "removed": [],
                                "added": ["we will ruin that boathouse"]}],
          "a test more", tests)
    change(b + "/demo.conf", ("rev = 1;", "rev = 2;"))
    got, rows = diff(a, b)
    check(got.returncode == 0, "with another rev it is no fault", got)
    text = run(TOSCTL, "policy", "diff", a, b)
    check("rule demo/announced: changed, rev 1 -> 2" in text.stdout
          and "+ \"ruin\"" in text.stdout, "for people", text.stdout)
    check([r for r in rows if r["kind"] == "pack" and r.get("unraised")]
          == [r for r in rows if r.get("pack") == "demo"]
          and "    warning: its `version' was not raised\n" in text.stdout,
          "a pack that changed, and its version as before", (rows, text.stdout))
    change(b + "/demo.conf", ("version = 1;", "version = 2;"))
    got, rows = diff(a, b)
    text = run(TOSCTL, "policy", "diff", a, b)
    check(rows and not [r for r in rows if r.get("unraised")] and "warning" not in text.stdout,
          "with another version", text.stdout)

    with open(base + "/on.ndjson", "w") as f:
        f.write('{"id": 1, "text": "we will ruin your greenhouse"}\n\n'
                '{"id": "x", "text": "we will smash your greenhouse"}\n')
    got, rows = diff("--on", base + "/on.ndjson", a + "/demo.conf", b + "/demo.conf")
    check([(r["id"], r["only"]) for r in rows if r["kind"] == "text"] == [("1", "b")],
          "found by one of them", rows)
    found = [r for r in rows if r["kind"] == "found"]
    check(found == [{"kind": "found", "rule": "demo/announced", "texts": 2, "both": 1,
                     "only_a": 0, "only_b": 1}], "counted", found)
    # Among many files that are none of its business, one list is, in a folder of its own,
    # named by a file that it includes; and it has a name that no pack in use has.
    full = base + "/full"
    os.makedirs(full + "/lib/more")
    os.mkdir(full + "/many")
    for i in range(10050):
        open("%s/many/%d.ndjson" % (full, i), "w").close()
    os.mkfifo(full + "/many/pipe.conf")
    shutil.copy(a + "/demo.conf", full + "/demo.v1")
    change(full + "/demo.v1", ('"wreck", ', '"wreck", "@extra", '),
           ("clauses =", 'include = [ "lib/more.inc" ]; # a "lone mark\nclauses ='))
    with open(full + "/lib/more.inc", "w") as f:
        f.write('lists = { extra = { file = "lib/more/words.txt"; }; };\n')
    with open(full + "/lib/more/words.txt", "w") as f:
        f.write("ruin\n")
    got, rows = diff(full + "/demo.v1", b + "/demo.conf")
    check(got.returncode in (0, 1) and rows, "a pack of any name, as written", got)
    got, rows = diff("--on", base + "/on.ndjson", full + "/demo.v1", a + "/demo.conf")
    check([(r["id"], r["only"]) for r in rows if r["kind"] == "text"] == [("1", "a")],
          "and over texts, with what it includes alone", (rows, got.stderr))
    shutil.rmtree(full)
    run(os.path.join(BUILD, "tests/past_main"), base + "/past.db", 500, 5, 20)
    shutil.copytree(a, base + "/less")
    change(base + "/less/demo.conf", ('"greenhouse", ', '"glasshouse", '),
           *[("the greenhouse", "the glasshouse")] * 6, ("your greenhouse", "your glasshouse"))
    got, rows = diff("--store", "sqlite:" + base + "/past.db", a, base + "/less")
    found = {r["rule"]: r for r in rows if r["kind"] == "found"}
    check(found["demo/announced"]["only_a"] > 5 and found["demo/announced"]["both"] == 0,
          "over what was seen", (found, got.stderr))

    for name, text, words in (
            ("noise", "\0\1\2", "noise.conf"), ("nameless", "lists = {};", "pack.name"),
            ("deep", "a = " + "(" * 5000, "brackets"),
            ("open", '@include "/etc/passwd"\n', "@include"),
            ("far", 'pack = { name = "far"; }; include = [ "../x" ];', "under")):
        path = "%s/%s.conf" % (base, name)
        with open(path, "w") as f:
            f.write(text)
        got, rows = diff(a, path)
        check(got.returncode == 3 and words in got.stderr and not rows,
              "a file that is no pack: %s" % name, got.stderr)
    with open(base + "/on.ndjson", "a") as f:
        f.write("{\n")
        f.write('{"id": 4, "text": "a\\u0000b"}\n')
        f.write('{"id": 5, "text": "we will smash your greenhouse"}\n')
    got, rows = diff("--on", base + "/on.ndjson", a, b)
    bad = [r for r in rows if r["kind"] == "line"]
    check(got.returncode == 1 and [r["line"] for r in bad] == [4, 5]
          and [r["both"] for r in rows if r["kind"] == "found"] == [2, 0],
          "broken lines are said, those after them judged", (got, rows))
    check("JSON_" not in bad[1]["error"], "in words for people", bad)
    text = run(TOSCTL, "policy", "diff", "--on", base + "/on.ndjson", a, b)
    check(text.returncode == 1 and "on.ndjson:5:" in text.stderr
          and "2 lines are no items" in text.stdout, "the same for people", text)
    broken(base, a + "/demo.conf")
    unjudged(base, a, b)
    left(base, a + "/demo.conf", b + "/demo.conf")
    escapes(base)
    change(b + "/demo.conf", ('"We will smash the greenhouse",', '"We paint",'))
    got, rows = diff("--on", base + "/on.ndjson", a, b)
    check(got.returncode == 3 and "not all packs load" in got.stderr,
          "a pack that fails its tests finds nothing", got.stderr)
    check(run(TOSCTL, "policy", "diff", a).returncode == 2, "usage")
    shutil.rmtree(base)
    print("%d failures" % failures)
    return failures != 0


if __name__ == "__main__":
    sys.exit(main())
