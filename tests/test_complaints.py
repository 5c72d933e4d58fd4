#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whatever a file on the command line is called, no terminal is moved by it: complaints of
every command are escaped, and one line each.  And none ends well whose output was not taken."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile

SRC = pathlib.Path(os.environ.get("srcdir") or pathlib.Path(__file__).parent.parent)
BUILD = pathlib.Path(os.environ.get("builddir") or SRC / "build")

BAD = "no\x1b]0;x\x07\u202esuch"
TOSCTL = (
    "parse", "parse --dates", "scan --model", "trend", "evidence verify", "simulate", "replay",
    "render --data /dev/null", "policy lint", "policy test", "policy backtest -c", "policy diff -c",
    "policy sign --key x", "lists check", "lists hash", "classifier evaluate", "classifier train",
    "plugin check", "plugin try", "plugin conform", "rebuild -c", "feed check", "tenant import",
    "moderation test -c", "status -s", "case", "no", "policy")


def hushed(words, where):
    """The exit code, if what it says is escaped."""
    done = subprocess.run([*words, BAD], stdin=subprocess.DEVNULL, cwd=where, timeout=60,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    said = done.stdout + done.stderr
    if done.returncode == 0 or not said:
        sys.exit(f"{words}: exit code {done.returncode}, said {said!r}")
    for raw in (b"\x1b", b"\x07", "\u202e".encode()):
        if raw in said:
            sys.exit(f"{words}: {raw!r} as it is in {said!r}")
    return b"\\x1b]0;x\\x07\\u{202e}" in said


PACK = str(SRC / "etc/policies.d")
PRINTING = (
    ("--help",), ("--version",), ("policy", "--help"), ("policy", "lint", PACK),
    ("policy", "test", PACK), ("policy", "diff", PACK, PACK), ("policy", "new", "boats"),
    ("policy", "keygen", "desk", "desk.key"), ("evidence", "key", "--new", "log", "log.key"),
    ("classifier", "--help"), ("classifier", "evaluate", "rows.jsonl"), ("scan", "--help"),
    ("scan", "--no-classifier"), ("parse", "--dates"), ("parse", "feed.xml"), ("trend", "rows.csv"),
    ("render", "--data", "data.json", "t"), ("lists", "hash", "t"), ("plugin", "conform", "--list"),
    ("plugin", "check", str(BUILD / "plugins/sample/.libs/shouting.so")),
    ("simulate", "--all", "--plugin", str(BUILD / "plugins/rules/.libs/rules.so"), "story.json"))
STORY = {"configuration": str(SRC / "tests/scenarios/story.conf"), "end": "2d",
         "start": "2026-01-05T00:00:00Z",
         "events": [{"op": "post", "tenant": "forum", "id": "1", "text": "a fine day"}]}
FEED = (b'<rss version="2.0"><channel><title>t</title><item><guid>1</guid><description>x'
        b'</description></item></channel></rss>')


def taken(words, where):
    """With a full disk as standard output."""
    with open("/dev/full", "wb") as full:
        done = subprocess.run([BUILD / "tosctl", *words], cwd=where, timeout=60, stdout=full,
                              stderr=subprocess.PIPE, input=b'{"id":1,"text":"x"}')
    if done.returncode != 3 or any(w not in done.stderr
                                   for w in (b"cannot write: ", b"No space left on device")):
        sys.exit(f"{words}, full: exit code {done.returncode}, said {done.stderr!r}")


def closed(words, where):
    """With a standard stream that is closed no file that is opened is taken for it."""
    for fd, want in (1, b": Bad file descriptor"), (2, b""):
        clean(where)
        done = subprocess.run([BUILD / "tosctl", *words], cwd=where, timeout=60,
                              preexec_fn=lambda fd=fd: os.close(fd),
                              stdout=None if fd == 1 else subprocess.PIPE,
                              stderr=None if fd == 2 else subprocess.PIPE,
                              input=b'{"id":1,"text":"x"}')
        if (fd == 1 and done.returncode != 3) or want not in (done.stderr or b""):
            sys.exit(f"{words}, {fd} closed: exit code {done.returncode}, said {done.stderr!r}")


def no_reader(words, where):
    """Whoever reads it has left: no words are lost about it."""
    clean(where)
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([BUILD / "tosctl", *words], cwd=where, timeout=60, stdout=writer,
                          stderr=subprocess.PIPE, input=b'{"id":1,"text":"x"}')
    os.close(writer)
    if done.returncode != -signal.SIGPIPE or b"cannot write" in done.stderr:
        sys.exit(f"{words}, no reader: exit code {done.returncode}, said {done.stderr!r}")


def clean(where):
    for name in "boats.conf", "desk.key", "log.key":
        pathlib.Path(where, name).unlink(missing_ok=True)


def no_input():
    done = subprocess.run([BUILD / "tosctl", "scan", "--no-classifier"], timeout=60,
                          preexec_fn=lambda: os.close(0), capture_output=True)
    if done.returncode != 3 or done.stdout or \
            b"cannot read standard input: Bad file descriptor" not in done.stderr:
        sys.exit(f"scan, 0 closed: {done}")


def all_taken():
    with tempfile.TemporaryDirectory() as where:
        pathlib.Path(where, "story.json").write_text(json.dumps(STORY))
        for name, text in (("rows.jsonl", b'{"text":"x","label":1}\n'), ("t", b"x"),
                           ("data.json", b"{}"), ("feed.xml", FEED),
                           ("rows.csv", b"time,items,violations\n2026-01-01T00:00:00Z,10,1\n")):
            pathlib.Path(where, name).write_bytes(text)
        for words in PRINTING:
            taken(words, where)
        left = [p for p in os.listdir(where) if p.endswith(".key")]
        if left:
            sys.exit(f"{left}: a key whose public half nobody knows")
        for words in PRINTING:
            closed(words, where)
            if words[:2] != ("plugin", "check"):  # which says that its answer was not taken
                no_reader(words, where)
    no_input()


def not_replaced():
    """A pack that is there is somebody's work."""
    with tempfile.TemporaryDirectory() as where:
        for want in 0, 3:
            done = subprocess.run([BUILD / "tosctl", "policy", "new", "boats"], cwd=where,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            if done.returncode != want or (b"is there already" in done.stderr) != (want == 3):
                sys.exit(f"policy new: exit code {done.returncode}, wanted {want}, {done.stderr!r}")


SLIPS = (
    ("scan --polices x", "tosctl: there is no option --polices; did you mean --policies?"),
    ("scan --policies", "tosctl: --policies wants a value"),
    ("scan --p", "tosctl: --p is the beginning of more than one option: write it out"),
    ("scan -c", "tosctl: -c wants a value"),
    ("scan -hx", "tosctl: there is no option -x"),
    ("status --json=3", "tosctl: --json takes no value"),
    ("replay --zzzzzzzz", "tosctl: there is no option --zzzzzzzz"),
    ("plugin nwe", "tosctl: there is no `plugin nwe'; did you mean `new'?"),
    ("plugin zzzzzzzz", "tosctl: there is no `plugin zzzzzzzz'; `tosctl plugin --help' names what "
     "there is"),
    ("plugin check a.so b.so", "tosctl: `plugin check' takes one shared object: what is \"b.so\"?"),
    ("plugin new", "tosctl: `plugin new' wants a name"),
    ("plugin new a b c", "tosctl: `plugin new' takes a name and a folder: what is \"c\"?"),
    ("plugin new foo -- -x", "tosctl: \"-x\" is no folder to make; ./-x would be one"),
    ("plugin try x.so extra", "tosctl: x.so is a shared object, which takes no arguments (extra); "
     "--set KEY=VALUE is for its settings"),
    ("plugin conform x.so extra", "tosctl: x.so is a shared object; `plugin conform' is for "
     "programs, and `plugin check' for objects"),
    ("plugin conform --list --case helo", "tosctl: there is no case `helo'; did you mean `hello'?"),
    ("policy label-samples a.ndjson", "tosctl policy label-samples: of which samples?  --key "
     "FILE.key"),
    ("policy label-samples --key a", "tosctl policy label-samples: which files of labels?"),
    ("policy canary a/b -p me -r x", "tosctl policy canary: the share is a number from 1 to 99, not "
     "`a/b'"),
    ("policy canary 5 -p me -r x", "tosctl policy canary: which rules?"),
    ("policy label right -p me -r x", "tosctl policy label: which findings?"),
    ("decide 2026-000001", "tosctl decide: which verdict?"),
    ("cases a b", "tosctl cases: `b' is a word too many"),
    ("classifier", "tosctl classifier: train, evaluate or calibrate?"),
    ("classifier tran x", "tosctl classifier: there is no command `tran'"),
    ("classifier train x", "tosctl classifier train: where to?  --out FILE"),
    ("classifier evaluate", "tosctl classifier evaluate: which files of labelled texts?"),
    ("classifier train --precision 80", "tosctl: --precision is a number from 0.05 to 0.999, not "
     "`80'"),
    ("scan items", "tosctl scan: items come from standard input: what is `items'?"),
    ("policy new --json x", "tosctl policy new: there is no option --json here"),
    ("policy diff -c x a b", "tosctl policy diff: --config is for what texts are found, with "
     "--on or --store"),
    ("tenant add --by one x", "tosctl: tenant add: there is no option --by here"),
    ("tenant import --all x", "tosctl: tenant import: there is no option --all here"),
    ("stauts", "tosctl: there is no command `stauts'; status is near; `tosctl help' lists them"),
    ("zzzzzzzz", "tosctl: there is no command `zzzzzzzz'; `tosctl help' lists them"))


def slips():
    """Words that are none, and what was likely meant."""
    for words, want in SLIPS:
        done = subprocess.run([BUILD / "tosctl", *words.split()], stdin=subprocess.DEVNULL,
                              timeout=60, capture_output=True, text=True)
        if done.returncode != 2 or done.stderr.split("\n")[0] != want:
            sys.exit(f"{words}: exit code {done.returncode}, said {done.stderr!r}")


def programs():
    """Folders are no programs, also those that PATH has."""
    for name, said in (("", "`': there is no such program"), ("/usr", "/usr is a folder")):
        for verb in "try", "conform":
            done = subprocess.run([BUILD / "tosctl", "plugin", verb, name], capture_output=True,
                                  stdin=subprocess.DEVNULL, timeout=60, text=True)
            if done.returncode != 3 or said not in done.stderr:
                sys.exit(f"plugin {verb} {name!r}: {done}")


def forbidden():
    """What may not be read is no fault of the packs in it, and is not missing."""
    with tempfile.TemporaryDirectory() as where:
        os.chmod(where, 0o755)
        secret = pathlib.Path(where, "secret")
        secret.mkdir()
        subprocess.run([BUILD / "tosctl", "policy", "new", "boats", secret], check=True,
                       stdout=subprocess.DEVNULL)
        secret.chmod(0)
        for words in ("policy", "lint", secret), ("policy", "test", secret), \
                ("plugin", "try", f"{secret}/x"):
            other = {"user": 65534, "group": 65534, "extra_groups": []} if os.getuid() == 0 else {}
            try:
                done = subprocess.run([BUILD / "tosctl", *words], capture_output=True, timeout=60,
                                      text=True, stdin=subprocess.DEVNULL, **other)
            except PermissionError:  # a build tree that is root's alone
                print("what may not be read: left out")
                break
            if done.returncode != 3 or ": Permission denied" not in done.stderr:
                sys.exit(f"{words}: {done}")
        secret.chmod(0o755)


def unset():
    """A variable that is there and empty says nothing."""
    done = subprocess.run(["%s/tosctl" % BUILD, "status"], stdin=subprocess.DEVNULL, timeout=60,
                          capture_output=True, text=True, env={**os.environ, "TOSD_CONTROL": ""})
    if "answers on :" in done.stderr or done.returncode not in (0, 3):
        sys.exit(f"TOSD_CONTROL is empty: exit code {done.returncode}, said {done.stderr!r}")
    done = subprocess.run(["%s/tosd" % BUILD, "-t", "tosd.conf"], stdin=subprocess.DEVNULL,
                          timeout=60, capture_output=True, text=True)
    if not done.stderr.startswith("tosd: `tosd.conf' is no option; a configuration is named with"):
        sys.exit(f"tosd -t tosd.conf: said {done.stderr!r}")


ANSWER = {"ok": True, "rows": [{"id": {"url": "x\u009b31m\u202e"}, "feeds": [["\u009d0;x\u009c"]],
                                "\u009d[1m": 1, "url": "\u009b31m"}]}


def answered():
    """What tenants wrote, deep in an answer of the daemon."""
    with tempfile.TemporaryDirectory() as where, socket.socket(socket.AF_UNIX) as s:
        s.bind(where + "/s")
        s.listen()
        for words in ("status",), ("tenants",), ("feeds",), ("tenants", "--json"):
            with subprocess.Popen([BUILD / "tosctl", *words, "-s", where + "/s"],
                                  stdout=subprocess.PIPE) as asks:
                with s.accept()[0] as c:
                    c.recv(1 << 16)
                    c.sendall(json.dumps(ANSWER).encode() + b"\n")
                said = asks.stdout.read().decode()
            if not said or any(c in said for c in "\u009b\u009c\u009d\u202e"):
                sys.exit(f"{words}: said {said!r}")


COMMANDS = (
    "status", "reviews", "decide", "evidence", "evidence verify", "evidence show", "replay",
    "rebuild", "simulate", "tenant", "tenant add", "feed", "feed check", "parse", "scan", "policy",
    "policy lint", "policy rules", "policy diff", "policy backtest", "policy label-samples", "lists",
    "lists status", "plugin", "plugin status", "plugin try", "moderation", "classifier", "render",
    "trend")


def helped():
    """Every command says how it is called, where that can be read on, and ends well."""
    for words in COMMANDS:
        done = subprocess.run([BUILD / "tosctl", *words.split(), "--help"], timeout=60,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode != 0 or done.stderr or not done.stdout.startswith("usage:"):
            sys.exit(f"{words} --help: {done}")


def children():
    """Who starts us may have said that nobody is to wait for children."""
    for words in ("scan", "--no-classifier"), ("plugin", "try", "--no-sandbox", "cat"):
        done = subprocess.run(
            [BUILD / "tosctl", *words], input=b'{"id":1,"text":"x"}\n', timeout=120,
            preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if done.returncode not in (0, 3):
            sys.exit(f"{words}, children ignored: {done}")


def mended():
    """A document that was mended is told of by its name."""
    with tempfile.TemporaryDirectory() as where:
        pathlib.Path(where, BAD).write_bytes(FEED.replace(b"</channel>", b""))
        done = subprocess.run([BUILD / "tosctl", "parse", BAD], cwd=where, timeout=60,
                              capture_output=True)
        if b": mended: " not in done.stderr or b"\x1b" in done.stderr:
            sys.exit(f"parse, mended: {done}")


def main():
    helped()
    mended()
    children()
    all_taken()
    answered()
    slips()
    programs()
    forbidden()
    unset()
    not_replaced()
    with tempfile.TemporaryDirectory() as where:
        shown = sum(hushed([BUILD / "tosctl", *c.split()], where) for c in TOSCTL)
        shown += sum(hushed([BUILD / "tosd", *c], where)
                     for c in (("-t", "-c"), ("--role",), ("-t",)))
        # Addresses of a list of somebody else's, as configuration.
        csv = pathlib.Path(where) / "list.csv"
        csv.write_text("id,url\nx,https://x.example/\u202ea\n", "utf-8")
        out = subprocess.run([BUILD / "tosctl", "tenant", "import", csv], cwd=where, timeout=60,
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
        if b"https://x.example/%E2%80%AEa" not in out or "\u202e".encode() in out:
            sys.exit(f"tenant import: {out!r}")
    # Most name the file: without that, this has tested nothing.
    if shown < 2 * len(TOSCTL) // 3:
        sys.exit(f"only {shown} complaints show the name")
    print(f"{shown} complaints show the name, escaped")


main()
