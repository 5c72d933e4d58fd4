# SPDX-License-Identifier: Apache-2.0
"""The product run from outside, for the scenario tests and the demonstration: the real
tosd of the build tree, tosctl, the store and the ledger read from their files.

Tosd	tosd in a short folder of its own under /tmp: its life, tosctl, its files
Daemon	the same with a configuration and a pack for tests; a context manager that leaves
	neither process nor folder

The servers of tenants and of mail are those of servers.py; one import gets all."""
import getpass
import json
import os
import pathlib
import shutil
import signal
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time

from processes import roles
from servers import (SOURCE, Failed, Mail, Mastodon, PlainMail, Site,  # noqa: F401
                     Web, end_process, free_port, mail_server, skip)

BUILD = os.path.abspath(os.environ.get("builddir") or ".")
# Compiled patterns of the delivered packs: made once for each build tree.
CACHE = BUILD + "/tests/pattern-cache"
DESK, MANAGER = "desk@host.example", "manager@host.example"

PACK = """
pack = { name = "trial"; version = 1; owner = "tests"; about = "words that a test uses"; };
clauses = ( { id = "4.1"; text = "Threats"; }, { id = "4.2"; text = "Calls"; },
	{ id = "1.1"; text = "Our own people"; } );
rules = (
	{ id = "threat"; rev = 1; mode = "enforce"; category = "violence"; clause = "4.1";
	  severity = "high"; score = 0.9; phrases = [ "i will hurt you" ];
	  reason = "threatens: {match}"; },
	{ id = "call"; rev = 2; mode = "enforce"; category = "violence"; clause = "4.2";
	  severity = "medium"; score = 0.8; phrases = [ "drive them all out" ];
	  reason = "calls for violence: {match}"; },
	{ id = "depot"; rev = 1; mode = "enforce"; category = "safety"; clause = "1.1";
	  severity = "critical"; score = 0.9; phrases = [ "burn the depot" ];
	  reason = "aims at a site of ours: {match}"; }
);
tests = {
	fail = ( { text = "watch out, I will hurt you"; rule = "threat"; },
		{ text = "Drive them all out!"; rule = "call"; },
		{ text = "come and burn the depot"; rule = "depot"; } );
	ok = [ "I will help you", "drive them home", "the depot is open" ];
	twins = ( [ "I will hurt you, farmers", "I will hurt you, bakers" ] );
};
"""

CONF = """
state_dir = "{dir}/state"; run_dir = "{dir}/run"; templates_dir = "{source}/etc/notices.d";
sandbox = "best-effort"; restart_min = "50ms"; restart_max = "{restart_max}";
ping_interval = "500ms"; ping_timeout = "{ping_timeout}"; stop_timeout = "10s";
{more}
provider = {{ name = "Trial Hosting"; mailbox = "abuse@host.example"; phone = "+1 555 0100";
  aup_url = "https://host.example/aup"; aup_version = "1"; }};
ledger = {{ seal_interval = "{seal}"; }};
fetch = {{ interval = "{interval}"; interval_min = "1s"; interval_max = "{interval_max}";
  host_gap = 0; max_host_connections = 8; allow = [ "127.0.0.0/8" ]; timeout = "10s"; {fetch}
  }};
policy = {{ packs_dir = "{dir}/packs"; workers = 2; batch = 16;
  plugins = ( {{ name = "rules"; path = "{dir}/rules.so"; }} ); }};
safety = {{ desk = [ "{desk}" ]; }};
ladder = {{ {ladder} }};
courier = {{ transport = "{transport}"; url = "smtp://127.0.0.1:{smtp}"; starttls = false;
  from = "abuse@host.example"; retry_min = "{retry}"; retry_max = "2s"; attempts = 5;
  timeout = "10s"; legal = "legal@host.example"; }};
console = {{ listen = "127.0.0.1:{console}"; }};
tenants = (
{tenants}
);
"""

DEFAULTS = {"interval": "2s", "interval_max": "1h", "fetch": "", "more": "",
            "seal": "200ms", "retry": "500ms", "restart_max": "400ms", "ping_timeout": "10s",
            "desk": DESK, "transport": "none", "smtp": 1,
            "ladder": 'stages = ( { name = "notice"; deadline = "60s"; } );'}


def data_folder(name):
    folder = pathlib.Path(os.environ.get("TOSD_DATA") or SOURCE + "/../shared/data") / name
    if not folder.is_dir():
        skip(f"no folder {folder}")
    return folder


def wait(what, predicate, limit=30, pause=0.05):
    """What predicate returned once it was true; Failed past the limit."""
    end = time.monotonic() + limit
    while True:
        got = predicate()
        if got:
            return got
        if time.monotonic() > end:
            raise Failed(f"waited {limit} s for: {what}")
        time.sleep(pause)


def account():
    """The local account that the staff of the configuration speaks through."""
    try:
        return getpass.getuser() if os.getuid() != 0 else "root"
    except (KeyError, OSError):
        raise Failed("this user id has no account name; decisions need one") from None


# --- the ledger ---------------------------------------------------------------------


class Ledger:
    """Reads the entries under the newest signed head as they come (tlog-tiles)."""

    def __init__(self, state):
        self.log = pathlib.Path(state) / "log"
        self.next = 0

    def size(self):
        try:
            return int((self.log / "checkpoint").read_text().split("\n")[1])
        except (OSError, IndexError, ValueError):
            return 0

    def bundle(self, number, width):
        """Bytes of the entry bundle, which may have grown since the head was read."""
        digits = "%03d" % (number % 1000)
        while number >= 1000:
            number //= 1000
            digits = "x%03d/" % (number % 1000) + digits
        path = self.log / "tile" / "entries" / digits
        if width < 256:
            partial = path.with_name(path.name + ".p")
            wide = [int(p.name) for p in partial.glob("*") if p.name.isdigit()]
            wide = [w for w in wide if w >= width]
            if wide:
                path = partial / str(min(wide))
        return path.read_bytes()

    def new(self):
        """Entries that were not given yet.  Comes back later if a file just moves."""
        size, out = self.size(), []
        while self.next < size:
            number, skip = divmod(self.next, 256)
            try:
                data = self.bundle(number, min(256, size - number * 256))
            except OSError:
                return out
            at, i = 0, 0
            while at + 2 <= len(data) and number * 256 + i < size:
                length = int.from_bytes(data[at:at + 2], "big")
                if i >= skip:
                    out.append(json.loads(data[at + 2:at + 2 + length]))
                at, i = at + 2 + length, i + 1
            if number * 256 + i <= self.next:
                return out
            self.next = number * 256 + i
        return out


# --- the daemon ---------------------------------------------------------------------


class Tosd:
    """tosd in a folder of its own, with whatever is written to `conf`."""

    def __init__(self, prefix="tosd-"):
        for program in ("tosd", "tosctl"):
            if not os.access(f"{BUILD}/{program}", os.X_OK):
                raise Failed(f"{BUILD}/{program} is not built; run make first")
        # Below /tmp, not $TMPDIR: names of sockets are short.
        self.dir = tempfile.mkdtemp(prefix=prefix, dir="/tmp")
        self.proc = None
        self.conf, self.state = self.path("tosd.conf"), self.path("state")
        self.log_file = self.path("tosd.log")
        # A copy, since a umask of 002 leaves files that tosd refuses to load.
        shutil.copy(BUILD + "/plugins/rules/.libs/rules.so", self.path("rules.so"))
        self.path("rules.so").chmod(0o755)

    def places(self):
        """What the configuration says of folders: at its top, and within `policy'."""
        os.makedirs(CACHE, 0o755, exist_ok=True)
        return (f'state_dir = "{self.state}";\nrun_dir = "{self.dir}/run";\n'
                f'templates_dir = "{SOURCE}/etc/notices.d";\n',
                f'plugins = ( {{ name = "rules"; path = "{self.dir}/rules.so"; }} );\n'
                f'\tpacks_dir = "{SOURCE}/etc/policies.d";\n\tcache_dir = "{CACHE}";')

    def write(self, name, text):
        self.path(name).write_text(text, "utf-8")

    def check(self):
        """tosd -t: (exit code, what it said)."""
        p = subprocess.run([BUILD + "/tosd", "-t", "-c", self.conf], timeout=30, text=True,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        return p.returncode, p.stdout

    # --- its life

    def start(self, limit=30):
        self.spawn()
        self.wait_ready(limit)

    def spawn(self):
        with open(self.log_file, "ab") as log:
            self.proc = subprocess.Popen([BUILD + "/tosd", "-f", "-c", self.conf],
                                         stdin=subprocess.DEVNULL, stderr=log, stdout=log,
                                         start_new_session=True)

    def ready(self):
        if self.proc.poll() is not None:
            raise Failed(f"tosd ended by itself (exit {self.proc.returncode}); see "
                         f"{self.log_file}")
        status = self.status() if "] ready: " in self.log() else None
        return status is not None and status["policy"] != ""

    def wait_ready(self, limit=30):
        wait(f"tosd to be ready; see {self.log_file}", self.ready, limit)

    def end(self, sig=signal.SIGTERM, limit=30):
        """Its exit code; None if it never ran or had to be killed.  Works twice."""
        return end_process(self.proc, sig, limit) if self.proc is not None else None

    def stop(self, limit=30):
        code = self.end(limit=limit)
        assert code == 0, f"tosd did not end well: {code}"

    def remove(self):
        for _ in range(50):  # what is just dying may still write
            shutil.rmtree(self.dir, ignore_errors=True)
            if not os.path.exists(self.dir):
                break
            time.sleep(0.02)

    def roles(self):
        """{(role, index): pid} of the living children, from /proc."""
        return {(role, index): pid for pid, role, index, _ in roles(self.proc.pid)}

    def path(self, name):
        return pathlib.Path(self.dir, name)

    def log(self):
        try:
            return self.log_file.read_text("utf-8", "replace")
        except OSError:
            return ""

    # --- questions to it

    def run(self, *words, check=False, limit=120):
        env = dict(os.environ, TOSD_CONTROL=self.dir + "/run/control",
                   TOSD_STATE=self.dir + "/state")
        return subprocess.run([BUILD + "/tosctl", *map(str, words)], env=env, check=check,
                              capture_output=True, text=True, timeout=limit)

    def ask(self, *words):
        """The rows of an answer; None if the daemon cannot be asked just now."""
        p = self.run(*words, "--json")
        return [json.loads(x) for x in p.stdout.splitlines()] if p.returncode == 0 else None

    def rows(self, *words):
        """The same; none if it cannot be asked."""
        return self.ask(*words) or []

    def status(self):
        rows = self.ask("status")
        return rows[0] if rows else None

    # --- its files

    def query(self, sql, *args):
        """Rows of the store, read only, beside the running daemon."""
        db = sqlite3.connect(f"file:{self.dir}/state/store.db?mode=ro", uri=True, timeout=20)
        try:
            return db.execute(sql, args).fetchall()
        finally:
            db.close()

    def ledger(self):
        """Every signed entry in the ledger's files."""
        return Ledger(self.state).new()

    def kinds(self):
        """How many ledger entries there are of each kind."""
        count = {}
        for entry in self.ledger():
            count[entry["kind"]] = count.get(entry["kind"], 0) + 1
        return count

    def check_record(self):
        """The ledger verifies, decisions come out the same, the database is whole."""
        for words in (("evidence", "verify"), ("replay", "--all")):
            p = self.run(*words)
            assert p.returncode == 0, (words, p.returncode, p.stdout[-2000:], p.stderr[-2000:])
            print(f"tosctl {' '.join(words)}: {p.stdout.splitlines()[0]}")
        assert self.query("PRAGMA integrity_check") == [("ok",)]
        assert self.query("PRAGMA foreign_key_check") == []


class Daemon(Tosd):
    """A context manager; ends what runs and removes the folder, or keeps it when the test
    failed and TOSD_KEEP is set."""

    def __init__(self, tenants, **settings):
        """tenants: {id: feed}, a feed being an address, a list of them, or (those, further
        lines).  settings: values of DEFAULTS; fetch and more: further settings of that
        group and of the file."""
        super().__init__()
        os.mkdir(self.dir + "/packs")
        self.write("packs/trial.conf", PACK)
        self.settings = {**DEFAULTS, "console": free_port(), **settings}
        rows = []
        for name, feed in tenants.items():
            urls, more = feed if isinstance(feed, tuple) else (feed, "")
            urls = [urls] if isinstance(urls, str) else urls
            rows.append('  { id = "%s"; name = "Tenant %s"; contact = "%s@tenant.example"; '
                        'manager = "%s"; feeds = ( "%s" ); %s }'
                        % (name, name, name, MANAGER, '", "'.join(urls), more))
        self.write("tosd.conf", CONF.format(dir=self.dir, source=SOURCE,
                                            tenants=",\n".join(rows), **self.settings))

    def __enter__(self):
        # `timeout' and make end a test by SIGTERM: nothing may be left then either.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended from outside"))
        return self

    def __exit__(self, kind, value, trace):
        if kind is not None and kind is not SystemExit:
            sys.stdout.flush()
            sys.stderr.write("".join(self.log().splitlines(True)[-25:]))
        if self.proc is not None and self.proc.poll() is None:
            pids = self.roles().values()
            self.proc.kill()
            self.proc.wait()
            for pid in pids:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
        if kind is None or not os.environ.get("TOSD_KEEP"):
            self.remove()
        else:
            print("kept:", self.dir)


def known_settings(**optional):
    """Those of these settings of a Daemon that this build takes."""
    known = {}
    for key, value in optional.items():
        with Daemon({"any": "http://127.0.0.1/"}, **{key: value}) as d:
            if d.check()[0] == 0:
                known[key] = value
    return known


# States of a post, SIGHT_* of daemon/store/store_cover.h.
UNLISTED, MISSING, REMOVED = 2, 3, 4


def sightings(d, url):
    """{state} of the posts at this address; None if this build decides no removals."""
    if not d.query("SELECT name FROM sqlite_schema WHERE type = 'table' AND "
                   "name = 'sighting'"):
        return None
    rows = d.query("SELECT body, sighting.state FROM sighting JOIN revision ON "
                   "revision.item = sighting.id")
    return {state for body, state in rows if item_of(body).get("url") == url}


def item_of(blob):
    """A stored item (item_put of daemon/base/item.c) as `tosctl parse` would show it."""
    at = 0

    def take(form):
        nonlocal at
        value = struct.unpack_from(form, blob, at)[0]
        at += struct.calcsize(form)
        return value

    def text():
        nonlocal at
        size = take("<I")
        if size == 0xffffffff:
            return None
        at += size
        return blob[at - size:at].decode()

    keys = ("id", "url", "title", "author", "text", "summary", "lang", "in_reply_to",
            "published_raw", "updated_raw")
    item = {k: text() for k in keys}
    for key in ("published", "updated"):
        ms = take("<q")
        item[key] = None if ms == -1 << 63 else rfc3339(ms // 1000)
    flags = take("<I")
    item["links"] = [text() for _ in range(take("<I"))]
    item["media"] = [dict(zip(("url", "type", "text"), (text(), text(), text())))
                     for _ in range(take("<I"))]
    if flags & 1 << 29:  # ITEM_IN_BODY
        for medium in item["media"]:
            medium.update(in_body=take("B") != 0)
    if flags & 1 << 30:  # ITEM_HASHES
        for medium in item["media"]:
            medium.update(sha256=text(), md5=text(), pdq=text(), quality=take("<I"),
                          why=text())
    assert at == len(blob), "a stored item has bytes left over"
    return {k: v for k, v in item.items() if v is not None}


def rfc3339(seconds):
    day, rest = divmod(seconds, 86400)
    # Not datetime: feeds name years that it does not have.
    y400, day = divmod(day + 719468, 146097)
    year = (day - day // 1460 + day // 36524 - day // 146096) // 365
    day -= 365 * year + year // 4 - year // 100
    month = (5 * day + 2) // 153
    day -= (153 * month + 2) // 5
    year, month = year + 400 * y400 + (month > 9), month + (3 if month < 10 else -9)
    return "%04d-%02d-%02dT%02d:%02d:%02dZ" % (year, month, day + 1, rest // 3600,
                                               rest // 60 % 60, rest % 60)
