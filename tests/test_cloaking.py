#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Who shows us another feed than others?  Seven sites on loopback and the real tosd, which
looks at each feed every few seconds as somebody else: one is honest, one keeps posts from
the daemon, one answers 304 whatever happens, one does and has news between the two looks,
one is never twice the same, which must not pass for cloaking, one turns everybody else
away, and one us.  Standard library only."""
import http.server
import sys
import threading
import time

from daemon import Daemon, wait

SETTINGS = ('coverage = { removal_gap = "1s"; second_min = "2s"; second_max = "3s"; };')
US = "tosd/"


def feed(name, posts):
    items = "".join(
        f"<item><title>{i}</title><guid isPermaLink='false'>{name}-{i}</guid>"
        f"<description>{text}</description></item>" for i, text in posts)
    return f"<rss version='2.0'><channel><title>{name}</title>{items}</channel></rss>"


class Sites(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.count, self.hidden, self.lock = 0, False, threading.Lock()
        self.closed, self.late = True, 0
        self.asked = {}
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def url(self, name):
        return f"http://127.0.0.1:{self.server_address[1]}/{name}/feed.xml"

    def answer(self, name, ours, conditional):
        """(status, body) for one of the sites."""
        posts = [(i, f"good morning number {i}") for i in range(5, 0, -1)]
        with self.lock:
            self.count += 1
            self.asked.setdefault(name, set()).add((ours, conditional))
            if name == "cloaker" and not ours:
                posts.insert(0, (6, "watch out, I will hurt you"))
            elif name == "stale":
                if self.hidden:
                    posts.insert(0, (6, "Drive them all out!"))
                if conditional:
                    return 304, ""
            elif name == "late":
                # Its post comes when somebody else asks for the second time.
                self.late += not ours
                if self.late > 1:
                    posts.insert(0, (6, "good evening"))
                if conditional:
                    return 304, ""
            elif name == "closed" and not ours and self.closed:
                return 403, "for friends only"
            elif name == "shut" and ours:
                return 403, "no robots"
            elif name == "shut":
                posts.insert(0, (6, "look, I will hurt you"))
            elif name == "restless":
                posts.insert(0, (1000 + self.count, "news of this second"))
        return 200, feed(name, posts)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        name = self.path.split("/")[1]
        ours = self.headers.get("User-Agent", "").startswith(US)
        status, body = self.server.answer(name, ours, "If-None-Match" in self.headers)
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/rss+xml")
        self.send_header("ETag", f'"{name}"')
        if status != 304:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args):
        pass


def entries(d, name, what, state):
    rows = {f["tenant"]: f for f in d.rows("feeds")}
    key = d.query("SELECT tenant FROM feed WHERE id = ?", rows[name]["id"])[0][0]
    return [e for e in d.ledger() if e["kind"] == "cloaking" and e["what"] == what and
            e["state"] == state and e["tenant"] == key]


def row(d, name):
    return next((f for f in d.rows("feeds") if f["tenant"] == name), {})


def run(d, sites):
    d.start()
    wait("what is kept from us", lambda: row(d, "cloaker").get("cloaked"), 60)
    wait("its entry", lambda: entries(d, "cloaker", "content", "confirmed"), 20)
    found = wait("what others are shown to be judged", lambda: [
        v for v in d.rows("violations") if v["tenant"] == "cloaker"], 30)
    assert len(found) == 1 and found[0]["rule"] == "trial/threat", found
    # Asked under both names, and never conditionally as somebody else.
    assert (False, False) in sites.asked["cloaker"], sites.asked
    assert (False, True) not in sites.asked["cloaker"], sites.asked
    with sites.lock:
        sites.hidden = True
    wait("what a 304 hides", lambda: [
        v for v in d.rows("violations") if v["tenant"] == "stale"], 60)
    wait("validators that lie", lambda: row(d, "stale").get("stale_validators"), 60)
    wait("their entry", lambda: entries(d, "stale", "stale-validators", "confirmed"), 20)
    wait("news between the looks", lambda: row(d, "late").get("stale_validators"), 60)
    wait("its entry", lambda: entries(d, "late", "stale-validators", "confirmed"), 20)
    # Then nothing is asked by them any more.
    with sites.lock:
        sites.asked["stale"].clear()
    time.sleep(5)
    assert not any(c for _, c in sites.asked["stale"]), sites.asked["stale"]
    wait("looks at the others", lambda: all(
        row(d, x).get("compared", 0) >= 2 for x in ("honest", "restless")), 60)
    for name in ("honest", "restless"):
        assert not row(d, name).get("cloaked"), row(d, name)
        for state in ("suspected", "confirmed"):
            if name == "honest" or state == "confirmed":
                assert not entries(d, name, "content", state), (name, state)
    # Who is turned away, and what he would have seen.
    wait("others to be refused", lambda: row(d, "closed").get("refused") == "others", 60)
    wait("us to be refused", lambda: row(d, "shut").get("refused") == "us", 60)
    assert row(d, "shut")["state"] == "forbidden", row(d, "shut")
    assert not row(d, "closed").get("cloaked"), row(d, "closed")
    found = wait("what we are refused to be judged", lambda: [
        v for v in d.rows("violations") if v["tenant"] == "shut"], 30)
    assert len(found) == 1 and found[0]["rule"] == "trial/threat", found
    wait("their entries", lambda: entries(d, "closed", "refusal", "confirmed") and
         entries(d, "shut", "refusal", "confirmed"), 20)
    sites.closed = False
    wait("the end of a refusal", lambda: "refused" not in row(d, "closed"), 60)
    wait("its entry", lambda: entries(d, "closed", "refusal", "cleared"), 20)
    d.stop()
    d.check_record()
    print("cloaking confirmed, stale validators found, honest and restless sites spared")


def main():
    sites = Sites()
    names = ("honest", "cloaker", "stale", "late", "restless", "closed", "shut")
    with Daemon({n: sites.url(n) for n in names}, interval="1s", more=SETTINGS) as d:
        run(d, sites)
    d.remove()
    sites.shutdown()
    sites.server_close()


if __name__ == "__main__":
    sys.exit(main())
