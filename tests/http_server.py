#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An HTTP/1.1 server for tests and demonstrations.  Loopback only, standard library only.

The first line on standard output is the port.  It ends on SIGTERM, or when standard
input closes if --stdin-ends is given.  What can be served, side by side:

--script FILE    JSON {"/path": step or [step, ...]}; each request takes the next step,
                 the last one stays.  Keys of a step (all optional):
                   status, reason, headers ({name: value} or [[name, value], ...]),
                   body, hex (body as digits), repeat (body so many times), gzip, bomb (gzip of so many zero
                   bytes), chunked (true, "bad" or "endless"), length (Content-Length
                   that lies), cut (end after so many bytes of body), delay (seconds
                   before the head), drip ([bytes, seconds]: body in such sips),
                   etag, last_modified (sent, and answered with 304 on an exact match),
                   redirect (Location), flood (so many bytes of header lines),
                   continues (so many interim answers first), head_drip (seconds after
                   each byte of the head), endless_header, trailers (so many bytes), raw (sent as is, then
                   closed), close (no answer at all)
                 "$PORT" in redirect and body is this server's port, "$OTHER" the one
                 given with --other.
--dir DIR        files with ETag and Last-Modified; NAME.gone makes NAME a 410.
--timeline FILE  JSON [{"at": s, "tenant", "op": "post|edit|remove", "id", "title",
                 "text", "author"}, ...] or {"tenants": {NAME: {"format": "rss|atom|
                 json", "title", "page": 20}}, "events": [...]}; serves
                 /TENANT/feed.xml and /TENANT/posts/ID (200, then 410).  POST /_event
                 with one such object makes it happen now.

GET /_to?URL redirects to whatever follows the question mark, percent signs taken off
once.  GET /_log is every request so far as JSON, with its exact header bytes; GET /_clear
empties the log.
"""

import argparse
import base64
import email.utils
import gzip
import hashlib
import html
import json
import os
import pathlib
import signal
import socket
import socketserver
import ssl
import subprocess
import sys
import threading
import time
import urllib.parse
import zlib

MAX_HEAD = 1 << 20


class Hang(Exception):
    """The connection is to be closed without another word."""


# --- answers ------------------------------------------------------------------


class Answer:
    def __init__(self, status=200, headers=(), body=b"", step=None):
        self.status = status
        self.headers = list(headers)
        self.body = body
        self.step = step or {}


def http_date(t):
    return email.utils.formatdate(t, usegmt=True)


def validated(request, body, ctype, mtime):
    """200 with validators, or 304 if the client has that already."""
    etag = '"%s"' % hashlib.sha256(body).hexdigest()[:24]
    modified = http_date(mtime)
    headers = [("ETag", etag), ("Last-Modified", modified), ("Content-Type", ctype)]
    if "if-none-match" in request.headers:
        same = request.headers["if-none-match"] == etag
    else:
        same = request.headers.get("if-modified-since") == modified
    return Answer(304, headers[:2]) if same else Answer(200, headers, body)


# --- sources: each returns an Answer or None ------------------------------------


class Script:
    def __init__(self, text, app, other):
        self.steps = json.loads(text)
        self.taken = {}
        self.app, self.other = app, other
        self.lock = threading.Lock()

    def answer(self, request):
        steps = self.steps.get(request.path)
        if steps is None:
            return None
        if isinstance(steps, list):
            with self.lock:
                n = self.taken.get(request.path, 0)
                self.taken[request.path] = n + 1
            step = steps[min(n, len(steps) - 1)]
        else:
            step = steps
        return self.make(request, step)

    def make(self, request, step):
        headers = step.get("headers", [])
        headers = list(headers.items()) if isinstance(headers, dict) else list(headers)
        body = self.ports(step.get("body", "")).encode("utf-8", "surrogateescape")
        body += bytes.fromhex(step.get("hex", ""))
        body *= step.get("repeat", 1)
        status = step.get("status", 302 if "redirect" in step else 200)
        if "redirect" in step:
            headers.append(("Location", self.ports(step["redirect"])))
        for key, name, asked in (("etag", "ETag", "if-none-match"),
                                 ("last_modified", "Last-Modified", "if-modified-since")):
            if key in step:
                headers.append((name, step[key]))
        if status == 200 and self.unchanged(request, step):
            return Answer(304, headers)
        if step.get("gzip"):
            body = gzip.compress(body)
            headers.append(("Content-Encoding", "gzip"))
        if "bomb" in step:
            body = bomb(step["bomb"])
            headers.append(("Content-Encoding", "gzip"))
        return Answer(status, headers, body, step)

    def ports(self, text):
        return text.replace("$PORT", str(self.app.port)).replace("$OTHER", str(self.other))

    @staticmethod
    def unchanged(request, step):
        asked = request.headers.get("if-none-match")
        if asked is not None:
            return "etag" in step and asked == step["etag"]
        since = request.headers.get("if-modified-since")
        return since is not None and since == step.get("last_modified")


def bomb(n):
    """gzip of n zero bytes, without holding them."""
    z = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = bytes(1 << 20)
    out = [z.compress(block[:min(n - i, 1 << 20)]) for i in range(0, n, 1 << 20)]
    return b"".join(out) + z.flush()


class Directory:
    TYPES = {".xml": "application/xml", ".rss": "application/rss+xml",
             ".atom": "application/atom+xml", ".json": "application/feed+json",
             ".html": "text/html; charset=utf-8", ".txt": "text/plain; charset=utf-8"}

    def __init__(self, root):
        self.root = pathlib.Path(root).resolve()

    def answer(self, request):
        path = (self.root / request.path.lstrip("/")).resolve()
        if self.root not in path.parents:
            return None
        if path.with_name(path.name + ".gone").exists():
            return Answer(410, [("Content-Type", "text/plain")], b"gone\n")
        if not path.is_file():
            return None
        ctype = self.TYPES.get(path.suffix, "application/octet-stream")
        return validated(request, path.read_bytes(), ctype, path.stat().st_mtime)


class Timeline:
    """What tenants have published by now; a function of the events and the time."""

    def __init__(self, text, start, speed, base):
        data = json.loads(text)
        if isinstance(data, list):
            data = {"events": data}
        self.tenants = data.get("tenants", {})
        self.events = sorted(data["events"], key=lambda e: e["at"])
        self.start, self.speed, self.base = start, speed, base
        self.lock = threading.Lock()

    def elapsed(self):
        return (time.time() - self.start) * self.speed

    def add(self, event):
        """One more event, now."""
        with self.lock:
            event = dict(event, at=self.elapsed())
            self.events = sorted(self.events + [event], key=lambda e: e["at"])

    def posts(self, tenant):
        """(posts by id in order of publication, time of the last change)."""
        posts, changed, now = {}, 0, self.elapsed()
        with self.lock:
            events = list(self.events)
        for e in events:
            if e["at"] > now or e["tenant"] != tenant:
                continue
            post = posts.setdefault(e["id"], {"id": e["id"], "published": e["at"]})
            post["removed"] = e["op"] == "remove"
            post["updated"] = e["at"]
            for key in ("title", "text", "author", "links"):
                if key in e:
                    post[key] = e[key]
            changed = e["at"]
        return posts, changed

    def known(self, tenant):
        return tenant in self.tenants or any(e["tenant"] == tenant for e in self.events)

    def answer(self, request):
        parts = request.path.strip("/").split("/")
        if not parts[0] or not self.known(parts[0]):
            return None
        posts, changed = self.posts(parts[0])
        if len(parts) == 2 and parts[1] == "feed.xml":
            return self.feed(request, parts[0], posts, changed)
        if len(parts) == 3 and parts[1] == "posts":
            return self.page(request, posts.get(urllib.parse.unquote(parts[2])))
        return None

    def when(self, at):
        """Published times are whole seconds, so that feeds do not change by themselves."""
        return int(self.base + at / (self.speed if self.base == self.start else 1))

    def feed(self, request, tenant, posts, changed):
        option = self.tenants.get(tenant, {})
        shown = [p for p in posts.values() if not p["removed"]]
        shown.sort(key=lambda p: -p["published"])
        shown = shown[:option.get("page", 20)]
        root = "http://%s/%s" % (request.headers.get("host", "localhost"), tenant)
        make, ctype = {"rss": (self.rss, "application/rss+xml"),
                       "atom": (self.atom, "application/atom+xml"),
                       "json": (self.json, "application/feed+json")}[
                           option.get("format", "rss")]
        body = make(root, option.get("title", tenant), shown, self.when(changed))
        return validated(request, body.encode(), ctype, self.when(changed))

    @staticmethod
    def url(root, post):
        return "%s/posts/%s" % (root, urllib.parse.quote(post["id"], safe=""))

    def rss(self, root, title, posts, changed):
        e = html.escape
        out = ['<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0" '
               'xmlns:dc="http://purl.org/dc/elements/1.1/"><channel>',
               "<title>%s</title><link>%s/</link><description>%s</description>"
               % (e(title), e(root), e(title))]
        for p in posts:
            out.append(
                '<item><guid isPermaLink="false">%s</guid><link>%s</link><title>%s</title>'
                "<dc:creator>%s</dc:creator><pubDate>%s</pubDate>"
                "<description>%s</description></item>"
                % (e(p["id"]), e(self.url(root, p)), e(p.get("title", "")),
                   e(p.get("author", "")), http_date(self.when(p["published"])),
                   e("<p>%s</p>" % e(p.get("text", "")))))
        return "\n".join(out) + "\n</channel></rss>\n"

    def atom(self, root, title, posts, changed):
        e = html.escape
        out = ['<?xml version="1.0" encoding="UTF-8"?>\n'
               '<feed xmlns="http://www.w3.org/2005/Atom">',
               '<id>%s/</id><title>%s</title><updated>%s</updated><link href="%s/"/>'
               % (e(root), e(title), rfc3339(changed), e(root))]
        for p in posts:
            out.append(
                '<entry><id>%s</id><link href="%s"/><title>%s</title>'
                "<author><name>%s</name></author><published>%s</published>"
                '<updated>%s</updated><content type="html">%s</content></entry>'
                % (e(p["id"]), e(self.url(root, p)), e(p.get("title", "")),
                   e(p.get("author", "")), rfc3339(self.when(p["published"])),
                   rfc3339(self.when(p["updated"])), e("<p>%s</p>" % e(p.get("text", "")))))
        return "\n".join(out) + "\n</feed>\n"

    def json(self, root, title, posts, changed):
        return json.dumps({
            "version": "https://jsonfeed.org/version/1.1", "title": title,
            "home_page_url": root + "/",
            "items": [{"id": p["id"], "url": self.url(root, p),
                       "title": p.get("title", ""), "content_text": p.get("text", ""),
                       "authors": [{"name": p.get("author", "")}],
                       "date_published": rfc3339(self.when(p["published"])),
                       "date_modified": rfc3339(self.when(p["updated"]))}
                      for p in posts]}, ensure_ascii=False) + "\n"

    def page(self, request, post):
        if post is None:
            return None
        if post["removed"]:
            return Answer(410, [("Content-Type", "text/html; charset=utf-8")],
                          b"<!DOCTYPE html><title>Gone</title><p>This post was removed.\n")
        e = html.escape
        body = ('<!DOCTYPE html><html><head><meta charset="utf-8"><title>%s</title></head>'
                "<body><article><h1>%s</h1><p>%s</p></article></body></html>\n"
                % (e(post.get("title", "")), e(post.get("title", "")),
                   e(post.get("text", ""))))
        return validated(request, body.encode(), "text/html; charset=utf-8",
                         self.when(post["updated"]))


def rfc3339(t):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(t))


# --- the server -----------------------------------------------------------------


class Request:
    def __init__(self, head, connection):
        self.raw = head
        self.time = time.time()
        self.connection = connection
        self.client, self.resumed = "", False
        lines = head.decode("utf-8", "surrogateescape").split("\r\n")
        words = lines[0].split(" ")
        if len(words) != 3:
            raise Hang
        self.method, self.target = words[0], words[1]
        self.path = urllib.parse.urlsplit(self.target).path
        self.headers = {}
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            if colon:
                self.headers[name.lower()] = value.strip()

    def as_json(self):
        return {"time": self.time, "path": self.path, "target": self.target,
                "connection": self.connection, "client": self.client,
                "resumed": self.resumed, "headers": self.headers,
                "raw": base64.b64encode(self.raw).decode()}


class Handler(socketserver.BaseRequestHandler):
    def handle(self):
        server = self.server
        server.app.connections += 1
        number = server.app.connections
        self.request.settimeout(120)
        try:
            if server.app.tls is not None:
                self.request = server.app.tls.wrap_socket(self.request, server_side=True)
            buffered = b""
            while True:
                head, buffered = self.read_head(buffered)
                request = Request(head, number)
                request.client = self.client_address[0]
                request.resumed = getattr(self.request, "session_reused", False)
                length = int(request.headers.get("content-length", 0))
                while len(buffered) < length:
                    buffered += self.receive()
                request.body, buffered = buffered[:length], buffered[length:]
                self.reply(request, server.app.answer(request))
        except (Hang, OSError, ValueError):
            pass
        finally:
            try:
                self.request.close()
            except OSError:
                pass

    def receive(self):
        data = self.request.recv(65536)
        if not data:
            raise Hang
        return data

    def read_head(self, buffered):
        while b"\r\n\r\n" not in buffered:
            if len(buffered) > MAX_HEAD:
                raise Hang
            buffered += self.receive()
        head, _, rest = buffered.partition(b"\r\n\r\n")
        return head + b"\r\n\r\n", rest

    def reply(self, request, a):
        step = a.step
        if "delay" in step:
            time.sleep(step["delay"])
        if step.get("close"):
            raise Hang
        if "raw" in step:
            self.request.sendall(step["raw"].encode("latin-1"))
            raise Hang
        names = {name.lower() for name, _ in a.headers}
        headers = [("Date", http_date(time.time()))] if "date" not in names else []
        headers += a.headers
        chunked = step.get("chunked")
        if chunked:
            headers.append(("Transfer-Encoding", "chunked"))
        elif a.status != 304:
            headers.append(("Content-Length", str(step.get("length", len(a.body)))))
        head = "HTTP/1.1 %d %s\r\n" % (a.status, step.get("reason", "Reason"))
        head += "".join("%s: %s\r\n" % h for h in headers)
        head = head.encode("utf-8", "surrogateescape")
        for _ in range(step.get("continues", 0)):
            self.request.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        if "head_drip" in step:
            for i in range(len(head)):
                self.request.sendall(head[i:i + 1])
                time.sleep(step["head_drip"])
        else:
            self.request.sendall(head)
        self.flood(step)
        self.request.sendall(b"\r\n")
        if a.status != 304 and request.method != "HEAD":
            self.send_body(a.body, step, chunked)

    def flood(self, step):
        line = b"X-Flood: " + b"f" * 1000 + b"\r\n"
        for _ in range(step.get("flood", 0) // len(line)):
            self.request.sendall(line)
        if step.get("endless_header"):
            self.request.sendall(b"X-Endless: ")
            while True:
                self.request.sendall(b"e" * 4096)

    def send_body(self, body, step, chunked):
        if "cut" in step:
            self.request.sendall(body[:step["cut"]])
            raise Hang
        if "drip" in step:
            size, pause = step["drip"]
            for i in range(0, len(body), size):
                self.request.sendall(body[i:i + size])
                time.sleep(pause)
            return
        if not chunked:
            self.request.sendall(body)
            return
        for i in range(0, len(body), 1000):
            part = body[i:i + 1000]
            self.request.sendall(b"%x\r\n%s\r\n" % (len(part), part))
        if chunked == "bad":
            self.request.sendall(b"zz\r\nthis is no chunk\r\n")
            raise Hang
        while chunked == "endless":
            self.request.sendall(b"1000\r\n" + b"x" * 4096 + b"\r\n")
        self.request.sendall(b"0\r\n")
        if "trailers" in step:
            line = b"X-Trailer: " + b"t" * 1000 + b"\r\n"
            for _ in range(step["trailers"] // len(line)):
                self.request.sendall(line)
        self.request.sendall(b"\r\n")


class App:
    def __init__(self):
        self.sources = []
        self.log = []
        self.connections = 0
        self.port = 0
        self.tls = None
        self.timeline = None

    def answer(self, request):
        plain = [("Content-Type", "application/json")]
        if request.path == "/_log":
            text = json.dumps({"connections": self.connections,
                               "requests": [r.as_json() for r in self.log]})
            return Answer(200, plain, text.encode())
        if request.path == "/_clear":
            self.log = []
            return Answer(200, plain, b"{}")
        if request.path == "/_event" and request.method == "POST" and self.timeline:
            self.timeline.add(json.loads(request.body))
            return Answer(200, plain, b"{}")
        self.log.append(request)
        if request.path == "/_to":
            to = urllib.parse.unquote(request.target.partition("?")[2], "utf-8",
                                      "surrogateescape")
            return Answer(302, [("Location", to)])
        for source in self.sources:
            a = source.answer(request)
            if a is not None:
                return a
        return Answer(404, [("Content-Type", "text/plain")], b"not found\n")


class Listener(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request, client_address):
        pass  # clients of these tests break off all the time


class Listener6(Listener):
    address_family = socket.AF_INET6


def make_certificate(folder, names):
    """A self-signed certificate (it is its own authority); returns (cert, key)."""
    cert, key = os.path.join(folder, "cert.pem"), os.path.join(folder, "key.pem")
    if not os.path.exists(cert):
        alt = ",".join(("IP:" if n[0].isdigit() or ":" in n else "DNS:") + n for n in names)
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:prime256v1", "-nodes", "-days", "3650", "-keyout", key,
             "-out", cert, "-subj", "/CN=" + names[0], "-addext", "subjectAltName=" + alt],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return cert, key


def tls_context(folder, names):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*make_certificate(folder, names))
    return context


def listen(app, addresses, port):
    listeners = []
    for address in addresses:
        kind = Listener6 if ":" in address else Listener
        server = kind((address, port), Handler)
        server.app = app
        port = server.server_address[1]  # the same on every address
        listeners.append(server)
    app.port = port
    return listeners


def read(path):
    return sys.stdin.read() if path == "-" else pathlib.Path(path).read_text("utf-8")


def arguments():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--port", type=int, default=0, help="0: a free one")
    p.add_argument("--bind", default="127.0.0.1", help="loopback addresses, with commas")
    p.add_argument("--script", metavar="FILE")
    p.add_argument("--other", type=int, default=0, help="port of another server")
    p.add_argument("--dir", metavar="DIR")
    p.add_argument("--timeline", metavar="FILE")
    p.add_argument("--speed", type=float, default=1, help="of the timeline")
    p.add_argument("--base", type=float, help="Unix time of the timeline's second 0")
    p.add_argument("--tls", metavar="DIR", help="HTTPS; cert.pem and key.pem are made there")
    p.add_argument("--tls-names", default="localhost,127.0.0.1")
    p.add_argument("--stdin-ends", action="store_true", help="stop when stdin is closed")
    return p.parse_args()


def main():
    o = arguments()
    app = App()
    start = time.time()
    if o.tls:
        app.tls = tls_context(o.tls, o.tls_names.split(","))
    if o.script:
        app.sources.append(Script(read(o.script), app, o.other))
    if o.timeline:
        base = start if o.base is None else o.base
        app.timeline = Timeline(read(o.timeline), start, o.speed, base)
        app.sources.append(app.timeline)
    if o.dir:
        app.sources.append(Directory(o.dir))
    listeners = listen(app, o.bind.split(","), o.port)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    for server in listeners:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    print(app.port, flush=True)
    if o.stdin_ends:
        sys.stdin.read()
        return
    threading.Event().wait()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
