#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Lists that the real tosd fetches from a real web server: signed ones with validators, put
in force while posts come in, without a reload; and servers that are slow, huge, a gzip bomb,
lead to a link-local address, sign with another key or not at all, break off, answer with a
page, go back in time, lose most entries, or serve what has expired.  Each of these is said
in a line, and what was in force stays.  Then packs that somebody is editing, and kill -9 of
the engine with a list on its way, with a large one half written and with one on trial, and of
the worker that tries one;
and a store that is lost.  Standard library only."""
import contextlib
import gzip
import http.server
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import urllib.request

from daemon import BUILD, PACK, Daemon, wait
from servers import free_port
from test_lists_daemon import Site, found, judged

HEAD = """name = {name}
source = made by a test
licence = CC0-1.0
expires = {expires}
version = {version}
clause = 5.2 Known places
category = fraud
severity = high
mode = enforce
kind = domain
---
"""


def text(name, version, domains, expires="2099-01-01"):
    return (HEAD.format(name=name, version=version, expires=expires) +
            "".join(d + "\n" for d in domains)).encode()


def large(version):
    """12 MiB, most of it nothing to look up."""
    line = b"# of version %d, and of no use to anybody\n" % version
    return text("large", version, names("l", 20)) + line * ((12 << 20) // len(line))


class Maker:
    """Somebody who publishes lists, with a key of their own."""

    def __init__(self, folder, name):
        self.folder = pathlib.Path(folder, name)
        self.folder.mkdir()
        self.key = self.folder / "key"
        self.vkey = self.run("policy", "keygen", name, self.key).strip()

    def run(self, *words):
        return subprocess.run([BUILD + "/tosctl", *map(str, words)], check=True, timeout=120,
                              stdout=subprocess.PIPE, text=True).stdout

    def sign(self, data):
        path = self.folder / "x.list"
        path.write_bytes(data)
        self.run("lists", "sign", "--key", self.key, path)
        return pathlib.Path(f"{path}.sig").read_bytes()


class Lists(http.server.ThreadingHTTPServer):
    """Answers by path: bytes, or a function that writes to the handler."""
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.base = f"http://127.0.0.1:{self.server_address[1]}"
        self.lock, self.paths, self.asked = threading.Lock(), {}, []
        self.go = threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def put(self, path, answer, **headers):
        with self.lock:
            self.paths[path] = (answer, headers)

    def publish(self, name, data, maker, **headers):
        """List and signature change together, as nobody asks in between."""
        signature = maker.sign(data)
        with self.lock:
            self.paths[f"/{name}"] = (data, headers)
            self.paths[f"/{name}.sig"] = (signature, {})

    def handle_error(self, request, client_address):
        """Somebody was killed who had asked."""

    def requests(self, path):
        with self.lock:
            return [h for p, h in self.asked if p == path]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        s = self.server
        with s.lock:
            s.asked.append((self.path, dict(self.headers)))
            answer, headers = s.paths.get(self.path, (None, {}))
        with contextlib.suppress(OSError):
            if callable(answer):
                answer(self)
            else:
                self.answer(answer, headers)

    def answer(self, data, headers):
        known = ((headers.get("ETag") is not None and
                  self.headers.get("If-None-Match") == headers["ETag"]) or
                 (headers.get("Last-Modified") is not None and
                  self.headers.get("If-Modified-Since") == headers["Last-Modified"]))
        self.send_response(304 if known else 404 if data is None else 200)
        for key, value in headers.items():
            self.send_header(key, value)
        body = b"" if known or data is None else data
        if not known:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


# --- servers that nobody would want -----------------------------------------------------


def slow(h):
    h.send_response(200)
    h.send_header("Content-Length", "100000")
    h.end_headers()
    h.wfile.write(b"name = slow\n")
    h.wfile.flush()
    h.server.go.wait(60)


def huge(h):
    h.send_response(200)
    h.end_headers()
    h.close_connection = True
    line = text("huge", 1, ["evil.example"]) + b"a.evil.example\n" * 1000
    for _ in range(10000):
        h.wfile.write(line)


BOMB = gzip.compress(b"evil.example\n" * 2_000_000, 9)


def bomb(h):
    data = BOMB
    h.send_response(200)
    h.send_header("Content-Encoding", "gzip")
    h.send_header("Content-Length", str(len(data)))
    h.end_headers()
    h.wfile.write(data)


def local(h):
    h.send_response(302)
    h.send_header("Location", "http://169.254.169.254/latest/meta-data/")
    h.send_header("Content-Length", "0")
    h.end_headers()


def cut(h):
    data = text("cut", 1, ["evil.example"] * 1000)
    h.send_response(200)
    h.send_header("Content-Length", str(len(data)))
    h.end_headers()
    h.wfile.write(data[:len(data) // 2])
    h.close_connection = True


def names(prefix, n):
    return [f"{prefix}{i}.example" for i in range(n)]


# Name: (what it is told of, in words; whether it is signed).
WICKED = {
    "slow": ("too slow", False),
    "huge": ("is longer than 65536 bytes", False),
    "bomb": ("hundred times its size", False),
    "local": ("169.254.169.254", False),
    "forged": ("none of `signers' has signed it", True),
    "changed": ("its signature is of another content", True),
    "bare": ("its signature cannot be had: HTTP status 404", True),
    "cut": ("cannot be had: HTTP status 200", False),
    "page": ("`<!DOCTYPE html>' is no line of a head", False),
    "other": ("its name is `good', and it should be `other'", False),
    "old": ("expired on 2020-01-01", False),
    "plain": ("`version' is missing in its head", False),
}


def wicked(server, maker, forger):
    for name, answer in (("slow", slow), ("huge", huge), ("bomb", bomb), ("local", local),
                         ("cut", cut)):
        server.put("/" + name, answer)
    server.publish("forged", text("forged", 1, ["evil.example"]), forger)
    server.publish("changed", text("changed", 1, ["evil.example"]), maker)
    server.put("/changed", text("changed", 1, ["innocent.example"]))
    server.put("/bare", text("bare", 1, ["evil.example"]))
    server.put("/page", b"<!DOCTYPE html>\n<title>Sign in</title>\n<p>Sorry\n")
    server.put("/other", text("good", 1, ["evil.example"]))
    server.put("/old", text("old", 1, ["evil.example"], expires="2020-01-01"))
    server.put("/plain", text("plain", 1, ["evil.example"]).replace(b"version = 1\n", b""))


# --- the daemon ---------------------------------------------------------------------------


def setup(d, server, maker, console):
    shutil.copy(BUILD + "/plugins/lists/.libs/lists.so", d.path("lists.so"))
    d.path("lists.so").chmod(0o755)
    rows = []
    for name, signed in (("good", True), ("past", True), ("small", False), ("large", True),
                         *((n, s) for n, (_, s) in WICKED.items())):
        every = 20 if name in WICKED else 1
        limit = "64K" if name == "huge" else "200M" if name == "bomb" else \
            "32M" if name == "large" else "1M"
        signers = f'signers = [ "{maker.vkey}" ]; ' if signed else ""
        rows.append(f'{{ name = "{name}"; url = "{server.base}/{name}"; interval = "{every}s"; '
                    f'timeout = "5s"; max_bytes = "{limit}"; {signers} }}')
    conf = d.path("tosd.conf").read_text("utf-8")
    conf = conf.replace(
        'rules.so"; } );', 'rules.so"; }, { name = "lists"; path = "%s"; grant = [ "text", '
        '"links", "media" ]; } );\n  retry_for = "1s";\n  lists = (\n%s );'
        % (d.path("lists.so"), ",\n".join(rows)))
    d.write("tosd.conf", conf)
    code, said = d.check()
    assert code == 0, said
    assert console


def lists(d):
    return {row["name"]: row for row in d.rows("lists", "status")}


def in_force(d, name, version):
    """Once that version is in force, as workers have loaded it."""
    def there():
        row = lists(d).get(name, {})
        return row if row.get("what", "").startswith(f"version {version},") else None
    return wait(f"{name} in version {version}", there, 90, 0.2)


def troubled(d, name, words):
    def there():
        row = lists(d).get(name, {})
        return row if words in row.get("why", "") and row["state"] in (
            "missing", "stale") else None
    return wait(f"{name} to be refused for: {words} (now: {lists(d).get(name)})", there, 90, 0.2)


def loaded(d, row):
    """Once it is part of the policy version, and every worker has it."""
    def there():
        versions = [e for e in d.ledger() if e["kind"] == "policy"]
        return versions and any(r[0] == "list/" + row["name"] and r[3] == row["digest"]
                                for r in versions[-1]["rules"])
    wait(f"{row['name']} to be loaded", there, 60, 0.2)
    wait(f"{row['name']} to be loaded by both workers",
         lambda: lists(d).get(row["name"], {}).get("loaded") == 2, 60, 0.2)


def finds(d, site, post, link):
    """Which lists a new post of that link is on."""
    site.post(post, f"go to https://{link}/now")
    judged(d, post)
    wait(f"{post} to be told", lambda: d.query(
        "SELECT count(*) FROM revision_state WHERE state = 0")[0][0] == 0)
    return {rule for rule, name in found(d) if name == post}


def first(d, site, server, maker):
    server.publish("good", text("good", 1, names("a", 20)), maker, ETag='W/"one \xe9"')
    server.publish("past", text("past", 5, names("p", 20)), maker,
                   **{"Last-Modified": "Sat, 28 Nov 2026 10:00:00 GMT"})
    server.put("/small", text("small", 1, names("s", 100)))
    server.publish("large", large(1), maker)
    d.start(60)
    for name, version in (("good", 1), ("past", 5), ("small", 1), ("large", 1)):
        loaded(d, in_force(d, name, version))
    assert finds(d, site, "one", "a1.example") == {"list/good"}
    assert finds(d, site, "two", "b1.example") == set()
    for name, (words, _) in WICKED.items():
        row = troubled(d, name, words)
        assert row["state"] == "missing" and "digest" not in row, row
        lines = [x for x in d.log().splitlines() if f"list {name}: " in x and words in x]
        assert lines and "there is none yet" in lines[0], (name, lines)
    assert finds(d, site, "three", "evil.example") == set()
    # What was said to us goes back byte for byte, and brings no list again.
    wait("a conditional request for good", lambda: server.requests("/good")[-1].get(
        "If-None-Match") == 'W/"one \xe9"')
    wait("a conditional request for past", lambda: server.requests("/past")[-1].get(
        "If-Modified-Since") == "Sat, 28 Nov 2026 10:00:00 GMT")
    row = lists(d)["good"]
    assert row["state"] == "current" and row["failures"] == 0 and "why" not in row, row
    assert row["signed"] and row["url"] == server.base + "/good", row
    return row


def second(d, site, server, maker, before):
    """A new version in place of the old one, and two that are none."""
    policy, pids = d.status()["policy"], {k: v for k, v in d.roles().items()
                                          if k[0] != "policy"}
    server.publish("good", text("good", 2, names("b", 20)), maker, ETag='"two"')
    server.publish("past", text("past", 4, names("q", 20)), maker)
    server.put("/small", text("small", 2, names("s", 49)))
    row = in_force(d, "good", 2)
    loaded(d, row)
    assert row["digest"] != before["digest"] and d.status()["policy"] != policy
    assert finds(d, site, "four", "b1.example") == {"list/good"}
    assert finds(d, site, "five", "a1.example") == set()
    row = troubled(d, "past", "is version 4, and 5 is in force")
    assert row["state"] == "stale" and row["what"].startswith("version 5,"), row
    troubled(d, "small", "it would lose 51 % of them at once, and `shrink' allows 50 %")
    assert finds(d, site, "six", "p1.example") == {"list/past"}
    assert finds(d, site, "seven", "s99.example") == {"list/small"}
    # Nobody but the workers was started anew.
    assert pids == {k: v for k, v in d.roles().items() if k[0] != "policy"}
    entries = [e for e in d.ledger() if e["kind"] == "list" and e["list"] == "good"]
    assert [e["state"] for e in entries] == ["taken", "taken"], entries
    assert entries[1]["before"] == entries[0]["digest"] == before["digest"], entries
    refused = [e for e in d.ledger() if e["kind"] == "list" and e["list"] == "past" and
               e["state"] == "refused"]
    assert len(refused) == 1 and "is version 4" in refused[0]["why"], refused
    # Gone altogether, which is cheap to find out: what is in force stays.
    server.put("/past", None)
    server.put("/small", None)


def metrics(console):
    with urllib.request.urlopen(f"http://127.0.0.1:{console}/metrics", timeout=10) as r:
        lines = r.read().decode().splitlines()
    return {x.rsplit(" ", 1)[0]: float(x.rsplit(" ", 1)[1]) for x in lines
            if x.startswith("tosd_list_")}


def told(d, console):
    m = wait("metrics of lists", lambda: metrics(console) or None)
    assert m['tosd_list_age_seconds{list="good"}'] >= 0, m
    assert m['tosd_list_failures{list="good"}'] == 0, m
    assert m['tosd_list_failures{list="page"}'] > 0, m
    assert 'tosd_list_age_seconds{list="page"}' not in m, m
    p = d.run("lists", "status", "good")
    assert p.returncode == 0 and "version 2, 20 entries, expires 2099-01-01" in p.stdout, p
    p = d.run("lists", "status", "nothing")
    assert p.returncode == 1 and "no list `nothing' is fetched" in p.stderr, p
    assert d.rows("lists", "update", "page")[0]["lists"] in (0, 1)


def packs_in_use(d):
    """{rule of a pack: the pack's digest}, of the policy version in use."""
    last = [e for e in d.ledger() if e["kind"] == "policy"][-1]
    return {r[0]: r[3] for r in last["rules"] if r[0].startswith("trial/")}


def edited(d, server, maker):
    """Packs that somebody is just editing are not taken into use along with a list: workers
    load copies of those that are, and where there are none it waits for a reload."""
    shutil.rmtree(pathlib.Path(d.state, "policy"))
    d.write("packs/trial.conf", PACK.replace("drive them all out", "drive them out")
            .replace("Drive them all out!", "Drive them out!"))
    server.publish("good", text("good", 3, names("c", 20)), maker, ETag='"three"')
    troubled(d, "good", "reload tosd")
    assert lists(d)["good"]["what"].startswith("version 2,")
    policy = d.status()["policy"]
    d.proc.send_signal(signal.SIGHUP)
    wait("the new packs", lambda: d.status() and d.status()["policy"] != policy, 60)
    d.run("lists", "update", "good", check=True)
    loaded(d, in_force(d, "good", 3))
    before = packs_in_use(d)
    now = pathlib.Path(d.dir, "packs/trial.conf").read_text()
    d.write("packs/trial.conf", PACK)
    server.publish("good", text("good", 4, names("g", 20)), maker, ETag='"more"')
    loaded(d, in_force(d, "good", 4))
    assert before and packs_in_use(d) == before, (before, packs_in_use(d))
    d.write("packs/trial.conf", now)


def kill_engine(d):
    before = d.roles()["engine", 0]
    os.kill(before, signal.SIGKILL)
    wait("the engine to be started anew", lambda: d.roles().get(
        ("engine", 0), before) != before and d.status(), 60)


def killed(d, site, server, maker):
    """With a list on its way, and with one on trial."""
    data = text("good", 5, names("d", 20))

    def held(h):
        server.go.wait(60)
        h.answer(data, {"ETag": '"four"'})

    server.put("/good.sig", maker.sign(data))
    server.put("/good", held)
    n = len(server.requests("/good"))
    wait("the list to be asked for", lambda: len(server.requests("/good")) > n, 60)
    kill_engine(d)
    server.go.set()
    loaded(d, in_force(d, "good", 5))
    assert finds(d, site, "eight", "d1.example") == {"list/good"}
    folder = pathlib.Path(d.state, "lists")
    there = set(folder.glob("good-*.list"))
    server.publish("good", text("good", 6, names("e", 20)), maker, ETag='"five"')
    wait("the next one on disk", lambda: set(folder.glob("good-*.list")) - there, 60, 0.005)
    kill_engine(d)
    row = in_force(d, "good", 6)
    loaded(d, row)
    assert os.readlink(folder / "good.list") == f"good-{row['digest']}.list"
    assert finds(d, site, "nine", "e1.example") == {"list/good"}
    assert finds(d, site, "ten", "p1.example") == {"list/past"}
    taken = [e["digest"] for e in d.ledger() if e["kind"] == "list" and
             e["list"] == "good" and e["state"] == "taken"]
    assert len(taken) == len(set(taken)) == 6, taken


def large_killed(d, site, server, maker):
    """With one half written down."""
    folder, version = pathlib.Path(d.state, "lists"), 1
    while version < 20:  # it may be faster than we look
        before, version = os.readlink(folder / "large.list"), version + 1
        server.publish("large", large(version), maker)
        half = wait("a large list on its way", lambda: list(folder.glob("large-*.list.part")) or
                    os.readlink(folder / "large.list") != before, 60, 0.001)
        if half is not True:
            os.kill(d.roles()["engine", 0], signal.SIGSTOP)
            if list(folder.glob("large-*.list.part")):
                assert os.readlink(folder / "large.list") == before
                break
            os.kill(d.roles()["engine", 0], signal.SIGCONT)
    assert version < 20
    kill_engine(d)
    assert (folder / before).exists()
    row = in_force(d, "large", version)
    loaded(d, row)
    assert row["bytes"] == len(large(version)), row
    assert not list(folder.glob("*.part"))
    assert finds(d, site, "large", "l1.example") == {"list/large"}


def tosctl(*words, items=()):
    """(exit code, its rows, what it says)"""
    p = subprocess.run([BUILD + "/tosctl", *map(str, words)], text=True, timeout=120, check=False,
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                       input="".join(json.dumps(i) + "\n" for i in items))
    return p.returncode, [json.loads(x) for x in p.stdout.splitlines()], p.stderr


ITEMS = [{"id": 1, "text": "see f1.example/x"}, {"id": 2, "text": "nothing"}]


def scanned(d):
    """A scan beside the daemon uses what is in force, and says which; what is missing makes
    every answer less than whole."""
    status = lists(d)
    code, rows, said = tosctl("scan", "-c", d.conf, "--no-classifier", items=ITEMS)
    assert code == 1, (code, said)
    assert [f["rule"] for f in rows[0]["findings"]] == ["list/good"], rows
    assert rows[0]["findings"][0]["pack"] == status["good"]["digest"], (rows, status["good"])
    for name in ("good", "past", "small", "large"):
        version = status[name]["what"].split(",")[0]
        assert f"list {name}: {version}, " in said, (name, said)
        assert f"; sha256 {status[name]['digest']}\n" in said, (name, said)
    for name in WICKED:
        lines = [x for x in said.splitlines() if f"list {name}: " in x]
        assert len(lines) == 1 and "no version is in force" in lines[0], (name, said)
        assert all(f"list {name} is missing" in r["degraded"] for r in rows), rows
    code, rows, said = tosctl("scan", "--policies", d.path("packs"), "--no-classifier",
                              items=ITEMS)
    assert code == 0 and said == "" and rows[0]["findings"] == [], (rows, said)
    code, rows, said = tosctl("policy", "backtest", "-c", d.conf, "--json", d.path("packs"))
    assert code == 1 and rows == [] and "not all packs and lists load" in said, said


def without(d):
    """Backtest, diff and scan without a daemon, of lists that are all in force; then with one
    that is damaged in three ways."""
    conf, packs = d.path("good.conf"), d.path("packs")
    rows = re.sub(r'\{ name = "(%s)"; url[^}]*\}(,\n)?' % "|".join(WICKED), "",
                  d.conf.read_text("utf-8"))
    conf.write_text(re.sub(r",\n *\);", " );", rows), "utf-8")
    texts = d.path("items.ndjson")
    texts.write_text("".join(json.dumps(i) + "\n" for i in ITEMS))

    def backtest():
        return tosctl("policy", "backtest", "-c", conf, "--json", packs)
    code, rows, said = backtest()
    assert code == 0 and said == "", (code, said)
    used = {x["list"]: x for x in rows[0]["lists"]}
    digits = lists_of_folder(d)
    assert set(used) == set(digits) == {"good", "past", "small", "large"}, used
    for name, x in used.items():
        assert x["digest"].startswith(digits[name]) and x["version"] > 0, (x, digits)
    rule = [r for r in rows if r["kind"] == "rule" and r["rule"] == "list/good"][0]
    assert rule["items"] == rule["record"]["same"] == 1 and not rule["tried"], rule
    assert rule["record"]["lost"] >= 4, rule  # found by versions of before
    code, rows, said = tosctl("policy", "diff", "-c", conf, "--on", texts, "--json", packs, packs)
    assert code == 0 and [r["digest"] for r in rows if r["kind"] == "list"] == [
        x["digest"] for x in used.values()], (rows, said)
    assert [(r["rule"], r["both"]) for r in rows if r["kind"] == "found"] == [
        ("list/good", 1)], rows
    folder = pathlib.Path(d.state, "lists")
    for name, data, words in (
            ("small", lambda x: x + b"e2.example\n", "it was changed on disk"),
            ("small", lambda x: b"<!DOCTYPE html>\n" + x, "is no line of a head"),
            ("small", lambda x: None, "cannot open"),
            ("good", lambda x: x + b"e2.example\n", "it was changed on disk")):
        path = folder / os.readlink(folder / f"{name}.list")
        whole = path.read_bytes()
        path.unlink()
        if data(whole) is not None:
            path.write_bytes(data(whole))
        code, rows, said = backtest()
        assert code == 1 and rows == [], (code, rows)
        code, rows, more = tosctl("scan", "-c", conf, "--no-classifier", items=ITEMS)
        assert code == 1 and all(r["degraded"] == f"list {name} is missing" for r in rows), rows
        for what in (said, more):
            lines = [x for x in what.splitlines() if name in x and "sha256" not in x]
            assert len(lines) == 1 and f"list {name}: " in lines[0] and words in lines[0], what
        path.write_bytes(whole)
    code, _, said = tosctl("scan", "-c", d.path("none.conf"), items=ITEMS)
    assert code == 3 and "none.conf" in said, said


def trial_killed(d, server, maker):
    """What a list does to the worker that tries it, it does to nobody else."""
    words, version = "ended before it could tell", 6

    def dead():
        return any(words in row.get("why", "") for row in lists(d).values())

    def killed_one():
        with contextlib.suppress(ProcessLookupError, KeyError):
            os.kill(d.roles()["policy", 2], signal.SIGKILL)
            return True
        return False

    while not dead() and version < 20:  # it may have told just before
        version += 1
        server.publish("good", text("good", version, names("f", 20)), maker)
        wait("a worker that tries a list", killed_one, 60, 0.02)
        wait("what came of it", lambda v=f"version {version},": dead() or lists(d).get(
            "good", {}).get("what", "").startswith(v), 60)
    assert dead() and "was killed by SIGKILL" in d.log()
    loaded(d, in_force(d, "good", version))


def rebuilt(d, site):
    """A store that is lost: what was in force is."""
    before = lists_of_folder(d)
    for path in pathlib.Path(d.state).glob("store.db*"):
        path.unlink()
    p = d.run("rebuild", "--dir", d.state)
    assert p.returncode == 0, p
    d.start(60)
    assert set(before) == {"good", "past", "small", "large"}, before
    for name, digits in before.items():
        row = wait(f"{name} to be known", lambda n=name: lists(d).get(n))
        assert row["digest"].startswith(digits), (row, before)
        assert row["state"] in ("current", "stale"), row
    assert finds(d, site, "eleven", "f1.example") == {"list/good"}
    d.stop()


def lists_of_folder(d):
    """{list: the first digits of the digest of its version in force}"""
    links = [p for p in pathlib.Path(d.state, "lists").glob("*.list") if p.is_symlink()]
    return {p.stem: os.readlink(p).removesuffix(".list").rsplit("-", 1)[1] for p in links}


def main():
    os.umask(0o022)
    site, server, console = Site(), Lists(), free_port()
    with tempfile.TemporaryDirectory(prefix="tosd-makers-") as folder:
        maker, forger = Maker(folder, "maker.example"), Maker(folder, "forger.example")
        wicked(server, maker, forger)
        with Daemon({"linked": site.base + "/feed"}, interval="1s", console=console,
                    more='coverage = { second_max = 0; };') as d:
            setup(d, server, maker, console)
            before = first(d, site, server, maker)
            second(d, site, server, maker, before)
            told(d, console)
            edited(d, server, maker)
            killed(d, site, server, maker)
            large_killed(d, site, server, maker)
            trial_killed(d, server, maker)
            assert finds(d, site, "more", "f1.example") == {"list/good"}
            scanned(d)
            d.stop()
            without(d)
            d.check_record()
            rebuilt(d, site)
    server.go.set()
    for s in (site, server):
        s.shutdown()
        s.server_close()
    print(f"lists by HTTP: new versions put in force, {len(WICKED) + 2} refused in "
          "words, with what was in force left there; kills on the way, half written and on "
          "trial, a lost store")


if __name__ == "__main__":
    sys.exit(main())
