# SPDX-License-Identifier: Apache-2.0
"""What stands around tosd in the scenario tests and the demonstration: web servers of
tenants and a mail server, on loopback, stopped by their process id.

Python's standard library, and Debian's python3-aiosmtpd for Mail."""
import asyncio
import importlib.util
import json
import os
import pathlib
import signal
import socket
import socketserver
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

SOURCE = os.path.abspath(os.environ.get("srcdir") or
                         pathlib.Path(__file__).resolve().parent.parent)


class Failed(AssertionError):
    """Something does not start or does not come; the text is for people."""


def skip(why):
    print("SKIP:", why)
    sys.exit(77)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def end_process(proc, sig=signal.SIGTERM, limit=30):
    """Its exit code; None if it had to be killed."""
    if proc.poll() is None:
        proc.send_signal(sig)
    try:
        return proc.wait(limit)
    except subprocess.TimeoutExpired:
        proc.kill()
        proc.wait()
        return None


# --- tenants ------------------------------------------------------------------------


class Web:
    """tests/http_server.py; ends with this process."""

    def __init__(self, kind, plan, *args):
        with tempfile.TemporaryFile("w+") as f:
            json.dump(plan, f)
            f.flush()
            self.proc = subprocess.Popen(
                [sys.executable, SOURCE + "/tests/http_server.py", "--stdin-ends", kind,
                 f"/proc/self/fd/{f.fileno()}", *map(str, args)], stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, pass_fds=[f.fileno()], start_new_session=True)
            line = self.proc.stdout.readline()
        if not line.strip().isdigit():
            raise Failed("the tenants' web server does not start")
        self.port = int(line)
        self.base = f"http://127.0.0.1:{self.port}/"

    def event(self, **event):
        """A tenant of the timeline posts, edits or removes, now."""
        urllib.request.urlopen(self.base + "_event", json.dumps(event).encode(), 20).close()

    def log(self):
        with urllib.request.urlopen(self.base + "_log", timeout=20) as r:
            return json.load(r)["requests"]

    def feed(self, tenant):
        return f"{self.base}{tenant}/feed.xml"

    def stop(self):
        self.proc.stdin.close()
        self.proc.stdout.close()
        self.proc.kill()
        self.proc.wait(10)


class Site(Web):
    """Tenants with a timeline, which share a port."""

    def __init__(self, tenants, events=(), port=0, base=None):
        more = [] if base is None else ["--base", base]
        super().__init__("--timeline", {"tenants": tenants, "events": list(events)},
                         "--port", port, *more)


class Mastodon:
    """tests/mastodon_server.py; ends with this process."""

    def __init__(self, *args):
        self.proc = subprocess.Popen(
            [sys.executable, SOURCE + "/tests/mastodon_server.py", "--stdin-ends",
             *map(str, args)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            start_new_session=True)
        line = self.proc.stdout.readline()
        if not line.strip().isdigit():
            raise Failed("the Mastodon server does not start")
        self.port = int(line)
        self.base = f"http://127.0.0.1:{self.port}/"
        self.timeline = self.base + "api/v1/timelines/public?local=1&limit=40"

    def event(self, op, **event):
        """Something happens there, now; the status that it happened to."""
        data = json.dumps({"op": op, **event}).encode()
        with urllib.request.urlopen(self.base + "_event", data, 20) as r:
            return json.load(r)

    def log(self):
        with urllib.request.urlopen(self.base + "_log", timeout=20) as r:
            return json.load(r)

    def stop(self):
        self.proc.stdin.close()
        self.proc.stdout.close()
        self.proc.kill()
        self.proc.wait(10)


# --- mail ---------------------------------------------------------------------------


class Mail:
    """A mail server.  `mails` holds (time, sender, recipient, bytes) of all that came to
    its end; rcpt(address) and data(recipient) may return another answer than 250.  What
    was taken stays so, even if the client does not live through the delay() seconds to
    the answer."""

    name = "aiosmtpd"

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


class PlainMail:
    """As much of RFC 5321 as one honest client needs, where aiosmtpd is missing."""

    def __init__(self):
        self.name = "a small server of our own (python3-aiosmtpd is not installed)"
        self.mails = []
        box = self

        class Talk(socketserver.StreamRequestHandler):
            timeout = 30

            def say(self, text):
                self.wfile.write(text.encode() + b"\r\n")

            def data(self, sender, recipients):
                self.say("354 go on")
                lines = []
                while (line := self.rfile.readline(65536)) not in (b".\r\n", b""):
                    lines.append(line[1:] if line.startswith(b".") else line)
                box.mails += [(time.time(), sender, to, b"".join(lines))
                              for to in recipients]
                self.say("250 2.0.0 taken")

            def handle(self):
                self.say("220 localhost ESMTP")
                sender, recipients = "", []
                while line := self.rfile.readline(1000):
                    word = line.split(b":")[0].strip().upper()
                    if word == b"DATA":
                        self.data(sender, recipients)
                        recipients = []
                    elif word == b"QUIT":
                        return self.say("221 2.0.0 bye")
                    else:
                        if b"<" in line:
                            address = line.split(b"<")[1].split(b">")[0].decode()
                        if word == b"RCPT TO":
                            recipients.append(address)
                        elif word == b"MAIL FROM":
                            sender = address
                        self.say("250 2.0.0 ok")

        socketserver.ThreadingTCPServer.daemon_threads = True
        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Talk)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def mail_server():
    return PlainMail() if importlib.util.find_spec("aiosmtpd") is None else Mail()
