#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A list that is not there is no list on which nothing stands: through the running tosd, posts
wait for one that cannot be fetched, one that somebody has removed or spoiled under the state
folder, and one with a fault beside good ones; they are judged once it is there, whoever says
304 meanwhile, and degraded after policy.retry_for.  Standard library only."""
import os
import pathlib
import shutil
import signal
import sys

from daemon import BUILD, Daemon, wait
from test_lists_daemon import HEAD, Site, found, judged, revisions
from test_lists_update import Lists, lists, text


def setup(d, server, retry="24h", plugins="both"):
    shutil.copy(BUILD + "/plugins/lists/.libs/lists.so", d.path("lists.so"))
    d.path("lists.so").chmod(0o755)
    conf = d.path("tosd.conf").read_text("utf-8")
    at = conf.index("plugins = ("), conf.index(");", conf.index("plugins = ("))
    rules = conf[at[0] + len("plugins = ("):at[1]].strip()
    own = '{ name = "lists"; path = "%s"; grant = [ "text", "links", "media" ]; }' % d.path(
        "lists.so")
    both = f"{rules}, {own}" if plugins != "alone" else own
    fetched = 'lists = ( { name = "phish"; url = "%s/phish"; interval = "1s"; } );' % server.base
    conf = (conf[:at[0]] + f'plugins = ( {both} );\n  retry_for = "{retry}";\n  {fetched}\n'
            + conf[at[1] + 2:])
    d.write("tosd.conf", conf)
    code, said = d.check()
    assert code == 0, said


def broken(h):
    h.send_response(500)
    h.send_header("Content-Length", "0")
    h.end_headers()


def publish(server):
    """With a validator: whoever has been told of it is told that there is nothing new."""
    server.put("/phish", text("phish", 1, ["evil.example"]), ETag='"one"')


def waits(d, name):
    """Once it was shown to workers, and waits for the list."""
    def there():
        rows = d.query("SELECT retry.why FROM retry JOIN revision ON revision.id = "
                       "retry.revision JOIN item ON item.id = revision.item WHERE guid = ? "
                       "AND plugin = 'lists' AND given_up = 0 AND retry.due IS NOT NULL", name)
        return rows[0][0] if rows else None
    why = wait(f"{name} to wait for the list ({revisions(d).get(name)})", there)
    assert revisions(d)[name][0] == 0, revisions(d)[name]
    status = d.status()
    assert status["plugins_missing"] == 1 and status["retries"] >= 1, status
    return why


def is_current(d):
    return wait("the list to be in force", lambda: lists(d).get("phish", {}).get(
        "state") == "current" and lists(d)["phish"]["loaded"] == 2, 60)


def settled(d, *names, limit=60):
    for name in names:
        state, why, _ = judged(d, name, limit)
        assert state == 1, (name, state, why)
    wait("nothing to be missing", lambda: d.status()["plugins_missing"] == 0)
    assert d.status()["retries"] == 0 and d.status()["items_degraded"] == 0, d.status()


def late(d, site, server):
    """A new state, and a server that is down."""
    server.put("/phish", broken)
    site.post("late", "go to https://evil.example/now")
    site.post("harmless", "go to https://good.example/now")
    d.start()
    why = waits(d, "late")
    assert "phish: no version of it is there yet" in why, why
    waits(d, "harmless")
    assert lists(d)["phish"]["state"] in ("awaited", "missing")
    publish(server)
    is_current(d)
    settled(d, "late", "harmless")
    assert found(d) == {("list/phish", "late")}, found(d)


def removed(d, site, server):
    """rm -rf of the folder under a running daemon, then a reload."""
    n = len(server.requests("/phish"))
    wait("it to be asked for with what it is known by", lambda: any(
        h.get("If-None-Match") == '"one"' for h in server.requests("/phish")[n:]))
    answer = server.paths["/phish"]
    server.put("/phish", broken)
    shutil.rmtree(pathlib.Path(d.state, "lists"))
    d.proc.send_signal(signal.SIGHUP)
    wait("the list to be missed", lambda: lists(d)["phish"]["state"] in ("awaited", "missing"))
    wait("workers to do without", lambda: d.status()["plugins_missing"] == 1)
    site.post("removed", "go to https://evil.example/later")
    waits(d, "removed")
    n = len(server.requests("/phish"))
    with server.lock:
        server.paths["/phish"] = answer
    is_current(d)
    assert all("If-None-Match" not in h for h in server.requests("/phish")[n:n + 1])
    settled(d, "removed")
    assert ("list/phish", "removed") in found(d), found(d)


def spoiled(d, site, server, name):
    """Another content in its file, then a restart; the server would say 304."""
    folder = pathlib.Path(d.state, "lists")
    d.stop()
    file = folder / os.readlink(folder / "phish.list")
    file.write_bytes(b"x" * file.stat().st_size)
    answer = server.paths["/phish"]
    server.put("/phish", broken)
    site.post(name, "go to https://evil.example/" + name)
    d.start()
    waits(d, name)
    assert lists(d)["phish"]["state"] != "current", lists(d)
    with server.lock:
        server.paths["/phish"] = answer
    is_current(d)
    settled(d, name)
    assert ("list/phish", name) in found(d), found(d)


def faulty(d, site):
    """One beside the packs that has a fault in its head, and one that has none."""
    d.stop()
    good = HEAD.format(name="good", kind="domain", entries="bad.example", category="fraud")
    other = HEAD.format(name="other", kind="domain", entries="worse.example", category="fraud")
    d.write("packs/good.list", good)
    d.write("packs/other.list", other.replace("severity = high", "severity = huge"))
    d.start()
    site.post("faulty", "https://worse.example/ and https://bad.example/")
    why = waits(d, "faulty")
    assert "other.list:7: `severity' must be" in why, why
    # What is there counts at once.
    wait("the good one to find it", lambda: ("list/good", "faulty") in found(d))
    d.write("packs/other.list", other)
    d.proc.send_signal(signal.SIGHUP)
    settled(d, "faulty")
    assert ("list/other", "faulty") in found(d), found(d)


def over(site, server):
    """After retry_for it is degraded, and never clean."""
    server.put("/phish", broken)
    with Daemon({"t": site.base + "/feed"}, interval="1s",
                more='coverage = { second_max = 0; };') as d:
        setup(d, server, retry="3s")
        d.start()
        site.post("over", "go to https://evil.example/over")
        state, why, _ = judged(d, "over")
        assert state == 2 and "lists: gave no answer for" in why and "phish" in why, (state, why)
        assert d.status()["items_degraded"] > 0, d.status()
        publish(server)
        is_current(d)
        d.stop()
        d.check_record()


def alone(site, server):
    """The list is all that the plugin has, and the plugin all that there is."""
    publish(server)
    with Daemon({"t": site.base + "/feed"}, interval="1s",
                more='coverage = { second_max = 0; };') as d:
        setup(d, server, plugins="alone")
        d.start()
        is_current(d)
        spoiled(d, site, server, "alone")
        d.stop()


def main():
    os.umask(0o022)
    site, server = Site(), Lists()
    with Daemon({"t": site.base + "/feed"}, interval="1s",
                more='coverage = { second_max = 0; };') as d:
        setup(d, server)
        late(d, site, server)
        removed(d, site, server)
        spoiled(d, site, server, "spoiled")
        faulty(d, site)
        d.stop()
        d.check_record()
    over(site, server)
    alone(site, server)
    for s in (site, server):
        s.shutdown()
        s.server_close()
    print("lists that are not there, in six ways: posts waited, and were judged or degraded")


if __name__ == "__main__":
    sys.exit(main())
