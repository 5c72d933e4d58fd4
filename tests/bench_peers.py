#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Part of `make bench': our readers and our client beside the programs of others that they
are measured against, on the same inputs, in one run.

Those programs are no part of the source: TOSD_PEERS names their folder, else
srcdir/../shared/bench is tried, and without it there is nothing to do.  Of them gen.c (makes
feeds and posts), b_xml.c (expat), b_json.cc (yajl, simdjson) and b_fetch.c (libcurl and
libevent) are used, built in a copy.  They and ours run by turns, PEER_ROUNDS times (9), on
processor time; a ratio is the median of the ratios in each round.
"""

import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

import bench
from bench_fetch import pinned

PEERS = pathlib.Path(os.environ.get("TOSD_PEERS") or bench.SRC / "../shared/bench")
ROUNDS = int(os.environ.get("PEER_ROUNDS", 9))
FEEDS, POSTS = 240, 20000
CONNECTIONS = ["-c", "64"]
NEW = ["-c", "16"]


class Missing(Exception):
    """What is needed and not there; said, and the part left out."""


def ask(args, pattern, **kw):
    """The number that a program prints."""
    done = subprocess.run([str(a) for a in args], capture_output=True, text=True,
                          timeout=300, **kw)
    found = re.search(pattern, done.stdout)
    if done.returncode != 0 or found is None:
        sys.exit(f"bench: {args}: {done.stdout}{done.stderr}")
    return float(found[1])


# --- the copy ----------------------------------------------------------------------

def build(folder, program, packages):
    done = subprocess.run(["make", program], cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        raise Missing(f"{program} of {PEERS} does not build: is there {packages}?")
    return folder / program


def prepare(folder):
    """The sources, and inputs of theirs; JSON Feed left out, since expat reads none."""
    for f in PEERS.iterdir():
        if f.is_file():
            shutil.copyfile(f, folder / f.name)
    subprocess.run([build(folder, "gen", "a compiler"), "data", str(FEEDS), str(POSTS)],
                   cwd=folder, check=True, stdout=subprocess.DEVNULL)
    names = [n for n in (folder / "data/feeds.txt").read_text().split()
             if not n.endswith(".json")]
    (folder / "data/feeds.txt").write_text("".join(n + "\n" for n in names))
    return names


# --- parts: each gives {case: (ours, theirs)} of one round, the higher the faster --------

def xml(folder, names):
    theirs = build(folder, "b_xml", "libexpat1-dev and libxml2-dev")
    files = [folder / "data/feeds" / n for n in names]

    def turn():
        expat = ask([theirs, "data", len(names), 3], r"expat, count handlers +([\d.]+)",
                    cwd=folder)
        ours = ask([bench.BUILD / "tests/bench_feed", "-r", 3, "-o", *files],
                   r"feed_parse ([\d.]+)")
        return {"feed to items, MB/s": (ours, expat)}
    return turn


def json(folder):
    theirs = build(folder, "b_json", "libsimdjson-dev, rapidjson-dev, libyajl-dev, "
                   "libjansson-dev, libjson-c-dev and libcjson-dev")
    ours = [bench.BUILD / "tests/bench_json", "-r", 3, folder / "data/posts.ndjson"]

    def turn():
        yajl = ask([theirs, "data", POSTS, 3],
                   r"yajl, one handle, 64 KiB +[\d.]+ +[\d.]+ +(\d+)", cwd=folder)
        return {"NDJSON to items": (ask(ours, r"lines (\d+)"), yajl),
                "server-sent events to items": (ask(ours, r"events (\d+)"), yajl)}
    return turn


def fetch(folder, names, tls, plain):
    """Requests per second of processor time.  What theirs do not do, parsing, is taken
    from b_xml: expat, with the fields copied out."""
    theirs = build(folder, "b_fetch", "libcurl4-openssl-dev and libevent-dev")
    extract = build(folder, "b_xml", "libexpat1-dev and libxml2-dev")
    data = folder / "data"
    size = sum((data / "feeds" / n).stat().st_size for n in names) / len(names)
    cert = ["-C", data / "cert.pem"]
    urls = "".join(f"http://127.0.0.1:{plain}/feeds/{n}\n" for n in names)
    one = f"https://127.0.0.1:{tls}/close/small.xml\n"
    (data / "small.xml").write_text("<rss version='2.0'><channel/></rss>")

    def ours(mode, n, conc, of=urls):
        us = ask(pinned([bench.BUILD / "tests/bench_fetch", "-m", mode, "-o", "-r", "1",
                         "-n", n, *conc, *cert], 0),
                 r"ours ([\d.]+) us a request", input=of)
        return 1e6 / us

    def them(n, *more):
        return ask(pinned([theirs, "-D", data, "-n", n, *more], 0),
                   r"= (\d+) req per CPU second")

    def turn():
        full = them(4000, "-p", plain, *CONNECTIONS)
        speed = ask([extract, "data", len(names), 1],
                    r"expat NS, fields extracted +([\d.]+)", cwd=folder)
        parsed = 1 / (1 / full + size / 1e6 / speed)
        return {
            "304, connection kept": (
                ours("304", 10000, CONNECTIONS),
                them(10000, "-p", plain, "-i", *CONNECTIONS)),
            "200, known body": (ours("same", 4000, CONNECTIONS), full),
            "200 and parsed": (ours("full", 1500, CONNECTIONS), parsed),
            "new TLS connection each": (
                ours("tls", 600, NEW, one),
                them(600, "-p", tls, "-s", "https", "-e", "/close/small.xml", "-x",
                     "-P", *cert, *NEW)),
        }
    return turn


# --- the table ---------------------------------------------------------------------

GOALS = {
    "feed to items, MB/s": ("raw expat", 0.60),
    "NDJSON to items": ("yajl", 0.80),
    "server-sent events to items": ("yajl, lines", 0.80),
    "304, connection kept": ("b_fetch", 0.80),
    "200, known body": ("b_fetch, any body", 0.80),
    "200 and parsed": ("b_fetch, then expat and its fields", 0.70),
    "new TLS connection each": ("b_fetch, own CA store", 0.85),
}


def measure(turn):
    rounds = [turn() for _ in range(ROUNDS)]
    for case in rounds[0]:
        ours, theirs = ([r[case][i] for r in rounds] for i in (0, 1))
        ratio = statistics.median(a / b for a, b in zip(ours, theirs))
        peer, goal = GOALS[case]
        print(f"{case:<28} {statistics.median(ours):>10,.0f} "
              f"{statistics.median(theirs):>10,.0f} {ratio:>6.2f} {goal:>5.2f}  {peer}",
              flush=True)


def xml_part(folder, names):
    measure(xml(folder, names))


def json_part(folder, _):
    measure(json(folder))


def fetch_part(folder, names):
    server = subprocess.Popen(
        [sys.executable, str(pathlib.Path(__file__).with_name("nginx_server.py")),
         "--cpu", "1" if (os.cpu_count() or 1) > 1 else "0", str(folder / "data")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        ports = server.stdout.readline().split()
        if len(ports) != 2:
            raise Missing("nginx, to fetch from")
        measure(fetch(folder, names, *ports))
    finally:
        server.stdin.close()
        server.wait(20)


def main():
    if not (PEERS / "b_xml.c").exists():
        print(f"\nbench: no programs of others in {PEERS} (TOSD_PEERS): not compared")
        return
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tosd-peers-"))
    try:
        names = prepare(folder)
        print(f"\n{'by turns, median of ' + str(ROUNDS):<28} {'tosd':>10} {'beside':>10} "
              f"{'ratio':>6} {'goal':>5}", flush=True)
        for ours, part in (("bench_feed", xml_part), ("bench_json", json_part),
                           ("bench_fetch", fetch_part)):
            try:
                if not (bench.BUILD / "tests" / ours).exists():
                    raise Missing(f"{ours}, built without expat or yajl")
                part(folder, names)
            except Missing as e:
                print(f"bench: left out: {e}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
