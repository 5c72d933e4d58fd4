#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""Streams and WebSub through the real tosd: a server that streams as Mastodon does, one
with event ids, one with cursors, and a hub; connections drop, roles are killed; the
server knows what it sent, and that is what the store must hold, once each."""
import hashlib
import hmac
import http.server
import json
import os
import signal
import socket
import struct
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

from daemon import REMOVED, Daemon, free_port, item_of, wait

TOKEN = "trial-bearer-1b4d"
STAMP, LATER = "2026-11-20T10:00:00.000Z", "2026-11-20T11:00:00.000Z"


class Channel:
    """One stream: events in order; each connection gets those after its place."""

    def __init__(self, kind):
        self.kind, self.events, self.lock = kind, [], threading.Condition()
        self.cut, self.open, self.seen, self.held = 0, 0, [], False

    def add(self, event, data, gap=False):
        with self.lock:
            self.events.append((event, data, gap))
            self.lock.notify_all()

    def drop(self):
        """Ends all connections, in the middle of an event."""
        with self.lock:
            self.cut += 1
            self.lock.notify_all()

    def hold(self, on):
        with self.lock:
            self.held = on
            self.lock.notify_all()

    def frame(self, n):
        event, data, _ = self.events[n]
        if self.kind == "ndjson":
            return (json.dumps(dict(data, time_us=(n + 1) * 10)) + "\n").encode()
        lines = [f"event: {event}"]
        if self.kind == "ids":
            lines.append(f"id: {n + 1}")
        text = data if isinstance(data, str) else json.dumps(data)
        # Data in several lines, and every kind of line end, are allowed.
        if n % 3 == 0 and text.startswith("{"):
            lines += ["data: " + text[:1], "data: " + text[1:]]
        else:
            lines.append("data:" + text)
        end = ["\n", "\r\n", "\r"][n % 3]
        return (end.join(lines) + end + end).encode()

    def serve(self, write, place):
        with self.lock:
            mine, at = self.cut, len(self.events) if place is None else place
            self.open += 1
        try:
            write(b"{}\n" if self.kind == "ndjson" else b":)\n\n")
            while True:
                with self.lock:
                    if self.cut == mine and at >= len(self.events):
                        self.lock.wait(0.3)
                    cut, batch = self.cut != mine, []
                    while at < len(self.events):
                        if not self.events[at][2]:  # else it is for the gap alone
                            batch.append(self.frame(at))
                        at += 1
                if cut:
                    write(b"".join(batch) + b'event: update\ndata: {"id": "half')
                    return
                write(b"".join(batch) or (b"\n" if self.kind == "ndjson" else b":thump\n\n"))
        finally:
            with self.lock:
                self.open -= 1


class Hub:
    """What a hub keeps of its one subscriber, and what it made of it."""

    def __init__(self, lease):
        self.lease, self.asked, self.verified, self.answers = lease, [], [], []
        self.secret = self.callback = self.topic = None

    def request(self, form):
        self.asked.append(form)
        threading.Thread(target=self.verify, args=(form,), daemon=True).start()

    def verify(self, form):
        time.sleep(0.1)
        word = "challenge & more " + os.urandom(8).hex()
        query = {"hub.mode": form["hub.mode"], "hub.topic": form["hub.topic"],
                 "hub.challenge": word, "hub.lease_seconds": self.lease}
        status, body = call(form["hub.callback"] + "?" + urllib.parse.urlencode(query))
        if (status, body) == (200, word.encode()):
            if form["hub.mode"] == "subscribe":
                self.secret, self.callback = form["hub.secret"], form["hub.callback"]
                self.topic = form["hub.topic"]
            self.verified.append(form["hub.mode"])

    def push(self, body, method="sha256", secret=None):
        mac = hmac.new((secret or self.secret).encode(), body, getattr(hashlib, method))
        status, _ = call(self.callback, body, {
            "Content-Type": "application/atom+xml",
            "X-Hub-Signature": f"{method}={mac.hexdigest()}"})
        self.answers.append(status)
        return status


def call(url, body=None, headers=None):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers or {}), timeout=10) as r:
            return r.status, r.read()
    except urllib.error.HTTPError as e:
        return e.code, e.read()
    except OSError:
        return 0, b""


class Site:
    def __init__(self):
        self.masto, self.ids, self.ndjson = (Channel(k) for k in ("masto", "ids", "ndjson"))
        self.board, self.messages = Channel("ndjson"), {}
        self.hub, self.entries, self.statuses, self.deleted = Hub(6), [], {}, set()
        self.polls, self.log, self.lock = {}, [], threading.Lock()
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def answer(self, status, body=b"", kind="application/json"):
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                if self.path == "/blog/feed.xml":  # goes before what the document says
                    self.send_header("Link", '</blog/feed.xml>; rel="self", <%s/hub>; rel=hub'
                                     % site.base)
                self.end_headers()
                self.wfile.write(body)

            def chunk(self, data):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
                self.wfile.flush()

            def stream(self, channel, kind, place):
                channel.seen.append(place)
                if channel.held:
                    return self.answer(503)
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                self.close_connection = True
                try:
                    channel.serve(self.chunk, place)
                except OSError:
                    pass
                return None

            def do_GET(self):
                url = urllib.parse.urlsplit(self.path)
                query = dict(urllib.parse.parse_qsl(url.query))
                with site.lock:
                    site.polls[url.path] = site.polls.get(url.path, 0) + 1
                if url.path == "/api/v1/streaming/public":
                    if self.headers["Authorization"] != "Bearer " + TOKEN:
                        return self.answer(401)
                    return self.stream(site.masto, "text/event-stream", None)
                if url.path == "/ids/stream":
                    last = self.headers["Last-Event-ID"]
                    return self.stream(site.ids, "text/event-stream; charset=utf-8",
                                       int(last) if last else 0)
                if url.path == "/lines/stream":
                    cursor = int(query.get("cursor", 0))
                    return self.stream(site.ndjson, "application/x-ndjson", cursor // 10)
                if url.path == "/board/stream":
                    cursor = int(query.get("cursor", 0))
                    return self.stream(site.board, "application/x-ndjson", cursor // 10)
                return self.answer(*site.page(url.path))

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                site.hub.request(dict(urllib.parse.parse_qsl(body.decode())))
                self.answer(202)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.base = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def page(self, path):
        if path == "/api/v1/timelines/public":
            newest = sorted(self.statuses.values(), key=lambda s: -int(s["id"]))[:20]
            return 200, json.dumps(newest).encode()
        if path.startswith("/@a/"):
            status = self.statuses.get(path[4:])
            if status is None:
                return 404, b"gone", "text/html"
            return 200, ("<html><body>" + status["content"]).encode(), "text/html"
        if path == "/board/feed.json":
            rows = [self.messages[n] for n in sorted(self.messages, reverse=True)[:5]]
            return 200, json.dumps({"data": {"messages": rows}}).encode()
        if path.startswith("/board/"):
            return 404, b"gone", "text/html"
        if path == "/blog/feed.xml":
            return 200, self.json_feed(), "application/feed+json"
        # Nothing to find by polling: what is not streamed is lost.
        return 200, b'{"version":"https://jsonfeed.org/version/1.1","title":"t","items":[]}'

    def json_feed(self):
        items = [{"id": url_guid(self, i), "url": url_guid(self, i), "title": i,
                  "content_text": text, "date_modified": STAMP} for i, text in self.entries]
        return json.dumps({
            "version": "https://jsonfeed.org/version/1.1", "title": "b",
            "feed_url": self.base + "/elsewhere", "items": items}).encode()

    def atom(self, entries):
        rows = "".join(f"<entry><id>{self.base}/blog/{i}</id><title>{i}</title>"
                       f"<link href='{self.base}/blog/{i}'/><updated>{STAMP}</updated>"
                       f"<content>{text}</content></entry>" for i, text in entries)
        return (f"<feed xmlns='http://www.w3.org/2005/Atom'><title>b</title><id>b</id>"
                f"<link rel='hub' href='{self.base}/hub'/>"
                f"<link rel='self' href='{self.base}/blog/feed.xml'/>{rows}</feed>").encode()

    # --- posts

    def status(self, n, text):
        return {"id": str(n), "created_at": STAMP, "uri": f"{self.base}/s/{n}",
                "url": f"{self.base}/@a/{n}", "content": f"<p>{text}</p>", "edited_at": None,
                "media_attachments": [], "account": {"acct": "a", "display_name": "A"}}

    def post(self, n, text, streamed=True, event="update"):
        self.statuses[str(n)] = self.status(n, text)
        if streamed:
            self.masto.add(event, self.statuses[str(n)])

    def delete(self, n):
        del self.statuses[str(n)]
        self.masto.add("delete", str(n))

    def message(self, n, text):
        """JSON of a kind that only a mapping reads."""
        return {"no": n, "body": {"html": f"<p>{text}</p>"}, "sent": STAMP,
                "see": f"/board/{n}"}

    def say(self, n, text, streamed=True):
        self.messages[n] = self.message(n, text)
        if streamed:
            self.board.add("", {"op": "create", "record": self.messages[n]})

    def item(self, n, edited=False):
        item = {"id": f"i{n}", "url": f"{self.base}/i/{n}", "title": f"title {n}",
                "content_text": f"words of number {n}", "date_published": STAMP}
        if edited:
            item.update(content_text=f"other words of number {n}", date_modified=LATER)
        return item


def guids(d, tenant_url):
    return dict(d.query("SELECT guid, revisions FROM item JOIN feed ON feed.id = item.feed "
                        "WHERE feed.url = ?", tenant_url))


def entries(d, kind, feed):
    """The ledger as it is now; files may be half made while the daemon runs."""
    def read():
        try:
            return [[e for e in d.ledger() if e["kind"] == kind and e.get("feed") == feed]]
        except (ValueError, OSError, struct.error):
            return None
    return wait("a ledger that can be read", read)[0]


def feed_id(d, url):
    return d.query("SELECT id FROM feed WHERE url = ?", url)[0][0]


def configure(d, site, port):
    d.write("token", TOKEN + "\n")
    os.chmod(d.dir + "/token", 0o600)
    path = d.path("tosd.conf")
    text = path.read_text()
    for name, more in (
            ("masto", 'stream = "sse"; stream_url = "%s/api/v1/streaming/public"; '
             'token_credential = "%s/token"; interval = "1h";' % (site.base, d.dir)),
            ("ids", 'stream = "sse"; stream_url = "%s/ids/stream"; interval = "1h";' % site.base),
            ("lines", 'stream = "ndjson"; stream_url = "%s/lines/stream"; interval = "1h"; '
             'cursor_param = "cursor"; cursor_key = "time_us"; cursor_rewind = 30;' % site.base),
            ("board", 'stream = "ndjson"; stream_url = "%s/board/stream"; interval = "1h"; '
             'cursor_param = "cursor"; cursor_key = "time_us"; mapping = { '
             'items = "data.messages"; event = "record"; id = "no"; text = "body.html"; '
             'url = "see"; published = "sent"; deleted = "removed"; };' % site.base)):
        url = '"%s"' % FEEDS[name](site)
        assert url in text
        text = text.replace(url, "{ url = %s; %s }" % (url, more))
    text = text.replace("host_gap = 0;", 'host_gap = 0; stream_idle = "3s"; '
                        'stream_retry_min = "200ms"; stream_retry_max = "1s"; '
                        'push_listen = "127.0.0.1:%d"; push_url = "http://127.0.0.1:%d/push/"; '
                        'push_connections = 6; push_timeout = "3s"; push_max_header = "4K"; '
                        'push_max_body = "64K"; push_interval = "1h"; push_grace = "1s"; push_lease = "1h";'
                        % (port, port))
    path.write_text(text)


FEEDS = {"masto": lambda s: s.base + "/api/v1/timelines/public",
         "ids": lambda s: s.base + "/ids/feed.json",
         "lines": lambda s: s.base + "/lines/feed.json",
         "board": lambda s: s.base + "/board/feed.json",
         "blog": lambda s: s.base + "/blog/feed.xml"}


def test_mastodon(d, site, url):
    feed = feed_id(d, url)
    begin = time.monotonic()
    for n in range(101, 106):
        site.post(n, "i will hurt you, said 103" if n == 103 else f"post {n}")
    wait("five statuses", lambda: len(guids(d, url)) == 5)
    print(f"mastodon: five statuses in {time.monotonic() - begin:.2f} s")
    site.post(102, "post 102 edited", event="status.update")
    wait("a revision", lambda: guids(d, url)["102"] == 2)
    wait("a violation", lambda: d.query("SELECT id FROM violation"))
    polls = site.polls.get("/api/v1/timelines/public", 0)
    site.delete(103)
    wait("the page of what was deleted to be asked",
         lambda: site.polls.get("/@a/103", 0) >= 1 and entries(d, "gone", feed))
    # A gap: 106 and 107 are posted while the stream is down; it has no replay.
    assert not [e for e in entries(d, "stream", feed) if e["state"] == "down"]
    site.masto.hold(True)
    site.masto.drop()
    wait("the stream to be down", lambda: "stream down" in row(d, url)["push"])
    site.post(106, "post 106", streamed=False)
    site.post(107, "post 107", streamed=False)
    assert "106" not in guids(d, url)
    site.masto.hold(False)
    wait("the gap to be repaired", lambda: {"106", "107"} <= set(guids(d, url)))
    wait("the repair on record",
         lambda: [e["state"] for e in entries(d, "stream", feed)][-1] == "repaired")
    states = [e["state"] for e in entries(d, "stream", feed)]
    assert states == ["up", "down", "up", "repaired"], states
    assert site.polls["/api/v1/timelines/public"] == polls + 1
    assert set(guids(d, url).values()) == {1, 2}
    # A gap that is wider than what the feed shows is not called repaired.
    site.masto.hold(True)
    site.masto.drop()
    wait("the stream to be down again", lambda: "stream down" in row(d, url)["push"])
    for n in range(200, 225):
        site.post(n, f"post {n}", streamed=False)
    site.masto.hold(False)
    wait("the poll of a wide gap",
         lambda: [e["state"] for e in entries(d, "stream", feed)][-1] == "polled")
    assert {str(n) for n in range(205, 225)} <= set(guids(d, url))
    # Nothing but heartbeats keeps a stream open.
    time.sleep(3.5)
    assert site.masto.open == 1 and "stream up" in row(d, url)["push"]
    capture = d.query("SELECT file FROM revision WHERE file IS NOT NULL LIMIT 1")
    assert capture
    for path in d.path("state").rglob("*"):
        assert not path.is_file() or TOKEN.encode() not in path.read_bytes(), path


def test_mapped(d, site, url):
    """A stream of JSON that nothing but its mapping can read, and a gap in it."""
    feed = feed_id(d, url)
    for n in range(1, 6):
        site.say(n, f"message {n}")
    wait("five messages", lambda: set(guids(d, url)) == set("12345"))
    bodies = [item_of(b) for b, in d.query("SELECT body FROM revision JOIN item ON item.id = "
                                           "revision.item WHERE item.feed = ?", feed)]
    assert sorted(b["text"] for b in bodies) == [f"message {n}" for n in range(1, 6)], bodies
    assert all(b["url"] == f"{site.base}/board/{b['id']}" for b in bodies), bodies
    site.say(2, "message 2, edited")
    wait("a revision", lambda: guids(d, url)["2"] == 2)
    site.board.add("", {"op": "delete", "record": {"no": 4, "removed": True}})
    del site.messages[4]
    wait("the removal",
         lambda: [e["items"] for e in entries(d, "gone", feed)] and
         d.query("SELECT state FROM sighting JOIN item ON item.id = sighting.id "
                 "WHERE item.feed = ? AND guid = '4'", feed) == [(REMOVED,)])
    # What no event brings is read by the same mapping when the gap is repaired.
    site.board.hold(True)
    site.board.drop()
    wait("the stream to be down", lambda: "stream down" in row(d, url)["push"])
    site.say(6, "message 6", streamed=False)
    site.board.hold(False)
    wait("the gap to be repaired", lambda: "6" in guids(d, url))
    wait("the repair on record",
         lambda: [e["state"] for e in entries(d, "stream", feed)][-1] == "repaired")
    assert guids(d, url) == {"1": 1, "2": 2, "3": 1, "4": 1, "5": 1, "6": 1}
    # Another mapping: the stream is read by it from then on, though it stays where it is.
    conf = d.path("tosd.conf").read_text()
    d.write("tosd.conf", conf.replace('event = "record"; id = "no"', 'event = "note"; id = "no"'))
    seen = len(site.board.seen)
    d.proc.send_signal(signal.SIGHUP)
    wait("the stream to be opened anew", lambda: len(site.board.seen) > seen)
    site.board.add("", {"note": site.message(7, "message 7")})
    site.board.add("", {"record": site.message(8, "message 8")})
    wait("what the new mapping reads", lambda: "7" in guids(d, url))
    assert "8" not in guids(d, url)
    d.write("tosd.conf", conf)


def row(d, url):
    rows = d.ask("feeds") or []
    return next((r for r in rows if r["url"] == url), {"push": ""})


def is_edited(n):
    return n > 0 and n % 20 == 0


def pour(site, begin, count, stop):
    """Events into both replayable streams, steadily, with drops."""
    for n in range(begin, begin + count):
        site.ids.add("message", site.item(n))
        site.ndjson.add("", site.item(n))
        if is_edited(n - 5):
            site.ids.add("message", site.item(n - 5, True))
            site.ndjson.add("", site.item(n - 5, True))
        if n % 97 == 0:
            site.ids.drop()
        if n % 131 == 0:
            site.ndjson.drop()
        time.sleep(0.01)
    stop.set()


def test_kills(d, site, urls):
    """Roles die while events come: all of them are there in the end, once each."""
    count, over = 500, threading.Event()
    thread = threading.Thread(target=pour, args=(site, 0, count, over), daemon=True)
    thread.start()
    kills = 0
    while not over.is_set():
        time.sleep(0.7)
        roles = d.roles()
        victim = ("fetch", 0) if kills % 2 == 0 else ("engine", 0)
        if victim in roles:
            os.kill(roles[victim], signal.SIGKILL)
            kills += 1
    # What is sent again is older than what is known: no revision comes back.
    want = {f"i{n}": 2 if is_edited(n) else 1 for n in range(count)}
    for url in urls:
        wait(f"all of {url}", lambda url=url: len(guids(d, url)) >= count and
             all(v >= want[k] for k, v in guids(d, url).items()), 20)
        got = guids(d, url)
        assert got == want, {k: v for k, v in got.items() if want.get(k) != v}
    assert len(site.ids.seen) > 5 and len(site.ndjson.seen) > 5
    replayed = [p for p in site.ndjson.seen if p]
    assert replayed, site.ndjson.seen
    print(f"kills: {kills}, {len(site.ids.seen)} and {len(site.ndjson.seen)} connections, "
          f"{count} events each, all once")


def test_hub(d, site, url):
    hub, feed = site.hub, feed_id(d, url)
    wait("a subscription", lambda: hub.verified and
         "push active" in row(d, url)["push"])
    form = hub.asked[0]
    assert form["hub.mode"] == "subscribe" and form["hub.topic"] == url
    assert len(form["hub.secret"]) >= 32 and len(form["hub.callback"].rsplit("/", 1)[1]) == 32
    # Trusted: no poll though the interval is 1 s.
    wait("the baseline", lambda: d.query("SELECT baseline FROM subscription")[0][0])
    before = site.polls["/blog/feed.xml"]
    site.entries.append(("p1", "pushed one"))
    assert hub.push(site.atom(site.entries[-1:])) == 202
    wait("what was pushed", lambda: url_guid(site, "p1") in guids(d, url))
    # Forged, unsigned, weak: answered alike, dropped.
    for entry, how in (("f1", {"secret": "wrong"}), ("f2", {"method": "sha1"})):
        assert hub.push(site.atom([(entry, "forged")]), **how) == 202
    assert call(hub.callback, site.atom([("f3", "unsigned")]))[0] == 202
    wait("a word on the first", lambda: forgeries_told(d) > 0)
    assert forgeries_told(d) == 1
    told = time.monotonic()
    for method in ("sha384", "sha512"):
        site.entries.append((method, "by " + method))
        assert hub.push(site.atom(site.entries[-1:]), method) == 202
    wait("the other methods", lambda: url_guid(site, "sha512") in guids(d, url))
    stranger = hub.callback[:-32] + "0" * 32
    assert call(stranger, b"x")[0] == 410 and call(stranger)[0] == 404
    query = {"hub.mode": "unsubscribe", "hub.topic": url, "hub.challenge": "x"}
    assert call(hub.callback + "?" + urllib.parse.urlencode(query))[0] == 404
    query = {"hub.mode": "subscribe", "hub.topic": url + "x", "hub.challenge": "x"}
    assert call(hub.callback + "?" + urllib.parse.urlencode(query))[0] == 404
    assert site.polls["/blog/feed.xml"] == before, "polled though the hub is trusted"
    wait("the lease to be renewed", lambda: hub.verified.count("subscribe") >= 2, 10)
    assert {url_guid(site, "f1"), url_guid(site, "f2"), url_guid(site, "f3")} \
        .isdisjoint(guids(d, url))
    # An item that the hub misses, and one that it brings late.
    site.entries += [("late", "late"), ("missed", "missed")]
    d.ask("poll", "blog")
    wait("the poll to find them", lambda: url_guid(site, "missed") in guids(d, url))
    assert hub.push(site.atom(site.entries[-2:-1])) == 202
    wait("the loss of trust",
         lambda: "faulty" in [e["state"] for e in entries(d, "push", feed)], 10)
    assert "did not bring what a poll found" in d.log()
    n = site.polls["/blog/feed.xml"]
    wait("polls as before", lambda: site.polls["/blog/feed.xml"] > n, 5)
    assert set(guids(d, url).values()) == {1}
    print(f"hub: {len(hub.asked)} requests, {len(hub.answers)} deliveries")
    return told


def later(fn, *args):
    """Runs it beside: what it returned, once it has."""
    got = []
    thread = threading.Thread(target=lambda: got.append(fn(*args)), daemon=True)
    thread.start()
    return got


def test_answers(d, site, url):
    """A delivery is answered when it is on disk; if the engine dies, it is not."""
    hub = site.hub
    engine = d.roles()["engine", 0]
    os.kill(engine, signal.SIGSTOP)
    try:
        site.entries.append(("slow", "brought to an engine that sleeps"))
        got = later(hub.push, site.atom(site.entries[-1:]))
        time.sleep(1)
        assert not got, got
    finally:
        os.kill(engine, signal.SIGCONT)
    wait("the answer", lambda: got, 5)
    assert got == [202] and url_guid(site, "slow") in guids(d, url), (got, guids(d, url))
    os.kill(engine, signal.SIGSTOP)
    site.entries.append(("lost", "brought to an engine that dies"))
    got = later(hub.push, site.atom(site.entries[-1:]))
    time.sleep(0.5)
    os.kill(engine, signal.SIGKILL)
    wait("the answer", lambda: got, 5)
    assert got == [503], got
    wait("another engine", lambda: d.roles().get(("engine", 0), engine) != engine and d.status())

    def again():
        time.sleep(0.1)
        return hub.push(site.atom(site.entries[-1:])) == 202
    wait("the delivery of what was refused", again, 20)
    assert guids(d, url)[url_guid(site, "lost")] == 1
    test_limits(site)


def test_limits(site):
    """Heads, bodies, connections and time that hubs may take."""
    hub = site.hub
    where = urllib.parse.urlsplit(hub.callback)
    assert hub.push(b"<feed/>" + b" " * 70000) == 413
    assert call(hub.callback, b"x", {"X-Long": "y" * 5000})[0] in (0, 400, 413)

    def opened():
        return socket.create_connection((where.hostname, where.port), timeout=15)
    began = time.monotonic()
    with opened() as slow:  # a byte now and then: evhttp's own time-out never comes
        head = b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n" + b"y" * 900
        slow.settimeout(0.25)
        try:
            for byte in head:
                slow.send(bytes([byte]))
                try:
                    if slow.recv(100) == b"":
                        break
                except TimeoutError:
                    pass
        except OSError:
            pass
    assert 2 < time.monotonic() - began < 8, time.monotonic() - began
    time.sleep(1.2)  # what is closed is known a second later
    idle = [opened() for _ in range(6)]
    began = time.monotonic()
    assert hub.push(site.atom([])) == 202  # once one of them has had its time
    assert 1 < time.monotonic() - began < 8, time.monotonic() - began
    for s in idle:
        s.close()
    assert hub.push(site.atom([])) == 202


def forgeries_told(d):
    return d.log().count("brought in the name of hub")


def forge(site, stop):
    """Two a second; whoever forges does not stop because we have said so once."""
    while not stop.wait(0.5):
        site.hub.push(site.atom([("f4", "forged")]), secret="wrong")


def test_forgeries(d, told):
    """They are told once a minute for as long as they go on."""
    assert forgeries_told(d) == 1
    wait("a second word on what is forged", lambda: forgeries_told(d) == 2,
         told + 65 - time.monotonic())
    assert time.monotonic() - told > 55


def url_guid(site, name):
    return f"{site.base}/blog/{name}"


def test_unsubscribe(d, site, url):
    feed = feed_id(d, url)
    text = d.path("tosd.conf").read_text()
    lines = [x for x in text.splitlines() if 'id = "blog"' not in x]
    text = "\n".join(lines)
    d.write("tosd.conf", text.replace("}\n);", "}\n);"))
    d.proc.send_signal(signal.SIGHUP)
    wait("the hub to be told", lambda: "unsubscribe" in site.hub.verified, 10)
    wait("the end on record",
         lambda: [e["state"] for e in entries(d, "push", feed)][-2:] == ["ending", "ended"])
    assert call(site.hub.callback, b"x")[0] == 410
    first, last = site.hub.asked[0], site.hub.asked[-1]
    assert last == {"hub.mode": "unsubscribe", "hub.topic": first["hub.topic"],
                    "hub.callback": first["hub.callback"]}, last


def main():
    begin = time.monotonic()
    site = Site()
    urls = {name: url(site) for name, url in FEEDS.items()}
    with Daemon({n: urls[n] for n in ("blog", "masto", "ids", "board", "lines")}, interval="1s") as d:
        configure(d, site, free_port())
        d.start()
        channels = (site.masto, site.ids, site.ndjson, site.board)
        wait("the streams", lambda: sum(c.open for c in channels) == 4)
        d.ask("poll")
        told, stop = test_hub(d, site, urls["blog"]), threading.Event()
        forger = threading.Thread(target=forge, args=(site, stop))
        forger.start()
        try:
            test_mastodon(d, site, urls["masto"])
            test_mapped(d, site, urls["board"])
            test_forgeries(d, told)
        finally:
            stop.set()
            forger.join()
        test_answers(d, site, urls["blog"])
        test_unsubscribe(d, site, urls["blog"])
        test_kills(d, site, [urls["ids"], urls["lines"]])
        wait("all to be signed",
             lambda: (lambda s: s and s["ledger_signed"] == s["ledger_size"])(d.status()))
        d.check_record()
        d.stop()
    print(f"streams and hubs: {time.monotonic() - begin:.1f} s")


if __name__ == "__main__":
    main()
