#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`tosctl scan' says the same of a line whichever way it reads it: a plain one where it
stands, any other, such as one with a member that no item has, with a tree."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

SRC = pathlib.Path(os.environ.get("srcdir") or pathlib.Path(__file__).parent.parent)
BUILD = pathlib.Path(os.environ.get("builddir") or SRC / "build")

IDS = ('1', '0', '"a"', '"\\u00e9\\"\\\\"', '123456789012345678', '1234567890123456789', '-7',
       '""', '"\\ud83d\\ude00"', '007', '1.0', 'null', '[1]', '99999999999999999999', '"\\ud83d"')
TEXTS = ('"i will kill you all"', '""', '"I w\\u0069ll\\nkill \\ud83d\\udd2a you"', '"\\/\\b\\f\\r\\t"',
         '"kill \\ufffd"', '"kill \ufffd\\n"', '"\\u0000"', '"\\ud83d"', '"\\ude00 x"', '"\\uffff"',
         '"\\x"', '"tab\there"', '1', 'null', 'true', '{}', '"日本 – é"', '"\\u12"', '"')
KEYS = ("text", "title", "summary", "author", "url", "lang", "published", "te\\u0078t")


def lines():
    """Pairs of a line and the same with one member more, which is read but means nothing."""
    for inside in ([f'"id":{i},"text":"x"' for i in IDS] +
                   [f'"id": 1 , "{k}" :{t}' for k in KEYS for t in TEXTS] +
                   [f'"text":"x","id":2,"{k}":"2026-01-02T03:04:05Z"' for k in KEYS] +
                   ['"id":1', '"text":"x"', '', '"id":1,"id":2,"text":"x"', '"id":1,,"text":"x"',
                    '"id" 1,"text":"x"', '"id":1,"text":"x",', '"id":1 "text":"x"']):
        for end in ("}", " } ", "", "]", "}}", "} x", "},"):
            yield "{" + inside + end, "{" + '"more":[0],' * bool(inside) + inside + end


def scan(what, packs=SRC / "etc/policies.d"):
    done = subprocess.run([BUILD / "tosctl", "scan", "--policies", packs,
                           "--no-classifier"], input=b"\n".join(what), stdout=subprocess.PIPE,
                          timeout=300)
    return done.stdout.splitlines()


def expired():
    """What has expired finds nothing of now, and an item without a date is of now."""
    with tempfile.TemporaryDirectory() as dir:
        subprocess.run([BUILD / "tosctl", "policy", "new", "demo", dir], check=True,
                       stdout=subprocess.DEVNULL)
        pack = pathlib.Path(dir) / "demo.conf"
        pack.write_text(pack.read_text().replace("rev = 1;", 'rev = 1; expires = "2020-01-01";'))
        for more, want in (("", 0), (',"published":"2020-02-02T00:00:00Z"', 0),
                           (',"published":"2019-02-02T00:00:00Z"', 1), (',"published":null', 0)):
            for other in ("", ',"more":[0]'):
                line = f'{{"id":1,"text":"we will smash the greenhouse"{more}{other}}}'
                out, = scan([line.encode()], dir)
                found = json.loads(out)["findings"]
                if len(found) != want:
                    sys.exit(f"a rule that expired in 2020: {line} gives {found}")


def no_time():
    """What is no time is not taken for now."""
    bad = ("yesterday", "", "2026-01-02", "2026-01-02T03:04:05", "2026-13-02T03:04:05Z",
           "Fri, 02 Jan 2026 03:04:05 GMT", "2026-01-02T03:04:05Z x")
    for other in ("", ',"more":[0]'):
        out = scan([b'{"id":1,"text":"x","published":%s%s}' % (json.dumps(b).encode(),
                                                               other.encode()) for b in bad])
        for date, line in zip(bad, map(json.loads, out), strict=True):
            if "`published' must be a time" not in line.get("error", ""):
                sys.exit(f"published {date!r}{other} gives {line}")


def marked():
    """A byte-order mark in front of all is passed over, elsewhere it is no JSON."""
    good = b'{"id":1,"text":"x"}'
    for other in b"", b"[", b'{"more":[0],':
        line = good.replace(b"{", other) if other else good
        plain, = scan([line])
        first, second = scan([b"\xef\xbb\xbf" + line, b"\xef\xbb\xbf" + line])
        if first != plain or json.loads(second).get("line") != 2:
            sys.exit(f"a byte-order mark and {line}: {first}, {second}")


def limits():
    """No line takes hours or memory without end, and none is passed over without a word."""
    many = {"id": 1, "text": "x", "links": [f"u{i}" for i in range(2000)],
            "media": [{"url": f"u{i}"} for i in range(2000)]}
    for bad, words in (
            ({**many, "links": [f"u{i}" for i in range(200000)]}, "more than 2,000 `links'"),
            ({**many, "media": [{"url": f"u{i}"} for i in range(200000)]}, "more than 2,000"),
            ({"id": 1, "media": [{"url": "u", "pdq": "0" * 64, "quality": 101}]}, "0 to 100"),
            ({"id": 1, "media": [{"url": "u", "pdq": "0" * 64, "quality": 1 << 32}]}, "0 to 100"),
            ({"id": 1, "text": "x" * (9 << 20)}, "line longer than 8 MiB"), (None, "")):
        first, second = map(json.loads, scan([json.dumps(bad).encode() if bad else b"\0\0",
                                              json.dumps(many).encode()]))
        if words not in first.get("error", "") or first.get("line") != 1 or "error" in second:
            sys.exit(f"{words}: {first}, {second}")


def main():
    expired()
    limits()
    marked()
    no_time()
    pairs = [tuple(s.encode() for s in p) for p in lines()]
    pairs += [(b'{"id":1,"text":"' + s + b'"}', b'{"more":[0],"id":1,"text":"' + s + b'"}')
              for s in (b"\xff", b"\xc3", b"\xed\xa0\x80", b"\x01", b"\x00", b"\xef\xbb\xbf")]
    plain, tree = (scan([p[i] for p in pairs]) for i in (0, 1))
    if not len(plain) == len(tree) == len(pairs):
        sys.exit(f"{len(pairs)} lines, {len(plain)} and {len(tree)} answers")
    judged = 0
    for pair, a, b in zip(pairs, map(json.loads, plain), map(json.loads, tree)):
        # Why a line is bad is said with places in it.
        same = a == b if "error" not in a else "error" in b and a["line"] == b["line"]
        if not same:
            sys.exit(f"{pair[0]!r}: {a}, but with a member more: {b}")
        judged += "scores" in a
    if judged < 80 or not any(json.loads(a).get("findings") for a in plain):
        sys.exit(f"only {judged} lines were good")
    print(f"{judged} good and {len(pairs) - judged} bad lines: the same either way")


if __name__ == "__main__":
    main()
