#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Onboarding through the real tosctl and loopback sites: `tenant add' finds the feeds of
a page, of server software and of usual places, and chooses; what it writes is a
configuration that tosd takes; `tenant import' reads lists; `feed check' explains.
Standard library only."""
import http.server
import json
import re
import ssl
import sys
import threading
import time
import traceback

sys.dont_write_bytecode = True
from daemon import Failed, Tosd, Web
from http_server import make_certificate

CONF = """%(places)s
sandbox = "best-effort";
provider = { name = "Example Hosting"; mailbox = "abuse@example.net"; };
fetch = { allow = [ "127.0.0.0/8" ]; host_gap = %(gap)s; connect_timeout = "5s"; timeout = "5s"; %(fetch)s };
policy = { workers = 1; %(policy)s };
tenants = ( %(tenants)s );
"""
PEOPLE = ("--contact", "admin@site.example", "--manager", "m@example.net")


def rss(title, items, more="", full=False):
    text = "A long text that says all there is to say. " if full else "Short."
    body = "".join(
        f"<item><title>Post {i}</title><link>$BASE/p/{i}</link><guid>$BASE/p/{i}</guid>"
        f"<pubDate>Sun, {i + 1:02} Nov 2026 10:00:00 GMT</pubDate>"
        f"<description>{text}</description></item>" for i in items)
    return (f"<?xml version='1.0'?><rss version='2.0'><channel><title>{title}</title>{more}"
            f"{body}</channel></rss>")


def atom(title, items):
    body = "".join(
        f"<entry><id>tag:x,{i}</id><title>Post {i}</title><link href='$BASE/p/{i}'/>"
        f"<updated>2026-11-{i + 1:02}T10:00:00Z</updated>"
        f"<content>Atom text.</content></entry>" for i in items)
    return (f"<feed xmlns='http://www.w3.org/2005/Atom'><title>{title}</title><id>x</id>"
            f"<updated>2026-11-20T00:00:00Z</updated>{body}</feed>")


def page(head="", body="", title="A Site"):
    return {"headers": {"Content-Type": "text/html; charset=utf-8"},
            "body": f"<html><head><title>{title}</title>{head}</head><body>{body}</body>"}


def alternate(href, kind="rss+xml"):
    return f"<link rel='alternate' type='application/{kind}' href='{href}'>"


def doc(body, kind="application/xml"):
    return {"headers": {"Content-Type": kind}, "body": body}


class Bench:
    """A configuration, and one site at a time."""

    def __init__(self, tenants="", gap="0", fetch=""):
        self.d = Tosd("tosd-on-")
        places, policy = self.d.places()
        self.d.conf.write_text(CONF % {"places": places, "policy": policy, "gap": gap,
                                       "tenants": tenants, "fetch": fetch})
        self.web = None

    def serve(self, plan):
        """Every path that is not in the plan is a 404.  $BASE in bodies is the site."""
        self.stop_web()
        # The address of $BASE has to be the same for all feeds of a site, no more.
        text = json.dumps(plan).replace("$BASE", "http://site.example")
        self.web = Web("--script", json.loads(text))

    def stop_web(self):
        if self.web is not None:
            self.web.stop()
            self.web = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop_web()
        self.d.remove()

    def run(self, *words):
        return self.d.run(*words[:2], "-c", self.d.conf, *words[2:], limit=60)

    def add(self, path="", *words, code=0):
        """Answer of `tenant add --json' as ({path: feed}, whole)."""
        p = self.run("tenant", "add", "--json", self.web.base + path, *words)
        assert p.returncode == code, (p.returncode, p.stdout, p.stderr)
        whole = json.loads(p.stdout)
        feeds = {f["url"].replace(self.web.base, "/"): f for f in whole["feeds"]}
        return feeds, whole

    def asked(self):
        return [r["target"] for r in self.web.log() if not r["path"].startswith("/_")]


def chosen(feeds):
    return sorted(p for p, f in feeds.items() if f["chosen"])


# --- tenant add -----------------------------------------------------------------------


def test_page_links():
    """The page names feeds: the same posts twice (the fuller one wins), comments beside
    them, one that is dead, one that is no feed."""
    with Bench() as b:
        b.serve({"/": page(alternate("/posts.rss") + alternate("/posts.atom", "atom+xml") +
                           alternate("comments") + alternate("/dead") + alternate("/html") +
                           "<link rel='alternate' type='application/json' href='/api'>"),
                 "/posts.rss": doc(rss("Posts", range(5), full=True)),
                 "/posts.atom": doc(atom("Posts", range(5))),
                 "/comments": doc(rss("Comments", range(20, 23))),
                 "/html": page()})
        feeds, whole = b.add()
        assert chosen(feeds) == ["/comments", "/posts.rss"], feeds
        assert "all of its items are in" in feeds["/posts.atom"]["about"]
        assert feeds["/posts.rss"]["items"] == 5 and feeds["/posts.rss"]["format"] == "rss2.0"
        assert feeds["/posts.rss"]["newest"] == "2026-11-05T10:00:00Z"
        assert "404" in feeds["/dead"]["about"] and "no feed" in feeds["/html"]["about"]
        assert whole["name"] == "A Site" and whole["id"] == "127-0-0-1-%d" % b.web.port
        asked = b.asked()
        assert "/api" not in asked and "/feed" not in asked and "/robots.txt" not in asked
        assert len(asked) == len(set(asked)), asked


def test_header_and_redirect():
    """A Link header names a feed that has moved for good: the new place is proposed."""
    with Bench() as b:
        home = page()
        home["headers"]["Link"] = '</old>; rel="alternate"; type="application/atom+xml"'
        b.serve({"/": home, "/old": {"status": 301, "redirect": "/new"},
                 "/new": doc(atom("A", range(3)))})
        feeds, _ = b.add()
        assert chosen(feeds) == ["/new"], feeds
        assert "moved for good" in feeds["/new"]["about"]


def test_given_feed():
    with Bench() as b:
        b.serve({"/x": doc(rss("Direct", range(2)))})
        feeds, whole = b.add("x")
        assert chosen(feeds) == ["/x"] and whole["name"] == "Direct"
        assert b.asked() == ["/x"], b.asked()


def test_usual_places():
    """Nothing is named: usual places in their order, up to the first feed."""
    with Bench() as b:
        b.serve({"/": page(), "/feed.xml": doc(rss("F", range(2))),
                 "/index.xml": doc(rss("G", range(3)))})
        feeds, _ = b.add()
        assert chosen(feeds) == ["/feed.xml"], feeds
        asked = b.asked()
        assert asked[:3] == ["/", "/.well-known/nodeinfo", "/feed"], asked
        assert "/index.xml" not in asked
        feeds, _ = b.add("", "--all")
        assert chosen(feeds) == ["/index.xml"], feeds  # has all of the other


def test_spoken_address():
    """A host as people say it; and a site in a folder of its host."""
    with Bench() as b:
        b.serve({"/": page(alternate("/f")), "/f": doc(rss("F", range(2))),
                 "/ann/": page(title="Ann"), "/ann/rss.xml": doc(rss("Ann", range(3))),
                 "/bo/": page(title="Bo"), "/rss.xml": doc(rss("Host", range(4)))})
        p = b.run("tenant", "add", f"127.0.0.1:{b.web.port}")
        assert p.returncode == 0 and "trying http://" in p.stderr, p
        assert b.web.base + "f" in p.stdout, p
        feeds, _ = b.add("ann/")
        assert chosen(feeds) == ["/ann/rss.xml"], feeds
        feeds, _ = b.add("bo/")
        assert chosen(feeds) == ["/rss.xml"], feeds


def test_anchor_and_robots():
    """Last resorts: links that look like feeds, then what robots.txt names."""
    with Bench() as b:
        b.serve({"/": page(body="<a href='/news.atom'>news</a> <a href='/about'>us</a>"),
                 "/news.atom": doc(atom("N", range(3)))})
        feeds, _ = b.add()
        assert chosen(feeds) == ["/news.atom"], feeds
        b.serve({"/": page(), "/robots.txt": doc("Sitemap: /s.xml\n", "text/plain"),
                 "/s.xml": doc(rss("S", range(2)))})
        feeds, _ = b.add()
        assert chosen(feeds) == ["/s.xml"] and "robots.txt" in feeds["/s.xml"]["about"]


def nodeinfo(name):
    return {"/.well-known/nodeinfo": doc(json.dumps({"links": [
        {"rel": "http://nodeinfo.diaspora.software/ns/schema/2.0", "href": "/ni"}]}),
        "application/json"),
        "/ni": doc(json.dumps({"version": "2.0", "software": {
            "name": name, "version": "4.2.1"}}), "application/json")}


STATUSES = json.dumps([{
    "id": str(i), "created_at": f"2026-11-0{i}T10:00:00.000Z", "edited_at": None,
    "uri": f"https://m.example/users/ann/statuses/{i}", "url": f"https://m.example/@ann/{i}",
    "content": f"<p>Status {i}</p>", "account": {"acct": "ann", "display_name": "Ann"},
    "visibility": "public", "sensitive": False, "spoiler_text": "", "media_attachments": []}
    for i in range(1, 4)])


def reads_statuses(b):
    """Whether this build reads Mastodon's statuses at all."""
    b.d.write("statuses.json", STATUSES)
    return b.d.run("parse", b.d.path("statuses.json")).returncode == 0


def test_software():
    """NodeInfo names the software, which says where to look."""
    with Bench() as b:
        timeline = "/api/v1/timelines/public?local=1&limit=40"
        b.serve({"/": page(), **nodeinfo("mastodon"),
                 "/api/v1/timelines/public": doc(STATUSES, "application/json")})
        if reads_statuses(b):
            feeds, _ = b.add()
            assert chosen(feeds) == [timeline], feeds
        else:
            feeds, _ = b.add(code=1)
            assert not chosen(feeds) and timeline in feeds, feeds
            print("  (this build reads no Mastodon statuses: found, not chosen)")
        assert "software" in feeds[timeline]["about"], feeds
        assert timeline in b.asked()
        # Two feeds of one software, beside what the page names.
        b.serve({"/": page("<meta name='generator' content='WordPress 6.1.9'>" +
                           alternate("/feed/")),
                 "/feed/": doc(rss("P", range(3))), "/comments/feed/": doc(
                     rss("C", range(7, 9)))})
        feeds, _ = b.add()
        assert chosen(feeds) == ["/comments/feed/", "/feed/"], feeds
        # Software that publishes nothing: said, and nothing proposed.
        b.serve({"/": page(), **nodeinfo("misskey")})
        p = b.run("tenant", "add", b.web.base)
        assert p.returncode == 1 and "Misskey" in p.stderr and "POST" in p.stderr, p


def test_written():
    """--write: a file that tosd takes, once; incomplete or doubled tenants not at all."""
    with Bench() as b:
        b.serve({"/": page(alternate("/f"), title='A "quoted" \\ name \x1b[31m\n# x'),
                 "/f": doc(rss("T\x1b]0;evil\x07", range(2)))})
        out = b.d.path("tenants.d/forum.conf")
        p = b.run("tenant", "add", b.web.base, "--id", "forum")
        assert p.returncode == 0 and "fill in" in p.stdout and "\x1b" not in p.stdout, p
        assert "2 things" in p.stderr, p.stderr
        p = b.run("tenant", "add", b.web.base, "--id", "forum", "--write")
        assert p.returncode == 1 and "contact" in p.stderr and not out.exists(), p
        p = b.run("tenant", "add", b.web.base, "--id", "forum", "--write", *PEOPLE)
        assert p.returncode == 0 and str(out) in p.stdout, p
        code, said = b.d.check()
        assert code == 0, said
        before = out.read_bytes()
        assert b"\x1b" not in before and b"admin@site.example" in before
        p = b.run("tenant", "add", b.web.base, "--id", "forum", "--write", *PEOPLE)
        assert p.returncode == 1 and "already" in p.stderr, p
        assert out.read_bytes() == before
        # Another id, the same feed: possible, but said.
        p = b.run("tenant", "add", b.web.base, "--id", "other", *PEOPLE)
        assert p.returncode == 0 and "watched already, as a feed of tenant `forum'" \
            in p.stderr, p
        left = [x.name for x in b.d.path("tenants.d").iterdir()]
        assert left == ["forum.conf"], left


def test_not_overwritten():
    """A file of that name that is no tenant of ours stays as it is."""
    with Bench() as b:
        b.serve({"/f": doc(rss("T", range(2)))})
        b.d.path("tenants.d").mkdir()
        out = b.d.path("tenants.d/forum.conf")
        out.write_text("# notes\n")
        p = b.run("tenant", "add", b.web.base + "f", "--id", "forum", "--write", *PEOPLE)
        assert p.returncode == 1 and "is there already" in p.stderr, p
        assert out.read_text() == "# notes\n"
        assert [x.name for x in b.d.path("tenants.d").iterdir()] == ["forum.conf"]


def test_watched():
    """What was proposed is what the daemon then reads."""
    with Bench() as b:
        b.serve({"/": page(alternate("/f")), "/f": doc(rss("T", range(4)))})
        p = b.run("tenant", "add", b.web.base, "--id", "forum", "--write", *PEOPLE)
        assert p.returncode == 0, p
        conf = b.d.conf.read_text()
        b.d.conf.write_text(conf.replace(
            "host_gap", 'interval = "1s"; interval_min = "1s"; host_gap'))
        b.d.start(60)
        try:
            end = time.monotonic() + 20
            while True:
                rows = [r for r in b.d.rows("tenants") if r["id"] == "forum"]
                if rows and rows[0].get("items") == 4:
                    break
                assert time.monotonic() < end, rows
                time.sleep(0.1)
        finally:
            assert b.d.end() == 0


def test_guard_and_dead():
    """No way round the guard; a dead host is asked once; exit codes."""
    with Bench() as b:
        b.serve({"/": page(alternate("http://169.254.169.254/feed") +
                           alternate("http://[::1]:1/feed"))})
        feeds, whole = b.add(code=1)
        assert not chosen(feeds)
        metadata = [f for f in whole["feeds"] if "169.254" in f["url"]][0]
        assert "guard" in metadata["about"] and metadata["outcome"] == "refused", metadata
        port = b.web.port
        b.stop_web()
        began = time.monotonic()
        p = b.run("tenant", "add", f"http://127.0.0.1:{port}/")
        assert p.returncode == 1 and "cannot be read" in p.stderr, p
        assert time.monotonic() - began < 5
        for words, code in ((("tenant", "add", "ftp://x/"), 2), (("tenant", "add"), 2),
                            (("tenant", "grow", "http://x/"), 2),
                            (("tenant", "add", "--id", "Not An Id", "http://x/"), 2),
                            (("tenant", "add", "--allow", "10.1.2.3/8", "http://x/"), 2)):
            p = b.d.run(*words, limit=30)
            assert p.returncode == code, (words, p)
        p = b.d.run("tenant", "add", "-c", "/nonexistent", "http://127.0.0.1/")
        assert p.returncode == 3, p


def test_allow():
    """Loopback is refused without --allow; with it the range goes into the proposal."""
    with Bench() as b:
        b.serve({"/f": doc(rss("T", range(2)))})
        b.d.conf.write_text(b.d.conf.read_text().replace('allow = [ "127.0.0.0/8" ];', ""))
        p = b.run("tenant", "add", b.web.base + "f")
        assert p.returncode == 1 and "guard" in p.stderr, p
        p = b.run("tenant", "add", "--allow", "127.0.0.0/8", b.web.base + "f")
        assert p.returncode == 0 and 'allow = [ "127.0.0.0/8" ];' in p.stdout, p
        # A feed of the configuration is asked as the daemon asks for it.
        p = b.run("feed", "check", b.web.base + "f")
        assert p.returncode == 1 and "the guard refuses it" in p.stdout, p
        here = """tenants = ( { id = "here"; name = "Here"; contact = "a@here.example";
  manager = "m@x.example"; feeds = ( "%sf" ); allow = [ "127.0.0.0/8" ]; } );""" % b.web.base
        b.d.conf.write_text(b.d.conf.read_text().replace("tenants = (  );", here))
        p = b.run("feed", "check", b.web.base + "f")
        assert p.returncode == 0, p
        p = b.run("feed", "check", b.web.base + "other")
        assert p.returncode == 1 and "the guard refuses it" in p.stdout, p


def test_polite():
    """Requests to one host keep the configured distance."""
    with Bench(gap='"300ms"') as b:
        b.serve({"/": page(alternate("/a") + alternate("/b")),
                 "/a": doc(rss("A", range(2))), "/b": doc(rss("B", range(5, 7)))})
        b.add()
        times = [r["time"] for r in b.web.log() if not r["path"].startswith("/_")]
        gaps = [y - x for x, y in zip(times, times[1:])]
        assert len(gaps) >= 3 and min(gaps) > 0.25, gaps
        agents = {r["headers"].get("user-agent") for r in b.web.log()
                  if not r["path"].startswith("/_")}
        assert len(agents) == 1 and "abuse@example.net" in agents.pop(), agents


def test_hostile_page():
    """Thousands of links: a bounded number of requests, all else left out."""
    with Bench() as b:
        links = "".join(alternate(f"/f{i}") for i in range(3000))
        b.serve({"/": page(links + "<a href='/rss'>" * 5000)})
        began = time.monotonic()
        feeds, _ = b.add(code=1)
        assert not chosen(feeds) and len(b.asked()) <= 41, len(b.asked())
        assert time.monotonic() - began < 20


# --- tenant import --------------------------------------------------------------------


OPML = """<?xml version='1.0' encoding='ISO-8859-1'?><opml version='2.0'>
<head><title>My list</title></head><body>
<outline text='Caf\xe9 Forums'>
<outline type='rss' text='One' XMLURL='https://one.example/feed' htmlUrl='https://one.example/'/>
<outline type='rss' text='Two' xmlUrl='https://two.example/feed?a=1&amp;amp;b=2'/>
<outline type='rss' text='One' xmlUrl='https://one.example/feed'/>
</outline>
<outline text='Alone' xmlUrl='https://alone.example/atom.xml'/>
<outline text='bad' xmlUrl='javascript:alert(1)'/>
<outline text='secret' xmlUrl='https://user:pw@x.example/feed'/>
<outline text='Nothing'/>
</body></opml>
"""


def imported(b, name, text, *words, code=0):
    path = b.d.path(name)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    p = b.run("tenant", "import", "--json", path, *words)
    assert p.returncode == code, p
    return {t["id"]: t for t in map(json.loads, p.stdout.splitlines())}, p.stderr


def test_import_opml():
    with Bench() as b:
        got, said = imported(b, "My List.opml", OPML.encode("latin-1"))
        assert sorted(got) == ["alone-example", "caf-forums"], got
        forums = got["caf-forums"]
        assert forums["name"] == "Caf\xe9 Forums" and [f["url"] for f in forums["feeds"]] == [
            "https://one.example/feed", "https://two.example/feed?a=1&b=2"], forums
        for line, word in ((9, "neither http"), (10, "user or password"), (11, "no feed")):
            assert re.search(rf"My List.opml:{line}: .*{word}", said), (line, said)
        assert "1 line said what an earlier one said" in said, said
        got, _ = imported(b, "My List.opml", OPML.encode("latin-1"), "--by", "host")
        assert sorted(got) == ["alone-example", "one-example", "two-example"], got
        got, _ = imported(b, "My List.opml", OPML.encode("latin-1"), "--by", "one")
        assert list(got) == ["my-list"] and got["my-list"]["name"] == "My list", got
        assert len(got["my-list"]["feeds"]) == 3
        p = b.run("tenant", "import", b.d.path("My List.opml"), "--write", *PEOPLE)
        assert p.returncode == 0 and b.d.path("tenants.d/my-list.conf").exists(), p
        code, said = b.d.check()
        assert code == 0, said


def test_import_csv():
    with Bench() as b:
        text = ("\ufefftenant;name;url;contact;manager;plan\r\n"
                'forum;"A ""big"" Forum; really";https://a.example/feed;a@a.example;m@h.example;X1\r\n'
                "forum;;https://a.example/comments;b@a.example;;\r\n"
                "bad;;https://b.example/;not a mail;;\r\n"
                ";;https://c.example/feed;;;\r\n"
                '"two\r\nlines";;https://d.example/feed;;;\r\n')
        got, said = imported(b, "list.csv", text)
        assert sorted(got) == ["c-example", "forum", "two-lines"], got
        forum = got["forum"]
        assert forum["name"] == 'A "big" Forum; really' and forum["contract"] == "X1", forum
        assert forum["contact"] == "a@a.example" and len(forum["feeds"]) == 2
        assert "line 3 names another contact" in forum["feeds"][1]["about"], forum
        assert re.search(r"list.csv:4: its contact ", said), said
        p = b.run("tenant", "import", b.d.path("list.csv"), "--write")
        assert p.returncode == 1 and "contact" in p.stderr, p
        p = b.run("tenant", "import", b.d.path("list.csv"), "--write", *PEOPLE)
        assert p.returncode == 0, p
        written = b.d.path("tenants.d/list.conf").read_text()
        assert "a@a.example" in written and "admin@site.example" in written, written
        assert b.d.check()[0] == 0
        _, said = imported(b, "none.csv", "a,b\n1,2\n", code=1)
        assert "url" in said, said


def test_import_checked():
    """--check reads each feed and says so."""
    with Bench() as b:
        b.serve({"/a": doc(rss("A", range(2)))})
        got, _ = imported(b, "l.csv", f"tenant,url\nt,{b.web.base}a\nt,{b.web.base}b\n",
                          "--check")
        about = [f["about"] for f in got["t"]["feeds"]]
        assert "2 items" in about[0] and "CANNOT BE READ NOW: 404" in about[1], about


def test_import_hostile():
    """Big and broken lists cost little and are said, not swallowed."""
    with Bench() as b:
        cases = {"deep.opml": b"<outline text='x'>" * 100000,
                 "quotes.csv": b'url\n' + b'"\n' * 200000,
                 "nul.csv": b"url\n" + b"\0" * 100000 + b"\nhttps://a.example/\n",
                 "wide.csv": b"url" + b"," * 500000 + b"\n",
                 "long.opml": b"<opml><outline xmlUrl='http://" + b"a" * 2000000 + b"'/>"}
        for name, text in cases.items():
            b.d.path(name).write_bytes(text)
            began = time.monotonic()
            p = b.run("tenant", "import", b.d.path(name))
            assert p.returncode in (0, 1), (name, p.returncode, p.stderr[-300:])
            assert time.monotonic() - began < 5, name


# --- feed check -----------------------------------------------------------------------


def check(b, path, *words, code=0):
    p = b.run("feed", "check", "--json", b.web.base + path, *words)
    assert p.returncode == code, p
    r = json.loads(p.stdout)
    return r, {w["warning"] for w in r["warnings"]}


def test_feed_good():
    with Bench() as b:
        hub = "<link xmlns='http://www.w3.org/2005/Atom' rel='hub' href='http://hub.example/'/>"
        b.serve({"/f": {**doc(rss("Good", range(20), "<ttl>45</ttl>", full=True),
                              "application/rss+xml"), "etag": '"v1"'},
                 "/hop": {"status": 302, "redirect": "/f"},
                 "/hub": {**doc(rss("H", range(3))), "headers": {
                     "Link": '<http://hub.example/>; rel="hub", </hub?page=2>; '
                             'rel="next"'}},
                 "/x": doc(rss("X", range(2), hub))})
        r, warnings = check(b, "hop")
        assert r["feed"] and r["final_url"].endswith("/f") and len(r["hops"]) == 2, r
        assert r["validators"] == "304" and r["items"] == r["with_id"] == 20, r
        assert r["ttl_seconds"] == 2700 and 75000 <= r["interval_min_seconds"] <= 86400, r
        assert r["window_seconds"] == 19 * 86400 and r["enough"] == "that is often enough"
        assert not warnings & {"no-dates", "no-ids", "cut-text", "too-slow"}, warnings
        r, warnings = check(b, "hub")
        assert r["hub"] == "http://hub.example/", r
        assert r["next_url"] == b.web.base + "hub?page=2", r
        assert "no-older-pages" not in warnings
        p = b.run("feed", "check", b.web.base + "f")
        assert p.returncode == 0 and "answered with 304" in p.stdout, p.stdout
        assert all(len(x) < 200 and "\x1b" not in x for x in p.stdout.splitlines())


def test_feed_mapping():
    """JSON of a kind of its own is read by what the configuration says of its address,
    by the check and by `parse' alike."""
    rows = [{"no": i, "body": {"html": f"<p>words {i}</p>"}, "hour": 1764000000 + i}
            for i in range(3)]
    with Bench() as b:
        b.serve({"/api": doc(json.dumps({"data": {"messages": rows}}), "application/json")})
        url = b.web.base + "api"
        r, w = check(b, "api")
        assert r["with_id"] == r["with_date"] == 0 and "mapping_of" not in r, r
        assert "guessed-json" in w, w
        text = b.d.conf.read_text()
        b.d.conf.write_text(text.replace("tenants = (", """tenants = ( { id = "board"; name = "B";
            contact = "c@t.example"; manager = "m@h.example"; feeds = ( { url = "%s"; mapping = {
            items = "data.messages"; id = "no"; text = "body.html"; published = "hour"; }; } ); }"""
                                         % url))
        r, w = check(b, "api")
        assert not w & {"guessed-json", "no-ids", "no-dates"}, w
        assert r["mapping_of"] == "board" and r["with_text"] == r["with_date"] == 3, r
        assert check(b, "api?page=2")[0]["items"] == 3
        said = b.run("feed", "check", url).stdout
        assert "mapping     that of tenant board" in said, said
        b.d.path("saved.json").write_text(json.dumps({"data": {"messages": rows}}))
        p = b.d.run("parse", "-c", b.d.conf, "--url", url, b.d.path("saved.json"))
        items = [json.loads(x) for x in p.stdout.splitlines()]
        assert [i["text"] for i in items] == ["words 0", "words 1", "words 2"], p
        p = b.d.run("parse", "-c", b.d.conf, "--url", url + "x", b.d.path("saved.json"))
        assert p.returncode == 3 and "has no mapping for a feed at" in p.stderr, p
        p = b.d.run("parse", "-c", b.d.conf, b.d.path("saved.json"))
        assert p.returncode == 2 and "--url" in p.stderr, p


def told(b, *words, code=1):
    """All that is said, to somebody who knows nothing."""
    p = b.run(*words)
    assert p.returncode == code, p
    return p.stdout + p.stderr


def test_odd_sites():
    """What cannot be read is said in words, with what to do."""
    with Bench() as b:
        b.serve({"/": page(), "/login": page(title="Log in"), "/shut": {"status": 403},
                 "/inside": {"status": 302, "redirect": "/login"},
                 "/loop": {"status": 302, "redirect": "/loop"},
                 **nodeinfo("gargleblaster")})
        base = b.web.base
        said = told(b, "tenant", "add", base + "inside")
        assert "It leads to " + base + "login" in said and "feed check" in said, said
        assert "NodeInfo says gargleblaster 4.2.1" in told(b, "tenant", "add", base)
        for path, word in (("inside", "tenant add"), ("shut", "let this machine"),
                           ("loop", "in a circle"), ("none", "spelling")):
            said = told(b, "feed", "check", base + path)
            assert word in said and "would ask again" in said, said
        assert "--allow" not in told(b, "feed", "check", base + "loop")
        assert "--allow" in told(b, "feed", "check", "http://10.0.0.1/feed")
        assert "port" in told(b, "feed", "check", "http://[::1]:1/")
        assert "http://" in told(b, "feed", "check", "forum.example/feed", code=2)
        # An international name is asked for in the form that name servers know.
        said = told(b, "feed", "check", "http://b\u00fccher.invalid/feed")
        assert "b\u00fccher" in said and "cannot be resolved" in said, said


def test_self_signed():
    with Bench() as b:
        make_certificate(b.d.dir, ["127.0.0.1"])
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0),
                                                 http.server.SimpleHTTPRequestHandler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(b.d.dir + "/cert.pem", b.d.dir + "/key.pem")
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        said = told(b, "feed", "check", f"https://127.0.0.1:{server.server_port}/")
        assert "TLS fails" in said and "mend the certificate" in said, said
        said = told(b, "tenant", "add", f"https://127.0.0.1:{server.server_port}/")
        assert "TLS fails" in said, said
        server.shutdown()
        server.server_close()


def test_feed_warnings():
    """What cannot be seen is said."""
    with Bench(fetch='interval = "6h"; interval_min = "6h";') as b:
        bare = "<rss><channel>" + "".join(
            f"<item><title>t{i}</title></item>" for i in range(5)) + "</channel></rss>"
        fast = rss("Fast", []).replace("</channel>", "".join(
            f"<item><guid isPermaLink='false'>same</guid><title>q{i}</title><description>"
            f"begins and [...]</description><pubDate>Sun, 22 Nov 2026 10:00:{2*i:02} GMT"
            "</pubDate></item>" for i in range(10)) + "</channel>")
        b.serve({"/bare": doc(bare), "/fast": {**doc(fast), "last_modified":
                                               "Sun, 22 Nov 2026 10:10:00 GMT"},
                 "/limit": {"status": 429, "headers": {"Retry-After": "31536000"}},
                 "/lazy": {**doc(rss("L", range(3))), "headers": {"ETag": '"never"'}},
                 "/empty": doc(rss("E", [])), "/page": page(), "/gone": {"status": 410},
                 "/broken": doc(rss("B", range(3)).replace("</item>", "", 1))})
        _, w = check(b, "bare")
        assert {"no-ids", "no-dates", "no-text", "no-links", "no-validators",
                "not-encrypted"} <= w, w
        r, w = check(b, "fast")
        assert {"repeated-ids", "cut-text", "too-slow"} <= w and r["validators"] == "304", r
        assert "NOT" in r["enough"]
        r, w = check(b, "limit", code=1)
        assert r["outcome"] == "rate-limit" and "unobservable" in w, r
        assert "Retry-After" in r["silence"], r
        assert r["interval_max_seconds"] == 86400 and r["retry_after"] == "31536000", r
        r, w = check(b, "lazy")
        assert r["validators"] == "same-body" and "validators-ignored" in w, r
        assert "empty" in check(b, "empty")[1]
        assert "not-well-formed" in check(b, "broken")[1]
        r, _ = check(b, "page", code=1)
        assert r["outcome"] == "not-feed" and "HTML" in r["why"], r
        assert check(b, "gone", code=1)[0]["outcome"] == "gone"


def main():
    tests = [(k, v) for k, v in sorted(globals().items()) if k.startswith("test_")]
    wanted, failed = sys.argv[1:], 0
    for name, run in tests:
        if wanted and name not in wanted:
            continue
        begin = time.monotonic()
        try:
            run()
            verdict = "ok"
        except (AssertionError, Failed, OSError, ValueError, KeyError) as e:
            failed += 1
            traceback.print_exc()
            verdict = "FAILED: %s" % e
        print("%s: %s (%.1f s)" % (name, verdict, time.monotonic() - begin), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
