#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`make bench`: one run, one table, each figure beside what bounds it.

Rule scan against a bare hs_scan over the same texts, parse against bare expat over the
same files, and the whole daemon (supervisor, fetch, two policy workers, engine) reading
feeds on loopback, against SQLite alone and against parse and scan alone.  There are no
thresholds: machines differ, ratios of one run tell.

FEEDS and ITEMS in the environment change the size (200 feeds of 40 items).
"""

import json
import multiprocessing
import asyncio
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import xml.parsers.expat

import processes

SRC = pathlib.Path(os.environ.get("srcdir") or pathlib.Path(__file__).parent.parent)
BUILD = pathlib.Path(os.environ.get("builddir") or ".").resolve()
DATA = pathlib.Path(os.environ.get("TOSD_DATA") or SRC / "../shared/data")
FEEDS = int(os.environ.get("FEEDS", 200))
ITEMS = int(os.environ.get("ITEMS", 40))
LIMIT = 180  # seconds for the daemon to finish

# --- what is read ------------------------------------------------------------------

WORDS = """the of and to in is that for it as was with be by on not he his but at are this
have from or had an they which one you were all her she there would their we him been has
when who will no more if out so up said what its about than into them can only other time
new some could these two may first then do any like my now over such our man me even most
made after also did many off before must well back through years much where your way down
should because long each just state those people too mr how little good world make very
year still see own work men day get here old between both life being under three never
know same last another while us might great go come since against right came take used
kill burn hang shoot gun knife garden bread engine river window market""".split()
THREATS = ["I will kill you", "we will hang them all", "I am going to shoot him"]


def text_of(rng):
    """Some sixty words, and in one of a hundred a threat between them."""
    words = [rng.choice(WORDS) for _ in range(rng.randint(20, 100))]
    if rng.random() < 0.01:
        words[len(words) // 2:len(words) // 2] = [rng.choice(THREATS)]
    return " ".join(words)


def feed_of(rng, n):
    items = "".join(
        f"<item><title>Post {i}</title><link>http://example.org/{n}/{i}</link>"
        f"<guid isPermaLink=\"false\">{n}-{i}</guid>"
        f"<pubDate>Sun, 22 Nov 2026 {i // 60 % 24:02}:{i % 60:02}:00 GMT</pubDate>"
        f"<description>&lt;p&gt;{text_of(rng)} &amp;amp; more&lt;/p&gt;</description>"
        "</item>\n" for i in range(ITEMS))
    return (f"<?xml version=\"1.0\"?>\n<rss version=\"2.0\"><channel><title>Feed {n}</title>"
            f"<link>http://example.org/{n}</link>{items}</channel></rss>\n").encode()


def well_formed(path):
    """expat stops at the first mistake, which is no speed."""
    try:
        xml.parsers.expat.ParserCreate().Parse(path.read_bytes(), True)
        return True
    except (xml.parsers.expat.ExpatError, ValueError, LookupError):
        return False


def recorded():
    """Feeds of the data folder, if it is there, up to 200 of them."""
    found = sorted(p for p in DATA.rglob("*") if p.suffix in (".xml", ".rss", ".atom"))
    return [p for p in found[:600] if well_formed(p)][:200]


# --- the tenants' servers ----------------------------------------------------------

def address(i):
    return f"127.1.{i // 250}.{i % 250 + 1}"


def serve(bodies, ports):
    """A server for each tenant on an address of its own, as in life: limits are by
    host.  All on one port, which goes into the queue."""
    async def client(reader, writer, body):
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                if b"/feed" in head.split(b"\r\n")[0]:
                    status, out = b"200 OK", body
                else:
                    status, out = b"404 Not Found", b""
                writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Type: application/"
                             b"rss+xml\r\nContent-Length: %d\r\n\r\n" % len(out) + out)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def main():
        port, servers = 0, []
        for i, body in enumerate(bodies):
            s = socket.create_server((address(i), port))
            port = s.getsockname()[1]
            servers.append(await asyncio.start_server(
                lambda r, w, b=body: client(r, w, b), sock=s))
        ports.put(port)
        await asyncio.gather(*(s.serve_forever() for s in servers))

    asyncio.run(main())


# --- the daemon ------------------------------------------------------------------------

CONF = """
provider = {{ name = "Bench"; mailbox = "abuse@host.example"; }};
state_dir = "{dir}/state";
run_dir = "{dir}/run";
control = "{dir}/run/control";
templates_dir = "{src}/etc/notices.d";
sandbox = "best-effort";
fetch = {{ interval = "24h"; allow = [ "127.0.0.0/8" ]; }};
policy = {{
	plugins = ( {{ name = "rules"; path = "{build}/plugins/rules/.libs/rules.so"; }} );
	packs_dir = "{src}/etc/policies.d";
	workers = 2;
}};
tenants = (
{tenants}
);
"""
TENANT = """	{{ id = "t{i}"; name = "Tenant {i}"; contact = "t{i}@tenant.example";
	manager = "am@host.example"; feeds = ( "http://{host}:{port}/feed.xml" ); }}"""


def ask(path, request):
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(str(path))
        s.sendall(json.dumps(request).encode() + b"\n")
        answer = b""
        while not answer.endswith(b"\n"):
            more = s.recv(1 << 16)
            if not more:
                raise ConnectionError("the daemon hung up")
            answer += more
    return json.loads(answer)["rows"][0]


def wait(what, predicate, limit=LIMIT, pause=0.01):
    end = time.monotonic() + limit
    while time.monotonic() < end:
        value = predicate()
        if value is not None:
            return value
        time.sleep(pause)
    sys.exit(f"bench: waited {limit} s for: {what}")


def cpu_by_role(pid):
    """Seconds of processor time of each role so far."""
    used = {}
    for _, role, _, stat in processes.roles(pid):
        took = (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")
        used[role] = used.get(role, 0) + took
    return used


def pipeline(folder, port):
    tenants = ",\n".join(TENANT.format(i=i, host=address(i), port=port)
                         for i in range(FEEDS))
    conf = folder / "tosd.conf"
    conf.write_text(CONF.format(dir=folder, src=SRC.resolve(), build=BUILD,
                                tenants=tenants))
    control = folder / "run/control"
    log = open(folder / "log", "wb")
    daemon = subprocess.Popen([BUILD / "tosd", "-f", "-c", conf], stdout=log, stderr=log)

    def status():
        if daemon.poll() is not None:
            sys.exit("bench: the daemon ended:\n" + (folder / "log").read_text()[-3000:])
        try:
            return ask(control, {"cmd": "status"})
        except (OSError, ValueError):
            return None

    def ready():
        s = status()
        return s if s and s["policy"] else None

    def judged():
        s = status()
        n = s and s["items_judged"] + s["items_degraded"]
        return s if s and n >= FEEDS * ITEMS else None

    try:
        wait("the daemon", ready)
        time.sleep(0.5)  # every role knows every other
        before = cpu_by_role(daemon.pid)
        start = time.monotonic()
        ask(control, {"cmd": "poll"})
        # Each look takes the engine's time.
        end = wait(f"{FEEDS * ITEMS} items", judged, pause=0.05)
        took = time.monotonic() - start
        after = cpu_by_role(daemon.pid)
        if end["items_degraded"]:
            print(f"bench: {end['items_degraded']} items degraded", file=sys.stderr)
    finally:
        daemon.send_signal(signal.SIGTERM)
        try:
            daemon.wait(30)
        except subprocess.TimeoutExpired:
            daemon.kill()
    return took, end, {r: after[r] - before.get(r, 0) for r in after}


# --- the table --------------------------------------------------------------------------

def run(*args):
    done = subprocess.run([str(a) for a in args], capture_output=True, text=True,
                          timeout=300)
    if done.returncode != 0:
        sys.exit(f"bench: {args[0]}: {done.stderr}")
    return done.stdout


def line(what, ours, theirs, beside, unit):
    ratio = ours / theirs if theirs else 0
    print(f"{what:<34} {ours:>10,.0f} {theirs:>12,.0f} {unit:<8} {ratio:>6.2f}  {beside}")


def bench(folder):
    rng = random.Random(1)
    bodies = [feed_of(rng, i) for i in range(FEEDS)]
    feeds = []
    for i, body in enumerate(bodies):
        feeds.append(folder / f"feed-{i}.xml")
        feeds[-1].write_bytes(body)
    texts = folder / "texts"
    texts.write_text("".join(text_of(rng) + "\n" for _ in range(4000)))
    packs = SRC / "etc/policies.d"

    print(f"{'':<34} {'tosd':>10} {'beside':>12} {'':<8} {'ratio':>6}")
    if (BUILD / "tests/bench_feed").exists():
        for what, files in (("parse, feeds made here", feeds),
                            ("parse, recorded feeds, small", recorded())):
            if files:
                m = re.search(r"expat ([\d.]+) MB/s, feed_parse ([\d.]+)",
                              run(BUILD / "tests/bench_feed", *files))
                line(what, float(m[2]), float(m[1]), "bare expat, tags and text only",
                     "MB/s")
    if (BUILD / "tests/bench_json").exists():
        said = run(BUILD / "tests/bench_json")
        yajl = float(re.search(r"yajl (\d+) items/s", said)[1])
        for what, case in (("NDJSON to items", "lines"),
                           ("server-sent events to items", "events")):
            ours = float(re.search(case + r" \d+ items/s, ratio ([\d.]+)", said)[1])
            line(what, ours * yajl, yajl, "yajl, keys and values only", "items/s")
    else:
        print("NDJSON and server-sent events      skipped: built without libyajl-dev")
    if (BUILD / "tests/bench_forms").exists():
        said = run(BUILD / "tests/bench_forms")
        for m in re.finditer(r"^(.+?): .* ICU (\d+); ratios ([\d.]+)", said, re.M):
            line(f"text forms, {m[1]}", float(m[3]) * float(m[2]), float(m[2]),
                 "ICU's NFKC_Casefold", "texts/s")
    said = run(BUILD / "tests/bench_scan", "-p", packs, "-m",
               SRC / "plugins/classifier/violence.model", 1000)
    m = re.search(r"host (\d+) items/s, bare hs_scan (\d+)", said)
    line("scan, 1,000 rules", float(m[1]), float(m[2]), "bare hs_scan, same rules",
         "items/s")
    ours = float(re.search(r"packs: host (\d+)", said)[1])
    line("scan, all packs", ours, float(m[2]), "bare hs_scan of the 1,000 rules", "items/s")
    ours = float(re.search(r"classifier: host (\d+)", said)[1])
    line("scan, all packs and classifier", ours, float(m[2]), "the same", "items/s")

    beside = dict(l.split() for l in run(BUILD / "tests/bench_pipe", packs,
                                         folder / "raw.db", *feeds).splitlines())
    ports = multiprocessing.Queue()
    server = multiprocessing.Process(target=serve, args=(bodies, ports), daemon=True)
    server.start()
    try:
        took, end, cpu = pipeline(folder, ports.get(timeout=20))
    finally:
        server.kill()
    rate = FEEDS * ITEMS / took
    line("fetch to record, whole daemon", rate, float(beside["sqlite"]),
         "SQLite alone, the same rows, batch 1000, FULL", "items/s")
    line("", rate, float(beside["parse_scan"]), "parse and scan alone, one process",
         "items/s")
    print(f"\n{FEEDS} feeds of {ITEMS} items in {took:.2f} s on {os.cpu_count()} "
          f"processors; {end['violations']} violations, {end['ledger_size']} ledger "
          "entries; processor seconds: " +
          ", ".join(f"{r} {t:.2f}" for r, t in sorted(cpu.items())))


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tosd-bench-"))
    try:
        bench(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
