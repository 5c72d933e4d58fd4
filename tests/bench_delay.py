#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Part of `make bench': how long it takes from the last byte of an answer with a new post
until it is on disk, in the running daemon, beside what one fdatasync of 4 KiB costs on
the same disk in the same run.  Feeds on loopback bring a post with every poll; the first
seconds, in which rules are compiled, do not count.  DELAY_FEEDS polls a second (60)."""
import asyncio
import multiprocessing
import os
import re
import socket
import sys
import tempfile
import time
import urllib.request

from daemon import Daemon, wait

FEEDS = int(os.environ.get("DELAY_FEEDS", 60))
SECONDS = 15
NAME = "tosd_record_delay_seconds_"


def address(i):
    return f"127.1.{i // 250}.{i % 250 + 1}"


def serve(ports):
    """A site of its own for each feed, as in life: limits are by host."""
    posts = [0] * FEEDS

    def body(i):
        posts[i] += 1
        return ("<rss version='2.0'><channel><title>Busy</title>" + "".join(
            f"<item><title>{k}</title><guid isPermaLink='false'>{i}-{k}</guid>"
            "<description>news of a quiet garden, and of the weather</description></item>"
            for k in range(posts[i], max(0, posts[i] - 20), -1)) +
            "</channel></rss>").encode()

    async def client(reader, writer, i):
        try:
            while True:
                await reader.readuntil(b"\r\n\r\n")
                out = body(i)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\n"
                             b"Content-Length: %d\r\n\r\n" % len(out) + out)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def main():
        port, servers = 0, []
        for i in range(FEEDS):
            s = socket.create_server((address(i), port))
            port = s.getsockname()[1]
            servers.append(await asyncio.start_server(
                lambda r, w, i=i: client(r, w, i), sock=s))
        ports.put(port)
        await asyncio.gather(*(s.serve_forever() for s in servers))

    asyncio.run(main())


def sync_cost():
    """Median ms of an fdatasync of 4 KiB."""
    with tempfile.NamedTemporaryFile(dir="/tmp") as f:
        took = []
        for _ in range(100):
            os.write(f.fileno(), b"x" * 4096)
            begin = time.monotonic()
            os.fdatasync(f.fileno())
            took.append((time.monotonic() - begin) * 1000)
    return sorted(took)[50]


def classes(port):
    """{upper bound in ms: spans up to it}; None is all of them."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as r:
        text = r.read().decode()
    found = {float(a) * 1000: int(n) for a, n in
             re.findall(NAME + r'bucket\{le="([\d.]+)"\} (\d+)', text)}
    found[None] = int(re.search(NAME + r"count (\d+)", text)[1])
    return found


def quantile(spans, q):
    for bound in sorted(b for b in spans if b is not None):
        if spans[bound] >= q * spans[None]:
            return bound
    return float("inf")


def main():
    ports = multiprocessing.Queue()
    server = multiprocessing.Process(target=serve, args=(ports,), daemon=True)
    server.start()
    port = ports.get(timeout=20)
    feeds = {f"t{i}": f"http://{address(i)}:{port}/feed.xml" for i in range(FEEDS)}
    with Daemon(feeds, interval="1s") as d:
        d.start()
        listen = int(re.search(r"health and metrics on port (\d+)", d.log())[1])
        wait("the first posts", lambda: d.status()["items_judged"] > FEEDS * 3, 60)
        time.sleep(6)  # the console hears every 5 s
        before = classes(listen)
        time.sleep(SECONDS)
        after = classes(listen)
        d.stop()
    d.remove()
    server.kill()
    spans = {b: after[b] - before[b] for b in after}
    sync = sync_cost()
    p50, p99 = quantile(spans, 0.5), quantile(spans, 0.99)
    print(f"\nfrom read to recorded, {spans[None] / SECONDS:.0f} new posts a second: half "
          f"within {p50:g} ms ({p50 / sync:.0f} x fdatasync), 99 of 100 within {p99:g} ms "
          f"({p99 / sync:.0f} x); {100 * spans[10] / spans[None]:.1f} % within 10 ms, "
          f"{100 * spans[25] / spans[None]:.1f} % within 25 ms")


if __name__ == "__main__":
    sys.exit(main())
