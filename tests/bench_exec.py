#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the host of programs costs: items a second through `tosctl plugin try' with the example
in Python, as it ships, at window 64 and at window 1, beside the same program reading the same
messages from a pipe that nobody waits at.  Ratios of one run; the figures are for people."""
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time

BUILD = os.path.abspath(os.environ.get("builddir") or ".")
ITEMS, LOCKSTEP = 30000, 2000
EXAMPLE = pathlib.Path(os.environ.get("srcdir") or pathlib.Path(__file__).parent.parent,
                       "plugins/examples/shouting.py")


def rate(n, words, source):
    """Items a second, by the clock and by the processor time of all that took part."""
    with open(source, "rb") as f, open(os.devnull, "wb") as null:
        before, begin = os.times(), time.monotonic()
        subprocess.run(words, stdin=f, stdout=null, stderr=null, check=True)
        took, after = time.monotonic() - begin, os.times()
    cpu = sum(after[2:4]) - sum(before[2:4])
    return n / took, n / cpu


def main():
    rng = random.Random(1)
    words = [f"word{i}" for i in range(2000)]
    with tempfile.TemporaryDirectory(prefix="tosd-bench-", dir="/tmp") as d:
        os.chmod(d, 0o755)
        folder = pathlib.Path(d)
        shutil.copy(EXAMPLE, folder / "shouting.py")
        texts = [" ".join(rng.choices(words, k=30)) for _ in range(ITEMS)]
        (folder / "items").write_text("".join(
            json.dumps({"id": i, "text": t}) + "\n" for i, t in enumerate(texts)))
        (folder / "few").write_text("".join(
            json.dumps({"id": i, "text": t}) + "\n" for i, t in enumerate(texts[:LOCKSTEP])))
        (folder / "messages").write_text("".join(
            json.dumps({"t": "item", "seq": i, "deadline_ms": 1000, "item": {"text": t}}) + "\n"
            for i, t in enumerate(texts)))
        program = ["/usr/bin/python3", folder / "shouting.py"]
        tried = [BUILD + "/tosctl", "plugin", "try", "--deadline", "30s"]
        best = {}
        for _ in range(2):
            for name, args in (("bare", (ITEMS, program, folder / "messages")),
                               ("64", (ITEMS, tried + program, folder / "items")),
                               ("1", (LOCKSTEP, tried + ["--window", "1"] + program,
                                      folder / "few"))):
                got = rate(*args)
                best[name] = max(best.get(name, got), got)
    for name, what in (("64", "window 64"), ("1", "window 1")):
        print(f"exec: Python program, {what}: {best[name][0]:,.0f} items/s, "
              f"{best[name][0] / best['bare'][0]:.2f} of the bare loop over a pipe "
              f"({best['bare'][0]:,.0f} items/s); by processor time "
              f"{best[name][1] / best['bare'][1]:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
