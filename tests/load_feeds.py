#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`make load`: the real daemon with many feeds on loopback, each on an address of its
own, and what it takes: memory of all its processes, processor time, and how evenly the
requests come, as the server saw them.

load_feeds.py			10,000 feeds at 5 minutes for 10 minutes
load_feeds.py --quick		the same pace for a minute and a half: 2,000 at 1 minute
load_feeds.py --idle N [N...]	N feeds that are hardly ever due: what one more costs
load_feeds.py --growth		ten times the idle feeds at the same pace (all of them read
				before, so that hardly anything but 304 is answered): at
				most 1.1 times the processor time.  A fortieth of them is
				late by its jitter when it starts, and comes in the first
				minutes beside the others

Fails where a limit is passed: 256 MiB in all, one core, the largest second at most three
times the mean, 1 KiB for an idle feed on a base of 128 MiB.  TOSD_QUICK=1 means --quick.
Loopback only; the server is one process of ours and ends with this one.
"""

import argparse
import array
import contextlib
import math
import multiprocessing
import os
import pathlib
import select
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time

import daemon as harness
import processes

SOURCE = pathlib.Path(os.environ.get("srcdir") or
                      pathlib.Path(__file__).parent.parent).resolve()
MIB = 1 << 20
MAX_MEMORY, MAX_BASE, MAX_FEED = 256 * MIB, 128 * MIB, 1024
MAX_BURST = 3.0  # largest second to the mean
MAX_GROWTH = 1.1
SAMPLE = 2.0

CONF = """
provider = {{ name = "Load"; mailbox = "abuse@host.example"; }};
state_dir = "{dir}/state"; run_dir = "{dir}/run"; templates_dir = "{src}/etc/notices.d";
sandbox = "best-effort";
fetch = {{ interval = "{interval}"; interval_min = "{least}"; interval_max = "30d"; allow = [ "127.0.0.0/8" ]; }};
policy = {{ packs_dir = "{dir}/packs"; workers = 2;
  plugins = ( {{ name = "rules"; path = "{build}/plugins/rules/.libs/rules.so"; }} ); }};
console = {{ listen = "127.0.0.1:{console}"; }};
"""
TENANT = """{{ id = "t{i}"; name = "Tenant {i}"; contact = "t{i}@tenant.example";
 manager = "am@host.example"; feeds = ( {{ url = "http://{host}:{port}/feed.xml";
 interval = "{interval}"; }} ); }}"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def address(i):
    return f"127.{1 + i // 62500}.{i // 250 % 250}.{i % 250 + 1}"


def number(host):
    a, b, c = map(int, host.split(".")[1:])
    return (a - 1) * 62500 + b * 250 + c - 1


# --- the tenants' servers ----------------------------------------------------------

def answers(i):
    """(a small feed, its 304), with validators."""
    post = "".join(f"<item><guid>{i}-{k}</guid><title>Post {k}</title>"
                   f"<description>nothing of note from {i}</description></item>"
                   for k in range(3))
    body = (f"<rss version=\"2.0\"><channel><title>Feed {i}</title>{post}</channel>"
            "</rss>").encode()
    tag = b'ETag: "feed-%d"\r\n' % i
    return (b"HTTP/1.1 200 OK\r\n" + tag + b"Content-Type: application/rss+xml\r\n"
            b"Content-Length: %d\r\n\r\n" % len(body) + body,
            b"HTTP/1.1 304 Not Modified\r\n" + tag + b"\r\n")


class Server:
    """One process for all of them; the times of all requests go into shared memory, so
    that asking for them costs the server nothing."""

    def __init__(self, room):
        self.times = multiprocessing.RawArray("d", room)
        self.count = multiprocessing.RawValue("q", 0)
        self.known = multiprocessing.RawValue("q", 0)  # answered 304
        start = multiprocessing.Pipe()
        self.proc = multiprocessing.Process(target=self.serve, args=(start[1],),
                                            daemon=True)
        self.proc.start()
        self.port = start[0].recv()

    def serve(self, ready):
        s = socket.socket()
        # All of 127.0.0.0/8 with one socket, and nothing beyond loopback.
        s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo\0")
        s.bind(("0.0.0.0", 0))
        s.listen(1024)
        s.setblocking(False)
        poll, clients = select.epoll(), {}
        poll.register(s, select.EPOLLIN)
        ready.send(s.getsockname()[1])
        while True:
            for fd, _ in poll.poll():
                if fd == s.fileno():
                    c = s.accept()[0]
                    c.setblocking(False)
                    clients[c.fileno()] = [c, number(c.getsockname()[0]), b""]
                    poll.register(c, select.EPOLLIN)
                elif not self.answer(clients[fd]):
                    poll.unregister(fd)
                    clients.pop(fd)[0].close()

    def answer(self, client):
        try:
            data = client[0].recv(1 << 14)
        except OSError:
            return False
        client[2] += data
        while b"\r\n\r\n" in client[2]:
            head, client[2] = client[2].split(b"\r\n\r\n", 1)
            full, known = answers(client[1])
            same = b'"feed-%d"' % client[1] in head
            n = self.count.value
            self.times[n] = time.time()
            self.count.value = n + 1
            self.known.value += same
            client[0].sendall(known if same else full)
        return bool(data)

    def seconds(self, since, until):
        """How many requests came in each whole second."""
        times = array.array("d", self.times[:self.count.value])
        n = [0] * int(until - since)
        for t in times:
            # int() rounds towards zero: with it the second before `since' would be
            # counted with the first one.
            if 0 <= math.floor(t - since) < len(n):
                n[math.floor(t - since)] += 1
        return n

    def around(self, since, second):
        """The five seconds round one: how many requests in each, and how long nothing came
        at all at a stretch, which tells a burst from a stall of whoever it was."""
        first, last = since + second - 2, since + second + 3
        inside = sorted(t for t in self.times[:self.count.value] if first <= t < last)
        n = [sum(first + i <= t < first + i + 1 for t in inside) for i in range(5)]
        ends = [first, *inside, last]
        return n, max(b - a for a, b in zip(ends, ends[1:]))

    def stop(self):
        self.proc.kill()
        self.proc.join(10)


# --- the daemon --------------------------------------------------------------------

class Tosd:
    def __init__(self, feeds, port, interval, least, folder="/tmp"):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="tosd-load-", dir=folder))
        (self.dir / "packs").mkdir()
        (self.dir / "packs/trial.conf").write_text(harness.PACK)
        (self.dir / "tenants.d").mkdir()
        self.console = free_port()
        self.configure(feeds, port, interval, least)
        self.start()

    def configure(self, feeds, port, interval, least):
        (self.dir / "tosd.conf").write_text(CONF.format(
            dir=self.dir, src=SOURCE, console=self.console,
            build=os.path.abspath(harness.BUILD), interval=interval, least=least))
        for first in range(0, feeds, 1000):
            (self.dir / f"tenants.d/{first:06}.conf").write_text(
                "tenants = (\n" + ",\n".join(
                    TENANT.format(i=i, host=address(i), port=port, interval=interval)
                    for i in range(first, min(first + 1000, feeds))) + ");\n")

    def start(self):
        with open(self.dir / "log", "wb") as log:
            self.proc = subprocess.Popen(
                [harness.BUILD + "/tosd", "-f", "-c", self.dir / "tosd.conf"],
                stdout=log, stderr=log, start_new_session=True)

    def log(self):
        return (self.dir / "log").read_text("utf-8", "replace")

    def ready(self):
        if self.proc.poll() is not None:
            sys.exit("tosd ended:\n" + self.log()[-3000:])
        return "ready: " in self.log()

    def pids(self):
        """{name of the role: [pid]}; the supervisor too."""
        found = {"supervisor": [self.proc.pid]}
        for pid, role, *_ in processes.roles(self.proc.pid):
            found.setdefault(role, []).append(pid)
        return found

    def memory(self):
        """{role: (rss, pss)} in bytes."""
        out = {}
        for role, pids in self.pids().items():
            rss = pss = 0
            for pid in pids:
                for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                    word, _, rest = line.partition(":")
                    rss += int(rest.split()[0]) * 1024 if word == "Rss" else 0
                    pss += int(rest.split()[0]) * 1024 if word == "Pss" else 0
            out[role] = (rss, pss)
        return out

    def cpu(self):
        """{role: seconds of processor time so far}."""
        out = {}
        for role, pids in self.pids().items():
            for pid in pids:
                stat = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
                out[role] = out.get(role, 0) + (int(stat[11]) + int(stat[12])) / os.sysconf(
                    "SC_CLK_TCK")
        return out

    def end(self):
        pids = [p for v in self.pids().values() for p in v]
        self.proc.send_signal(signal.SIGTERM)
        try:
            self.proc.wait(30)
        except subprocess.TimeoutExpired:
            for pid in pids:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            self.proc.wait()

    def stop(self):
        self.end()
        if os.environ.get("TOSD_KEEP"):
            print("kept:", self.dir)
        else:
            shutil.rmtree(self.dir, ignore_errors=True)


def total(memory):
    return sum(m[0] for m in memory.values()), sum(m[1] for m in memory.values())


def show(what, memory):
    rss, pss = total(memory)
    print(f"{what}: {rss / MIB:.1f} MiB resident ({pss / MIB:.1f} with shared pages "
          "counted once): " + ", ".join(f"{role} {m[0] / MIB:.1f}"
                                        for role, m in sorted(memory.items())))


# --- the runs ----------------------------------------------------------------------

def read_all(tosd, server, feeds, port, interval):
    """Every feed is read once, as fast as that goes; then the daemon stops, the polls behind
    are spread over an interval by hand, and so the next ones are when it starts again."""
    harness.wait("the daemon", tosd.ready, 120)
    store = f"file:{tosd.dir}/state/store.db"
    unread = "SELECT count(*) FROM feed WHERE active AND last_ok IS NULL"

    def left():
        with contextlib.closing(sqlite3.connect(store + "?mode=ro", uri=True)) as db:
            return db.execute(unread).fetchone()[0]
    harness.wait("all feeds to be read", lambda: left() == 0, 1500)
    tosd.end()
    with contextlib.closing(sqlite3.connect(store, uri=True)) as db, db:
        now = int(time.time() * 1000)
        db.executemany("UPDATE feed SET last_poll = ?1, last_ok = ?1 WHERE id = ?2", [
            (now - i * interval * 1000 // feeds, k) for i, (k,) in enumerate(
                db.execute("SELECT id FROM feed ORDER BY id").fetchall())])
    tosd.configure(feeds, port, f"{interval}s", f"{min(interval, 300)}s")
    server.count.value = server.known.value = 0
    tosd.start()


def load(feeds, interval, duration, failed, folder="/tmp", idle=False):
    server = Server(room=int(feeds * (duration / interval + 3)) + 10000)
    first = max(10, feeds // 300) if idle else interval
    tosd = Tosd(feeds, server.port, f"{first}s", f"{min(first, 300)}s", folder)
    try:
        if idle:
            read_all(tosd, server, feeds, server.port, interval)
        harness.wait("the daemon", tosd.ready, 120)
        if idle:
            time.sleep(30)  # what a start takes, and what was due by its jitter
        start, before = time.time(), tosd.cpu()
        peak, worst = {}, 0
        while time.time() < start + duration:
            time.sleep(min(SAMPLE, max(0.0, start + duration - time.time())))
            memory = tosd.memory()
            if total(memory)[0] > worst:
                worst, peak = total(memory)[0], memory
        end, after = time.time(), tosd.cpu()
    finally:
        tosd.stop()
        server.stop()
    seconds = server.seconds(start, end)
    mean = sum(seconds) / len(seconds)
    used = {r: after[r] - before.get(r, 0) for r in after}
    cores = sum(used.values()) / (end - start)
    show(f"{feeds} feeds every {interval} s for {duration} s, at the worst", peak)
    print(f"{server.count.value} requests, {server.known.value} of them answered 304; "
          f"{mean:.1f} a second ({feeds / interval:.1f} wanted), largest second "
          f"{max(seconds)} = {max(seconds) / mean:.2f} of the mean")
    if idle:
        n, pause = server.around(start, seconds.index(max(seconds)))
        print(f"the five seconds round it: {' '.join(map(str, n))}; for {1000 * pause:.0f} ms "
              "at most nothing came at all")
    print(f"{cores:.3f} cores, {1000 * sum(used.values()) / max(1, sum(seconds)):.2f} ms of "
          "processor time a poll: " + ", ".join(f"{r} {t:.1f} s" for r, t in
                                                sorted(used.items())))
    if worst > MAX_MEMORY:
        failed.append(f"memory: {worst / MIB:.0f} MiB")
    if cores > 1:
        failed.append(f"processor: {cores:.2f} cores")
    if max(seconds) > MAX_BURST * mean:
        failed.append(f"burst: {max(seconds)} requests in a second, mean {mean:.1f}")
    if not 0.7 * feeds / interval < mean < 1.3 * feeds / interval:
        failed.append(f"pace: {mean:.1f} requests a second instead of {feeds / interval:.1f}")
    return sum(used.values()) / max(1, sum(seconds))


def growth(feeds, interval, duration, failed):
    """A tenth of the feeds at a tenth of the interval, then all of them.  In memory where
    there is such a folder: on a disk ext4 goes round inodes that were freed minutes ago, and
    whoever runs second pays for the files of the first (or of anybody else)."""
    folder = "/dev/shm" if os.access("/dev/shm", os.W_OK) else "/tmp"
    few = load(feeds // 10, interval // 10, duration, failed, folder, True)
    many = load(feeds, interval, duration, failed, folder, True)
    print(f"ten times the feeds: {many / few:.3f} of the processor time a poll")
    if many > MAX_GROWTH * few:
        failed.append(f"growth: {many / few:.2f}")


def idle(counts, failed):
    """Resident memory over the number of feeds; nobody listens, hardly any is due."""
    found = []
    for n in counts:
        tosd = Tosd(n, 9, "30d", "300s")
        try:
            harness.wait("the daemon", tosd.ready, 300)
            time.sleep(8)
            memory = tosd.memory()
            show(f"{n} idle feeds", memory)
            found.append((n, total(memory)[0]))
        finally:
            tosd.stop()
    for (n, a), (m, b) in zip(found, found[1:]):
        slope = (b - a) / (m - n)
        base = a - slope * n
        print(f"{n} to {m} feeds: {slope:.0f} bytes a feed on {base / MIB:.1f} MiB")
        if slope > MAX_FEED:
            failed.append(f"an idle feed costs {slope:.0f} bytes")
        if base > MAX_BASE:
            failed.append(f"the base is {base / MIB:.0f} MiB")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true",
                        default=os.environ.get("TOSD_QUICK") == "1")
    parser.add_argument("--idle", type=int, nargs="+")
    parser.add_argument("--growth", action="store_true")
    parser.add_argument("--feeds", type=int)
    parser.add_argument("--interval", type=int)
    parser.add_argument("--duration", type=int)
    o = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended from outside"))
    failed = []
    if o.idle:
        idle(o.idle, failed)
    elif o.growth:
        growth(o.feeds or 100000, o.interval or 3000, o.duration or 90, failed)
    else:
        load(o.feeds or (2000 if o.quick else 10000),
             o.interval or (60 if o.quick else 300),
             o.duration or (90 if o.quick else 600), failed)
    for what in failed:
        print("FAILED:", what)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
