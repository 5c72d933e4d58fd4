#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A site that has no feed but a sitemap: the real tosd reads the index, the sitemaps that
it names and the pages that these point at, judges the pages' text, sees an edit by
lastmod, and a page that is gone.  Standard library only."""
import http.server
import sys
import threading

from daemon import Daemon, wait

SETTINGS = ('coverage = { removal_gap = "1s"; second_max = 0; more_interval = "1s"; };')
MAP = "http://www.sitemaps.org/schemas/sitemap/0.9"


class Site(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.lock, self.asked = threading.Lock(), []
        self.base = f"http://127.0.0.1:{self.server_address[1]}"
        self.pages = {i: (f"a quiet page, number {i}", "2026-11-0%d" % i)
                      for i in range(1, 6)}
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def put(self, number, text, day):
        with self.lock:
            if text is None:
                del self.pages[number]
            else:
                self.pages[number] = (text, day)

    def answer(self, path):
        """(media type, body), or None."""
        with self.lock:
            self.asked.append(path)
            if path == "/sitemap.xml":
                maps = "".join(f"<sitemap><loc>{self.base}/map{k}.xml</loc></sitemap>"
                               for k in (0, 1))
                return "text/xml", f"<sitemapindex xmlns='{MAP}'>{maps}</sitemapindex>"
            if path in ("/map0.xml", "/map1.xml"):
                rows = "".join(
                    f"<url><loc>{self.base}/page/{i}</loc><lastmod>{day}</lastmod></url>"
                    for i, (_, day) in sorted(self.pages.items()) if i % 2 == int(path[4]))
                return "text/xml", f"<urlset xmlns='{MAP}'>{rows}</urlset>"
            number = int(path[6:]) if path.startswith("/page/") else 0
            if number not in self.pages:
                return None
            return "text/html", (
                f"<!DOCTYPE html><title>Page {number}</title><nav>Home About</nav>"
                f"<article><p>{self.pages[number][0]}</p></article>")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        found = self.server.answer(self.path)
        kind, body = found if found else ("text/plain", "nothing there")
        data = body.encode()
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args):
        pass


def items(d):
    return {url.rsplit("/", 1)[1]: n for url, n in
            d.query("SELECT url, revisions FROM item WHERE url LIKE '%/page/%'")}


def run(d, site):
    d.start()
    wait("all pages to be read", lambda: len(items(d)) == 5, 60)
    assert all(n == 1 for n in items(d).values()), items(d)
    assert not d.rows("violations")
    site.put(3, "watch out, I will hurt you", "2026-11-20")
    found = wait("an edited page to be judged", lambda: d.rows("violations"), 60)
    assert [v["rule"] for v in found] == ["trial/threat"], found
    assert items(d)["3"] == 2, items(d)
    site.put(9, "Drive them all out!", "2026-11-21")
    wait("a new page", lambda: len(d.rows("violations")) == 2, 60)
    site.put(9, None, None)
    wait("the page to be seen gone", lambda: any(
        v["presence"] == "removed" for v in d.rows("violations")), 60)
    # A page that has not changed is read once.
    assert site.asked.count("/page/1") == 1, site.asked.count("/page/1")
    d.stop()
    d.check_record()
    print(f"{len(site.asked)} requests: 5 pages read, an edit and a new page judged, a "
          "removed one seen")


def main():
    site = Site()
    with Daemon({"mapped": site.base + "/sitemap.xml"}, interval="1s", more=SETTINGS,
                ladder='stages = ( { name = "notice"; deadline = "60s"; } ); '
                       'recheck = "1s";') as d:
        run(d, site)
    d.remove()
    site.shutdown()
    site.server_close()


if __name__ == "__main__":
    sys.exit(main())
