#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""A Mastodon server as a tenant.  First that mastodon_server.py keeps to the API: paging,
deletion, the stream with its drops and silences.  Then the real tosd reads its public
timeline by polling: new statuses, edits, a deleted one that was cited; and a closed
preview is no silence."""
import json
import socket
import sys
import time
import traceback
import urllib.error
import urllib.request

from daemon import (REMOVED, Daemon, Failed, Mastodon, item_of, known_settings, sightings,
                    wait)

LADDER = ('stages = ( { name = "notice"; deadline = "1h"; } ); recheck = "1s"; '
          'min_exposure = 1;')
COVERAGE = 'coverage = { removal_gap = "2s"; second_max = 0; };'


def get(town, path, **headers):
    """(status, headers, what the JSON says)"""
    url = path if path.startswith("http") else town.base + path
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers),
                                    timeout=20) as r:
            return r.status, r.headers, json.load(r)
    except urllib.error.HTTPError as e:
        return e.code, e.headers, e.read()


def links(headers):
    out = {}
    for part in headers.get("Link", "").split(", "):
        if ";" in part:
            url, rel = part.split("; ")
            out[rel[5:-1]] = url[1:-1]
    return out


class Stream:
    """Server-sent events, as the bytes come."""

    def __init__(self, town, token=None):
        self.s = socket.create_connection(("127.0.0.1", town.port), 10)
        more = f"Authorization: Bearer {token}\r\n" if token else ""
        self.s.sendall(("GET /api/v1/streaming/public/local HTTP/1.1\r\nHost: x\r\n"
                        f"{more}\r\n").encode())
        self.f = self.s.makefile("rb")
        self.status = int(self.f.readline().split()[1])
        while self.f.readline() not in (b"\r\n", b""):
            pass
        self.comments = []

    def event(self):
        """(event, data); None at the end."""
        event = data = None
        end = time.monotonic() + 20
        while line := self.f.readline().decode():
            assert time.monotonic() < end, "no event, and heartbeats only"
            line = line.rstrip("\n")
            if line.startswith(":"):
                self.comments.append(line)
            elif line.startswith("event: "):
                event = line[7:]
            elif line.startswith("data: "):
                data = line[6:]
            elif line == "" and event is not None:
                return event, data
        return None

    def close(self):
        self.f.close()
        self.s.close()


# --- the server -----------------------------------------------------------------------


def test_paging(town):
    for i in range(50):
        town.event("post", text=f"number {i}")
    status, head, page = get(town, "api/v1/timelines/public?local=1&limit=100")
    assert status == 200 and len(page) == 40, len(page)
    ids = [int(s["id"]) for s in page]
    assert ids == sorted(ids, reverse=True)
    assert head["X-RateLimit-Limit"] == "300"
    assert get(town, "api/v1/timelines/public")[1]["ETag"].startswith('W/"')
    seen, url = list(ids), links(head)["next"]
    while url:
        _, head, page = get(town, url)
        seen += [int(s["id"]) for s in page]
        url = links(head).get("next")
    assert len(seen) == len(set(seen)) == 53, len(seen)
    # min_id goes on right after an id, since_id jumps to the newest.
    old = seen[-1]
    _, head, after = get(town, f"api/v1/timelines/public?limit=5&min_id={old}")
    assert [int(s["id"]) for s in after] == seen[-6:-1], after
    _, _, newest = get(town, f"api/v1/timelines/public?limit=5&since_id={old}")
    assert [int(s["id"]) for s in newest] == seen[:5]
    _, _, none = get(town, f"api/v1/timelines/public?min_id={seen[0]}")
    assert none == []
    etag = head["ETag"]
    assert get(town, f"api/v1/timelines/public?limit=5&min_id={old}",
               **{"If-None-Match": etag})[0] == 304


def test_edit_and_delete(town):
    new = town.event("post", acct="bo", text="one <b>")
    assert new["content"] == "<p>one &lt;b&gt;</p>" and new["edited_at"] is None
    town.event("edit", id=new["id"], text="two")
    status, _, now = get(town, f"api/v1/statuses/{new['id']}")
    assert status == 200 and now["content"] == "<p>two</p>" and now["edited_at"]
    history = get(town, f"api/v1/statuses/{new['id']}/history")[2]
    assert [h["content"] for h in history] == ["<p>one &lt;b&gt;</p>", "<p>two</p>"]
    with urllib.request.urlopen(new["url"], timeout=10) as r:
        assert b"two" in r.read()
    town.event("delete", id=new["id"])
    assert get(town, f"api/v1/statuses/{new['id']}")[0] == 404
    try:
        urllib.request.urlopen(new["url"], timeout=10)
        raise AssertionError("the page is still there")
    except urllib.error.HTTPError as e:
        assert e.code == 404
    _, _, page = get(town, "api/v1/timelines/public?limit=40")
    assert new["id"] not in [s["id"] for s in page]


def test_stream(town):
    s = Stream(town)
    assert s.status == 200
    new = town.event("post", text="streamed")
    event, data = s.event()
    assert event == "update" and json.loads(data)["id"] == new["id"], (event, data)
    town.event("edit", id=new["id"], text="changed")
    event, data = s.event()
    assert event == "status.update" and json.loads(data)["content"] == "<p>changed</p>"
    town.event("delete", id=new["id"])
    assert s.event() == ("delete", new["id"])
    # Silence: open, and nothing but heartbeats.
    town.event("silence", on=True)
    lost = town.event("post", text="nobody is told")
    wait("a heartbeat", lambda: get(town, "api/v1/timelines/public")[0] == 200)
    time.sleep(0.7)
    town.event("silence", on=False)
    last = town.event("post", text="told again")
    event, data = s.event()
    assert json.loads(data)["id"] == last["id"] != lost["id"]
    assert s.comments[0] == ":)" and ":thump" in s.comments, s.comments
    town.event("drop")
    assert s.event() is None
    s.close()


def test_token(town):
    secret = Mastodon("--token", "sesame")
    try:
        assert Stream(secret).status == 401 and Stream(secret, "wrong").status == 401
        s = Stream(secret, "sesame")
        assert s.status == 200
        s.close()
    finally:
        secret.stop()
    town.event("closed", on=True)
    assert get(town, "api/v1/timelines/public")[0] == 401
    town.event("closed", on=False)


def test_independent_client(town):
    """Mastodon.py, which was not written by us, gets along with it."""
    try:
        from mastodon import Mastodon as Client, StreamListener
    except ImportError:
        print("  python3-mastodon is not installed: left out")
        return
    client = Client(api_base_url=town.base.rstrip("/"), version_check_mode="none",
                    access_token="any")
    for i in range(50):
        town.event("post", text=f"number {i}")
    page, seen = client.timeline_local(limit=20), []
    while page:
        seen += [s["id"] for s in page]
        page = client.fetch_next(page)
    assert len(seen) == len(set(seen)) == 53, len(seen)
    assert client.status(seen[0])["content"] == "<p>number 49</p>"
    assert client.timeline_local(min_id=seen[5], limit=2)[0]["id"] == seen[3]

    class Listener(StreamListener):
        def __init__(self):
            self.got = []

        def on_update(self, status):
            self.got.append(("update", status["id"]))

        def on_status_update(self, status):
            self.got.append(("edit", status["content"]))

        def on_delete(self, status_id):
            self.got.append(("delete", status_id))

        def handle_heartbeat(self):
            self.got.append(("thump", None))

    listener = Listener()
    assert client.stream_healthy()
    handle = client.stream_public(listener, run_async=True)
    wait("a heartbeat", lambda: ("thump", None) in listener.got)
    new = town.event("post", text="streamed")
    town.event("edit", id=new["id"], text="changed")
    town.event("delete", id=new["id"])
    wait("three events", lambda: [g for g in listener.got if g[0] != "thump"] == [
        ("update", int(new["id"])), ("edit", "<p>changed</p>"),
        ("delete", int(new["id"]))])
    handle.close()


# --- tosd -----------------------------------------------------------------------------


def contents(d):
    """{address: [texts]} of all that was read."""
    out = {}
    for body, in d.query("SELECT body FROM revision ORDER BY id"):
        item = item_of(body)
        out.setdefault(item.get("url"), []).append(item["text"])
    return out


def check_first(d):
    """The payloads that were written by hand, as items."""
    items = [item_of(b) for b, in d.query("SELECT body FROM revision ORDER BY id")]
    by_id = {i["id"].rsplit("/", 1)[-1]: i for i in items}
    assert len(items) == 3, items
    plain, warned, german = (by_id[f"11000000000000000{n}"] for n in (1, 2, 3))
    assert plain["text"] == "First frost on the allotment. Tea & toast.", plain
    assert plain["published"] == "2026-11-20T08:00:00Z" and "ann" in plain["author"].lower()
    assert "spiders" in (warned.get("title") or "") + (warned.get("summary") or "") + \
        warned["text"], warned
    assert "A spider the size of a coin" in json.dumps(warned), warned
    assert warned["updated"] == "2026-11-20T09:45:00Z", warned
    assert german["lang"] == "de" and "Zweiter Absatz\nmit Umbruch." in german["text"], german


def check_removal(d, town, status):
    """One that nobody cited."""
    if sightings(d, "") is None:
        print("  this build decides no removals of statuses that are not cited")
        return
    town.event("delete", id=status["id"])
    wait("that it was removed", lambda: sightings(d, status["url"]) == {REMOVED})


def follow(d, town):
    new = town.event("post", acct="bo", text="Quay concert at six")
    wait("a new status", lambda: contents(d).get(new["url"]) == ["Quay concert at six"])
    town.event("edit", id=new["id"], text="Quay concert at seven")
    wait("its edit", lambda: contents(d).get(new["url"], [])[1:] ==
         ["Quay concert at seven"])
    bad = town.event("post", acct="cy", text="watch out, I will hurt you")
    wait("a violation", lambda: [r["url"] for r in d.ask("violations")] == [bad["url"]])
    wait("that it is online", lambda: d.ask("violations")[0]["presence"] == "online")
    town.event("delete", id=bad["id"])
    wait("that it is gone", lambda: d.ask("violations")[0]["presence"] == "removed")
    check_removal(d, town, new)
    # A preview that is closed is no empty timeline.
    town.event("closed", on=True)
    wait("the refusal", lambda: d.ask("feeds")[0]["outcome"] == "forbidden")
    town.event("closed", on=False)
    late = town.event("post", acct="bo", text="after the silence")
    d.ask("poll")
    wait("what came meanwhile", lambda: late["url"] in contents(d))
    wait("that all is signed",
         lambda: d.status()["ledger_signed"] == d.status()["ledger_size"])
    gaps = [e["state"] for e in d.ledger() if e["kind"] == "gap" and "tenant" in e]
    assert gaps == ["open", "closed"], gaps


def test_polling(_):
    town = Mastodon()
    try:
        with Daemon({"town": town.timeline}, interval="1s", interval_max="1s",
                    ladder=LADDER, **known_settings(more=COVERAGE)) as d:
            d.write("page.json", json.dumps(get(town, town.timeline)[2]))
            if d.run("parse", d.path("page.json")).returncode != 0:
                print("  this build reads no Mastodon statuses: not polled")
                return
            d.start()
            wait("the first statuses", lambda: len(contents(d)) == 3)
            check_first(d)
            follow(d, town)
            d.stop()
            d.check_record()
    finally:
        town.stop()


def main():
    tests = [(k, v) for k, v in sorted(globals().items()) if k.startswith("test_")]
    failed = 0
    for name, run in tests:
        if sys.argv[1:] and name not in sys.argv[1:]:
            continue
        town, begin, verdict = Mastodon("--thump", 0.2), time.monotonic(), "ok"
        try:
            run(town)
        except (AssertionError, Failed, OSError, ValueError, KeyError, TypeError) as e:
            failed += 1
            traceback.print_exc()
            verdict = "FAILED: %s" % e
        finally:
            town.stop()
        print("%s: %s (%.1f s)" % (name, verdict, time.monotonic() - begin), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
