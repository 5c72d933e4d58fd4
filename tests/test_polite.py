#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How the daemon asks: one run of the real tosd against a scripted server, each case a
feed of its own on a loopback address of its own.  A case says what the server answers and
what the requests must then look like: validators byte for byte, hints obeyed up to the
cap, redirects, errors, states.  Spans that are days in life are seconds here, by their
keys in the configuration.
"""
import email.utils
import gzip
import os
import pathlib
import re
import socket
import sys
import time
import zlib

from daemon import Daemon, wait
from polite_server import (CASES, FEED, SLACK, Case, Server, about, answer, at_least, case,
                           entries, feed, fresh, ok, same, sends, states, to, unchanged)

RUN = 24  # seconds
INTERVAL, BACKOFF, HINT, RETRY = 1.0, 4.0, 6.0, 7.0  # interval, interval_max, *_max
MOVED = 3.0
FETCH = ('interval_max = "4s"; hint_max = "6s"; retry_after_max = "7s"; moved_polls = 3; '
         'moved_after = "3s"; connect_timeout = "1s"; max_body = "512K"; max_header = "16K";')

# --- conditional requests ----------------------------------------------------------------

def remembers(name, etag=None, since=None):
    """Sent with a 200, wanted back with every request; answered 304."""
    headers = [f"{k}: {v}" for k, v in (("ETag", etag), ("Last-Modified", since))
               if v is not None]

    def function(c):
        c.check = lambda: (sends(c, etag, since), same(c.requests[0].bare(), True),
                           same(c.row["state"], "ok"), same(c.items, ["a", "b"]),
                           about(c.gaps(), INTERVAL))
        return lambda r: ok(*headers) if r.bare() else unchanged(*headers)
    CASES.append(Case(name, function))


remembers("etag alone", etag='"v1"')
remembers("last-modified alone, as it was written", since="sun, 6 nov 1994 8:49:37 +0000")
remembers("both", etag='"v1"', since="Sun, 06 Nov 1994 08:49:37 GMT")
remembers("weak etag", etag='W/"weak-1"')
remembers("commas and backslashes in an etag", etag='"a,b\\, \\"c"')
remembers("unquoted etag", etag="abc'd\"e/f")
remembers("etag of nothing between quotes", etag='""')
remembers("bytes beyond ASCII in an etag", etag='"\xe4\xf6\xfc"')
remembers("etag of 8 KiB", etag='"' + "0123456789abcdef" * 512 + '"')
remembers("date that is none", since="yesterday, I think")


@case("name in odd case, blanks around the value")
def _(c):
    c.check = lambda: sends(c, '"x y"', None)
    return lambda r: fresh(r, 'eTaG: \t "x y" \t ')


@case("empty etag: nothing to send")
def _(c):
    c.check = lambda: (sends(c, None, None), same(c.row["state"], "ok"))
    return lambda r: fresh(r, "ETag:")


@case("another etag with each 200")
def _(c):
    def check():
        assert len(c.requests) > 5
        for r in c.requests[1:]:
            same(r.etag, f'"v{r.n - 1}"')
    c.check = check
    return lambda r: fresh(r, f'ETag: "v{r.n}"')


@case("another etag with a 304")
def _(c):
    def check():
        assert len(c.requests) > 5
        for r in c.requests[1:]:
            same((r.etag, r.since), (f'"v{r.n - 1}"', "then"))
    c.check = check
    return lambda r: (ok if r.n == 0 else unchanged)(f'ETag: "v{r.n}"',
                                                     "Last-Modified: then")


@case("a 304 that repeats nothing changes nothing")
def _(c):
    c.check = lambda: sends(c, '"v"', "then")
    return lambda r: ok('ETag: "v"', "Last-Modified: then") if r.bare() else unchanged()


@case("a 200 without drops them")
def _(c):
    c.check = lambda: (same(c.requests[1].etag, '"v"'), sends(c, None, None, 2))
    return lambda r: fresh(r, *(['ETag: "v"'] if r.n == 0 else []))


@case("a 200 without drops them, also with the same body")
def _(c):
    c.check = lambda: (same(c.requests[1].etag, '"v"'), sends(c, None, None, 2))
    return lambda r: ok(*(['ETag: "v"', "Last-Modified: x"] if r.n == 0 else []))


@case("one of two is dropped")
def _(c):
    c.check = lambda: (same(c.requests[1].since, "then"), sends(c, '"v"', None, 2))
    return lambda r: fresh(r, 'ETag: "v"', *(["Last-Modified: then"] if r.n == 0 else []))


@case("an error does not touch them")
def _(c):
    c.check = lambda: (sends(c, '"v"', None), same(states(c)[0], "http-error"))
    return lambda r: ok('ETag: "v"') if r.n != 1 else answer("500 Oops", 'ETag: "e"')


@case("those of half a body are not kept")
def _(c):
    c.check = lambda: (sends(c, None, None), same(c.items, ["a", "b"]))
    return lambda r: (ok('ETag: "half"', body=FEED[:-20], length=len(FEED)), True)


@case("those of a page that is no feed are not kept")
def _(c):
    c.check = lambda: (sends(c, None, None), same(c.row["state"], "not-feed"))
    return lambda r: ok('ETag: "page"', body=b"<html><body>Welcome</body></html>")


@case("304 though nothing was asked")
def _(c):
    c.check = lambda: (sends(c, None, None, 0), same(c.row["state"], "http-error"))
    return lambda r: unchanged('ETag: "v"')


@case("a 304 from another place vouches for nothing")
def _(c):
    def check():
        asked = [r for r in c.requests if r.path == "/two"]
        same(asked[0].etag, '"v"')  # taken for the same document
        same(asked[1].etag, None)
        same(c.items, ["a", "b", "other"])

    def serve(r):
        if r.path == "/feed":
            return to("/one" if r.n == 0 else "/two")
        if r.path == "/one":
            return ok('ETag: "v"')
        return unchanged('ETag: "v"') if r.etag == '"v"' else ok('ETag: "v"',
                                                                 body=feed("other"))
    c.check = check
    return serve


# --- caching -----------------------------------------------------------------------------

@case("max-age")
def _(c):
    c.check = lambda: (at_least(c.gaps(), 3), same(c.row.get("unobservable"), None))
    return lambda r: ok("Cache-Control: public, max-age=3")


@case("max-age in quotes, other words around")
def _(c):
    c.check = lambda: at_least(c.gaps(), 3)
    return lambda r: ok('Cache-Control: private,x-max-age=99 , Max-Age="3"')


@case("max-age less age")
def _(c):
    c.check = lambda: at_least(c.gaps(), 3)
    return lambda r: ok("Cache-Control: max-age=10", "Age: 7")


@case("expires, by the server's own clock")
def _(c):
    c.check = lambda: at_least(c.gaps(), 3)
    return lambda r: ok("Date: Sun, 06 Nov 1994 08:49:37 GMT",
                        "Expires: Sun, 06 Nov 1994 08:49:40 GMT")


@case("max-age counts, not expires")
def _(c):
    c.check = lambda: about(c.gaps(), INTERVAL)
    return lambda r: ok("Cache-Control: max-age=0",
                        "Expires: " + email.utils.formatdate(time.time() + 5, usegmt=True))


@case("expires 0")
def _(c):
    c.check = lambda: (about(c.gaps(), INTERVAL), sends(c, '"v"', None))
    return lambda r: (ok if r.bare() else unchanged)('ETag: "v"', "Expires: 0")


@case("no-store")
def _(c):
    c.check = lambda: about(c.gaps(), INTERVAL)
    return lambda r: ok("Cache-Control: max-age=5, no-store")


@case("max-age of the 200 holds after a 304 that says nothing")
def _(c):
    c.check = lambda: (at_least(c.gaps(), 3), sends(c, '"v"', None))
    return lambda r: ok('ETag: "v"', "Cache-Control: max-age=3") if r.bare() else unchanged()


@case("max-age of a 304")
def _(c):
    c.check = lambda: at_least(c.gaps()[1:], 3)
    return lambda r: ok('ETag: "v"') if r.bare() else unchanged("Cache-Control: max-age=3")


def silenced(c, cap, word):
    at_least(c.gaps(), cap)
    assert word in c.row["unobservable"], c.row["unobservable"]
    gone = entries(c, "unobservable")
    same([(e["state"], e["cap_ms"]) for e in gone], [("open", cap * 1000)])
    assert c.log.count(": unobservable: ") == 1, c.log
    assert len(c.requests) >= 3


@case("max-age of a year: the cap, and on record once")
def _(c):
    c.check = lambda: silenced(c, HINT, "Cache-Control")
    return lambda r: fresh(r, "Cache-Control: max-age=31536000")


@case("a number beyond all bounds")
def _(c):
    c.check = lambda: silenced(c, HINT, "Cache-Control")
    return lambda r: ok("Cache-Control: max-age=99999999999999999999999")


@case("unobservable ends")
def _(c):
    c.check = lambda: (same([e["state"] for e in entries(c, "unobservable")],
                            ["open", "closed"]), same(c.row.get("unobservable"), None),
                       at_least(c.gaps()[:1], HINT), about(c.gaps()[1:], INTERVAL))
    return lambda r: ok(*(["Cache-Control: max-age=86400"] if r.n == 0 else []))


# --- hints of the document -----------------------------------------------------------------

@case("ttl beyond the cap")
def _(c):
    c.check = lambda: silenced(c, HINT, "ttl")
    return lambda r: ok(body=feed("a", extra="<ttl>1440</ttl>"))


@case("ttl holds after a 304")
def _(c):
    c.check = lambda: (silenced(c, HINT, "ttl"), sends(c, '"v"', None))
    return lambda r: ok('ETag: "v"', body=feed("a", extra="<ttl>1</ttl>")) if r.bare() \
        else unchanged()


@case("ttl of nothing")
def _(c):
    c.check = lambda: about(c.gaps(), INTERVAL)
    return lambda r: ok(body=feed("a", extra="<ttl>0</ttl><ttl>-5</ttl>"))


@case("updatePeriod")
def _(c):
    c.check = lambda: silenced(c, HINT, "updatePeriod")
    return lambda r: ok(body=feed(
        "a", extra="<sy:updatePeriod>hourly</sy:updatePeriod>"
        "<sy:updateFrequency>2</sy:updateFrequency>"))


# What the feed room does not read cannot be obeyed.
READS_SKIPS = "skip_hours" in pathlib.Path(
    os.environ.get("srcdir") or pathlib.Path(__file__).parent.parent,
    "daemon/feed/xml_values.c").read_text()


def hours(now, *spans):
    return "".join(f"<hour>{time.gmtime(now + s * 3600).tm_hour}</hour>" for s in spans)


@case("skipHours of this hour and the next")
def _(c):
    c.check = lambda: not READS_SKIPS or silenced(c, HINT, "skipHours")
    return lambda r: fresh_hint(r, "<skipHours>%s</skipHours>" % hours(r.time, 0, 1))


@case("skipHours of other hours")
def _(c):
    c.check = lambda: about(c.gaps(), INTERVAL)
    return lambda r: fresh_hint(r, "<skipHours>%s</skipHours>" % hours(r.time, 3, 4, 5))


@case("skipDays of all days")
def _(c):
    c.check = lambda: not READS_SKIPS or silenced(
        c, HINT, "skipHours and skipDays leave no hour")
    days = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
    return lambda r: fresh_hint(r, "<skipDays>%s</skipDays>" % "".join(
        f"<day>{d}</day>" for d in days))


def fresh_hint(r, extra):
    return ok(body=feed("a", extra=extra, text=f"words {r.n}"))


# --- redirects ---------------------------------------------------------------------------

def follows(name, status, kept, target="/new"):
    def function(c):
        def check():
            same(c.row["state"], "ok")
            same(c.items, ["a", "b"])
            direct = sum(a.path == b.path == "/new" for a, b in
                         zip(c.requests, c.requests[1:]))
            if kept:
                same(c.row["moved"], "kept")
                assert c.row["moved_to"].endswith("/new"), c.row["moved_to"]
                same([e["state"] for e in entries(c, "moved")], ["kept"])
                assert direct >= 3, "the new address was not asked by itself"
                first = min(b.time for a, b in zip(c.requests, c.requests[1:])
                            if a.path == b.path == "/new")
                assert first - c.requests[0].time >= MOVED, "kept too soon"
                assert c.count("/feed") >= 5, "the old address was not looked at again"
            else:
                same(c.row.get("moved"), None)
                same(entries(c, "moved"), [])
                same(direct, 0)
        c.check = check
        return lambda r: to(target, status) if r.path == "/feed" else ok()
    CASES.append(Case(name, function))


follows("302", "302 Found", False)
follows("303", "303 See Other", False)
follows("307", "307 Temporary Redirect", False)
follows("301 is kept when it has proven stable", "301 Moved Permanently", True)
follows("308 is kept when it has proven stable", "308 Permanent Redirect", True)
follows("301 without a host", "301 Moved", True, target="//$HOST:$PORT/new")
follows("301 relative to the path", "301 Moved", True, target="x/../new")


@case("redirect to another host")
def _(c):
    other = "127.8.8.8"
    c.also = [other]
    c.check = lambda: (same(c.row["state"], "ok"), same(c.items, ["a", "b"]),
                       same({r.host for r in c.requests if r.path == "/new"}, {other}))
    return lambda r: to(f"http://{other}:$PORT/new") if r.path == "/feed" else ok()


@case("five hops")
def _(c):
    c.check = lambda: (same(c.row["state"], "ok"), same(c.items, ["a", "b"]))
    hops = {"/feed": "/1", "/1": "/2", "/2": "/3", "/3": "/4", "/4": "/5"}
    return lambda r: to(hops[r.path]) if r.path in hops else ok()


@case("six hops are too many")
def _(c):
    c.check = lambda: (same(c.row["state"], "refused"), same(c.items, []),
                       same(c.count("/6"), 0), about(c.gaps(), INTERVAL))
    hops = {"/feed": "/1", "/1": "/2", "/2": "/3", "/3": "/4", "/4": "/5", "/5": "/6"}
    return lambda r: to(hops[r.path]) if r.path in hops else ok()


@case("in a circle")
def _(c):
    c.check = lambda: (same(c.row["state"], "refused"), same(c.count("/a"), c.count("/feed")))
    return lambda r: to("/a" if r.path == "/feed" else "/feed", "301 Moved")


def refuses(name, target):
    def function(c):
        c.check = lambda: (same(c.row["state"], "refused"), same(c.items, []),
                           same(c.row.get("moved"), None),
                           same({r.path for r in c.requests}, {"/feed"}))
        return lambda r: to(target, "301 Moved")
    CASES.append(Case(name, function))


refuses("to a file", "file:///etc/passwd")
refuses("to a link-local address", "http://169.254.169.254/latest/meta-data/")
refuses("to a mapped link-local address", "http://[::ffff:169.254.169.254]/x")


@case("permanent, then temporary: only the first is kept")
def _(c):
    def check():
        same(c.row["moved"], "kept")
        assert c.row["moved_to"].endswith("/mid"), c.row["moved_to"]
        assert any(a.path == "/end" and b.path == "/mid"
                   for a, b in zip(c.requests, c.requests[1:])), "/mid was not asked"
    c.check = check
    hops = {"/feed": ("/mid", "301 Moved"), "/mid": ("/end", "302 Found")}
    return lambda r: to(*hops[r.path]) if r.path in hops else ok()


@case("temporary, then permanent: nothing is kept")
def _(c):
    c.check = lambda: (same(c.row.get("moved"), None), same(entries(c, "moved"), []))
    hops = {"/feed": ("/mid", "302 Found"), "/mid": ("/end", "301 Moved")}
    return lambda r: to(*hops[r.path]) if r.path in hops else ok()


@case("a redirect with Retry-After")
def _(c):
    c.check = lambda: (at_least(c.gaps(), 4, 4 * 2.2 + SLACK), same(c.items, ["a", "b"]))
    return lambda r: to("/new", "302 Found", "Retry-After: 4") if r.path == "/feed" else ok()


@case("a redirect to nowhere")
def _(c):
    c.check = lambda: same(c.row["state"], "http-error")
    return lambda r: answer("301 Moved Permanently")


@case("a maintenance page does not become the feed")
def _(c):
    c.check = lambda: (same(entries(c, "moved"), []), same(c.row.get("moved"), None),
                       same(states(c), ["not-feed", "ok"]), same(c.items, ["a", "b"]))

    def serve(r):
        if r.path == "/sorry":
            return ok(body=b"<!DOCTYPE html><title>We will be back</title><p>Sorry.")
        return to("/sorry", "301 Moved") if 1 <= r.n <= 4 else ok()
    return serve


@case("a redirect that changes its target proves nothing")
def _(c):
    c.check = lambda: (same(entries(c, "moved"), []), same(c.items, ["a", "b"]))
    return lambda r: to(f"/x{r.n}", "301 Moved") if r.path == "/feed" else ok()


@case("a kept target that fails gives way")
def _(c):
    def check():
        same([e["state"] for e in entries(c, "moved")], ["kept", "failed", "dropped"])
        same(c.row.get("moved"), None)
        same(c.row["state"], "ok")
        same(c.requests[-1].path, "/feed")
        same(c.items, ["a", "b", "home"])

    direct = []  # times at which the new address was asked by itself

    def serve(r):
        before = c.requests[-2].path if len(c.requests) > 1 else ""
        if r.path == before == "/new":
            direct.append(r.time)
        back = len(direct) > 1
        if r.path == "/feed":
            return ok(body=feed("home")) if back else to("/new", "301 Moved")
        return answer("404 Not Found") if back else ok('ETag: "there"')
    c.check = check
    return serve


@case("a moved feed whose old address dies stays readable")
def _(c):
    c.check = lambda: (same([e["state"] for e in entries(c, "moved")], ["kept"]),
                       same(states(c), []), same(c.row["state"], "ok"),
                       same(c.row["moved"], "kept"))

    def serve(r):
        if r.path == "/new":
            return ok()
        return answer("404 Not Found") if r.time > c.requests[0].time + 7 else \
            to("/new", "301 Moved")
    return serve


# --- errors ------------------------------------------------------------------------------

def backs_off(c):
    """Twice as long after each failure, up to the longest interval, and never silent."""
    gaps = c.gaps()
    assert len(gaps) >= 4, f"only {len(gaps) + 1} requests"
    for gap, want in zip(gaps, [1, 2, 4, 4, 4, 4]):
        assert want * 0.9 - 0.05 <= gap <= want * 1.1 + SLACK, (gap, want)


def fails(name, state, serve, status=None, check=None):
    def function(c):
        def all_of_it():
            same(c.row["state"], state)
            same(states(c), [state])  # once, not for each poll
            assert c.row["since"] <= c.row["last_poll"], c.row
            same(c.log.count(": not readable: "), 1)
            assert any(e["state"] == "open" and not e["ours"] for e in entries(c, "gap"))
            backs_off(c)
            if status is not None:
                same(c.row["status"], status)
            if check is not None:
                check(c)
        c.check = all_of_it
        return serve
    CASES.append(Case(name, function))


fails("404", "not-found", lambda r: answer("404 Not Found"), 404)
fails("403", "forbidden", lambda r: answer("403 Forbidden"), 403)
fails("401", "forbidden", lambda r: answer("401 Unauthorized", "WWW-Authenticate: x"), 401)
fails("451", "legal", lambda r: answer("451 Unavailable For Legal Reasons"), 451)
fails("500", "http-error", lambda r: answer("500 Oops"), 500)
fails("204", "http-error", lambda r: answer("204 No Content"), 204)
fails("206", "http-error", lambda r: answer("206 Partial Content", body=FEED), 206)
fails("an empty 200", "not-feed", lambda r: ok(body=b""), 200)
fails("HTML", "not-feed", lambda r: ok(body=b"<!DOCTYPE html><h1>Welcome</h1>"), 200)
fails("no answer at all", "connect", lambda r: (b"", True))
fails("an answer that is none", "http-error", lambda r: (b"SSH-2.0-OpenSSH\r\n\r\n", True))
fails("a flood of header lines", "http-error",
      lambda r: (b"HTTP/1.1 200 OK\r\n" + b"X-Flood: f\r\n" * 20000, True))


@case("reset in the middle")
def _(c):
    c.check = lambda: (same(c.row["state"], "ok"), same(c.items, ["a", "b"]),
                       sends(c, None, None))
    return lambda r: (ok('ETag: "v"', body=FEED, length=len(FEED) + 999), "reset")


@case("gone: asked at the longest interval")
def _(c):
    c.check = lambda: (same(c.row["state"], "gone"), same(states(c), ["gone"]),
                       about(c.gaps(), BACKOFF, BACKOFF + SLACK))
    return lambda r: answer("410 Gone")


@case("gone, and back")
def _(c):
    c.check = lambda: (same(states(c), ["gone", "ok"]), same(c.row["state"], "ok"),
                       same([e["state"] for e in entries(c, "gap")], ["open", "closed"]))
    return lambda r: answer("410 Gone") if r.n == 0 else ok()


@case("one state after the other, each on record")
def _(c):
    c.check = lambda: same(states(c)[:4], ["not-found", "legal", "http-error", "ok"])
    steps = ["404 Not Found", "451 Legal", "500 Oops"]
    return lambda r: answer(steps[r.n]) if r.n < 3 else ok()


@case("503 with seconds")
def _(c):
    c.check = lambda: (at_least(c.gaps(), 3), same(c.row["state"], "rate-limit"))
    return lambda r: answer("503 Busy", "Retry-After: 3")


@case("503 with a date, by the server's own clock")
def _(c):
    c.check = lambda: (at_least(c.gaps(), 3), same(c.row["state"], "rate-limit"))
    return lambda r: answer("503 Busy", "Date: Sun, 06 Nov 1994 08:49:37 GMT",
                            "Retry-After: Sun, 06 Nov 1994 08:49:40 GMT")


@case("429 without a word")
def _(c):
    c.check = lambda: (about(c.gaps(), INTERVAL), same(c.row["state"], "rate-limit"))
    return lambda r: answer("429 Too Many Requests")


@case("429 for a year: the cap, and on record once")
def _(c):
    c.check = lambda: silenced(c, RETRY, "Retry-After")
    return lambda r: answer("429 Too Many Requests", "Retry-After: 31536000")


@case("429 once, with a wait")
def _(c):
    c.check = lambda: (at_least(c.gaps()[:1], 5), about(c.gaps()[1:], INTERVAL),
                       same(states(c), ["rate-limit", "ok"]))
    return lambda r: answer("429 Slow", "Retry-After: 5") if r.n == 0 else ok()


@case("404 with Retry-After")
def _(c):
    c.check = lambda: (at_least(c.gaps(), 3), same(c.row["state"], "not-found"))
    return lambda r: answer("404 Not Found", "Retry-After: 3")


# --- bodies ------------------------------------------------------------------------------

def reads(name, serve, *ids):
    """What came before the damage counts."""
    def function(c):
        c.check = lambda: (same(c.row["state"], "ok"), same(c.items, sorted(ids)))
        return serve
    CASES.append(Case(name, function))


WHOLE = feed("a", "b", text="words " * 500)
HALF = WHOLE[:-1500]  # cut in the text of b
reads("cut in an item", lambda r: (ok(body=HALF, length=len(WHOLE)), True), "a", "b")
reads("drip", lambda r: (ok(body=b"", length=len(WHOLE)), ("drip", WHOLE)), "a", "b")
reads("content-length too short", lambda r: (ok(body=WHOLE, length=len(HALF)), True),
      "a", "b")
reads("chunks, one of them bad", lambda r: (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\nzz\r\n" % (
        len(HALF), HALF), True), "a", "b")
reads("gzip", lambda r: ok("Content-Encoding: gzip", body=gzip.compress(FEED)), "a", "b")
reads("type that lies", lambda r: answer("200 OK", "Content-Type: image/png", body=FEED),
      "a", "b")
reads("charset that lies", lambda r: answer(
    "200 OK", "Content-Type: application/rss+xml; charset=us-ascii",
    body=feed("a", "b", text="Gr\xfc\xdfe")), "a", "b")
reads("early hints before the answer", lambda r: b"HTTP/1.1 103 Early\r\n\r\n" * 3 + ok(),
      "a", "b")


def contained(name, serve):
    """Nothing of it is read, and it costs a poll, not the daemon."""
    def function(c):
        c.check = lambda: (same(c.items, []), backs_off(c),
                           same(c.row["state"] in ("http-error", "not-feed"), True))
        return serve
    CASES.append(Case(name, function))


def bomb():
    z = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(z.compress(bytes(1 << 20)) for _ in range(64)) + z.flush()


BOMB = bomb()
contained("broken gzip", lambda r: ok("Content-Encoding: gzip", body=b"\x1f\x8bnot gzip" * 9))
contained("gzip bomb", lambda r: ok("Content-Encoding: gzip", body=BOMB))
contained("a flood of interim answers", lambda r: (b"HTTP/1.1 103 Early\r\n\r\n" * 40000,
                                                   True))


# --- ids ---------------------------------------------------------------------------------

@case("no guids: the same posts are the same items")
def _(c):
    body = feed("a", "b").replace(b"<guid>a</guid>", b"").replace(b"<guid>b</guid>", b"")
    c.check = lambda: (same(len(c.items), 2), same(c.revisions, 2))
    return lambda r: ok(body=body + b"<!-- %d -->" % r.n)


@case("one guid for two posts")
def _(c):
    body = feed("a") .replace(b"</channel>", b"<item><guid>a</guid><title>other</title>"
                              b"<description>else</description></item></channel>")
    c.check = lambda: (same(len(c.items), 2), same(c.revisions, 2))
    return lambda r: ok(body=body + b"<!-- %d -->" % r.n)


@case("an edit is a revision, a repeat is none")
def _(c):
    c.check = lambda: (same(c.items, ["a"]), same(c.revisions, 3))
    return lambda r: ok(body=feed("a", text=f"edit {min(r.n, 2)}") + b"<!-- %d -->" % r.n)


@case("numbers as ids")
def _(c):
    c.check = lambda: same(c.items, ["7", "8"])
    return lambda r: answer(
        "200 OK", "Content-Type: application/feed+json",
        body=b'{"version": "https://jsonfeed.org/version/1.1", "title": "t", "items": ['
             b'{"id": 7, "content_text": "x"}, {"id": "8", "content_text": "y"}]}')


@case("nobody listens")
def _(c):
    with socket.socket() as s:
        s.bind((c.host, 0))
        c.url = "http://%s:%d/feed" % s.getsockname()
    c.check = lambda: (same(c.row["state"], "connect"), same(states(c), ["connect"]))
    return lambda r: ok()


@case("no TLS where it should be")
def _(c):
    c.url = c.url.replace("http:", "https:")
    c.check = lambda: (same(c.row["state"], "tls"), same(states(c), ["tls"]))
    return lambda r: (b"", True)


# --- the run -----------------------------------------------------------------------------

def gather(d, url):
    """Everything that the checks ask for, once."""
    rows = {row["url"]: row for row in d.ask("feeds")}
    ids = {key: row["id"] for key, row in rows.items()}
    entries, log = list(d.ledger()), d.log().splitlines()
    for c in CASES:
        c.row = rows[url[c]]
        number = ids[url[c]]
        c.ledger = [e for e in entries if e.get("feed") == number]
        c.log = "\n".join(x for x in log if url[c] + ":" in x)
        c.items = sorted(x for x, in d.query("SELECT guid FROM item WHERE feed = ?", number))
        c.revisions = d.query("SELECT count(*) FROM revision WHERE item IN (SELECT id "
                              "FROM item WHERE feed = ?)", number)[0][0]


def start_spread(start):
    """All feeds begin within one interval, evenly enough."""
    first = sorted(c.requests[0].time - start for c in CASES if c.requests)
    assert first[-1] - first[0] <= INTERVAL + SLACK, first[-1] - first[0]
    assert first[-1] - first[0] >= INTERVAL / 2, "all at once"


def main():
    begin = time.monotonic()
    only = sys.argv[1] if len(sys.argv) > 1 else None
    if only:
        CASES[:] = [c for c in CASES if re.search(only, c.name)]
    for c in CASES:
        c.serve = c.function(c)
    server = Server(CASES)
    url = {c: c.url.replace("$PORT", str(server.port)) for c in CASES}
    failed = 0
    with Daemon({f"t{c.number}": url[c] for c in CASES}, interval="1s") as d:
        conf = d.path("tosd.conf").read_text()
        conf = conf.replace('interval_max = "1h";', FETCH).replace(
            'allow = [ "127.0.0.0/8" ]; timeout = "10s";',
            'allow = [ "127.0.0.0/8" ]; timeout = "2s";')
        assert FETCH in conf and 'timeout = "2s"' in conf
        d.write("tosd.conf", conf)
        d.start()
        start = time.time()
        wait("all feeds to be asked", lambda: all(
            c.requests for c in CASES if url[c].startswith(f"http://{c.host}:{server.port}/")))
        time.sleep(max(0.0, start + RUN - time.time()))
        gather(d, url)
        for c in CASES:
            try:
                c.check()
            except (AssertionError, KeyError, IndexError, ValueError) as e:
                failed += 1
                print(f"FAILED: {c.name}: {type(e).__name__} {e}")
                print("   ", [(round(r.time - start, 2), r.path, (r.etag or "")[:20])
                              for r in c.requests[:8]],
                      {k: v for k, v in c.row.items() if k not in ("id", "url", "title")})
        if not only:
            start_spread(start)
        d.stop()
        d.check_record()
    print(f"{len(CASES) - failed} of {len(CASES)} cases, "
          f"{sum(len(c.requests) for c in CASES)} requests, "
          f"{time.monotonic() - begin:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
