# SPDX-License-Identifier: Apache-2.0
"""What the scenario tests share: the real tosd with a mail server and a web server.

A Daemon owns one short folder under /tmp (configuration, state, sockets, log), a
process of tests/http_server.py and, where python3-aiosmtpd is installed, a mail server
in this process.  Used as a context manager it leaves neither process nor folder.

Python's standard library and Debian's python3-aiosmtpd only.
"""
import asyncio
import json
import os
import pathlib
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request

BUILD = os.environ.get("builddir", ".")
SOURCE = os.environ.get("srcdir", str(pathlib.Path(__file__).resolve().parent.parent))
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
fetch = {{ interval = "{interval}"; interval_min = "1s"; interval_max = "1h";
  host_gap = 0; max_host_connections = 8; allow = [ "127.0.0.0/8" ]; timeout = "10s"; }};
policy = {{ packs_dir = "{dir}/packs"; workers = 2; batch = 16;
  plugins = ( {{ name = "rules"; path = "{build}/plugins/rules/.libs/rules.so"; }} ); }};
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

DEFAULTS = {"interval": "2s", "seal": "200ms", "retry": "500ms", "restart_max": "400ms",
            "ping_timeout": "10s", "desk": DESK, "transport": "none", "smtp": 1,
            "ladder": 'stages = ( { name = "notice"; deadline = "60s"; } );', "more": ""}


def skip(why):
    print("SKIP:", why)
    sys.exit(77)


def data_folder(name):
    folder = pathlib.Path(os.environ.get("TOSD_DATA") or SOURCE + "/../shared/data") / name
    if not folder.is_dir():
        skip(f"no folder {folder}")
    return folder


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait(what, predicate, limit=30, pause=0.05):
    """What predicate returned once it was true; an AssertionError past the limit."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        got = predicate()
        if got:
            return got
        time.sleep(pause)
    raise AssertionError(f"waited {limit} s for: {what}")


class Web:
    """tests/http_server.py; ends with this process."""

    def __init__(self, kind, plan, *args):
        with tempfile.TemporaryFile("w+") as f:
            json.dump(plan, f)
            f.flush()
            self.proc = subprocess.Popen(
                [sys.executable, SOURCE + "/tests/http_server.py", "--stdin-ends", kind,
                 f"/proc/self/fd/{f.fileno()}", *args], stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, pass_fds=[f.fileno()])
            self.port = int(self.proc.stdout.readline())
        self.base = f"http://127.0.0.1:{self.port}/"

    def event(self, **event):
        urllib.request.urlopen(self.base + "_event", json.dumps(event).encode(), 20).close()

    def log(self):
        with urllib.request.urlopen(self.base + "_log", timeout=20) as r:
            return json.load(r)["requests"]

    def stop(self):
        self.proc.stdin.close()
        self.proc.stdout.close()
        self.proc.kill()
        self.proc.wait(10)


class Mail:
    """A mail server.  `mails` holds (time, sender, recipient, bytes) of all that came to
    its end; rcpt(address) and data(recipient) may return another answer than 250.  What
    was taken stays so, even if the client does not live through the delay() seconds to
    the answer."""

    def __init__(self, rcpt=None, data=None, delay=None):
        try:
            from aiosmtpd.controller import Controller
        except ImportError:
            skip("python3-aiosmtpd is not installed")
        self.mails, self.rcpt, self.data, self.delay = [], rcpt, data, delay
        self.port = free_port()
        self.controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self.controller.start()

    async def handle_RCPT(self, server, session, envelope, address, options):
        answer = self.rcpt(address) if self.rcpt else None
        if answer is None:
            envelope.rcpt_tos.append(address)
        return answer or "250 ok"

    async def handle_DATA(self, server, session, envelope):
        answer = self.data(envelope.rcpt_tos[0]) if self.data else None
        if answer is None:
            for to in envelope.rcpt_tos:
                self.mails.append((time.time(), envelope.mail_from, to,
                                   envelope.original_content))
        if self.delay:
            await asyncio.sleep(self.delay())
        return answer or "250 taken"

    def stop(self):
        self.controller.stop()


class Daemon:
    def __init__(self, tenants, **settings):
        """tenants: {id: feed address} or {id: (feed address, further lines)}."""
        self.dir = tempfile.mkdtemp(prefix="tosd-", dir="/tmp")
        self.proc = None
        os.mkdir(self.dir + "/packs")
        self.write("packs/trial.conf", PACK)
        self.settings = {**DEFAULTS, "console": free_port(), **settings}
        rows = []
        for name, feed in tenants.items():
            url, more = feed if isinstance(feed, tuple) else (feed, "")
            rows.append('  { id = "%s"; name = "Tenant %s"; contact = "%s@tenant.example"; '
                        'manager = "%s"; feeds = ( "%s" ); %s }'
                        % (name, name, name, MANAGER, url, more))
        self.write("tosd.conf", CONF.format(dir=self.dir, build=os.path.abspath(BUILD),
                                            source=os.path.abspath(SOURCE),
                                            tenants=",\n".join(rows), **self.settings))

    def write(self, name, text):
        with open(f"{self.dir}/{name}", "w", encoding="utf-8") as f:
            f.write(text)

    # --- its life

    def start(self, limit=30):
        self.spawn()
        wait("tosd to be ready", self.ready, limit)

    def spawn(self):
        with open(self.dir + "/log", "ab") as log:
            self.proc = subprocess.Popen([BUILD + "/tosd", "-f", "-c", self.dir + "/tosd.conf"],
                                         stderr=log, stdout=log, start_new_session=True)

    def ready(self):
        assert self.proc.poll() is None, f"tosd ended with {self.proc.returncode}"
        status = self.status()
        return status is not None and status["policy"] != ""

    def stop(self, limit=30):
        self.proc.send_signal(signal.SIGTERM)
        assert self.proc.wait(limit) == 0, "tosd did not end well"

    def roles(self):
        """{(role, index): pid} of the living children, from /proc."""
        found = {}
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                stat = pathlib.Path("/proc", pid, "stat").read_text().rsplit(")", 1)[1].split()
                args = pathlib.Path("/proc", pid, "cmdline").read_text().split("\0")
            except OSError:
                continue
            if int(stat[1]) == self.proc.pid and stat[0] != "Z" and "--role" in args:
                found[args[2], int(args[4])] = int(pid)
        return found

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
            for _ in range(50):  # what is just dying may still write
                shutil.rmtree(self.dir, ignore_errors=True)
                if not os.path.exists(self.dir):
                    break
                time.sleep(0.02)
        else:
            print("kept:", self.dir)

    def path(self, name):
        return pathlib.Path(self.dir, name)

    def log(self):
        return self.path("log").read_text("utf-8", "replace")

    # --- questions to it

    def run(self, *words, check=False):
        env = dict(os.environ, TOSD_CONTROL=self.dir + "/run/control",
                   TOSD_STATE=self.dir + "/state")
        return subprocess.run([BUILD + "/tosctl", *words], env=env, capture_output=True,
                              text=True, timeout=120, check=check)

    def ask(self, *words):
        """The rows of an answer; None if the daemon cannot be asked just now."""
        p = self.run(*words, "--json")
        return [json.loads(x) for x in p.stdout.splitlines()] if p.returncode == 0 else None

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
        """Every entry in the ledger's files, from the bundles of the tlog-tiles layout."""
        root = pathlib.Path(self.dir, "state", "log", "tile", "entries")
        bundles = {}
        for path in filter(pathlib.Path.is_file, root.rglob("*")):
            name, full = str(path.relative_to(root)), 256
            if ".p/" in name:
                name, full = name.split(".p/")
            bundles[name] = max(bundles.get(name, (0, None)), (int(full), path))
        for name in sorted(bundles, key=lambda n: n.replace("x", "")):
            raw, at = bundles[name][1].read_bytes(), 0
            while at < len(raw):
                size = struct.unpack_from(">H", raw, at)[0]
                yield json.loads(raw[at + 2:at + 2 + size])
                at += 2 + size

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
    take("<I")
    item["links"] = [text() for _ in range(take("<I"))]
    for _ in range(take("<I")):  # media: address, type, description
        text(), text(), text()
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
