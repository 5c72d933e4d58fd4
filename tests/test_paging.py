#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Older pages through the real tosd: one scripted server pages like Mastodon (by Link header
and by max_id alone), Discourse (posts and topics), WordPress, RFC 5005 archives, JSON Feed,
a Link header on RSS, and JSON that a mapping reads.  Its whole history is read while roles
are killed; then more posts come at once than a page holds, and the walk back must find them,
after a kill and after a lost store too.  A second daemon has a budget.  The server knows all
posts and every page that was asked.  Standard library only."""
import http.server
import json
import os
import signal
import sys
import threading
import time
import urllib.parse

from daemon import Daemon, wait

PAGE, HISTORY, FLOOD = 10, 75, 34
SETTINGS = ('coverage = { removal_gap = "1h"; second_max = 0; backfill_pages = %d; '
            'day_pages = 1000; };')


def stamp(n):
    return "2026-%02d-%02dT10:%02d:00Z" % (1 + n // 1500, 1 + n // 60 % 25, n % 60)


class Kind:
    """How one site shows posts (numbers, newest first) and where older ones are."""
    path = "/feed.xml"

    def __init__(self, base):
        self.base, self.posts, self.asked = base, list(range(HISTORY, 0, -1)), []
        self.hold = threading.Event()
        self.hold.set()  # cleared: older pages do not come

    def url(self):
        return self.base + self.path

    def page(self, query, path):
        """(posts, address of older ones or None) by page number."""
        n = int(query.get("page", 1))
        more = n * PAGE < len(self.posts)
        return self.posts[(n - 1) * PAGE:n * PAGE], f"{self.url()}?page={n + 1}" if more else None

    def answer(self, query, path):
        """(headers, body), None: 404"""
        posts, older = self.page(query, path)
        return {}, self.render(posts, older)

    def text(self, n):
        return f"words of post {n}"

    def rss(self, posts):
        return "<rss version='2.0'><channel><title>t</title>" + "".join(
            f"<item><guid>{self.base}/p/{n}</guid><link>{self.base}/p/{n}</link>"
            f"<description>{self.text(n)}</description></item>" for n in posts) + \
            "</channel></rss>"


class LinkHeader(Kind):
    def answer(self, query, path):
        posts, older = self.page(query, path)
        return {"Link": f'<{older}>; rel="next"'} if older else {}, self.rss(posts)


class WordPress(Kind):
    path = "/feed/"

    def answer(self, query, path):
        n = int(query.get("paged", 1))
        posts = self.posts[(n - 1) * PAGE:n * PAGE]
        return ({}, self.rss(posts)) if posts else None


class Archive(Kind):
    """Archives stay as they are: posts 1 to 10, 11 to 20 ..., the feed has the newest."""
    path = "/atom.xml"

    def answer(self, query, path):
        if path.endswith(self.path):
            posts, prev = self.posts[:PAGE], (self.posts[PAGE - 1] - 2) // PAGE
        else:
            prev = int(path.rsplit("/", 1)[1]) - 1
            posts = [n for n in self.posts if (n - 1) // PAGE == prev + 1]
        link = f"<link rel='prev-archive' href='{self.base}/archive/{prev}'/>" if prev >= 0 else ""
        return {}, ("<feed xmlns='http://www.w3.org/2005/Atom'><title>t</title><id>t</id>" + link +
                    "".join(f"<entry><id>{self.base}/p/{n}</id><updated>{stamp(n)}</updated>"
                            f"<link href='{self.base}/p/{n}'/><content>{self.text(n)}</content>"
                            "</entry>" for n in posts) + "</feed>")


class JsonFeed(Kind):
    path = "/feed.json"

    def render(self, posts, older):
        doc = {"version": "https://jsonfeed.org/version/1.1", "title": "t", "items": [
            {"id": n, "url": f"{self.base}/p/{n}", "content_text": self.text(n)} for n in posts]}
        return json.dumps(dict(doc, next_url=older) if older else doc)


class Mapped(Kind):
    path = "/api"
    mapping = ('mapping = { items = "data.rows"; id = "no"; text = "said"; '
               'next = "data.older"; };')

    def render(self, posts, older):
        return json.dumps({"data": {"rows": [{"no": n, "said": self.text(n)} for n in posts],
                                    "older": older}})


class Mastodon(Kind):
    path = "/api/v1/timelines/public"
    link = True

    def answer(self, query, path):
        top = int(query.get("max_id", 10 ** 9))
        posts = [n for n in self.posts if n < top][:PAGE]
        older = f"{self.url()}?max_id={posts[-1]}" if posts else None
        return {"Link": f'<{older}>; rel="next"'} if older and self.link else {}, json.dumps([
            {"id": str(n), "created_at": stamp(n), "uri": f"{self.base}/s/{n}",
             "url": f"{self.base}/p/{n}", "content": f"<p>{self.text(n)}</p>", "edited_at": None,
             "media_attachments": [], "account": {"acct": "a", "display_name": "A"}}
            for n in posts])


class MaxId(Mastodon):
    link = False


class Posts(Kind):
    """Discourse, posts.json"""
    path = "/posts.json"

    def answer(self, query, path):
        top = int(query.get("before", 10 ** 9))
        return {}, json.dumps({"latest_posts": [
            {"id": n, "username": "u", "created_at": stamp(n), "updated_at": stamp(n),
             "post_number": 1, "topic_id": n, "topic_slug": "t", "topic_title": f"Topic {n}",
             "cooked": f"<p>{self.text(n)}</p>", "raw": self.text(n), "version": 1,
             "post_url": f"/t/t/{n}/1"} for n in self.posts if n < top][:PAGE]})


class Topics(Kind):
    """Discourse, latest.json"""
    path = "/latest.json"

    def answer(self, query, path):
        if path.startswith("/t/"):
            return {}, f"<html><body><p>{self.text(int(path.rsplit('/', 1)[1]))}, in full"
        n = int(query.get("page", 0))
        posts = self.posts[n * PAGE:(n + 1) * PAGE]
        doc = {"per_page": PAGE, "topics": [
            {"id": i, "title": self.text(i), "slug": f"t-{i}", "posts_count": 1,
             "created_at": stamp(i), "last_posted_at": stamp(i), "bumped_at": stamp(i)}
            for i in posts]}
        if (n + 1) * PAGE < len(self.posts):
            doc["more_topics_url"] = f"/latest?no_definitions=true&page={n + 1}"
        return {}, json.dumps({"topic_list": doc})


KINDS = {"link": LinkHeader, "wordpress": WordPress, "archive": Archive, "jsonfeed": JsonFeed,
         "mapped": Mapped, "mastodon": Mastodon, "max-id": MaxId, "posts": Posts,
         "topics": Topics}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        kind, query = self.server.kind, dict(urllib.parse.parse_qsl(url.query))
        older = self.path != kind.path and not self.path.startswith("/t/")
        with self.server.lock:
            kind.asked.append(self.path)
            answer = kind.answer(query, url.path)
        if older:
            kind.hold.wait(300)  # longer than anybody waits for what must come before
            time.sleep(0.02)
        headers, body = answer or ({}, "nothing")
        self.send_response(200 if answer else 404)
        for key, value in headers.items():
            self.send_header(key, value)
        data = body.encode()
        self.send_header("Content-Type", "application/json" if body[0] in "{[" else
                         "application/xml")
        self.send_header("Content-Length", str(len(data)))
        try:
            self.end_headers()
            self.wfile.write(data)
        except OSError:
            pass  # who asked was killed

    def log_message(self, *_):
        pass


HOSTS = iter(range(2, 255))


def serve(make):
    """A server of its own for each: /latest is the same path on all Discourse servers.  And a
    host of its own, or pages that are held would keep the other sites' connections."""
    host = f"127.0.0.{next(HOSTS)}"
    server = http.server.ThreadingHTTPServer((host, 0), Handler)
    server.daemon_threads, server.lock = True, threading.Lock()
    server.kind = make(f"http://{host}:{server.server_port}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.kind


def known(d, kind):
    return d.query("SELECT count(*), sum(revisions) FROM item JOIN feed ON feed.id = item.feed "
                   "WHERE feed.url = ?", kind.url())[0]


def complete(d, sites):
    """How many of each are there; None as long as some are missing."""
    return all(known(d, k)[0] >= len(k.posts) for k in sites.values())


def missing(d, sites):
    return {n: (known(d, k), len(k.posts)) for n, k in sites.items()
            if known(d, k)[0] != len(k.posts)}


def kill_while(d, victims, done):
    """Kills these one after the other, as long as it is not done."""
    kills = 0
    while victims and not done():
        time.sleep(0.4)
        pid = d.roles().get((victims[0], 0))
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
            victims = victims[1:]
            kills += 1
    return kills


def older_pages(kind):
    return [p for p in kind.asked if p != kind.path and not p.startswith("/t/")]


def configure(d, sites):
    text = d.path("tosd.conf").read_text()
    url = '"%s"' % sites["mapped"].url()
    assert url in text
    d.write("tosd.conf", text.replace(url, "{ url = %s; %s }" % (url, Mapped.mapping)))


def flood(sites):
    for kind in sites.values():
        top = kind.posts[0]
        kind.posts[:0] = range(top + FLOOD, top, -1)


def test_history(d, sites):
    kills = kill_while(d, ["engine", "fetch", "engine", "engine"],
                       lambda: complete(d, sites))
    wait("the whole history", lambda: complete(d, sites), 60)
    assert not missing(d, sites), missing(d, sites)
    pages = HISTORY // PAGE
    for name, kind in sites.items():
        asked = older_pages(kind)
        assert len(set(asked)) >= pages, (name, asked)
        # A page is asked again only where a kill came between.
        assert len(asked) <= len(set(asked)) + kills, (name, kills, asked)
    assert kills >= 2, kills
    print(f"history: {len(sites)} sites of {HISTORY} posts, {kills} kills")


def lost_gaps(d):
    return [e for e in d.ledger() if e["kind"] == "gap" and e["state"] == "lost"]


def test_flood(d, sites):
    flood(sites)
    kills = kill_while(d, ["engine", "fetch"], lambda: complete(d, sites))
    wait("what came at once", lambda: complete(d, sites), 120)
    assert not missing(d, sites), missing(d, sites)
    wait("no walk to be left", lambda: not [f for f in d.rows("feeds") if f.get("walks")], 30)
    assert not lost_gaps(d), lost_gaps(d)
    print(f"a flood of {FLOOD} posts each, {kills} kills: no gap")


def test_lost_store(d, sites):
    """The store is lost while walks are under way."""
    for kind in sites.values():
        kind.hold.clear()
    counts = {n: known(d, k)[0] for n, k in sites.items()}
    flood(sites)
    wait("the first pages", lambda: all(known(d, k)[0] == counts[n] + PAGE
                                        for n, k in sites.items()), 60)
    wait("the walks on record", lambda: len(
        [e for e in d.ledger() if e["kind"] == "walk"][-1:]) == 1 and
        (lambda s: s and s["ledger_signed"] == s["ledger_size"])(d.status()), 20)
    pids = list(d.roles().values())
    d.proc.kill()
    d.proc.wait()
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    for name in ("store.db", "store.db-wal", "store.db-shm"):
        d.path("state/" + name).unlink(missing_ok=True)
    # Who was killed may keep its lock for a moment.
    p = wait("the end of the engine", lambda: [
        p for p in [d.run("rebuild", "--dir", d.state)] if "daemon runs" not in p.stderr], 10)[0]
    assert p.returncode == 0, p
    for kind in sites.values():
        kind.hold.set()
    d.start()
    wait("what a walk had not reached", lambda: complete(d, sites), 60)
    assert not missing(d, sites), missing(d, sites)
    assert not lost_gaps(d), lost_gaps(d)
    print("a lost store: the walks were begun again")


def test_budget():
    kind = serve(LinkHeader)
    with Daemon({"link": kind.url()}, interval="1s", more=SETTINGS % 3) as d:
        d.start()
        wait("the budget to be spent", lambda: len(older_pages(kind)) >= 3)
        time.sleep(2.5)
        assert len(older_pages(kind)) == 3, older_pages(kind)
        assert d.rows("feeds")[0]["history_to_read"] == 1, d.rows("feeds")
        assert known(d, kind)[0] == 4 * PAGE, known(d, kind)
        due = d.query("SELECT due FROM errand WHERE name = '' AND pages = 3")
        left = due[0][0] / 1000 - time.time()
        assert 0 < left < 90000, due  # tomorrow
        d.stop()
    print("budget: three pages, the rest tomorrow")


def main():
    sites = {name: serve(make) for name, make in KINDS.items()}
    with Daemon({n: k.url() for n, k in sites.items()}, interval="1s",
                more=SETTINGS % 1000) as d:
        configure(d, sites)
        d.start()
        test_history(d, sites)
        test_flood(d, sites)
        test_lost_store(d, sites)
        assert all(known(d, k)[0] == known(d, k)[1] for k in sites.values())
        d.stop()
        d.check_record()
    test_budget()


if __name__ == "__main__":
    sys.exit(main())
