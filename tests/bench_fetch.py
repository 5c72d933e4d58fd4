#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The second table of `make bench': fetching, beside a bare libcurl loop.

Runs bench_fetch against nginx on loopback, the client on one processor and the server on
another.  URLS in the environment changes how many feeds there are (400).
"""

import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile

import bench

URLS = int(os.environ.get("URLS", 400))
SIZE = 49000  # bytes of a feed, as in the wild

CASES = [  # name, mode, requests, below, scheme, goal
    ("304, connection kept", "304", 10000, "/", "http", 0.80),
    ("200, known body", "same", 4000, "/", "http", 0.80),
    ("200 and parsed", "full", 1500, "/", "http", 0.70),
    ("new TLS connection each", "tls", 600, "/close/", "https", 0.85),
]


def feeds(folder):
    rng = random.Random(2)
    bench.ITEMS = 40
    bench.ITEMS = 40 * SIZE // len(bench.feed_of(rng, 0))
    for i in range(URLS):
        (folder / f"{i}.xml").write_bytes(bench.feed_of(rng, i))


def pinned(args, cpu):
    if (os.cpu_count() or 1) > 1 and shutil.which("taskset"):
        return ["taskset", "-c", str(cpu)] + args
    return args


def run(folder, tls, plain):
    print(f"{'':<28} {'tosd':>8} {'beside':>8} {'':<12} {'ratio':>6} {'goal':>6}")
    for name, mode, requests, below, scheme, goal in CASES:
        port = tls if scheme == "https" else plain
        some = URLS if mode != "tls" else 20
        urls = "".join(f"{scheme}://127.0.0.1:{port}{below}{i}.xml\n" for i in range(some))
        done = subprocess.run(
            pinned([str(bench.BUILD / "tests/bench_fetch"), "-m", mode, "-n",
                    str(requests), "-c", "16" if mode == "tls" else "64",
                    "-C", str(folder / "cert.pem")], 0),
            input=urls, capture_output=True, text=True, timeout=300)
        m = re.search(r"bare ([\d.]+) us, ours ([\d.]+) us a request, ratio ([\d.]+)",
                      done.stdout)
        if done.returncode != 0 or m is None:
            sys.exit(f"bench: bench_fetch {mode}: {done.stdout}{done.stderr}")
        print(f"{name:<28} {1e6 / float(m[2]):>8,.0f} {1e6 / float(m[1]):>8,.0f} "
              f"{'per CPU s':<12} {float(m[3]):>6.2f} {goal:>6.2f}")
    print("beside: libcurl's multi interface on libevent, which only transfers (and, where "
          "parsed, expat)")


def main():
    if not (bench.BUILD / "tests/bench_fetch").exists():
        print("bench: fetching is not measured: built without expat")
        return
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tosd-bench-"))
    try:
        feeds(folder)
        server = subprocess.Popen(
            [sys.executable, str(pathlib.Path(__file__).with_name("nginx_server.py")),
             "--cpu", "1" if (os.cpu_count() or 1) > 1 else "0", str(folder)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        ports = server.stdout.readline().split()
        if len(ports) != 2:
            print("bench: fetching is not measured: there is no nginx")
            return
        print()
        run(folder, *ports)
        server.stdin.close()
        server.wait(20)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
