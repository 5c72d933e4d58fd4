#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What is removed and what only went out of sight: seven feeds of one scripted site and
the real tosd.  Posts are taken from the middle and from the end of feeds with and without
dates, leave a feed by age, link to another site or to nothing; the site knows the truth and
what it was asked.  Standard library only."""
import http.server
import sys
import threading

from daemon import Daemon, wait

SETTINGS = 'coverage = { removal_gap = "1s"; second_max = 0; };'
DATED, UNDATED, AGED, BARE, LINKS, DECLARED, NO_PAGES = NAMES = (
    "dated", "undated", "aged", "bare", "links", "declared", "no-pages")


class Site(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.base = f"http://127.0.0.1:{self.server_address[1]}"
        self.other = f"http://localhost:{self.server_address[1]}"
        self.lock = threading.Lock()
        self.posts = {n: list(range(8, 0, -1)) for n in NAMES}  # what each feed lists
        self.gone = set()  # (feed, post) whose page is no more
        self.pages, self.readings = [], dict.fromkeys(NAMES, 0)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def feed(self, name):
        home = self.other if name in (LINKS, DECLARED) else self.base
        items = ""
        for n in self.posts[name]:
            items += f"<item><guid isPermaLink='false'>{name}-{n}</guid><title>{n}</title>" \
                     f"<description>These are the words of post {n} of {name}.</description>"
            if name != BARE:
                items += f"<link>{home}/{name}/{n}</link>"
            if name in (DATED, LINKS):
                items += f"<pubDate>Sun, {n:02} Nov 2026 10:00:00 GMT</pubDate>"
            items += "</item>"
        link = f"<link>{home}/</link>" if name == DECLARED else ""
        return f"<rss version='2.0'><channel><title>{name}</title>{link}{items}</channel></rss>"

    def take(self, name, *posts, page=True):
        with self.lock:
            for n in posts:
                self.posts[name].remove(n)
                if page:
                    self.gone.add((name, n))

    def publish(self, name):
        with self.lock:
            self.posts[name].insert(0, self.posts[name][0] + 1)

    def answer(self, path):
        parts = path.strip("/").split("/")
        with self.lock:
            if parts[-1] == "feed.xml":
                self.readings[parts[0]] += 1
                return 200, "application/rss+xml", self.feed(parts[0])
            name, n = parts[0], int(parts[1])
            self.pages.append((name, n))
            if (name, n) in self.gone or name == NO_PAGES:
                return 404, "text/html", "nothing here"
            return 200, "text/html", \
                f"<html><body><p>These are the words of post {n} of {name}.</body></html>"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        status, kind, text = self.server.answer(self.path)
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


def states(d):
    """{post: (state, how)} of all that is not simply visible."""
    return {r["guid"]: (r["state"], r["how"]) for r in d.rows("sightings")}


def read_by_now(d, site, names, times=3):
    """Waits until these feeds were read so many times more."""
    with site.lock:
        before = dict(site.readings)
    wait("readings", lambda: all(site.readings[n] >= before[n] + times for n in names), 60)


def run(d, site):
    d.start()
    wait("all posts", lambda: d.query("SELECT count(*) FROM item") == [(8 * len(NAMES),)])
    for name in NAMES:  # whose newest come first
        site.publish(name)
    read_by_now(d, site, NAMES)
    assert not states(d), states(d)

    site.take(DATED, 5)
    site.take(UNDATED, 1)
    site.take(NO_PAGES, 1)
    site.take(AGED, 1, page=False)
    site.take(BARE, 5)
    site.take(LINKS, 5)
    site.take(DECLARED, 5)
    want = {"dated-5": "removed", "undated-1": "removed", "bare-5": "missing",
            "links-5": "missing", "declared-5": "removed"}
    wait("the verdicts", lambda: {k: v[0] for k, v in states(d).items()} == want, 60)
    how = {k: v[1] for k, v in states(d).items()}
    assert "no page" in how["bare-5"] and "another site" in how["links-5"], how
    assert "404" in how["dated-5"] and "404" in how["declared-5"], how
    # Those that left were asked for, and what is listed beside them before.
    wait("all pages", lambda: {(AGED, 1), (NO_PAGES, 2), (UNDATED, 1)} <= set(site.pages), 30)
    assert site.pages.index((UNDATED, 2)) < site.pages.index((UNDATED, 1)), site.pages
    assert (NO_PAGES, 1) not in site.pages and (LINKS, 5) not in site.pages, site.pages

    # Shifts tell nothing, and cost no pages: two come, two go.
    asked = len(site.pages)
    for name in NAMES:
        site.publish(name)
        site.publish(name)
        site.take(name, site.posts[name][-1], site.posts[name][-2], page=False)
    read_by_now(d, site, NAMES, 4)
    assert {k: v[0] for k, v in states(d).items()} == want, states(d)
    assert len(site.pages) == asked, site.pages[asked:]
    d.stop()
    d.check_record()
    print(f"removals: {want}; {len(site.pages)} pages asked for")


def main():
    site = Site()
    feeds = {n: f"{site.base}/{n}/feed.xml" for n in NAMES}
    with Daemon(feeds, interval="1s", more=SETTINGS) as d:
        run(d, site)
    site.shutdown()
    site.server_close()


if __name__ == "__main__":
    sys.exit(main())
