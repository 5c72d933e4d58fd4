#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Part of `make bench': the whole daemon, posts as NDJSON over streams on loopback until they
are judged and durable, in microseconds of processor time an item by role.

same	the posts and the 1,000 rules of TOSD_PEERS (see bench_peers.py), those that its
	b_pipe has, in a pack of ours, and a classifier; beside b_pipe itself, before and after
packs	the same posts, all packs that ship, the classifier
hot	texts made here, full of words that the packs look twice at; packs, classifier

What b_pipe does for an item, in one thread of one process: yajl, id, author and text copied;
ASCII lowered or else ICU's NFKC_Casefold; one hs_scan of 1,000 rules, of which it counts the
hits; a linear model over characters 3 to 5; SHA-256 of the item chained to the one before;
digest, id and text appended to a file, one fdatasync for 1,000.  What the daemon does beyond
that is no part of the comparison and all of the difference: HTTP; two borders between
processes that do not trust each other; the bytes as they came, with their redirects, in a
file of their own with digests; is this post known, and is it another revision of it?; rows
that a restart finds and goes on with, at any instruction; findings with spans, modes,
exposure, costs; a signed ledger.

	bench_whole.py [-n ITEMS] [-s STREAMS] [MODE...]
	bench_whole.py --amounts N...	`same' with other amounts, and what memory they take
	bench_whole.py --cores		`same' on one processor and on all: how much faster, by
					the clock, server and all
"""
import argparse
import asyncio
import json
import mmap
import multiprocessing
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

import bench
import processes
import bench_peers
from bench import BUILD, SRC

CONF = """
provider = {{ name = "Bench"; mailbox = "abuse@host.example"; }};
state_dir = "{dir}/state"; run_dir = "{dir}/run"; control = "{dir}/run/control";
templates_dir = "{src}/etc/notices.d"; sandbox = "best-effort";
fetch = {{ interval_min = "30s"; interval = "1m"; allow = [ "127.0.0.0/8" ]; host_gap = 0; }};
policy = {{
	plugins = (
		{{ name = "rules"; path = "{build}/plugins/rules/.libs/rules.so"; }},
		{{ name = "classifier"; path = "{build}/plugins/classifier/.libs/classifier.so";
		   settings = {{ model_file = "{src}/plugins/classifier/violence.model"; }}; }} );
	packs_dir = "{packs}"; cache_dir = "{build}/tests/pattern-cache"; workers = {workers};
}};
tenants = ( {tenants} );
"""
TENANT = """{{ id = "t{i}"; name = "Tenant {i}"; contact = "t{i}@tenant.example";
	manager = "am@host.example"; feeds = ( {{ url = "http://{host}:{port}/feed.json";
	stream = "ndjson"; stream_url = "http://{host}:{port}/stream"; }} ); }}"""
EMPTY = b'{"version":"https://jsonfeed.org/version/1.1","title":"none","items":[]}'
LIMIT = 600


# --- the tenants' server ----------------------------------------------------------------

def serve(bodies, ports, go):
    """A host for each body: a feed without items, and a stream that brings the body once
    the event is set, and stays open."""
    async def client(reader, writer, body):
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                if b"/stream" not in head.split(b"\r\n")[0]:
                    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/feed+json"
                                 b"\r\nContent-Length: %d\r\n\r\n" % len(EMPTY) + EMPTY)
                    await writer.drain()
                    continue
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\n"
                             b"Connection: close\r\n\r\n")
                while not go.is_set():
                    await asyncio.sleep(0.02)
                for at in range(0, len(body), 1 << 16):
                    writer.write(body[at:at + (1 << 16)])
                    await writer.drain()
                await reader.read()
                return
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def main():
        port, servers = 0, []
        for i, body in enumerate(bodies):
            s = socket.create_server((bench.address(i), port))
            port = s.getsockname()[1]
            servers.append(await asyncio.start_server(
                lambda r, w, b=body: client(r, w, b), sock=s))
        ports.put(port)
        await asyncio.gather(*(s.serve_forever() for s in servers))

    asyncio.run(main())


# --- the daemon -------------------------------------------------------------------------

def roles(pid):
    """{pid: role} of the daemon's processes."""
    return {p: role for p, role, *_ in processes.roles(pid)}


def used(pids):
    """Seconds of processor time by role, to the nanosecond, and bytes in memory."""
    cpu, memory = {}, {}
    for p, role in pids.items():
        ns = sum(int(open(f"/proc/{p}/task/{t}/schedstat").read().split()[0])
                 for t in os.listdir(f"/proc/{p}/task"))
        pages = int(open(f"/proc/{p}/statm").read().split()[1])
        cpu[role] = cpu.get(role, 0) + ns / 1e9
        memory[role] = memory.get(role, 0) + pages * os.sysconf("SC_PAGE_SIZE")
    return cpu, memory


class Run:
    """One daemon over these bodies; us: processor time an item by role."""

    def __init__(self, folder, bodies, items, packs, workers=2, during=None):
        self.folder, self.items = folder, items
        ports, go = multiprocessing.Queue(), multiprocessing.Event()
        server = multiprocessing.Process(target=serve, args=(bodies, ports, go), daemon=True)
        server.start()
        try:
            self.start(ports.get(timeout=20), len(bodies), packs, workers)
            self.measure(go, during)
        finally:
            self.stop()
            server.kill()
            server.join()

    def start(self, port, n, packs, workers):
        tenants = ", ".join(TENANT.format(i=i, host=bench.address(i), port=port)
                            for i in range(n))
        os.makedirs(BUILD / "tests/pattern-cache", exist_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder)
        conf = self.folder / "tosd.conf"
        conf.write_text(CONF.format(dir=self.folder, src=SRC.resolve(), build=BUILD,
                                    packs=packs, workers=workers, tenants=tenants))
        self.log = self.folder / "log"
        out = open(self.log, "wb")
        self.daemon = subprocess.Popen([BUILD / "tosd", "-f", "-c", conf], stdout=out,
                                       stderr=out)
        self.control = self.folder / "run/control"
        bench.wait("the daemon", lambda: self.status("policy"))
        bench.wait("its streams", lambda: self.log.read_text(errors="replace").count(
            "stream is open") >= n or None)
        bench.wait("its polls", lambda: self.polled() >= n or None, pause=0.1)
        time.sleep(0.5)  # every role knows every other

    def check_alive(self):
        if self.daemon.poll() is not None:
            sys.exit("bench: the daemon ended:\n" + self.log.read_text()[-3000:])

    def status(self, key):
        self.check_alive()
        try:
            s = bench.ask(self.control, {"cmd": "status"})
        except (OSError, ValueError):
            return None
        return s if s.get(key) not in (None, "") else None

    def polled(self):
        s = self.status("polls")
        return s["polls"]["ok"] + s["polls"]["unchanged"] if s else 0

    def judged(self):
        """All of them, by the store: to ask the engine makes it wait for its disk."""
        self.check_alive()
        db = sqlite3.connect(f"file:{self.folder}/state/store.db?mode=ro", uri=True)
        n, = db.execute("SELECT coalesce((SELECT max(id) FROM revision), 0) - "
                        "coalesce((SELECT sum(last - first + 1) FROM todo), 0)").fetchone()
        db.close()
        return n >= self.items or None

    def measure(self, go, during):
        pids = roles(self.daemon.pid)
        before, _ = used(pids)
        begin = time.monotonic()
        go.set()
        if during is not None:
            during(pids)
        bench.wait(f"{self.items} items", self.judged, LIMIT, 0.05)
        self.wall = time.monotonic() - begin
        after, self.memory = used(pids)
        self.end = self.status("items_judged")
        self.us = {r: (after[r] - before[r]) * 1e6 / self.items for r in after}
        if self.end["items_degraded"]:
            print(f"bench: {self.end['items_degraded']} items degraded", file=sys.stderr)

    def stop(self):
        self.daemon.send_signal(signal.SIGTERM)
        try:
            self.daemon.wait(60)
        except subprocess.TimeoutExpired:
            self.daemon.kill()


# --- what it is given -------------------------------------------------------------------

class Peers:
    """b_pipe, its posts and rules, in a copy."""

    def __init__(self, folder, posts):
        if not (bench_peers.PEERS / "b_pipe.cc").exists():
            raise bench_peers.Missing(f"b_pipe, in {bench_peers.PEERS} (TOSD_PEERS)")
        folder.mkdir()
        for f in bench_peers.PEERS.iterdir():
            if f.is_file():
                shutil.copyfile(f, folder / f.name)
        gen = bench_peers.build(folder, "gen", "a compiler")
        subprocess.run([gen, "data", "10", str(max(posts, 20000))], cwd=folder, check=True,
                       stdout=subprocess.DEVNULL)
        self.folder = folder
        self.program = bench_peers.build(
            folder, "b_pipe", "libsimdjson-dev, libyajl-dev, libicu-dev and libhs")
        self.packs = folder / "packs"
        bench.run(BUILD / "tests/bench_scan", "-d", folder / "data", "-w", self.packs, "1k")

    def lines(self, n):
        with open(self.folder / "data/posts.ndjson", "rb") as f:
            return [f.readline() for _ in range(n)]

    def us(self):
        """Microseconds an item, every item chained and durable."""
        done = subprocess.run([self.program, "data", "work", "20000", "3"], cwd=self.folder,
                              check=True, capture_output=True, text=True).stdout
        m = re.search(r"\+ log, fdatasync per 1000 +[\d.]+ +[\d.]+ +(\d+)", done)
        if m is None:
            sys.exit("bench: b_pipe says nothing that can be read:\n" + done)
        return 1e6 / float(m[1])


def hot_lines(n):
    rng = random.Random(2)
    return [(json.dumps({"id": f"{i}", "creator": f"m{i % 97}", "text": bench.text_of(rng),
                         "published": "2026-11-22T10:00:00Z"}) + "\n").encode()
            for i in range(n)]


def dealt(lines, streams):
    return [b"".join(lines[i::streams]) for i in range(streams)]


def show(name, run, beside=None):
    total = sum(run.us.values())
    ratio = f"  of b_pipe {beside / total:.3f}" if beside else ""
    print(f"{name:<8} {total:7.1f} us an item: " +
          ", ".join(f"{r} {t:.1f}" for r, t in sorted(run.us.items())) +
          f"; {run.items / run.wall:,.0f} items/s of wall time{ratio}; findings "
          f"{run.end['findings']}, violations {run.end['violations']}", flush=True)


def touch():
    """Three quarters of the memory that is free, written to once.  A virtual machine gets a
    page from its host when it is written to for the first time: more than two seconds for
    each GiB, which would be counted as the kernel's copying of captures, and more of it the
    more items there are (1.16 and 1.28 from 100,000 to 1,000,000 without, 1.00 and 1.05)."""
    with open("/proc/meminfo", encoding="ascii") as f:
        free = int(re.search(r"MemAvailable: +(\d+) kB", f.read())[1]) << 10
    room = mmap.mmap(-1, max(free // 4 * 3, mmap.PAGESIZE))
    for at in range(0, len(room), mmap.PAGESIZE):
        room[at] = 1
    room.close()


def grow(folder, peers, o):
    """More and more items; what each costs beyond those of the run before, which leaves out
    what a start takes."""
    had = []
    touch()
    for n in o.amounts:
        run = Run(folder / "d", dealt(peers.lines(n), o.s), n, peers.packs, o.w)
        show(f"{n}", run)
        print("  memory, MiB: " + ", ".join(
            f"{r} {b / (1 << 20):.0f}" for r, b in sorted(run.memory.items())))
        had.append((n, n * sum(run.us.values())))
    each = [(b - a) / (m - n) for (n, a), (m, b) in zip(had, had[1:])]
    for (n, _), (m, _), us in zip(had, had[1:], each):
        print(f"{n} to {m}: {us:.1f} us for each item more, {us / each[0]:.3f} of the first")


def cores(folder, peers, o):
    """Many streams, since one brings 5,120 items a second at most, and many items: the
    last ones of a run keep nobody busy.  By turns, since the machine has two speeds."""
    n, ratios, every = max(o.n, 200000), [], os.sched_getaffinity(0)
    for _ in range(3):
        rate = {}
        for here in ({min(every)}, every):
            os.sched_setaffinity(0, here)
            run = Run(folder / "d", dealt(peers.lines(n), 16), n, peers.packs, o.w)
            show(f"{len(here)} cores", run)
            rate[len(here)] = run.items / run.wall
        ratios.append(rate[len(every)] / rate[1])
    print(f"{len(every)} cores: {statistics.median(ratios):.2f} of one, from "
          f"{min(ratios):.2f} to {max(ratios):.2f}")


def main():
    p = argparse.ArgumentParser()
    p.add_argument("-n", type=int, default=20000)
    p.add_argument("-s", type=int, default=4)
    p.add_argument("-w", type=int, default=2)
    p.add_argument("--amounts", type=int, nargs="+")
    p.add_argument("--cores", action="store_true")
    p.add_argument("modes", nargs="*")
    o = p.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tosd-bench-", dir="/tmp"))
    try:
        peers = None
        try:
            peers = Peers(folder / "peers", max([o.n, 200000 * o.cores] + (o.amounts or [])))
        except bench_peers.Missing as e:
            print(f"bench: left out: {e}")
        if o.amounts:
            grow(folder, peers, o)
        if o.cores and peers:
            cores(folder, peers, o)
        for mode in [] if o.amounts or o.cores else o.modes or ["same", "packs", "hot"]:
            if mode != "hot" and peers is None:
                continue
            lines = hot_lines(o.n) if mode == "hot" else peers.lines(o.n)
            first = peers.us() if mode == "same" else None
            run = Run(folder / "d", dealt(lines, o.s), o.n,
                      peers.packs if mode == "same" else SRC.resolve() / "etc/policies.d", o.w)
            show(mode, run, (first + peers.us()) / 2 if first else None)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
