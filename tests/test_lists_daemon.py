#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Lists through the real tosd: posts with pictures, which fetch hashes before the posts are
judged; known ones by digest and by looks, one that is missing, one that hangs, one that is
damaged, and posts without any; then a kill -9 of the engine while a post waits.  Standard
library only."""
import http.server
import json
import math
import os
import shutil
import signal
import struct
import subprocess
import sys
import threading
import time
import zlib

from daemon import BUILD, Daemon, item_of, wait

HEAD = """name = {name}
source = made by a test
licence = CC0-1.0
expires = 2099-01-01
clause = 5.2 Known pictures
category = {category}
severity = high
mode = enforce
kind = {kind}
---
{entries}
"""


def png(width, height, scene):
    """A grey PNG of a scene: a function of place, so that other sizes are alike."""
    def chunk(kind, data):
        return (struct.pack(">I", len(data)) + kind + data +
                struct.pack(">I", zlib.crc32(kind + data)))

    rows = b"".join(b"\0" + bytes(
        int(127 + 60 * math.sin((scene + 3) * 5 * x / width + scene) +
            60 * math.cos((scene + 2) * 4 * y / height * (1 + x / width)))
        for x in range(width)) for y in range(height))
    return (b"\x89PNG\r\n\x1a\n" +
            chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


class Site(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.lock, self.asked, self.posts = threading.Lock(), [], []
        self.go = threading.Event()
        self.base = f"http://127.0.0.1:{self.server_address[1]}"
        self.pictures = {"known.png": png(160, 120, 1), "big.png": png(240, 180, 2),
                         "small.png": png(120, 90, 2), "other.png": png(160, 120, 5),
                         "cut.png": png(160, 120, 6)[:40], "late.png": png(160, 120, 7)}
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def post(self, name, text, *pictures):
        media = "".join(f"<media:content url='{self.base}/{p}' type='image/png'/>"
                        for p in pictures)
        with self.lock:
            self.posts.append(f"<item><guid isPermaLink='false'>{name}</guid><title>{name}"
                              f"</title><link>{self.base}/post/{name}</link><description>"
                              f"{text}</description>{media}</item>")

    def answer(self, path):
        with self.lock:
            self.asked.append(path)
            if path == "/feed":
                return "application/rss+xml", (
                    "<rss version='2.0' xmlns:media='http://search.yahoo.com/mrss/'>"
                    "<channel><title>t</title><link>/</link><description>d</description>"
                    + "".join(self.posts) + "</channel></rss>").encode()
        if path == "/late.png":
            self.go.wait(60)
        if path[1:] in self.pictures:
            return "image/png", self.pictures[path[1:]]
        if path.startswith("/post/"):
            return "text/html", b"<p>a post</p>"
        return None


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        found = self.server.answer(self.path)
        kind, data = found if found else ("text/plain", b"nothing there")
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        try:
            self.wfile.write(data)
        except OSError:
            pass

    def log_message(self, *args):
        pass


def hashes(d, site, name):
    path = d.path(name)
    path.write_bytes(site.pictures[name])
    p = subprocess.run([BUILD + "/tosctl", "lists", "hash", "--json", path],
                       stdout=subprocess.PIPE, check=True, timeout=60)
    return json.loads(p.stdout)


def revisions(d):
    """{guid: (state, why, media)}"""
    return {guid: (state, why, item_of(body)["media"]) for guid, state, why, body in d.query(
        "SELECT guid, state, why, body FROM revision_state JOIN revision ON "
        "revision.id = revision_state.revision JOIN item ON item.id = revision.item")}


def judged(d, name, limit=60):
    """What became of a post, once it is not pending any more."""
    return wait(f"{name} to be judged",
                lambda: (lambda r: r if r and r[0] != 0 else None)(revisions(d).get(name)),
                limit)


def found(d):
    return {(v["rule"], v["url"].rsplit("/", 1)[1]) for v in d.rows("violations")}


def setup(d, site):
    shutil.copy(BUILD + "/plugins/lists/.libs/lists.so", d.path("lists.so"))
    d.path("lists.so").chmod(0o755)
    conf = d.path("tosd.conf").read_text("utf-8")
    conf = conf.replace('rules.so"; } );', 'rules.so"; }, { name = "lists"; path = "%s"; '
                        'grant = [ "text", "links", "media" ]; } );\n  media = true; '
                        'media_wait = "8s"; media_items = 2;' % d.path("lists.so"))
    d.write("tosd.conf", conf)
    for name, kind, entry in (
            ("known", "sha256", hashes(d, site, "known.png")["sha256"]),
            ("alike", "pdq", hashes(d, site, "big.png")["pdq"]),
            ("phish", "domain", "evil.example")):
        d.write(f"packs/{name}.list", HEAD.format(name=name, kind=kind, entries=entry,
                                                  category="known-media"))


def run(d, site):
    site.post("plain", "nothing to see")
    site.post("linked", "go to https://login.evil.example/now")
    site.post("known", "look", "known.png")
    site.post("scaled", "look here", "other.png", "small.png")
    site.post("other", "a view", "other.png")
    site.post("missing", "gone", "nowhere.png")
    site.post("broken", "cut", "cut.png")
    site.post("many", "three", "other.png", "big.png", "known.png")
    # In the HTML of a body alone; what counts visitors is not asked for.
    site.post("shown", "see &lt;img src='/small.png'&gt;"
                       "&lt;img src='/counter.png' width='1' height='1'&gt;")
    site.post("hollow", "see &lt;img src='/nothing.png'&gt;")
    d.start()
    assert judged(d, "plain")[0] == 1
    assert judged(d, "linked")[0] == 1
    assert judged(d, "known")[0] == 1
    assert judged(d, "scaled")[0] == 1
    state, why, media = judged(d, "other")
    assert (state, why) == (1, None), why
    assert media[0]["sha256"] == hashes(d, site, "other.png")["sha256"], media
    assert media[0]["pdq"] == hashes(d, site, "other.png")["pdq"], media
    state, why, media = judged(d, "missing")
    assert state == 2 and "not-found" in why and "nowhere.png" in why, (state, why)
    state, why, media = judged(d, "broken")
    assert state == 2 and "PNG: breaks off" in why and media[0]["sha256"], (state, why)
    state, why, media = judged(d, "many")
    assert state == 2 and "policy.media_items" in why, (state, why)
    assert [bool(m["sha256"]) for m in media] == [True, True, False], media
    state, why, media = judged(d, "shown")
    assert (state, why) == (1, None), why
    assert [bool(m.get("pdq")) and m["in_body"] for m in media] == [True], media
    state, why, media = judged(d, "hollow")
    assert state == 2 and "not-found" in why and "nothing.png" in why, (state, why)
    assert "/counter.png" not in site.asked
    want = {("list/alike", "shown"), ("list/known", "known"), ("list/alike", "scaled"), ("list/alike", "many"),
            ("list/phish", "linked")}
    wait("all to be found", lambda: found(d) >= want)
    assert found(d) == want, found(d)


def wait_and_kill(d, site):
    """A picture that does not come: others are judged meanwhile; a kill changes nothing."""
    start = time.monotonic()
    site.post("late", "slow", "late.png")
    wait("it to be asked for", lambda: "/late.png" in site.asked)
    site.post("next", "go to evil.example")
    judged(d, "next")
    assert revisions(d)["late"][0] == 0, "judged before its picture was there"
    os.kill(d.roles()["engine", 0], signal.SIGKILL)
    state, why, _ = judged(d, "late")
    assert state == 2 and ("not there in time" in why or "timeout" in why), (state, why)
    # A post of the same picture, once it comes, is judged by it.
    site.go.set()
    site.post("late2", "slow again", "late.png")
    state, why, media = judged(d, "late2")
    assert state == 1 and media[0]["pdq"], (state, why, media)
    assert len([1 for k in revisions(d)]) == 13
    return time.monotonic() - start


def main():
    site = Site()
    with Daemon({"pictured": site.base + "/feed"}, interval="1s", fetch="",
                more='coverage = { second_max = 0; };') as d:
        setup(d, site)
        run(d, site)
        took = wait_and_kill(d, site)
        asked = site.asked.count("/known.png")
        d.stop()
        d.check_record()
    site.shutdown()
    site.server_close()
    print(f"12 posts with pictures and without: 6 found, 5 degraded in words; known.png asked "
          f"for {asked} times; late ones settled in {took:.0f} s")


if __name__ == "__main__":
    sys.exit(main())
