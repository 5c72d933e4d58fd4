#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""WordPress of Debian's packages as a tenant.  It is set up by its own installer, people
log in through its own form, and posts and comments are written, edited and deleted
through its own interfaces, while the real tosd reads the feeds that `tosctl tenant add'
finds on its home page.  What must come of it: new items, revisions, cited posts that are
seen to be edited and removed, and (where this build decides that) removals of others.

usage: wordpress.py

Needs the packages wordpress, wordpress-theme-twentytwentythree, php-cli, php-mysql and
mariadb-server-core (no server has to run); 77 without.  Half a minute.
MariaDB, PHP's web server and tosd run in a folder of their own, on loopback."""
import http.cookiejar
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from daemon import (MISSING, REMOVED, UNLISTED, Daemon, Failed, end_process, free_port,
                    item_of, known_settings, sightings, skip, wait)

TREE = "/usr/share/wordpress"
LEFT_OUT = shutil.ignore_patterns("wp-config.php", "*.map", "languages")
PERSON, PASSWORD = "ann", "a pass phrase of some length"
SOON = 20  # seconds from an act of the tenant to what tosd must know
LADDER = ('stages = ( { name = "notice"; deadline = "1h"; } ); recheck = "1s"; '
          'min_exposure = 1;')
# Second readings within seconds, and no hour's pause because the feed says "hourly".
OPTIONAL = {"more": 'coverage = { removal_gap = "2s"; second_min = "2s"; second_max = "4s"; };',
            "fetch": 'hint_max = "1s";'}

WP_CONFIG = """<?php
define('DB_NAME', 'wp'); define('DB_USER', 'root'); define('DB_PASSWORD', '');
define('DB_HOST', 'localhost:%(socket)s'); define('DB_CHARSET', 'utf8mb4');
foreach (['AUTH', 'SECURE_AUTH', 'LOGGED_IN', 'NONCE'] as $k) {
	define($k . '_KEY', $k . '-key-of-a-test'); define($k . '_SALT', $k . '-salt-of-a-test');
}
define('WP_HOME', '%(home)s'); define('WP_SITEURL', '%(home)s');
define('WP_CONTENT_DIR', '%(tree)s/wp-content'); define('DISABLE_WP_CRON', true);
define('AUTOMATIC_UPDATER_DISABLED', true); define('WP_HTTP_BLOCK_EXTERNAL', true);
$table_prefix = 'wp_';
if (!defined('ABSPATH')) { define('ABSPATH', '%(tree)s/'); }
require_once ABSPATH . 'wp-settings.php';
"""


class Database:
    """MariaDB on a socket in a folder, without a port."""

    def __init__(self, folder):
        self.socket = folder + "/db.sock"
        data = folder + "/db"
        user = ["--user=root"] if os.getuid() == 0 else []
        with open(folder + "/db.log", "w") as log:
            subprocess.run(["mariadb-install-db", "--no-defaults", f"--datadir={data}",
                            "--auth-root-authentication-method=normal",
                            "--skip-test-db", *user], check=True, stdout=log, stderr=log,
                           timeout=120)
            self.proc = subprocess.Popen(
                ["mariadbd", "--no-defaults", f"--datadir={data}",
                 f"--socket={self.socket}", f"--pid-file={folder}/db.pid",
                 "--skip-networking", "--innodb-buffer-pool-size=32M",
                 "--innodb-flush-log-at-trx-commit=0", *user],
                stdout=log, stderr=log, start_new_session=True)
        wait("the database", self.answers, 60)

    def answers(self):
        if self.proc.poll() is not None:
            raise Failed("MariaDB does not start")
        with socket.socket(socket.AF_UNIX) as s:
            return s.connect_ex(self.socket) == 0

    def stop(self):
        end_process(self.proc)


class Page:
    """A post or a comment, as its interface answers."""

    def __init__(self, answer):
        self.number, self.link = answer["id"], answer["link"]


class WordPress:
    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="wp-", dir="/tmp")
        self.db = self.proc = None
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}/"
        self.browser = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
        self.nonce = None

    def start(self):
        tree = self.dir + "/www"
        shutil.copytree(TREE, tree, ignore=LEFT_OUT, ignore_dangling_symlinks=True)
        self.db = Database(self.dir)
        self.php("$m = new mysqli('localhost', 'root', '', '', 0, '%s');"
                 "$m->query('CREATE DATABASE wp CHARACTER SET utf8mb4');" % self.db.socket)
        pathlib.Path(tree, "wp-config.php").write_text(WP_CONFIG % {
            "socket": self.db.socket, "home": self.base.rstrip("/"), "tree": tree})
        with open(self.dir + "/php.log", "w") as log:
            self.proc = subprocess.Popen(
                ["php", "-d", "sendmail_path=/bin/true", "-d", "opcache.enable_cli=1", "-S",
                 f"127.0.0.1:{self.port}", "-t", tree], stdout=log, stderr=log,
                start_new_session=True, env={**os.environ, "PHP_CLI_SERVER_WORKERS": "4"})
        wait("PHP's web server", lambda: self.opens(), 30)
        self.install()
        self.login()

    def php(self, code):
        subprocess.run(["php", "-r", code], check=True, timeout=60)

    def opens(self):
        if self.proc.poll() is not None:
            raise Failed("PHP's web server does not start")
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self):
        if self.proc is not None:
            end_process(self.proc)
        if self.db is not None:
            self.db.stop()
        shutil.rmtree(self.dir, ignore_errors=True)

    # --- as people use it

    def form(self, path, **fields):
        data = urllib.parse.urlencode(fields).encode() if fields else None
        with self.browser.open(self.base + path, data, timeout=60) as r:
            return r.read().decode("utf-8", "replace")

    def install(self):
        page = self.form("wp-admin/install.php?step=2", weblog_title="Ann's Notes",
                         user_name=PERSON, admin_password=PASSWORD,
                         admin_password2=PASSWORD, pw_weak="on",
                         admin_email="ann@tenant.example", blog_public="1", language="")
        assert "Success!" in page, page[-2000:]

    def login(self):
        self.form("wp-login.php")
        self.form("wp-login.php", log=PERSON, pwd=PASSWORD, testcookie="1",
                  redirect_to=self.base + "wp-admin/", **{"wp-submit": "Log In"})
        self.nonce = self.form("wp-admin/admin-ajax.php?action=rest-nonce").strip()
        assert re.fullmatch(r"[0-9a-f]{10}", self.nonce), self.nonce[:200]

    def rest(self, method, route, **fields):
        """Its REST interface, as its own editor uses it."""
        request = urllib.request.Request(
            self.base + "index.php?rest_route=/wp/v2/" + route, method=method,
            data=json.dumps(fields).encode() if fields else None,
            headers={"X-WP-Nonce": self.nonce, "Content-Type": "application/json"})
        try:
            with self.browser.open(request, timeout=60) as r:
                return json.load(r)
        except urllib.error.HTTPError as e:
            raise Failed(f"{method} {route}: {e.code} {e.read()[:500]}") from None

    def post(self, title, text):
        return Page(self.rest("POST", "posts", title=title, status="publish",
                              content=f"<p>{text}</p>"))

    def comment(self, post, text):
        return Page(self.rest("POST", "comments", post=post.number, content=text))

    def stranger(self, post, text):
        """Somebody who is not logged in fills in the form below a post."""
        data = urllib.parse.urlencode({
            "comment_post_ID": post.number, "author": "Bo", "email": "bo@else.example",
            "url": "", "comment": text, "comment_parent": 0}).encode()
        with urllib.request.urlopen(self.base + "wp-comments-post.php", data, 60) as r:
            r.read()
        held = self.rest("GET", "comments&status=hold&context=edit")
        assert len(held) == 1, held
        return Page(self.rest("POST", f"comments/{held[0]['id']}", status="approved"))


class Watch:
    """What tosd knows of the tenant, and how long it took to know."""

    def __init__(self, d):
        self.d, self.took = d, []

    def texts(self, page):
        """Every text that was read of a post or a comment, oldest first."""
        rows = self.d.query("SELECT body FROM revision ORDER BY id")
        items = [item_of(body) for body, in rows]
        return [i["text"] for i in items if i.get("url") == page.link]

    def soon(self, what, true):
        begin = time.monotonic()
        try:
            got = wait(what, true, SOON)
        except Failed:
            for row in self.d.query("SELECT guid, body FROM revision JOIN item ON item.id = "
                                    "revision.item ORDER BY revision.id"):
                print("  revision:", row[0], item_of(row[1]))
            raise
        self.took.append((time.monotonic() - begin, what))
        print(f"  {self.took[-1][0]:5.1f} s  {what}", flush=True)
        return got

    def shows(self, what, page, text, revisions):
        self.soon(what, lambda: (t := self.texts(page)) and text in t[-1] and
                  len(t) == revisions)

    def violations(self):
        return {r["url"]: r["presence"] for r in self.d.ask("violations")}

    def decides_removals(self):
        return sightings(self.d, "") is not None

    def removed(self, page):
        return sightings(self.d, page.link) == {REMOVED}


def find_feeds(wp):
    """What an operator does first; the daemon is not there yet."""
    with Daemon({"blog": wp.base}) as d:
        p = d.run("tenant", "add", "-c", d.conf, "--json", wp.base)
        assert p.returncode == 0, p
        feeds = [f["url"] for f in json.loads(p.stdout)["feeds"] if f["chosen"]]
        assert len(feeds) == 2 and any("comments" in f for f in feeds), p.stdout
        for url in feeds:
            p = d.run("feed", "check", "-c", d.conf, "--json", url)
            report = json.loads(p.stdout)
            assert p.returncode == 0 and report["feed"] and report["validators"] == "304", p
            print("  found", url, report["format"], "items:", report["items"],
                  *(w["warning"] for w in report["warnings"]))
        return feeds


def configuration(feeds):
    return Daemon({"blog": feeds}, interval="1s", interval_max="1s", ladder=LADDER,
                  **known_settings(**OPTIONAL))


def pause():
    """WordPress makes both validators of the time of its last change, by the second: what
    changes in the second of a poll that was answered already is a 304 to the next ones."""
    time.sleep(1.2)


def posts_and_comments(wp, w):
    pause()
    first = wp.post("Winter", "The pond is frozen.")
    w.shows("a new post is a new item", first, "frozen", 1)
    pause()
    # Before ours: WordPress lets one address comment every 15 s only.
    stranger = wp.stranger(first, "Is the ice thick enough?")
    w.shows("a stranger's comment, once it is approved", stranger, "thick", 1)
    pause()
    note = wp.comment(first, "Bring skates.")
    w.shows("a new comment is a new item", note, "skates", 1)
    pause()
    wp.rest("POST", f"posts/{first.number}", content="<p>The pond has thawed.</p>")
    w.shows("an edited post is a revision", first, "thawed", 2)
    return first, stranger, note


def cited(wp, w):
    """Posts that break the rules: one is reworded, one deleted."""
    pause()
    worded = wp.post("To him", "Watch out, I will hurt you.")
    gone = wp.post("To them", "Drive them all out, I say.")
    w.soon("both are cited",
           lambda: set(w.violations()) == {worded.link, gone.link})
    w.soon("both are seen online", lambda: set(w.violations().values()) == {"online"})
    pause()
    wp.rest("POST", f"posts/{worded.number}", content="<p>Let us talk about it.</p>")
    w.soon("the reworded one is seen as edited",
           lambda: w.violations()[worded.link] == "edited")
    w.shows("and is a revision", worded, "talk", 2)
    pause()
    wp.rest("DELETE", f"posts/{gone.number}")
    w.soon("the deleted one is seen as removed",
           lambda: w.violations()[gone.link] == "removed")
    assert len(w.texts(gone)) == 1, w.texts(gone)
    return gone


def hidden_edit(wp, w, note):
    """WordPress counts no edit of a comment as a change of its feed: 304 goes on.  Only a
    reading without validators tells."""
    wp.rest("POST", f"comments/{note.number}", content="Bring sledges.")
    if w.decides_removals():
        w.soon("an edited comment that 304 hides is found out", lambda: len(
            w.texts(note)) == 2 or w.d.query(
                "SELECT id FROM coverage WHERE stale IS NOT NULL OR cloaked IS NOT NULL"))
    else:
        time.sleep(3)
        print("  (this build makes no second readings; the edit of a comment, which 304 "
              "hides, is %s)" % ("seen" if len(w.texts(note)) == 2 else "not seen"))


def removals(wp, w, stranger):
    """Of what nobody cited: deleted for good, and into the bin."""
    pause()
    second = wp.post("Spring", "The first crocus.")
    w.shows("another post", second, "crocus", 1)
    pause()
    wp.rest("DELETE", f"posts/{second.number}&force=true")
    pause()
    wp.rest("DELETE", f"comments/{stranger.number}")
    items = w.d.query("SELECT count(*) FROM item")[0][0]
    if w.decides_removals():
        w.soon("a deleted post is known as removed", lambda: w.removed(second))
        # Its page is that of the post, which is there: gone from the feed is all that
        # can be known of a comment.
        w.soon("a deleted comment is known to be gone",
               lambda: sightings(w.d, stranger.link) & {UNLISTED, MISSING, REMOVED})
    else:
        print("  (this build decides no removals of posts that are not cited)")
        time.sleep(3)
    assert len(w.texts(second)) == 1 and len(w.texts(stranger)) == 1, "history is kept"
    assert w.d.query("SELECT count(*) FROM item")[0][0] == items, "nothing is doubled"


def play(wp):
    feeds = find_feeds(wp)
    with configuration(feeds) as d:
        d.start()
        w = Watch(d)
        w.soon("what WordPress begins with", lambda: d.query(
            "SELECT count(*) FROM item")[0][0] == 2)
        first, stranger, note = posts_and_comments(wp, w)
        gone = cited(wp, w)
        hidden_edit(wp, w, note)
        removals(wp, w, stranger)
        assert len(w.texts(first)) == 2, w.texts(first)
        if w.decides_removals():
            w.soon("the cited one is gone from its feed, too", lambda: w.removed(gone))
        outcomes = {r["outcome"] for r in d.ask("feeds")}
        assert outcomes <= {"ok", "unchanged"}, outcomes
        d.stop()
        d.check_record()
        print(f"slowest: {max(w.took)[0]:.1f} s for: {max(w.took)[1]}")


def main():
    for tool in ("php", "mariadbd", "mariadb-install-db"):
        if shutil.which(tool, path=os.environ.get("PATH", "") + ":/usr/sbin") is None:
            skip(f"{tool} is not installed")
    if not os.path.isdir(TREE):
        skip(f"no {TREE}")
    os.environ["PATH"] += ":/usr/sbin"
    wp = WordPress()
    try:
        wp.start()
        play(wp)
    except BaseException:
        for name in ("php.log", "db.log"):
            log = pathlib.Path(wp.dir, name)
            if log.exists():
                sys.stderr.write("".join(log.read_text().splitlines(True)[-15:]))
        raise
    finally:
        wp.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
