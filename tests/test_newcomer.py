#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The first hour of somebody new: a typo, a dead feed, a full disk, Ctrl-C, a reload
with a mistake in it and one without, the probes.  The real daemon must say in one line
what is wrong, and go on or end as it should.  Standard library only."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import traceback
import urllib.error
import urllib.request

sys.dont_write_bytecode = True  # the source may be read-only, and stays clean
from daemon import SOURCE, Failed, Site, Tosd, wait

CONF = """%(places)s
sandbox = "best-effort";
restart_min = "500ms";
provider = { name = "Example Hosting"; mailbox = "abuse@example.net"; };
fetch = { allow = [ "127.0.0.0/8" ]; interval = "1s"; interval_min = "1s";
	interval_max = "2s"; };
policy = { workers = 1; %(policy)s };
console = { listen = "127.0.0.1:0"; };
%(extra)s
tenants = (
%(tenants)s
);
"""
TENANT = '\t{ id = "%s"; name = "A site"; contact = "a@%s.example";\n' \
    '\t  manager = "m@example.net"; feeds = ( "%s" ); }'


def configure(d, feeds, extra=""):
    places, policy = d.places()
    if d.path("packs").is_dir():
        policy = re.sub('packs_dir = "[^"]*"', 'packs_dir = "%s"' % d.path("packs"),
                        policy)
    d.conf.write_text(CONF % {
        "places": places, "policy": policy, "extra": extra,
        "tenants": ",\n".join(TENANT % (t, t, url) for t, url in feeds.items())})


def dead_port():
    """A port where nobody listens (it was free a moment ago)."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def get(port, path):
    try:
        with urllib.request.urlopen("http://127.0.0.1:%d%s" % (port, path),
                                    timeout=5) as r:
            return r.status, r.read().decode()
    except urllib.error.HTTPError as e:
        return e.code, e.read().decode()


def lines_with(d, *words):
    return [x for x in d.log().splitlines() if all(w in x for w in words)]


def ended(pids):
    """Whether none of these processes is left (a zombie is none)."""
    for pid in pids:
        try:
            with open("/proc/%d/stat" % pid) as f:
                if f.read().rsplit(")", 1)[1].split()[0] != "Z":
                    return False
        except OSError:
            pass
    return True


# --- the tests ------------------------------------------------------------------------


def test_typo():
    d = Tosd("tosd-new-")
    try:
        configure(d, {"one": "http://127.0.0.1:1/feed.xml"}, 'run_dri = "/tmp/x";')
        where = d.conf.read_text().split("\n").index('run_dri = "/tmp/x";') + 1
        code, said = d.check()
        assert code == 1, said
        found = [x for x in said.splitlines() if "run_dri" in x]
        assert len(found) == 1 and "tosd.conf:%d:" % where in found[0], said
        d.spawn()
        assert d.proc.wait(10) == 1
        found = lines_with(d, "run_dri")
        assert len(found) == 1 and "tosd.conf:%d:" % where in found[0], d.log()
        assert not d.state.exists(), "a refused configuration leaves nothing behind"
        d.conf.unlink()
        code, said = d.check()
        assert code == 1 and len(said.splitlines()) == 1 and "tosd.conf" in said, said
    finally:
        d.end()
        d.remove()


def dead_feed(d, url):
    row = wait("the dead feed to be tried twice", lambda: [
        r for r in d.rows("feeds") if r["polls"] >= 2], 15)[0]
    assert row["outcome"] == "connect" and row["tenant"] == "dead", row
    assert "connect to 127.0.0.1" in row["why"], row
    p = d.run("feeds")
    assert p.returncode == 0 and "connect to 127.0.0.1" in p.stdout, p
    assert len(p.stdout.splitlines()) == 2, p.stdout
    found = lines_with(d, url, "not readable")
    assert len(found) == 1, "one line, not one for each try: %s" % found
    assert d.run("status").returncode == 0


def port_of(d):
    return int(re.search(r"health and metrics on port (\d+)", d.log()).group(1))


def probes(d):
    port = port_of(d)
    assert get(port, "/healthz") == (200, "alive\n")
    wait("/readyz", lambda: get(port, "/readyz") == (200, "ready\n"), 10)
    status, text = get(port, "/metrics")
    assert status == 200 and "tosd_feeds 1\n" in text and \
        "\ntosd_feeds_unreadable 1\n" in text, text
    for line in text.splitlines():
        assert re.match(r"(# (HELP|TYPE) \w+ .+|\w+(\{\w+=\"[^\"]*\"\})? [0-9.e+-]+)$", line), line
    assert get(port, "/nothing")[0] == 404


def own_packs(d):
    """Packs that the test may break: the shipped ones, copied."""
    shutil.copytree(SOURCE + "/etc/policies.d", d.path("packs"))


def break_pack(d):
    """A pack of which a test of its own fails; says where."""
    d.path("packs/broken.conf").write_text("pack = {\n  name = \"broken\"\n")
    return "%s:" % d.path("packs/broken.conf")


def test_mistakes_in_all_files():
    """The file, a tenant's file and a pack: all in one run, each with its place."""
    d = Tosd("tosd-new-")
    try:
        own_packs(d)
        configure(d, {"one": "http://127.0.0.1:1/feed.xml"}, 'run_dri = "/tmp/x";')
        d.path("tenants.d").mkdir()
        d.path("tenants.d/two.conf").write_text(
            'tenants = (\n{ id = "two"; name = "Two"; contact = "nobody"; '
            'manager = "m@example.net"; feeds = ( "http://127.0.0.1:1/" ); } );\n')
        pack = break_pack(d)
        code, said = d.check()
        assert code == 1, said
        for words in ("run_dri", "two.conf:2:", pack, ": 3 mistakes"):
            assert len([x for x in said.splitlines() if words in x]) == 1, (words, said)
        # Nothing of the file is understood: then the folder of packs is not known.
        d.conf.write_text("state_dir = ;\n")
        code, said = d.check()
        assert code == 1 and "tosd.conf:1:" in said and "packs" not in said, said
        # A folder that is given wrongly is not replaced by another one.
        configure(d, {"one": "http://127.0.0.1:1/feed.xml"})
        d.conf.write_text(re.sub('packs_dir = "[^"]*"', "packs_dir = 5",
                                 d.conf.read_text()))
        code, said = d.check()
        assert code == 1 and "packs_dir" in said and "policies.d" not in said, said
    finally:
        d.end()
        d.remove()


def refused(d, why):
    """What status says of a reload that was refused."""
    return wait("status to say why", lambda: [
        r for r in d.rows("status") if why in r.get("refused_why", "")], 10)[0]


def bad_pack(d, url, since):
    """A bare SIGHUP, which no `tosd -t` went before."""
    configure(d, {"dead": url, "other": url + "?2"})
    pack = break_pack(d)
    before = len(lines_with(d, "refused"))
    d.proc.send_signal(signal.SIGHUP)
    wait("the refusal", lambda: len(lines_with(d, "refused")) > before, 60)
    assert lines_with(d, pack), d.log()
    status = refused(d, pack)
    assert status["refused_since"] == since, "a second refusal is no new beginning"
    wait("the metric", lambda: "\ntosd_reload_refused 1\n" in get(port_of(d), "/metrics")[1])
    assert [r["url"] for r in d.rows("feeds")] == [url]
    assert len([r for r in d.rows("violations")]) == 0
    # And where no other pack is beside it.
    d.path("packs").rename(d.path("away"))
    d.path("packs").mkdir()
    d.path("away/broken.conf").rename(d.path("packs/alone.conf"))
    d.proc.send_signal(signal.SIGHUP)
    refused(d, "packs/alone.conf:")
    shutil.rmtree(d.path("packs"))
    d.path("away").rename(d.path("packs"))


def bad_reload(d, url):
    good = d.conf.read_text()
    d.conf.write_text(good.replace("workers = 1", "workers = lots"))
    d.proc.send_signal(signal.SIGHUP)
    wait("the refusal", lambda: lines_with(d, "refused", "configuration"), 10)
    assert lines_with(d, "tosd.conf:"), d.log()
    assert [r["url"] for r in d.rows("feeds")] == [url]
    d.conf.write_text(good)
    return refused(d, "tosd.conf:")["refused_since"]


def good_reload(d, url, site):
    configure(d, {"dead": url, "alive": site.feed("alive")})
    d.proc.send_signal(signal.SIGHUP)
    wait("the new tenant to be read", lambda: [
        r for r in d.rows("tenants") if r["id"] == "alive" and r.get("items") == 1], 20)
    outcomes = {r["tenant"]: r["outcome"] for r in d.rows("feeds")}
    row = d.rows("status")[0]
    assert "refused_why" not in row and row["reload_refused"] == 0, row
    assert outcomes["dead"] == "connect" and outcomes["alive"] in ("ok", "unchanged"), \
        outcomes


def test_first_run():
    """Dead feed, probes, reloads and Ctrl-C, in one life of the daemon."""
    d = Tosd("tosd-new-")
    site = Site({"alive": {"format": "atom"}}, [
        {"at": 0, "tenant": "alive", "op": "post", "id": "1", "title": "Hello",
         "text": "The first post of a quiet site."}])
    url = "http://127.0.0.1:%d/feed.xml" % dead_port()
    try:
        own_packs(d)
        configure(d, {"dead": url})
        d.spawn()
        d.wait_ready(60)
        dead_feed(d, url)
        probes(d)
        bad_pack(d, url, bad_reload(d, url))
        good_reload(d, url, site)
        with open("/proc/%d/task/%d/children" % (d.proc.pid, d.proc.pid)) as f:
            roles = [int(p) for p in f.read().split()]
        assert len(roles) >= 5, roles
        begin = time.monotonic()
        assert d.end(signal.SIGINT) == 0, d.log()
        assert time.monotonic() - begin < 5
        assert ended(roles), "a role is left"
        p = d.run("evidence", "verify", d.state)
        assert p.returncode == 0, p
        p = d.run("status")
        assert p.returncode == 3 and "is tosd running?" in p.stderr, p
    finally:
        d.end()
        site.stop()
        d.remove()


def small_disk(path, size):
    """A file system of its own; False where that is not allowed."""
    path.mkdir()
    return os.getuid() == 0 and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "mode=755,size=" + size, "tosd-test", str(path)],
        stderr=subprocess.DEVNULL).returncode == 0


def fill(path):
    with open(path, "wb", buffering=0) as f:
        try:
            while True:
                f.write(b"x" * 4096)
        except OSError:
            pass


def full_lines(d):
    return [x for x in d.log().splitlines() if re.search("No space left|is full", x)]


def full_at_start(d):
    fill(d.state / "ballast")
    d.spawn()
    found = wait("a word about the full disk", lambda: full_lines(d), 15)
    assert d.dir in found[0] and " engine[" in found[0], found
    print("  " + found[0])


def full_while_running(d, site):
    """Room, then none: it says so, and a post of that time is not lost."""
    before = len(full_lines(d))
    fill(d.state / "ballast")
    site.event(tenant="alive", op="post", id="2", title="Again", text="A second post.")
    found = wait("a word about the disk that filled up",
                 lambda: full_lines(d)[before:], 20)
    print("  " + found[0])
    (d.state / "ballast").unlink()
    wait("both posts", lambda: [r for r in d.rows("tenants") if r["items"] == 2], 30)


def test_full_disk():
    """No room at the start and no room later.  Whoever makes room has a working daemon
    again without another step, and a record that is whole."""
    d = Tosd("tosd-new-")
    site = Site({"alive": {"format": "rss"}}, [
        {"at": 0, "tenant": "alive", "op": "post", "id": "1", "title": "Hello",
         "text": "The first post of a quiet site."}])
    mounted = False
    try:
        mounted = small_disk(d.state, "8m")
        if not mounted:
            print("  (cannot mount a small file system: skipped)")
            return
        configure(d, {"alive": site.feed("alive")})
        full_at_start(d)
        (d.state / "ballast").unlink()
        d.wait_ready()
        wait("the first post", lambda: [r for r in d.rows("tenants") if r["items"]], 20)
        full_while_running(d, site)
        assert d.end() == 0, d.log()
        p = d.run("evidence", "verify", d.state)
        assert p.returncode == 0, p
    finally:
        d.end()
        site.stop()
        if mounted:
            subprocess.run(["umount", "-l", str(d.state)], check=False)
        d.remove()


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
        except (AssertionError, Failed, OSError, subprocess.TimeoutExpired) as e:
            failed += 1
            traceback.print_exc()
            verdict = "FAILED: %s" % e
        print("%s: %s (%.1f s)" % (name, verdict, time.monotonic() - begin), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
