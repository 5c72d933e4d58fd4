#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Part of `make bench': what processes and amounts cost, as ratios of one run on processor
time.

bench_crossing	the same items judged in one process, and by real policy workers behind their
		walls: a plugin that does next to nothing, then the shipped plugins; last, two
		workers beside one, which is wall time and tells only on a machine at rest
tosctl scan	ten times the items: time an item, memory

	bench_crossing.py [--full]	a million items in place of a hundred thousand
"""
import json
import os
import pathlib
import random
import shutil
import statistics
import subprocess
import sys
import tempfile

import bench
from bench import BUILD, SRC

ROUNDS = 5
CONF = """provider = {{ name = "Bench"; mailbox = "abuse@host.example"; }};
state_dir = "{dir}/state"; run_dir = "{dir}/run"; templates_dir = "{src}/etc/notices.d";
sandbox = "best-effort";
policy = {{ packs_dir = "{src}/etc/policies.d"; plugins = ( {plugins} ); }};
"""
NULL = '{{ name = "probe"; path = "{build}/plugins/probe/.libs/probe.so"; ' \
       'settings = {{ find = "zzzz"; }}; }}'
SHIPPED = '{{ name = "rules"; path = "{build}/plugins/rules/.libs/rules.so"; }}, ' \
          '{{ name = "classifier"; path = "{build}/plugins/classifier/.libs/classifier.so"; ' \
          'settings = {{ model_file = "{src}/plugins/classifier/violence.model"; }}; }}'


def say(what, value, goal=""):
    print(f"{what:<56} {value:>10}  {goal}", flush=True)


def crossing(folder, name, plugins, items, workers=1):
    conf = folder / f"{name}.conf"
    src = SRC.resolve()
    conf.write_text(CONF.format(dir=folder, src=src,
                                plugins=plugins.format(build=BUILD, src=src)))
    out = bench.run(BUILD / "tests/bench_crossing", "-n", items, "-r", ROUNDS, "-w", workers,
                    conf)
    rows = [dict(zip(w[1::2], map(float, w[2::2])))
            for w in (x.split() for x in out.splitlines())]
    return rows[1:]  # the first one warms up


def crossings(folder):
    rows = crossing(folder, "null", NULL, 20000)
    us = statistics.median(r["sandboxed"] - r["in_process"] for r in rows)
    say("to a worker and back, all its plugins, us an item", f"{us:.2f}")
    one = crossing(folder, "shipped", SHIPPED, 4000)
    us = statistics.median(r["sandboxed"] - r["in_process"] for r in rows) / 2
    say("the same for each of the two shipped plugins, us", f"{us:.2f}", "goal 0.50")
    say("shipped plugins in a worker / in process, items a second",
        f"{statistics.median(r['in_process'] / r['sandboxed'] for r in one):.2f}", "goal 0.85")
    two = crossing(folder, "shipped", SHIPPED, 8000, 2)
    wall = [statistics.median(r["wall"] for r in rows) for rows in (one, two)]
    say("two workers / one, items a second of wall time", f"{wall[1] / wall[0]:.2f}",
        f"goal 1.60 (load {os.getloadavg()[0]:.1f}, {os.cpu_count()} processors)")


# --- amounts ----------------------------------------------------------------------------

def scan(block, times):
    """(seconds of processor time, bytes of memory at most) of `tosctl scan' over times blocks
    of lines."""
    with open(os.devnull, "wb") as null:
        p = subprocess.Popen([BUILD / "tosctl", "scan", "--cache", BUILD / "tests/pattern-cache"],
                             stdin=subprocess.PIPE, stdout=null, stderr=null)
        for _ in range(times):
            p.stdin.write(block)
        p.stdin.close()
        _, status, used = os.wait4(p.pid, 0)
        p.returncode = os.waitstatus_to_exitcode(status)
    if p.returncode != 0:
        sys.exit(f"bench: tosctl scan ended with {p.returncode}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss * 1024


def amounts(most):
    rng = random.Random(1)
    block = "".join(json.dumps({"id": i, "text": bench.text_of(rng)}) + "\n"
                    for i in range(1000)).encode()
    os.makedirs(BUILD / "tests/pattern-cache", exist_ok=True)
    scan(block, 1)
    start = min(scan(b"", 0)[0] for _ in range(3))
    few, memory = scan(block, 10)
    last, base = (few - start) / 10000, memory
    for n in (100000, 1000000):
        if n > most:
            break
        t, memory = scan(block, n // 1000)
        each = (t - start) / n
        say(f"scan, {n:,} items / {n // 10:,}, time an item", f"{each / last:.2f}",
            "goal 0.95 to 1.05")
        say("  memory at most, beside that of 10,000", f"{memory / base:.2f}", "goal 1.0")
        last = each


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tosd-bench-", dir="/tmp"))
    try:
        print(f"\n{'crossings and amounts, processor time of this run':<56}")
        crossings(folder)
        amounts(1000000 if "--full" in sys.argv[1:] else 100000)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
