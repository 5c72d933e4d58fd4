#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""An example of a plugin that is a program (tosd-exec(7)): texts in capitals, and rows of
exclamation marks.  The standard library is all it needs.

	tosctl plugin try ./shouting.py < items.ndjson
	tosctl plugin conform ./shouting.py
"""
import json
import os
import re

HELLO = {
    "t": "hello", "proto": [1, 1], "name": "shouting", "version": "1",
    "rules": [
        {"id": "manners/capitals", "rev": 1, "clause": "9.1 manners", "category": "manners",
         "severity": "low", "mode": "shadow"},
        {"id": "manners/marks", "rev": 1, "clause": "9.1 manners", "category": "manners",
         "severity": "low", "mode": "shadow"},
    ],
    "want": ["text"],
    "max_inflight": 64,
    "pure": True,
}
ENCODE = json.JSONEncoder(separators=(",", ":")).encode
MARKS = re.compile("[!?]{3,}")
WORD = re.compile(r"[^\W\d_]{4,}")


def spans(text, matches):
    """Byte spans, as the protocol counts them, of at most 64 matches in order."""
    out, at, size = [], 0, 0
    for m in matches:
        if len(out) == 64:
            break
        size += len(text[at:m.start()].encode())
        end = size + len(m.group().encode())
        out.append([size, end])
        at, size = m.end(), end
    return out


def judge(text):
    """The findings of one text."""
    found = []
    words = list(WORD.finditer(text))
    loud = [m for m in words if m.group().isupper()]
    if len(loud) >= 3 and len(loud) * 2 > len(words):
        found.append({"rule": "manners/capitals", "score": len(loud) / len(words),
                      "spans": spans(text, loud), "reason": "most words are in capitals"})
    marks = spans(text, MARKS.finditer(text))
    if marks:
        found.append({"rule": "manners/marks", "score": 0.6, "spans": marks,
                      "reason": "rows of marks"})
    return found


def batches(source):
    """The messages that lie there, as lists, until the end: to read and to answer many at
    once is several times as fast as one by one.  A plugin that needs milliseconds for an
    item answers each as soon as it can, or the last ones come past their deadline."""
    rest = b""
    while data := os.read(source, 1 << 16):
        *lines, rest = (rest + data).split(b"\n")
        yield [json.loads(line) for line in lines]


def say(out, messages):
    data = "".join(ENCODE(m) + "\n" for m in messages).encode()
    while data:
        data = data[os.write(out, data):]


def main():
    source, out = 0, 1  # the descriptors themselves: no buffer holds anything back
    say(out, [HELLO])
    for batch in batches(source):
        say(out, [{"t": "result", "seq": m["seq"], "findings": judge(m["item"]["text"])}
                  for m in batch if m["t"] == "item"])
        if any(m["t"] == "drain" for m in batch):
            break
        # Everything else (start, sets, tick, and what later versions bring) is not for us.


if __name__ == "__main__":
    main()
