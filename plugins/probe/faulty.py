#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A plugin that is a program and misbehaves when it is told to: for tests, never installed.
A text with one of these words sets the fault off; everything else is judged well."""
import json
import os
import signal
import sys
import time

HELLO = {"t": "hello", "proto": [1, 1], "name": "faulty", "version": "1", "want": ["text"],
         "max_inflight": 64,
         "rules": [{"id": "faulty/found", "rev": 1, "clause": "9 tests", "category": "test",
                    "severity": "low", "mode": "enforce"}]}
OUT = sys.stdout.buffer


def say(message):
    OUT.write(json.dumps(message).encode() + b"\n")
    OUT.flush()


def crash():
    os.kill(os.getpid(), signal.SIGSEGV)  # its walls may forbid even that
    os.abort()


def hang():
    while True:
        time.sleep(1)


def leak():
    kept = []
    while True:
        kept.append(bytearray(16 << 20))


def garbage():
    OUT.write(b"\x00\xff\xfe{\"t\": nonsense\n")
    OUT.flush()
    hang()


def slow():
    """Neither reads nor answers, but says that it lives."""
    while True:
        print("still at it", file=sys.stderr, flush=True)
        time.sleep(0.05)


def fork():
    while True:
        try:
            os.fork()
        except OSError:
            time.sleep(0.001)


def huge():
    while True:
        OUT.write(b"x" * 65536)


def noise():
    while True:
        say({"t": "noise"})


def chatter():
    for i in range(100000):
        sys.stderr.write("line %d of far too many\n" % i)
    crash()


FAULTS = {"zap" + f.__name__: f for f in (crash, hang, leak, garbage, slow, fork, huge, noise,
                                          chatter)}


def judge(m):
    text = m["item"]["text"]
    for word, fault in FAULTS.items():
        if word in text:
            fault()
    at = text.encode().find(b"found")
    found = [{"rule": "faulty/found", "score": 0.9, "spans": [[at, at + 5]],
              "reason": "the word"}] if at >= 0 else []
    if "zapcut" in text:
        found = [{"rule": "faulty/found", "spans": [[1, 1 << 20]]}]
    if "zapabstain" in text:
        return {"t": "result", "seq": m["seq"], "abstain": "told to"}
    return {"t": "result", "seq": m["seq"], "findings": found}


def main():
    if os.path.exists("down"):  # in its folder
        sys.exit("told not to start")
    say(HELLO)
    for line in sys.stdin.buffer:
        m = json.loads(line)
        if m["t"] == "item":
            say(judge(m))
        elif m["t"] == "drain":
            break


if __name__ == "__main__":
    main()
