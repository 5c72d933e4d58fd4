#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""An example of a plugin that is a program (tosd-exec(7)): texts in capitals, and rows of
exclamation marks.  The standard library is all it needs.

	tosctl plugin try ./shouting.py < items.ndjson
	tosctl plugin conform ./shouting.py
"""
import json
import re
import sys

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


def main():
    # Whole lines in UTF-8, whatever the locale says.
    source, out = sys.stdin.buffer, sys.stdout.buffer
    out.write(json.dumps(HELLO).encode() + b"\n")
    out.flush()
    for line in source:
        message = json.loads(line)
        kind = message["t"]
        if kind == "item":
            result = {"t": "result", "seq": message["seq"],
                      "findings": judge(message["item"]["text"])}
            out.write(json.dumps(result).encode() + b"\n")
            # One write for each batch of lines would be faster still; what is waited
            # for must not stay in a buffer.
            out.flush()
        elif kind == "drain":
            break
        # Everything else (start, sets, tick, and what later versions bring) is not for us.


if __name__ == "__main__":
    main()
