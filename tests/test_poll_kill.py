#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""kill -9 of engine, fetch and supervisor while sites publish, edit, remove and flood
their feeds, whose windows are small.  Afterwards the store is compared with the sites' own
lists: every post is stored once, whatever was pushed out of sight was walked back to, what
was removed is known to be, and nothing else is.

usage: test_poll_kill.py [KILLS [SEED]]

KILLS defaults to $TOSD_KILLS or else 20."""
import collections
import hashlib
import http.server
import json
import os
import random
import sys
import threading
import time
import urllib.parse
from xml.sax.saxutils import escape

from daemon import Daemon, item_of, skip, wait
from test_kill import check_log, kill

TURNS = ["engine", "fetch", "engine", "fetch", "engine", "fetch", "engine", "supervisor"]
FORMATS = {"json": "json", "atom": "atom", "rss": "rss", "rising": "atom"}
WINDOW = 8
REMOVED = 4  # store_sighting.state
COVERAGE = ('coverage = { removal_gap = "1s"; walk_pages = 1000; day_pages = 100000; '
            'second_min = "3s"; second_max = "6s"; };')


class Site:
    """One tenant's posts, each with a number that rises; the truth of the test."""

    def __init__(self, name):
        self.name, self.posts, self.lock, self.next = name, {}, threading.Lock(), 0

    def publish(self, n=1):
        with self.lock:
            for _ in range(n):
                k, self.next = self.next, self.next + 1
                self.posts[k] = {"id": f"{self.name}-{k}", "n": k, "removed": False,
                                 "time": int(time.time()),
                                 "text": f"This is what post {k} of {self.name} says, "
                                         f"number {k * 7919 % 1000} of many."}

    def there(self):
        return [p for k, p in sorted(self.posts.items(), reverse=True) if not p["removed"]]

    def window(self, before=None):
        with self.lock:
            shown = [dict(p) for p in self.there()
                     if before is None or p["n"] < before][:WINDOW]
        return shown

    def edit(self, n):
        with self.lock:
            self.posts[n]["text"] += " And more."

    def remove(self, n):
        with self.lock:
            self.posts[n]["removed"] = True


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def send(self, status, ctype, body):
        tag = '"%s"' % hashlib.sha256(body).hexdigest()[:16]
        if status == 200 and self.headers.get("If-None-Match") == tag:
            status, body = 304, b""
        self.send_response(status)
        self.send_header("ETag", tag)
        self.send_header("Content-Type", ctype)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        parts = url.path.strip("/").split("/")
        site = self.server.sites.get(parts[0])
        if site is None:
            return self.send(404, "text/plain", b"no")
        if parts[1] == "p":
            post = site.posts.get(int(parts[2]))
            if post is None or post["removed"]:
                return self.send(410, "text/plain", b"gone")
            return self.send(200, "text/html; charset=utf-8",
                             f"<!DOCTYPE html><title>Post</title><p>{post['text']}".encode())
        before = urllib.parse.parse_qs(url.query).get("before")
        shown = site.window(int(before[0]) if before else None)
        root = f"http://{self.headers['Host']}/{site.name}"
        older = f"{root}/feed?before={shown[-1]['n']}" if shown and shown[-1]["n"] > 0 else None
        if site.name == "rising":
            shown.reverse()
        make = getattr(self, FORMATS[site.name])
        ctype = "application/feed+json" if site.name == "json" else "application/xml"
        self.send(200, ctype, make(root, shown, older).encode())

    def json(self, root, shown, older):
        doc = {"version": "https://jsonfeed.org/version/1.1", "title": root, "items": [
            {"id": p["id"], "url": f"{root}/p/{p['n']}", "content_text": p["text"]}
            for p in shown]}
        if older:
            doc["next_url"] = older
        return json.dumps(doc)

    def atom(self, root, shown, older):
        link = f'<link rel="prev-archive" href="{escape(older)}"/>' if older else ""
        return ('<feed xmlns="http://www.w3.org/2005/Atom"><title>t</title>' + link + "".join(
            f'<entry><id>{p["id"]}</id><link href="{root}/p/{p["n"]}"/><title>t</title>'
            f'<published>{time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(p["time"]))}'
            f'</published><content type="text">{escape(p["text"])}</content></entry>'
            for p in shown) + "</feed>")

    def rss(self, root, shown, older):
        link = (f'<atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="next" '
                f'href="{escape(older)}"/>' if older else "")
        return ("<rss version='2.0'><channel><title>t</title>" + link + "".join(
            f'<item><guid isPermaLink="false">{p["id"]}</guid><link>{root}/p/{p["n"]}</link>'
            f'<description>{escape(p["text"])}</description></item>' for p in shown) +
            "</channel></rss>")


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass  # who asks is killed all the time


class Life(threading.Thread):
    """What the sites do until they are told to stop."""

    def __init__(self, sites, d, rng):
        super().__init__(daemon=True)
        self.sites, self.d, self.rng, self.halt = sites, d, rng, threading.Event()
        self.error, self.count = None, collections.Counter()

    def stored(self, site):
        """Only what was read can be found missing."""
        return {g for g, in self.d.query("SELECT guid FROM item WHERE guid LIKE ?",
                                         site.name + "-%")}

    def step(self, site):
        dice = self.rng.random()
        if dice < 0.06:
            self.count["floods"] += 1
            site.publish(self.rng.randint(WINDOW, 3 * WINDOW))
        elif dice < 0.55:
            site.publish()
        elif dice < 0.8:
            shown = site.window()
            self.count["edits"] += 1
            site.edit(self.rng.choice(shown)["n"])
        else:
            known = self.stored(site)
            shown = [p for p in site.window()[1:-1] if p["id"] in known]
            if shown:
                self.count["removals"] += 1
                site.remove(self.rng.choice(shown)["n"])

    def run(self):
        try:
            while not self.halt.wait(self.rng.uniform(0.05, 0.4)):
                self.step(self.rng.choice(self.sites))
        except Exception as e:  # the main thread asks
            self.error = e

    def stop(self):
        self.halt.set()
        self.join(30)
        assert self.error is None, self.error


def sightings(d):
    """{guid: state}"""
    return dict(d.query("SELECT guid, state FROM sighting JOIN item USING(id)"))


def last_removals(d, sites):
    """Some posts go while everything else is quiet: these must all be found."""
    gone = []
    for site in sites:
        for p in site.window()[2:6:2]:
            site.remove(p["n"])
            gone.append(p["id"])
    wait("the last removals to be found",
         lambda: all(sightings(d).get(g) == REMOVED for g in gone), 60, 0.3)
    return gone


def check_items(d, sites):
    rows = d.query("SELECT guid, item.id, body FROM item JOIN revision ON "
                   "revision.id = item.revision")
    stored = collections.Counter(g for g, _, _ in rows)
    published = {p["id"]: p for s in sites for p in s.posts.values()}
    missing = sorted(set(published) - set(stored))
    assert not missing, f"{len(missing)} posts are missing: {missing[:8]}"
    assert not set(stored) - set(published), sorted(set(stored) - set(published))[:5]
    assert set(stored.values()) == {1}, "stored twice"
    bodies = {g: item_of(b)["text"] for g, _, b in rows}
    for site in sites:
        for p in site.window():
            assert bodies[p["id"]] == p["text"], (p, bodies[p["id"]])
    assert not d.query("SELECT a.item FROM revision a JOIN revision b ON a.item = b.item AND "
                       "b.n = a.n + 1 AND a.digest = b.digest"), "no news as a revision"
    assert not d.query("SELECT id FROM revision WHERE file IS NULL OR entry < 0")
    return published


def check_sightings(d, published):
    state = collections.Counter()
    for guid, s in sightings(d).items():
        state[s] += 1
        if s in (3, REMOVED):  # missing, removed
            assert published[guid]["removed"], f"{guid} is there and counts as {s}"
    return state


def strike(d, role, rng):
    """One that has just ended by itself, since another one did, is back soon."""
    while True:
        try:
            return kill(d, role, 0, rng)
        except ProcessLookupError:
            pass


def run(d, sites, kills, rng):
    life = Life(sites, d, random.Random(rng.random()))
    for site in sites:
        site.publish(3 * WINDOW)
        # What was there before the first reading is no loss: only its window is read.
        for n in range(2 * WINDOW):
            del site.posts[n]
    d.start()
    wait("the first readings", lambda: d.query("SELECT count(*) FROM coverage WHERE "
                                               "readings > 0") == [(len(sites),)], 30)
    life.start()
    done, begin = collections.Counter(), time.monotonic()
    for i in range(kills):
        role = TURNS[i % len(TURNS)]
        time.sleep(rng.uniform(0.02, 0.8))
        assert strike(d, role, rng), f"{role} did not come back"
        done[role] += 1
    took = time.monotonic() - begin
    life.stop()
    wait("tosd to be ready again", d.ready, 60)
    (polls,) = d.query("SELECT max(polls) FROM feed")[0]
    wait("two more polls of every feed and an end of all walks", lambda: d.query(
        "SELECT count(*) FROM feed WHERE polls < ?", polls + 2) == [(0,)] and not d.query(
            "SELECT id FROM errand WHERE kind IN (0, 4, 5) AND due IS NOT NULL"), 90, 0.5)
    last = last_removals(d, sites)
    published = check_items(d, sites)
    state = check_sightings(d, published)
    entries = list(d.ledger())
    lost = [e for e in entries if e["kind"] == "gap" and e["state"] == "lost"]
    assert not lost, f"{len(lost)} gaps although all pages can be read: {lost[0]}"
    false = [e for e in entries if e["kind"] == "cloaking" and e["state"] == "confirmed"]
    assert not false, f"taken for cloaking: {false[0]}"
    for row in d.ask("feeds"):
        assert row["readings"] > 0 and 0 < row["readable"] <= 1, row
        assert row["gaps_lost"] == 0 and "cloaked" not in row, row
    told = {r["guid"]: r["state"] for r in d.ask("sightings")}
    assert all(told[g] == "removed" for g in last), told
    compared = d.query("SELECT sum(seconds) FROM coverage")[0][0]
    d.stop()
    check_log(d)
    d.check_record()
    print(f"{sum(done.values())} kills in {took:.0f} s: {dict(done)}")
    print(f"{len(published)} posts, all stored once; {dict(life.count)}; "
          f"{state[REMOVED]} found removed, the last {len(last)} in time, none falsely; "
          f"{state[2]} unlisted; {compared} comparisons")


def main():
    kills = int(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("TOSD_KILLS", "20"))
    if len(sys.argv) < 2 and (kills == 0 or os.environ.get("TOSD_QUICK")):
        skip("no kills are wanted (TOSD_KILLS, TOSD_QUICK)")
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.SystemRandom().randrange(1 << 32)
    print("seed", seed, flush=True)
    sites = [Site(name) for name in FORMATS]
    server = Server(("127.0.0.1", 0), Handler)
    server.sites = {s.name: s for s in sites}
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_address[1]}/"
    try:
        with Daemon({s.name: f"{base}{s.name}/feed" for s in sites}, interval="1s",
                    more=COVERAGE) as d:
            run(d, sites, kills, random.Random(seed))
    finally:
        server.shutdown()
        server.server_close()


if __name__ == "__main__":
    sys.exit(main())
