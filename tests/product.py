# SPDX-License-Identifier: Apache-2.0
"""The product run from outside, for the demonstration and for tests: a daemon of the
build tree in a folder of its own, tenants' web servers, a mail server, and the ledger
read from its files.  Everything is on loopback and is stopped by its process id.
Standard library; python3-aiosmtpd where it is installed."""

import getpass
import json
import os
import pathlib
import shutil
import signal
import socketserver
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = pathlib.Path(os.environ.get("srcdir") or HERE.parent).resolve()
BUILD = pathlib.Path(os.environ.get("builddir") or ".").resolve()
TOSD, TOSCTL = BUILD / "tosd", BUILD / "tosctl"
# Compiled patterns: made once for each build tree, not once for each run.
CACHE = BUILD / "tests" / "pattern-cache"


class Failed(Exception):
    """Something could not be started; the text is for people."""


def wait(limit, what, true, pause=0.05):
    """Waits until true() is true and returns that value; Failed after `limit` s."""
    end = time.monotonic() + limit
    while True:
        value = true()
        if value:
            return value
        if time.monotonic() > end:
            raise Failed("waited %d s for %s" % (limit, what))
        time.sleep(pause)


def stop_process(proc, sig=signal.SIGTERM, limit=30):
    """Its exit code; None if it had to be killed."""
    if proc.poll() is None:
        proc.send_signal(sig)
    try:
        return proc.wait(limit)
    except subprocess.TimeoutExpired:
        proc.kill()
        proc.wait()
        return None


def account():
    """The local account that the staff of the configuration speaks through."""
    try:
        return getpass.getuser() if os.getuid() != 0 else "root"
    except (KeyError, OSError):
        raise Failed("this user id has no account name; decisions need one") from None


# --- tenants ------------------------------------------------------------------------


class Site:
    """tests/http_server.py with a timeline; its tenants share a port."""

    def __init__(self, folder, tenants, events=(), port=0, base=None):
        self.file = pathlib.Path(folder) / ("site-%s.json" % next(iter(tenants)))
        self.file.write_text(json.dumps({"tenants": tenants, "events": list(events)}))
        command = [sys.executable, str(HERE / "http_server.py"), "--stdin-ends",
                   "--timeline", str(self.file), "--port", str(port)]
        if base is not None:
            command += ["--base", str(base)]
        self.proc = subprocess.Popen(command, stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, start_new_session=True)
        line = self.proc.stdout.readline()
        if not line.strip().isdigit():
            raise Failed("the tenants' web server does not start")
        self.port = int(line)

    def feed(self, tenant):
        return "http://127.0.0.1:%d/%s/feed.xml" % (self.port, tenant)

    def happen(self, **event):
        """A tenant posts, edits or removes, now."""
        request = urllib.request.Request("http://127.0.0.1:%d/_event" % self.port,
                                         json.dumps(event).encode(), method="POST")
        urllib.request.urlopen(request, timeout=5).read()

    def stop(self):
        stop_process(self.proc)
        self.proc.stdin.close()
        self.proc.stdout.close()


# --- mail ---------------------------------------------------------------------------


class Letterbox:
    """Mails that came in: (time, recipients, bytes)."""

    def __init__(self):
        self.mails = []

    def put(self, recipients, content):
        self.mails.append((time.time(), list(recipients), content))


class AioMail(Letterbox):
    def __init__(self):
        from aiosmtpd.controller import Controller
        super().__init__()
        self.name = "aiosmtpd"
        # Port 0 is not for its controller, which asks its own port by connecting.
        with socketserver.TCPServer(("127.0.0.1", 0), None) as s:
            self.port = s.server_address[1]
        self.controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self.controller.start()

    async def handle_DATA(self, server, session, envelope):
        self.put(envelope.rcpt_tos, envelope.original_content)
        return "250 2.0.0 taken"

    def stop(self):
        self.controller.stop()


class PlainMail(Letterbox):
    """As much of RFC 5321 as one honest client needs, where aiosmtpd is missing."""

    def __init__(self):
        super().__init__()
        self.name = "a small server of our own (python3-aiosmtpd is not installed)"
        box = self

        class Talk(socketserver.StreamRequestHandler):
            timeout = 30

            def say(self, text):
                self.wfile.write(text.encode() + b"\r\n")

            def data(self, recipients):
                self.say("354 go on")
                lines = []
                while (line := self.rfile.readline(65536)) not in (b".\r\n", b""):
                    lines.append(line[1:] if line.startswith(b".") else line)
                box.put(recipients, b"".join(lines))
                self.say("250 2.0.0 taken")

            def handle(self):
                self.say("220 localhost ESMTP")
                recipients = []
                while line := self.rfile.readline(1000):
                    word = line.split(b":")[0].strip().upper()
                    if word == b"DATA":
                        self.data(recipients)
                        recipients = []
                    elif word == b"QUIT":
                        return self.say("221 2.0.0 bye")
                    else:
                        if word == b"RCPT TO":
                            recipients.append(line.split(b"<")[1].split(b">")[0].decode())
                        self.say("250 2.0.0 ok")

        socketserver.ThreadingTCPServer.daemon_threads = True
        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Talk)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def mail_server():
    try:
        return AioMail()
    except ImportError:
        return PlainMail()


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


class Daemon:
    """tosd in a folder of its own.  Its log goes to FOLDER/tosd.log."""

    def __init__(self, prefix="tosd-", folder=None):
        for program in (TOSD, TOSCTL):
            if not os.access(program, os.X_OK):
                raise Failed("%s is not built; run make first" % program)
        # Below /tmp, not $TMPDIR: names of sockets are short.
        self.dir = pathlib.Path(folder or tempfile.mkdtemp(prefix=prefix, dir="/tmp"))
        self.conf = self.dir / "tosd.conf"
        self.state, self.socket = self.dir / "state", self.dir / "run" / "control"
        self.log_file = self.dir / "tosd.log"
        self.proc = None
        self.plugin = self.dir / "rules.so"
        # A copy, since a umask of 002 leaves files that tosd refuses to load.
        shutil.copy(BUILD / "plugins/rules/.libs/rules.so", self.plugin)
        self.plugin.chmod(0o755)

    def paths(self):
        """The part of the configuration that says where things are."""
        CACHE.mkdir(mode=0o755, exist_ok=True)
        return ('state_dir = "%s";\nrun_dir = "%s";\ntemplates_dir = "%s";\n'
                % (self.state, self.dir / "run", SOURCE / "etc/notices.d"),
                'plugins = ( { name = "rules"; path = "%s"; } );\n'
                '\tpacks_dir = "%s";\n\tcache_dir = "%s";'
                % (self.plugin, SOURCE / "etc/policies.d", CACHE))

    def check(self):
        """tosd -t: (exit code, what it said)."""
        run = subprocess.run([str(TOSD), "-t", "-c", str(self.conf)], timeout=30,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return run.returncode, run.stdout

    def start(self, preexec=None):
        with open(self.log_file, "ab") as log:
            self.proc = subprocess.Popen([str(TOSD), "-c", str(self.conf)],
                                         stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                         start_new_session=True, preexec_fn=preexec)

    def ready(self, limit=60):
        """Waits until every role is there and tosctl is answered."""
        def true():
            if self.proc.poll() is not None:
                raise Failed("tosd ended by itself (exit %d); see %s"
                             % (self.proc.returncode, self.log_file))
            return self.socket.exists() and "] ready: " in self.log() and \
                self.tosctl("status")[0] == 0
        wait(limit, "tosd to start; see %s" % self.log_file, true)

    def log(self):
        try:
            return self.log_file.read_text(errors="replace")
        except OSError:
            return ""

    def tosctl(self, *words, limit=20):
        """(exit code, output, errors)"""
        run = subprocess.run([str(TOSCTL), *map(str, words)], timeout=limit,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                             env=dict(os.environ, TOSD_CONTROL=str(self.socket),
                                      TOSD_STATE=str(self.state)))
        return run.returncode, run.stdout, run.stderr

    def rows(self, *words):
        """The rows of a query; none if the daemon does not answer."""
        code, out, _ = self.tosctl(*words, "--json")
        return [json.loads(line) for line in out.splitlines()] if code == 0 else []

    def stop(self, sig=signal.SIGTERM, limit=30):
        return stop_process(self.proc, sig, limit) if self.proc is not None else None

    def remove(self):
        shutil.rmtree(self.dir, ignore_errors=True)
