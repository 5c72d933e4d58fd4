#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""Every feed with known items of the data folder, each a tenant of one running tosd: all
are read, whatever is wrong with their markup; what is stored is what `tosctl parse`
shows and what the data expects; a second poll records nothing twice."""
import json
import subprocess
import sys
import time

import check_feeds
from daemon import BUILD, Daemon, Web, data_folder, item_of, wait

LEAST = 255  # of 266 expectations


def load(folder):
    """[(name, bytes, expectation)]"""
    feeds = []
    for expected in sorted(folder.glob("*.expected.json")):
        feed = folder / (expected.name[:-len(".expected.json")] + ".xml")
        feeds.append((feed.stem, feed.read_bytes(), expected.read_text()))
    return feeds


def headers_of(want, body):
    head = {k.title(): v for k, v in json.loads(want).get("response_headers", {}).items()}
    kind = "application/json" if body[:1] == b"{" else "text/xml"
    return {"Content-Type": kind, **head}


def plan(feeds):
    steps = {}
    for i, (name, body, want) in enumerate(feeds):
        step = {"headers": headers_of(want, body),
                "body": body.decode("utf-8", "surrogateescape")}
        if i % 2:
            step["etag"] = f'"{i}"'
        steps["/" + name] = step
    return steps


def parsed(feeds, folder, base):
    """{name: items} as `tosctl parse` reads the same bytes."""
    items = {}
    for name, body, want in feeds:
        head = headers_of(want, body)
        cmd = [BUILD + "/tosctl", "parse", "--url", base + name, "--type", head["Content-Type"]]
        if "Content-Location" in head:
            cmd += ["--location", head["Content-Location"]]
        p = subprocess.run(cmd + [str(folder / (name + ".xml"))], capture_output=True,
                           timeout=60, check=False)
        items[name] = [json.loads(x) for x in p.stdout.decode().splitlines()]
    return items


def stored(d):
    """{name of the feed: items in the order in which they were stored}"""
    items = {}
    for url, body in d.query(
            "SELECT feed.url, revision.body FROM revision JOIN item ON item.id = "
            "revision.item JOIN feed ON feed.id = item.feed ORDER BY revision.id"):
        items.setdefault(url.rsplit("/", 1)[1], []).append(item_of(body))
    return items


def distinct(items):
    """An item that stands in a document twice, word for word, is one item."""
    keys = ("id", "url", "title", "author", "text", "summary", "links")
    seen, out = set(), []
    for item in items:
        key = json.dumps([item.get(k) or None for k in keys])
        if key not in seen:
            seen.add(key)
            out.append(item)
    return out


def poll(d, n, count):
    """All feeds are asked, and have been read n times."""
    d.ask("poll")

    def done():
        return d.query("SELECT count(*) FROM feed WHERE polls >= ?", n) == [(count,)] \
            and d.status()["pending"] == 0 and d.status()["polls_in_hand"] == 0
    wait(f"poll {n} of all feeds", done, 120)


def counts(d):
    kinds = d.kinds()
    return {**{k: kinds.get(k, 0) for k in ("capture", "violation", "degraded")},
            **{t: d.query(f"SELECT count(*) FROM {t}")[0][0]
               for t in ("item", "revision", "violation", "finding")},
            "files": sum(1 for _ in d.path("state/evidence").rglob("*.warc"))}


def holds(d, feeds, base):
    got, held = stored(d), 0
    for name, _, want in feeds:
        problems = []
        for w in json.loads(want.replace(check_feeds.BASE, base)).get("items", []):
            items = got.get(name, [])
            if w["index"] >= len(items):
                problems.append(("item", w["index"], None))
            else:
                problems += check_feeds.differences(w, items[w["index"]])
        held += not problems
        for p in problems:
            print("differs:", name, *map(repr, p))
    return held


def main():
    folder = data_folder("feeds/feedparser/items")
    feeds = load(folder)
    web = Web("--script", plan(feeds))
    tenants = {f"t{i}": web.base + feed[0] for i, feed in enumerate(feeds)}
    try:
        with Daemon(tenants, interval="1h", seal="1s") as d:
            d.start()
            begin = time.monotonic()
            poll(d, 1, len(feeds))
            took = time.monotonic() - begin
            rows = d.ask("feeds")
            bad = [(r["url"], r["outcome"], r.get("why")) for r in rows if r["outcome"] != "ok"]
            assert len(rows) == len(feeds) and not bad, bad
            want, got = parsed(feeds, folder, web.base), stored(d)
            for name in want:
                a, b = len(distinct(want[name])), len(got.get(name, []))
                assert a == b, f"{name}: {a} items parsed, {b} stored"
            assert not d.query("SELECT revision FROM revision_state WHERE state <> 1")
            held = holds(d, feeds, web.base)
            wait("all to be signed",
                 lambda: d.status()["ledger_signed"] == d.status()["ledger_size"])
            first = counts(d)
            poll(d, 2, len(feeds))
            second = counts(d)
            assert first == second, (first, second)
            rows = d.ask("feeds")
            assert {r["outcome"] for r in rows} == {"unchanged"}, rows
            d.stop()
            d.check_record()
            print(f"{len(feeds)} feeds read in {took:.1f} s; {first}")
            print(f"{held} of {len(feeds)} expectations hold of what is stored "
                  f"(at least {LEAST})")
            return 0 if held >= LEAST else 1
    finally:
        web.stop()


if __name__ == "__main__":
    sys.exit(main())
