# SPDX-License-Identifier: Apache-2.0
"""What test_polite.py is made of: cases, answers, what must hold of the requests, and a
server of many loopback addresses, each with one case.  Standard library only."""
import email.utils
import select
import socket
import struct
import threading
import time

SLACK = 1.0  # a busy machine

CASES = []


class Case:
    def __init__(self, name, function):
        self.name, self.function = name, function
        self.number = len(CASES)
        self.host = f"127.7.{self.number // 200}.{self.number % 200 + 1}"
        self.requests, self.connections = [], 0
        self.url = "http://%s:$PORT/feed" % self.host
        self.check = None
        self.lock = threading.Lock()

    def count(self, path="/feed"):
        return sum(r.path == path for r in self.requests)

    def times(self, path="/feed"):
        return [r.time for r in self.requests if r.path == path]

    def gaps(self, path="/feed"):
        t = self.times(path)
        return [b - a for a, b in zip(t, t[1:])]


def case(name):
    def register(function):
        CASES.append(Case(name, function))
        return function
    return register


class Request:
    def __init__(self, head, n):
        lines = head.decode("latin-1").split("\r\n")
        self.path = lines[0].split(" ")[1]
        self.time, self.n = time.time(), n
        self.headers = dict(line.split(": ", 1) for line in lines[1:] if ": " in line)
        lower = {k.lower(): v for k, v in self.headers.items()}
        self.etag, self.since = lower.get("if-none-match"), lower.get("if-modified-since")

    def bare(self):
        return self.etag is None and self.since is None


# --- answers ---------------------------------------------------------------------------

def feed(*ids, extra="", text="words"):
    items = "".join(f"<item><guid>{i}</guid><title>{i}</title><description>{text} {i}"
                    "</description></item>" for i in ids)
    return (f'<rss version="2.0" xmlns:sy="http://purl.org/rss/1.0/modules/syndication/">'
            f"<channel><title>t</title>{extra}{items}</channel></rss>").encode()


FEED = feed("a", "b")


def answer(status, *headers, body=b"", length=None):
    head = [f"HTTP/1.1 {status}"]
    if not any(h.lower().startswith("date:") for h in headers):
        head.append("Date: " + email.utils.formatdate(usegmt=True))
    head += headers
    if not status.startswith("304"):
        head.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body


def ok(*headers, body=FEED, **more):
    return answer("200 OK", "Content-Type: application/rss+xml", *headers, body=body, **more)


def unchanged(*headers):
    return answer("304 Not Modified", *headers)


def fresh(r, *headers):
    """A body that is another one each time, so that only validators can tell."""
    return ok(*headers, body=feed("a", text=f"words {r.n}"))


def to(target, status="302 Found", *headers):
    return answer(status, "Location: " + target, *headers)


# --- what must hold ----------------------------------------------------------------------

def about(gaps, span, most=None):
    """Each at least the span, less a tenth for jitter where nobody asked for it."""
    assert gaps, "no two requests"
    assert min(gaps) >= span * 0.9 - 0.05, f"{min(gaps):.2f} s apart, less than {span}"
    most = span * 1.1 + SLACK if most is None else most
    assert min(gaps) <= most, f"{min(gaps):.2f} s apart, more than {most:.2f}"


def at_least(gaps, span, most=None):
    assert gaps, "no two requests"
    assert min(gaps) >= span - 0.05, f"{min(gaps):.2f} s apart, less than {span}"
    most = span * 1.1 + SLACK if most is None else most
    assert min(gaps) <= most, f"{min(gaps):.2f} s apart, more than {most:.2f}"


def same(what, want):
    assert what == want, f"{what!r} instead of {want!r}"


def sends(c, etag, since, after=1):
    """From then on every request has exactly these validators."""
    assert len(c.requests) > after, "too few requests"
    for r in c.requests[after:]:
        same((r.etag, r.since), (etag, since))


def entries(c, kind):
    return [e for e in c.ledger if e["kind"] == kind]


def states(c):
    return [e["to"] for e in entries(c, "state")]


# --- the server ----------------------------------------------------------------------------

class Server:
    """All addresses in this process: a thread for each connection."""

    def __init__(self, cases):
        self.hosts, self.sockets, self.port = {}, {}, 0
        for c in cases:
            for host in [c.host, *getattr(c, "also", [])]:
                s = socket.create_server((host, self.port), backlog=64)
                self.port = s.getsockname()[1]
                self.sockets[s] = (c, host)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            for s in select.select(list(self.sockets), [], [])[0]:
                connection = s.accept()[0]
                threading.Thread(target=self.talk, daemon=True,
                                 args=(connection, *self.sockets[s])).start()

    def talk(self, s, c, host):
        data = b""
        s.settimeout(60)
        c.connections += 1
        try:
            while True:
                while b"\r\n\r\n" not in data:
                    if data[:1] == b"\x16":  # asks for TLS
                        s.sendall(b"HTTP/1.0 400 Speak HTTP\r\n\r\n")
                        return
                    more = s.recv(1 << 16)
                    if not more:
                        return
                    data += more
                head, data = data.split(b"\r\n\r\n", 1)
                with c.lock:
                    path = head.split(b" ", 2)[1].decode("latin-1")
                    r = Request(head, c.count(path))
                    r.host = host
                    c.requests.append(r)
                if self.reply(s, c, c.serve(r)):
                    return
        except (OSError, IndexError):
            pass
        finally:
            s.close()

    def reply(self, s, c, said):
        """True if the connection is to be closed."""
        out, after = said if isinstance(said, tuple) else (said, False)
        out = out.replace(b"$PORT", b"%d" % self.port).replace(b"$HOST", c.host.encode())
        s.sendall(out)
        if after == "reset":
            time.sleep(0.05)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif isinstance(after, tuple):  # drip
            s.sendall(after[1][:-1500])
            for byte in after[1][-1500:]:
                s.sendall(bytes([byte]))
                time.sleep(0.1)
        return bool(after)
