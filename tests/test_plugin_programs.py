#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Plugins that are programs, as their author meets them: the examples pass every case of
`tosctl plugin conform' and find what they say; programs that break one rule of the protocol
each fail the case that is about it; `tosctl plugin try' prints what scan prints, names what
went wrong, and gives up an item that kills a program twice, and only that one."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

from daemon import BUILD, SOURCE, skip

# name: (what is changed in GOOD, the case that has to fail)
GOOD = """
import json, sys, time, os, random, signal
HELLO = {"t": "hello", "proto": [1, 1], "name": "t", "version": "1", "want": ["text"],
         "max_inflight": 8, "rules": [{"id": "a/b", "rev": 1, "clause": "1", "category": "x",
                                       "severity": "low"}]}
def say(m):
    sys.stdout.buffer.write(json.dumps(m).encode() + b"\\n")
    sys.stdout.buffer.flush()
kept = []
say(HELLO)
for line in sys.stdin.buffer:
    m = json.loads(line)
    if m["t"] == "item":
        text, seq, found = m["item"]["text"], m["seq"], []
        if "!!!" in text:
            at = len(text[:text.index("!!!")].encode())
            found = [{"rule": "a/b", "spans": [[at, at + 3]]}]
        #ITEM
        say({"t": "result", "seq": seq, "findings": found})
    elif m["t"] == "drain":
        #DRAIN
        break
    #OTHER
#END
"""
BAD = {
    "no-hello": ("say(HELLO)", "time.sleep(3)", "hello"),
    "clock": ("#ITEM", "found = [{'rule': 'a/b', 'score': time.time() % 1}]", "same-process"),
    "memory": ("#ITEM", "kept.append(1); found = [{'rule': 'a/b', 'score': "
               "min(1, len(kept) / 1000)}]", "same-memory"),
    "characters": ("at = len(text[:text.index(\"!!!\")].encode())",
                   "at = text.index(\"!!!\")", "text-borders"),
    "cut": ("#ITEM", "found = [{'rule': 'a/b', 'spans': [[1, 2]]}]", "text-han"),
    "outside": ("#ITEM", "found = [{'rule': 'a/b', 'spans': [[0, 9]]}]", "text-letter"),
    "undeclared": ("#ITEM", "found = [{'rule': 'c/d'}]", "text-letter"),
    "print": ("#ITEM", "print('debug'); sys.stdout.flush()", "text-letter"),
    "strict": ("#OTHER", "elif m['t'] not in ('start', 'tick', 'sets'): sys.exit(1)",
               "message-unknown"),
    "no-tick": ("#OTHER", "elif m['t'] == 'tick': say({'t': 'tock'}); sys.exit(1)",
                "message-tick"),
    "drops": ("#DRAIN", "time.sleep(60)", "end-drain"),
    "lives-on": ("#END", "time.sleep(60)", "end-eof"),
    "exit-code": ("#END", "sys.exit(9)", "end-drain"),
    "deaf-term": ("say(HELLO)", "signal.signal(15, signal.SIG_IGN); say(HELLO)", "end-term"),
    "leaks": ("#ITEM", "kept.append(bytearray(os.urandom(1 << 15)))", "load-memory"),
    "chatty": ("#ITEM", "print('saw one', file=sys.stderr, flush=True)", "load-quiet"),
    "double": ("#ITEM", "say({'t': 'result', 'seq': seq, 'findings': []})", "flow-lockstep"),
    "greedy": ('"want": ["text"]', '"want": ["text", "tenant"]', "hello-granted"),
    "impure": ('"max_inflight": 8', '"max_inflight": 8, "pure": False', "hello-pure"),
    "key-error": ("#ITEM", "m['as_of']", "item-bare"),
}


def tosctl(*words, text="", limit=300):
    return subprocess.run([BUILD + "/tosctl", "plugin", *map(str, words)], input=text,
                          capture_output=True, text=True, timeout=limit, check=False)


def check_examples(folder):
    for name in ("shouting.py", "links.sh"):
        path = folder / name
        shutil.copy(f"{SOURCE}/plugins/examples/{name}", path)
        path.chmod(0o755)
        p = tosctl("conform", path)
        bad = [x for x in p.stdout.splitlines() if not x.startswith("ok")]
        assert p.returncode == 0, (name, bad, p.stderr)
        print(f"{name}: {bad[0]}", flush=True)
    items = [{"id": 1, "text": "WHY DOES NOBODY EVER LISTEN HERE"},
             {"id": 2, "text": "why is that so"},
             {"id": 3, "text": "\u00fcber\u00fcber what!!! http://a/ "},
             {"id": 4, "text": "http://a/ " * 6}]
    lines = "".join(json.dumps(i) + "\n" for i in items)
    p = tosctl("try", folder / "shouting.py", text=lines)
    assert p.returncode == 0, p.stderr
    found = [json.loads(x)["findings"] for x in p.stdout.splitlines()]
    assert [[f["rule"] for f in v] for v in found] == [
        ["manners/capitals"], [], ["manners/marks"], []], p.stdout
    # Bytes, not characters.
    (start, end), = found[2][0]["spans"]
    assert items[2]["text"].encode()[start:end] == b"!!!"
    assert "4 items, 2 findings, 0 degraded" in p.stderr, p.stderr
    p = tosctl("try", folder / "links.sh", text=lines)
    assert [len(json.loads(x)["findings"]) for x in p.stdout.splitlines()] == [0, 0, 0, 1]


def check_breakers(folder):
    path = folder / "program.py"
    for name, (old, new, case) in BAD.items():
        assert old in GOOD, name
        path.write_text(GOOD.replace(old, new, 1))
        p = tosctl("conform", "--case", case, "/usr/bin/python3", path)
        assert p.returncode == 1 and p.stdout.startswith("FAIL"), (name, p.stdout, p.stderr)
    # ... and none of them fails without its mistake.
    path.write_text(GOOD)
    for case in sorted({c for _, _, c in BAD.values()}):
        p = tosctl("conform", "--case", case, "/usr/bin/python3", path)
        assert p.returncode == 0, (case, p.stdout)
    print(f"{len(BAD)} mistakes found out", flush=True)


def check_json(folder):
    """Where what it said was cut within a character, JSON says why as well."""
    path = folder / "program.py"
    path.write_text(GOOD.replace("#ITEM", "kept.append(1); found = [{'rule': 'a/b', 'reason': "
                                 "'\\u00e9' * (200 + len(kept))}]"))
    for old in "a/b", "a/bc":
        path.write_text(path.read_text().replace('"a/b"', f'"{old}"').replace("'a/b'", f"'{old}'"))
        p = tosctl("conform", "--json", "--case", "text-plain", "/usr/bin/python3", path)
        row, = map(json.loads, p.stdout.splitlines())
        assert p.returncode == 1 and "the same text twice" in row["why"], p.stdout


# What is changed in GOOD, a case, and what has to be said of it.
WORDS = {
    "busy": ("#ITEM", "say({'t': 'busy', 'seq': seq}); continue", "text-plain",
             "it says busy 100 times with nothing else in hand"),
    "raises": ("#ITEM", "raise ValueError('no \\x1b idea')", "text-plain",
               "it ended (exit code 1); its last line: ValueError: no \\x1b idea"),
    "exits": ("#ITEM", "os._exit(3)", "text-plain", "it ended (exit code 3)"),
    "dies": ("#ITEM", "os.kill(os.getpid(), 9)", "text-plain", ("it ended (SIGKILL)",
             "PermissionError")),  # where its walls forbid even that
    "print": ("#ITEM", "print('debug'); sys.stdout.flush()", "text-plain",
              ": line 2 of its output: not JSON"),
    "order": ("#ITEM", "kept.append(1); found = [{'rule': 'a/b', 'score': "
              "0.6 / len(kept)}]", "text-plain",
              'the same text twice: first "a/b 0.6", then "a/b 0.3"'),
    "empty": ("#ITEM", "found = [{'rule': 'a/b', 'spans': [[2, 2]]}]", "text-plain",
              "it made a span that is empty or ends before it begins"),
    "id": ('"a/b"', '"A\\x1b/b"', "hello", "rule `A\\x1b/b': its id must be"),
}


def check_words(folder):
    path = folder / "program.py"
    for name, (old, new, case, want) in WORDS.items():
        path.write_text(GOOD.replace(old, new, 1))
        p = tosctl("conform", "--case", case, "/usr/bin/python3", path)
        assert p.returncode == 1, (name, p.stdout, p.stderr)
        wants = (want,) if isinstance(want, str) else want
        assert any(w in p.stdout for w in wants), (name, p.stdout)
        assert "`try'" not in p.stdout, (name, p.stdout)
    # Each case that is named, and no other.
    path.write_text(GOOD)
    for listed in ([], ["--list"]):
        p = tosctl("conform", *listed, "--case", "hello", "--case", "text-plain",
                   "/usr/bin/python3", path)
        lines = p.stdout.splitlines()
        assert p.returncode == 0 and len(lines) == (2 if listed else 3), p.stdout
        assert listed or lines[2] == "2 cases, 0 failed", p.stdout
    p = tosctl("conform", "--case", "hello", "/usr/bin/python3", path)
    assert p.stdout.endswith("1 case, 0 failed\n"), p.stdout
    p = tosctl("conform", "--case", "hello", "--case", "nil", "/usr/bin/python3", path)
    assert p.returncode == 2 and "there is no case `nil'" in p.stderr, p.stderr
    # One that never answers takes no longer than the deadline that is asked for.
    path.write_text(GOOD.replace("#ITEM", "continue"))
    begin = time.monotonic()
    p = tosctl("conform", "--deadline", "500ms", "--case", "text-plain", "/usr/bin/python3", path)
    assert "no answer within 0.5 s" in p.stdout and time.monotonic() - begin < 15, p.stdout
    # What lies where it cannot be read.
    shutil.copy("/bin/true", folder / "true")
    (folder / "apart").mkdir()
    shutil.copy(path, folder / "apart/x.py")
    p = tosctl("try", folder / "true", folder / "apart/x.py")
    assert p.returncode == 3 and ("only /usr and its own folder" in p.stderr or
                                  "no hello" in p.stderr), p.stderr
    # Without a hello there is nothing to try: said once.
    path.write_text("import sys\nsys.exit('no idea')\n")
    p = tosctl("conform", "/usr/bin/python3", path)
    lines = p.stdout.splitlines()
    assert p.returncode == 1 and len(lines) == 2, p.stdout
    assert lines[0].endswith("it ended (exit code 1); its last line: no idea"), lines
    assert re.fullmatch(r"1 case, failed: the other \d\d cases need a hello", lines[1])
    print(f"{len(WORDS) + 1} mistakes are told by what they are", flush=True)


def check_busy(folder):
    """Busy for ever: told, lost, given up; and the command comes to an end."""
    path = folder / "program.py"
    path.write_text(GOOD.replace("#ITEM", "say({'t': 'busy', 'seq': seq}); continue"))
    p = tosctl("try", "--deadline", "200ms", "/usr/bin/python3", path,
               text='{"id": 1, "text": "a"}\n{"id": 2, "text": "b"}\n')
    rows = [json.loads(x) for x in p.stdout.splitlines()]
    assert p.returncode == 1 and [r["id"] for r in rows] == [1, 2], (p.stdout, p.stderr)
    assert "nothing else in hand" in rows[0]["degraded"], rows
    assert "says busy for 2 s with nothing else in hand" in p.stderr, p.stderr
    print("try: one that is always busy is given up", flush=True)


def check_try(folder):
    path = folder / "program.py"
    path.write_text(GOOD.replace("#ITEM", "if text == 'die': os._exit(3)"))
    texts = ["a", "b!!!", "die", "c!!!", "d"]
    lines = "".join(json.dumps({"id": i, "text": t}) + "\n" for i, t in enumerate(texts))
    lines += "no item\n" + json.dumps({"id": 9, "text": "e!!!"}) + "\n"
    p = tosctl("try", "--name", "mine", "/usr/bin/python3", path, text=lines)
    assert p.returncode == 1, p.stderr
    rows = [json.loads(x) for x in p.stdout.splitlines()]
    assert [r.get("id") for r in rows] == [0, 1, 2, 3, 4, None, 9], rows
    assert [len(r.get("findings", ())) for r in rows] == [0, 1, 0, 1, 0, 0, 1], rows
    assert rows[2]["degraded"].startswith("mine: lost 2 times over it"), rows[2]
    assert all("degraded" not in rows[i] for i in (0, 1, 3, 4, 6)), rows
    assert "mine: lost, with line 3 (id 2) in hand" in p.stderr and "2 losses" in p.stderr, p.stderr
    assert p.stderr.count("mine: it ended with exit code 3") == 2, p.stderr
    # A line that is too long is told in its place, and what follows is judged.
    p = tosctl("try", "/usr/bin/python3", path,
               text="\n" + "x" * (9 << 20) + '\n{"id": 3, "text": "b!!!"}\n' + "y" * (20 << 20))
    rows = [json.loads(x) for x in p.stdout.splitlines()]
    assert p.returncode == 1 and [r.get("line") for r in rows] == [2, None, 4], (rows, p.stderr)
    assert rows[0]["error"] == "line longer than 8 MiB" and rows[1]["findings"], rows
    assert "1 items, 1 findings, 0 degraded, 2 lines that are no item" in p.stderr, p.stderr
    # One that sleeps over the second of four: it is named, and the losses are two.
    path.write_text(GOOD.replace("#ITEM", "if text == 'b!!!': time.sleep(60)"))
    p = tosctl("try", "--deadline", "400ms", "/usr/bin/python3", path,
               text="".join(json.dumps({"id": i, "text": t}) + "\n" for i, t in
                            (("x", "a"), ("y\x1b", "b!!!"), ("z", "c"), ("zz", "d"))))
    lines = [x for x in p.stderr.splitlines() if "no answer" in x]
    assert len(lines) == 2 and "2 losses" in p.stderr, p.stderr
    assert lines[0].startswith('program: lost, with line 2 (id "y\\u001B") and '), p.stderr
    assert lines[1].startswith('program: lost, with line 2 (id "y\\u001B") in hand'), p.stderr
    assert [("degraded" in json.loads(x)) for x in p.stdout.splitlines()] == [
        False, True, False, False], p.stdout
    # One that breaks over everything is not waited for longer and longer.
    path.write_text(GOOD.replace("#ITEM", "sys.exit(3)"))
    begun = time.monotonic()
    p = tosctl("try", "/usr/bin/python3", path,
               text="".join(json.dumps({"id": i, "text": "a"}) + "\n" for i in range(20)))
    assert p.returncode == 1 and time.monotonic() - begun < 50, (p.returncode, p.stderr)
    rows = [json.loads(x)["degraded"] for x in p.stdout.splitlines()]
    assert len(rows) == 20 and all("lost" in x for x in rows), rows
    assert "not asked: it was lost 5 times" in rows[-1], rows
    assert p.stderr.count("what is left is not asked") == 1, p.stderr
    lost = folder / "lost.sh"
    lost.write_text("#!/nonexistent/sh\n")
    lost.chmod(0o755)
    p = tosctl("try", lost)
    assert p.returncode == 3 and "its interpreter (#!) is not there\n" in p.stderr, p.stderr
    lost.write_bytes(b"#!/bin/sh\r\ncat\r\n")
    p = tosctl("try", lost)
    assert p.returncode == 3 and "lines end with CR LF: save it with LF" in p.stderr, p.stderr
    lost.write_text("cat\n")
    p = tosctl("try", lost)
    assert p.returncode == 3 and "does not begin with #!: name its" in p.stderr, p.stderr
    lost.chmod(0o644)
    p = tosctl("try", lost)
    assert p.returncode == 3 and "may not be executed: chmod +x it" in p.stderr, p.stderr
    for words, code in ((("try",), 2), (("conform", "--window", "0", "x"), 2),
                        (("try", "/nonexistent"), 3), (("try", "/bin/true"), 3),
                        (("fly",), 2), (("conform", "--list"), 0)):
        p = tosctl(*words)
        assert p.returncode == code, (words, p.returncode, p.stderr)
    assert len(p.stdout.splitlines()) >= 60
    print("try: the item that kills is given up, alone", flush=True)


def main():
    if not os.access("/usr/bin/python3", os.X_OK):
        skip("no /usr/bin/python3")
    with tempfile.TemporaryDirectory(prefix="tosd-prog-", dir="/tmp") as d:
        os.chmod(d, 0o755)
        folder = pathlib.Path(d)
        check_try(folder)
        check_busy(folder)
        check_words(folder)
        check_json(folder)
        check_breakers(folder)
        check_examples(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
