#!/usr/bin/python3
"""@NAME@: a policy plugin of tosd.  It finds a word, in whatever case, where it stands for
itself.  Replace judge() and what HELLO says of the rule; tosd-exec(7) says what else a plugin
can see, and what it must not do."""
import json
import re
import sys

# Raise rev whenever the rule comes to mean something else.  A rule begins in shadow: recorded,
# and never counted.
HELLO = {
    "t": "hello", "proto": [1, 1], "name": "@NAME@", "version": "0.1",
    "rules": [{"id": "@NAME@/word", "rev": 1, "clause": "9.1 Good manners",
               "category": "manners", "severity": "low", "mode": "shadow"}],
    "want": ["text"],
    "max_inflight": 64,
    "pure": True,
}


def pattern(word):
    return re.compile(rf"(?<![^\W\d_]){re.escape(word)}(?![^\W\d_])", re.IGNORECASE)


def judge(word, text):
    """The findings of one text; spans count bytes, at most 64 of them."""
    spans = []
    for m in word.finditer(text):
        start = len(text[:m.start()].encode())
        spans.append([start, start + len(m.group().encode())])
    if not spans:
        return []
    return [{"rule": "@NAME@/word", "score": 0.8, "spans": spans[:64],
             "reason": "uses the word"}]


def say(message):
    sys.stdout.buffer.write(json.dumps(message).encode() + b"\n")
    sys.stdout.buffer.flush()


def main():
    word = pattern("spoilsport")
    say(HELLO)
    for line in sys.stdin.buffer:
        message = json.loads(line)
        kind = message["t"]
        if kind == "item":
            say({"t": "result", "seq": message["seq"],
                 "findings": judge(word, message["item"]["text"])})
        elif kind == "start":  # what `settings' in tosd.conf says
            word = pattern(message.get("settings", {}).get("word", "spoilsport"))
        elif kind == "drain":
            break
        # Everything else (sets, tick, and what later versions bring) is not for us.


if __name__ == "__main__":
    main()
