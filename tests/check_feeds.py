#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs feeds with known items through `tosctl parse` and says which hold.

usage: check_feeds.py [PROGRAM [DATA-FOLDER]]

PROGRAM is called as `PROGRAM parse ...` (tosctl) or, when it is named parse_main,
without the first word; it defaults to $builddir/tests/parse_main.  The data folder is
$TOSD_DATA or else $srcdir/../shared/data.  Every case must hold.  The expected values come
from a library that returns HTML, so a title or text holds if it is equal, or if its HTML
read as plain text is equal after white space is collapsed and its addresses are among
our links.  Encodings compare without case; a charset that holds another one is as good.
"""
import html.parser
import json
import os
import pathlib
import re
import subprocess
import sys

BASE = "http://127.0.0.1:8097/"


class Plain(html.parser.HTMLParser):
    """HTML to text, independent of the code under test."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.text, self.links = [], []

    def handle_starttag(self, tag, attrs):
        self.text.append(" " if tag in ("br", "p", "div", "li", "td") else "")
        for name, value in attrs:
            if name in ("href", "src", "xlink:href") and re.match("https?://", value or ""):
                self.links.append(value)

    def handle_endtag(self, tag):
        self.text.append(" " if tag in ("p", "div", "li", "td") else "")

    def handle_data(self, data):
        self.text.append(data)


def collapse(s):
    return " ".join(s.split())


def text_holds(want, got, links):
    if want == got or collapse(want) == collapse(got):
        return True
    p = Plain()
    p.feed(want)
    p.close()
    return collapse("".join(p.text)) == collapse(got) and all(u in links for u in p.links)


def author_holds(want, got):
    # The data states "name" and "name (address)" for the same Atom document.
    return want == got or (got or "").startswith(want + " (")


def differences(want, got):
    for key in ("id", "url", "published", "updated"):
        if key in want and want[key] != got.get(key):
            yield key, want[key], got.get(key)
    if "author" in want and not author_holds(want["author"], got.get("author")):
        yield "author", want["author"], got.get("author")
    for key in ("title", "text"):
        if key not in want:
            continue
        accepted = [want[key]] + want.get(key + "_alt", [])
        if not any(text_holds(w, got.get(key, ""), got.get("links", [])) for w in accepted):
            yield key, want[key], got.get(key)


def run(program, feed, want):
    head = want.get("response_headers", {})
    cmd = program + ["--doc"]
    if BASE in json.dumps([want.get(k, "") for k in ("items", "feed", "other_expectations")]):
        cmd += ["--url", BASE + feed.name]
    if "content-type" in head:
        cmd += ["--type", head["content-type"]]
    if "content-language" in head:
        cmd += ["--language", head["content-language"]]
    if "content-location" in head:
        cmd += ["--location", head["content-location"]]
    p = subprocess.run(cmd + [str(feed)], capture_output=True, check=False, timeout=60)
    return p.returncode, [json.loads(line) for line in p.stdout.decode().splitlines()]


# Charsets and those that hold all their characters at the same places.
SUPERSETS = {"gb2312": "gb18030"}


def encoding_holds(want, got):
    want, got = want.lower(), (got or "").lower()
    return got in (want, SUPERSETS.get(want))


def feed_differences(want, doc):
    """What the document says of itself; its version as format without dots."""
    stated = want.get("feed", {})
    if "title" in stated and not text_holds(collapse(stated["title"]), doc.get("title", ""),
                                            LinksUnknown()):
        yield "feed.title", stated["title"], doc.get("title")
    for key, ours in (("url", "link"), ("language", "lang")):
        if key in stated and stated[key] != doc.get(ours):
            yield "feed." + key, stated[key], doc.get(ours)
    if "ttl" in stated and int(stated["ttl"]) * 60 != doc.get("ttl_seconds"):
        yield "feed.ttl", stated["ttl"], doc.get("ttl_seconds")
    if "version" in want and version(doc.get("format", "")) != want["version"].rstrip("nu"):
        yield "version", want["version"], doc.get("format")


class LinksUnknown:
    """Titles of feeds keep no links."""

    def __contains__(self, url):
        return True


def version(form):
    # That library has one name for all of 2.x, and tells who made 0.91 by its DOCTYPE.
    form = form.replace(".", "")
    return "rss20" if form.startswith("rss2") else form


MEDIA = re.compile(r"entries\[0\]\['(?:enclosures|media_content|media_thumbnail)'\]\[(\d)\]"
                   r"\['(href|url|type)'\] == '([^']*)'$")


def media_differences(want, items):
    """Of the further expectations those about media and answers."""
    for line in want.get("other_expectations", []):
        m = MEDIA.match(line)
        media = items[0].get("media", []) if items else []
        if m is not None:
            key = "type" if m[2] == "type" else "url"
            if m[3] not in [x.get(key) for x in media]:
                yield "media", line, media
        m = re.match(r"entries\[0\]\['thr_in-reply-to'\]\['ref'\] == '(.*)'$", line)
        if m is not None and items[0].get("in_reply_to") != m[1]:
            yield "in_reply_to", line, items[0].get("in_reply_to")


def check(program, feed, want):
    code, lines = run(program, feed, want)
    problems = []
    items = lines[1:]
    if code != 0 and want.get("items"):
        problems.append(("exit", 0, code))
    for w in want.get("items", []):
        if w["index"] >= len(items):
            problems.append(("item", w["index"], None))
            continue
        problems += differences(w, items[w["index"]])
    if lines:
        problems += feed_differences(want, lines[0])
        problems += media_differences(want, items)
    if "item_count" in want and want["item_count"] != len(items):
        problems.append(("items", want["item_count"], len(items)))
    bozo = None
    if "bozo" in want and lines:
        bozo = (want["bozo"], not lines[0]["well_formed"])
    elif "bozo" in want:
        bozo = (want["bozo"], True)
    return problems, bozo, lines[0] if lines else {}


def check_folder(program, folder):
    """Prints what does not hold; returns how many."""
    total = held = bozo_right = bozo_total = 0
    encodings = encodings_right = 0
    for expected in sorted(folder.glob("*.expected.json")):
        want = json.loads(expected.read_text())
        feed = next(f for f in folder.glob(re.escape(expected.name[:-14]) + ".*") if f != expected)
        problems, bozo, doc = check(program, feed, want)
        if want.get("items") or want.get("feed") or "version" in want:
            total += 1
            held += not problems
        elif problems:
            total += 1
        for p in problems:
            print("no:", feed.name, *map(repr, p))
        if bozo is not None:
            bozo_total += 1
            bozo_right += bozo[0] == bozo[1]
            if bozo[0] != bozo[1]:
                print("bozo:", feed.name, "expected", bozo[0], doc.get("problem", ""))
        if "encoding" in want:
            encodings += 1
            right = encoding_holds(want["encoding"], doc.get("encoding"))
            encodings_right += right
            if not right:
                print("encoding:", feed.name, want["encoding"], doc.get("encoding"))
    print(f"{folder.name}: {held} of {total} hold; well-formedness {bozo_right} of {bozo_total};"
          f" encodings {encodings_right} of {encodings}")
    return total - held + bozo_total - bozo_right + encodings - encodings_right


def check_dates(program, file):
    cases = json.loads(file.read_text())
    p = subprocess.run(program + ["--dates"], input="".join(c["input"] + "\n" for c in cases).encode(),
                       capture_output=True, check=True, timeout=60)
    wrong = 0
    for case, got in zip(cases, p.stdout.decode().splitlines(), strict=True):
        want = case["expected"] or "-"
        if want.startswith("99-"):  # the year 99, written short in the data
            want = "00" + want
        if want != got:
            wrong += 1
            print("no: date", case["format"], repr(case["input"]), want, got)
    print(f"dates: {len(cases) - wrong} of {len(cases)} hold")
    return wrong


def main():
    args = sys.argv[1:]
    if len(args) > 2:
        sys.exit(__doc__)
    env = os.environ.get
    program = args[0] if args else env("builddir", ".") + "/tests/parse_main"
    data = args[1] if len(args) > 1 else env("TOSD_DATA") or env("srcdir", ".") + "/../shared/data"
    feeds = pathlib.Path(data) / "feeds" / "feedparser"
    if not feeds.is_dir():
        print("skipped: no folder", feeds)
        sys.exit(77)
    command = [program] if program.endswith("parse_main") else [program, "parse"]
    wrong = check_folder(command, feeds / "items")
    wrong += check_folder(command, feeds / "feedlevel")
    wrong += check_dates(command, feeds / "dates.json")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
