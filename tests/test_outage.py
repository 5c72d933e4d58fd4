#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whose fault is it that names cannot be resolved?  Eight tenants on loopback under names
of a scripted name server, and the real tosd: one name that is refused, fails or is not
answered is its tenant's; all of them, and it is ours.  Standard library only."""
import json
import subprocess
import sys
import threading
import http.server

from daemon import SOURCE, Daemon, wait

NAMES = [f"t{i}" for i in range(8)]
FEED = b"<rss version='2.0'><channel><title>t</title><item><guid>1</guid></item></channel></rss>"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "application/rss+xml")
        self.send_header("Content-Length", str(len(FEED)))
        self.send_header("Connection", "close")  # the next one asks for the name again
        try:
            self.end_headers()
            self.wfile.write(FEED)
        except OSError:
            pass
        self.close_connection = True

    def log_message(self, *_):
        pass


class Names:
    """dns_server.py, with one name that fails from its second question on."""

    def __init__(self, d, bad):
        good = {"a": ["127.0.0.1"], "ttl": 0}
        zone = {f"{n}.test": good for n in NAMES}
        zone["t0.test"] = [good] * 3 + [bad]
        d.write("zone.json", json.dumps(zone))
        self.proc = subprocess.Popen(
            [sys.executable, "-B", SOURCE + "/tests/dns_server.py", "--zone", d.path("zone.json")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self.proc.stdout.readline())

    def turn(self, word):
        self.proc.stdin.write(word + "\n")
        self.proc.stdin.flush()

    def end(self):
        self.proc.stdin.close()
        self.proc.wait(10)


def states(d):
    return {f["tenant"]: f["state"] for f in d.rows("feeds")}


def gaps(d, ours):
    """Tenants with an open gap that is ours, or theirs."""
    return {f["tenant"] for f in d.rows("feeds") for _ in d.query(
        "SELECT 1 FROM gap WHERE feed = ? AND until IS NULL AND ours = ?", f["id"], ours)}


def run(bad, all_of_them):
    web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    feeds = {n: f"http://{n}.test:{web.server_port}/feed" for n in NAMES}
    with Daemon(feeds, interval="1s") as d:
        names = Names(d, bad)
        conf = d.path("tosd.conf").read_text()
        d.write("tosd.conf", conf.replace("host_gap = 0;", 'host_gap = 0; connect_timeout = "2s"; '
                                          'resolvers = [ "127.0.0.1:%d" ];'
                                          % names.port))
        try:
            d.start()
            wait("all to be read once", lambda: all(
                s == "ok" or n == "t0" for n, s in states(d).items()))
            wait("the one that fails", lambda: states(d)["t0"] == "dns", 40)
            assert gaps(d, 0) == {"t0"} and not gaps(d, 1), (gaps(d, 0), gaps(d, 1))
            names.turn(all_of_them)
            wait("all to wait for our own network",
                 lambda: gaps(d, 1) >= set(NAMES[1:]), 40)
            assert gaps(d, 0) <= {"t0"}, gaps(d, 0)
            names.turn("well")
            wait("the end of it", lambda: not gaps(d, 1) - {"t0"}, 60)
            # Nothing of it counts against anybody.
            assert all(s == "ok" for n, s in states(d).items() if n != "t0"), states(d)
            d.stop()
            d.check_record()
            theirs = [e for e in d.ledger() if e["kind"] == "gap" and e["state"] == "closed" and
                      not e["ours"] and e["why"] != "our own fault after all"]
            keys = {k for k, in d.query("SELECT tenant FROM feed WHERE url LIKE '%t0.test%'")}
            assert {e["tenant"] for e in theirs} <= keys, theirs
        finally:
            names.end()
    web.shutdown()
    web.server_close()
    print(f"one name {bad}: its tenant's; all {all_of_them}: ours")


def main():
    run({"rcode": "refused"}, "refused")
    run({"rcode": "servfail"}, "servfail")
    run({"silent": True}, "silent")


if __name__ == "__main__":
    sys.exit(main())
