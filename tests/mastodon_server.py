#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""As much of Mastodon's interface as a reader of its public timeline meets, after the API
documentation (docs.joinmastodon.org: methods/timelines, methods/streaming,
methods/statuses, entities/Status, "Rate limits", "Pagination").  Loopback only, standard
library only.

usage: mastodon_server.py [--stdin-ends] [--token TOKEN] [--thump SECONDS]

The first line on standard output is the port.  It ends on SIGTERM, or when standard input
closes if --stdin-ends is given.  It starts with the statuses of mastodon_payloads.json,
written by hand; "$BASE" in them is this server.

GET  /api/v1/timelines/public       local, limit (20, at most 40), max_id, since_id, min_id;
                                    newest first, Link with rel=next and rel=prev
GET  /api/v1/statuses/ID            404 once it is deleted; /history: all its versions
GET  /api/v1/streaming/public[/local], /api/v1/streaming/health
                                    server-sent events update, status.update, delete; lines
                                    ":thump" between; 401 without --token, if there is one.
                                    Nothing is sent again after a drop: there is no replay
GET  /api/v1/instance               with the address of the stream
GET  /@NAME/ID                      the status as a page, 404 once it is deleted
GET  /.well-known/nodeinfo, /nodeinfo/2.0, /

POST /_event   {"op": "post", "acct", "text", ...}      more members replace those of the
                                                        entity; answers with it
               {"op": "edit", "id", "text"}             a new version, edited_at
               {"op": "delete", "id"}
               {"op": "drop"}                           ends every stream
               {"op": "silence", "on": true}            streams stay open and get nothing,
                                                        as after a loss of its Redis
               {"op": "closed", "on": true}             no preview: 401 for the timeline
GET  /_log     requests so far: method, target, headers, time
"""
import argparse
import copy
import hashlib
import html
import json
import os
import pathlib
import queue
import signal
import sys
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PAYLOADS = pathlib.Path(__file__).resolve().parent / "mastodon_payloads.json"
LIMIT, LIMIT_MAX = 20, 40
RATE, RATE_SPAN = 300, 300  # requests in so many seconds, for one address
DROP = object()


def stamp(t):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(t)) + ".%03dZ" % (t % 1 * 1000)


class Town:
    """The statuses, their versions, and who listens."""

    def __init__(self, base):
        text = PAYLOADS.read_text("utf-8").replace("$BASE", base.rstrip("/"))
        self.base, self.lock = base.rstrip("/"), threading.Lock()
        self.statuses = {int(s["id"]): s for s in json.loads(text)}
        self.versions = {i: [copy.deepcopy(s)] for i, s in self.statuses.items()}
        self.deleted, self.streams = set(), set()
        self.silent = self.closed = False

    def new_id(self):
        """48 bits of milliseconds, then a sequence: ids grow with time."""
        return max([int(time.time() * 1000) << 16, *(i + 1 for i in self.statuses),
                    *(i + 1 for i in self.deleted)])

    def tell(self, event, payload):
        if not self.silent:
            for q in list(self.streams):
                q.put((event, payload))

    def post(self, acct="ann", text="", **more):
        number = self.new_id()
        status = copy.deepcopy(self.versions[min(self.versions)][0])
        status.update({
            "id": str(number), "created_at": stamp(time.time()), "replies_count": 0,
            "favourites_count": 0, "content": "<p>%s</p>" % html.escape(text),
            "uri": f"{self.base}/users/{acct}/statuses/{number}",
            "url": f"{self.base}/@{acct}/{number}"})
        status["account"].update(username=acct, acct=acct, display_name=acct.title(),
                                 url=f"{self.base}/@{acct}", uri=f"{self.base}/users/{acct}")
        status.update(more)
        self.statuses[int(status["id"])] = status
        self.versions[int(status["id"])] = [copy.deepcopy(status)]
        self.tell("update", json.dumps(status))
        return status

    def edit(self, id, text, **more):
        status = self.statuses[int(id)]
        status.update(content="<p>%s</p>" % html.escape(text), edited_at=stamp(time.time()),
                      **more)
        self.versions[int(id)].append(copy.deepcopy(status))
        self.tell("status.update", json.dumps(status))
        return status

    def delete(self, id):
        del self.statuses[int(id)]
        self.deleted.add(int(id))
        self.tell("delete", str(id))
        return {}

    def drop(self):
        for q in list(self.streams):
            q.put(DROP)
        return {}

    def silence(self, on=True):
        self.silent = on
        return {}

    def close(self, on=True):
        self.closed = on
        return {}

    def page(self, limit, max_id, since_id, min_id):
        """[statuses], newest first.  since_id: the newest ones that are newer; min_id:
        those right after it."""
        ids = [i for i in sorted(self.statuses, reverse=True)
               if (max_id is None or i < max_id) and (since_id is None or i > since_id) and
               (min_id is None or i > min_id)]
        ids = ids[-limit:] if min_id is not None else ids[:limit]
        return [self.statuses[i] for i in ids]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "Mastodon", ""
    town = None
    token = None
    thump = 15.0
    log, counts = [], {}

    def log_message(self, *_):
        pass

    def note(self):
        self.log.append({"method": self.command, "target": self.path, "time": time.time(),
                         "headers": {k.lower(): v for k, v in self.headers.items()}})

    def send(self, status, body, kind="application/json; charset=utf-8", headers=()):
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        if status == 200 and self.command == "GET" and not self.path.startswith("/_"):
            # As its web framework does for every answer.
            etag = 'W/"%s"' % hashlib.md5(data).hexdigest()
            headers = [*headers, ("ETag", etag),
                       ("Cache-Control", "max-age=0, private, must-revalidate")]
            if self.headers.get("If-None-Match") == etag:
                status, data = 304, b""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def rate(self):
        """The headers of the rate limit, and whether it is kept."""
        now = time.time()
        span = int(now // RATE_SPAN)
        key = (self.client_address[0], span)
        self.counts[key] = n = self.counts.get(key, 0) + 1
        left = max(0, RATE - n)
        return [("X-RateLimit-Limit", str(RATE)), ("X-RateLimit-Remaining", str(left)),
                ("X-RateLimit-Reset", stamp((span + 1) * RATE_SPAN))], n <= RATE

    # --- what can be asked

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        parts = url.path.strip("/").split("/")
        if url.path == "/_log":
            return self.send(200, self.log)
        self.note()
        with self.town.lock:
            answer = self.answer(url.path, parts, query)
        if answer is not None:
            return self.send(*answer)
        return self.stream(query)

    def answer(self, path, parts, query):
        """The arguments of send(), None for a stream."""
        if parts[:3] == ["api", "v1", "streaming"]:
            if parts[3:] == ["health"]:
                return 200, "OK", "text/plain"
            return None if parts[3:] in (["public"], ["public", "local"]) else self.missing()
        if parts[:2] == ["api", "v1"]:
            headers, kept = self.rate()
            if not kept:
                return 429, {"error": "Too many requests"}, "application/json", headers
            return self.api(parts[2:], query, headers)
        if path == "/.well-known/nodeinfo":
            return 200, {"links": [{
                "rel": "http://nodeinfo.diaspora.software/ns/schema/2.0",
                "href": self.town.base + "/nodeinfo/2.0"}]}
        if path == "/nodeinfo/2.0":
            return 200, {"version": "2.0", "software": {
                "name": "mastodon", "version": "4.2.1"}, "protocols": ["activitypub"],
                "services": {"outbound": [], "inbound": []}, "openRegistrations": False,
                "usage": {"users": {"total": 3}, "localPosts": len(self.town.statuses)},
                "metadata": {}}
        if path == "/":
            return 200, "<!DOCTYPE html><html><head><title>A Small Town</title></head>" \
                "<body><div id='mastodon'></div></body></html>", "text/html; charset=utf-8"
        if parts[0].startswith("@") and len(parts) == 2 and parts[1].isdigit() and \
                int(parts[1]) in self.town.statuses:
            status = self.town.statuses[int(parts[1])]
            return 200, "<!DOCTYPE html><html><head><title>%s</title></head><body>%s</body>" \
                "</html>" % (html.escape(status["account"]["acct"]), status["content"]), \
                "text/html; charset=utf-8"
        return 404, "<h1>The page you are looking for isn't here.</h1>", "text/html"

    @staticmethod
    def missing():
        return 404, {"error": "Record not found"}

    def api(self, parts, query, headers):
        if parts == ["instance"]:
            return 200, {"uri": self.town.base.split("//")[1], "title": "A Small Town",
                         "version": "4.2.1", "short_description": "", "description": "",
                         "urls": {"streaming_api": self.town.base.replace("http", "ws", 1)},
                         "stats": {"user_count": 3, "domain_count": 1,
                                   "status_count": len(self.town.statuses)}}
        if parts == ["timelines", "public"]:
            if self.town.closed:
                return 401, {"error": "This method requires an authenticated user"}, \
                    "application/json; charset=utf-8", headers
            return self.timeline(query, headers)
        if parts[0] == "statuses" and len(parts) in (2, 3) and parts[1].isdigit() and \
                int(parts[1]) in self.town.statuses:
            if len(parts) == 2:
                return 200, self.town.statuses[int(parts[1])]
            if parts[2] == "history":
                return 200, self.town.versions[int(parts[1])]
        return self.missing()

    def timeline(self, query, headers):
        def number(key):
            return int(query[key]) if query.get(key, "").isdigit() else None
        limit = min(number("limit") or LIMIT, LIMIT_MAX)
        page = self.town.page(limit, number("max_id"), number("since_id"), number("min_id"))
        if page:
            keep = {k: v for k, v in query.items() if k in ("local", "limit")}
            links = [(rel, urllib.parse.urlencode({**keep, key: page[i]["id"]}))
                     for rel, key, i in (("next", "max_id", -1), ("prev", "min_id", 0))]
            headers.append(("Link", ", ".join(
                f'<{self.town.base}/api/v1/timelines/public?{q}>; rel="{rel}"'
                for rel, q in links)))
        return 200, page, "application/json; charset=utf-8", headers

    # --- the stream

    def stream(self, query):
        given = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if self.token and self.token not in (given, query.get("access_token")):
            return self.send(401, {"error": "Missing access token"})
        mine = queue.Queue()
        with self.town.lock:  # whoever has seen the head misses nothing
            self.town.streams.add(mine)
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "private, no-store")
        self.send_header("Connection", "close")
        self.close_connection = True
        try:
            self.end_headers()
            self.write(":)\n")
            while True:
                try:
                    got = mine.get(timeout=self.thump)
                except queue.Empty:
                    self.write(":thump\n")
                    continue
                if got is DROP:
                    return None
                self.write("event: %s\ndata: %s\n\n" % got)
        except OSError:
            return None
        finally:
            self.town.streams.discard(mine)

    def write(self, text):
        self.wfile.write(text.encode())
        self.wfile.flush()

    # --- what a test makes happen

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path != "/_event":
            return self.send(*self.missing())
        event = json.loads(body)
        acts = {"post": self.town.post, "edit": self.town.edit, "delete": self.town.delete,
                "drop": self.town.drop, "silence": self.town.silence,
                "closed": self.town.close}
        with self.town.lock:
            try:
                answer = acts[event.pop("op")](**event)
            except (KeyError, TypeError, ValueError) as e:
                return self.send(422, {"error": repr(e)})
        return self.send(200, answer)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--stdin-ends", action="store_true")
    parser.add_argument("--token")
    parser.add_argument("--thump", type=float, default=15.0)
    args = parser.parse_args()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    Handler.town = Town("http://127.0.0.1:%d" % server.server_address[1])
    Handler.token, Handler.thump = args.token, args.thump
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    if args.stdin_ends:
        sys.stdin.read()
        os._exit(0)
    signal.pause()


if __name__ == "__main__":
    main()
