#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Part of `make bench': what processes and amounts cost, as ratios of one run on processor
time.

bench_crossing	the same items judged in one process, and by real policy workers behind their
		walls: a plugin that does next to nothing, then the shipped plugins; last, two
		workers beside one, which is wall time and tells only on a machine at rest
tosctl scan	ten times the items: time an item, memory
the daemon	NDJSON feeds on loopback until they are judged and durable, beside b_pipe of
		TOSD_PEERS (see bench_peers.py), which has no processes, no store and no rules
		of ours: the seconds of all roles together

	bench_crossing.py [--full]	a million items in place of a hundred thousand
"""
import json
import multiprocessing
import os
import pathlib
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

import bench
import bench_peers
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


# --- the whole daemon -------------------------------------------------------------------

def whole(folder):
    feeds, posts = bench.FEEDS, bench.ITEMS
    rng = random.Random(2)
    bodies = ["".join(json.dumps({"id": f"{i}-{k}", "creator": f"m{k}", "text":
                                  bench.text_of(rng), "published": "2026-11-22T10:00:00Z"}) +
                      "\n" for k in range(posts)).encode() for i in range(feeds)]
    ports = multiprocessing.Queue()
    server = multiprocessing.Process(target=bench.serve, args=(bodies, ports), daemon=True)
    server.start()
    try:
        _, end, cpu = bench.pipeline(folder, ports.get(timeout=20))
    finally:
        server.kill()
    us = {r: t * 1e6 / (feeds * posts) for r, t in cpu.items()}
    say("the daemon, NDJSON to durable, us an item, all roles", f"{sum(us.values()):.0f}",
        ", ".join(f"{r} {t:.0f}" for r, t in sorted(us.items())))
    return sum(us.values())


def beside_peer(folder, us):
    if not (bench_peers.PEERS / "b_pipe.cc").exists():
        print(f"bench: no b_pipe in {bench_peers.PEERS} (TOSD_PEERS): not compared")
        return
    for f in bench_peers.PEERS.iterdir():
        if f.is_file():
            shutil.copyfile(f, folder / f.name)
    try:
        subprocess.run([bench_peers.build(folder, "gen", "a compiler"), "data", "10", "20000"],
                       cwd=folder, check=True, stdout=subprocess.DEVNULL)
        theirs = bench_peers.build(folder, "b_pipe",
                                   "libsimdjson-dev, libyajl-dev, libicu-dev and libhs")
    except bench_peers.Missing as e:
        print(f"bench: left out: {e}")
        return
    out = subprocess.run([theirs, "data", "work", "20000", "3"], cwd=folder, check=True,
                         capture_output=True, text=True).stdout
    m = re.search(r"\+ log, fdatasync per 1000 +[\d.]+ +[\d.]+ +(\d+)", out)
    if m is None:
        sys.exit("bench: b_pipe says nothing that can be read:\n" + out)
    say("the daemon / b_pipe, items a second of a core", f"{1e6 / us / float(m[1]):.3f}",
        "goal 0.60")


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tosd-bench-", dir="/tmp"))
    try:
        print(f"\n{'crossings and amounts, processor time of this run':<56}")
        crossings(folder)
        amounts(1000000 if "--full" in sys.argv[1:] else 100000)
        us = whole(folder)
        beside_peer(folder, us)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
