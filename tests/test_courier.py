#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# test_courier: mails to a real SMTP server (aiosmtpd) and to servers that misbehave,
# and to mail programs; what arrives must be what was sent, byte for byte.
import asyncio
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

try:
    from aiosmtpd.controller import Controller
    from aiosmtpd.smtp import AuthResult
except ImportError:
    print("SKIP: python3-aiosmtpd is not installed")
    sys.exit(77)

MAIN = os.path.join(os.environ.get("builddir", "."), "tests/courier_main")
FROM, TO = "bounces+2026-1.n1@host.example", "owner@forum.example"
passed = 0


def send(how, where, mail, timeout=5000, sender=FROM, to=TO, extra=()):
    run = subprocess.run([MAIN, how, where, str(timeout), sender, to, *extra],
                         input=mail, stdout=subprocess.PIPE, timeout=60)
    assert run.returncode == 0, run
    out = run.stdout.decode().rstrip("\n").split(" ", 5)
    outcome, code, pings, gap, took = out[0], *map(int, out[1:5])
    return outcome, code, out[5], pings, gap, took


def check(name, got, want, code=None, words=None):
    global passed
    ok = got[0] == want and (code is None or got[1] == code) and \
        (words is None or words in got[2])
    if not ok:
        print(f"FAILED {name}: {got}, wanted {want} {code} {words}")
        sys.exit(1)
    print(f"ok {name}: {got[0]} {got[1]} {got[2]}")
    passed += 1


class Handler:
    """Keeps what comes; answers as it is told."""
    def __init__(self):
        self.mails, self.answer, self.rcpt_answer, self.sleep = [], "250 queued", None, 0

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.rcpt_answer:
            return self.rcpt_answer
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server, session, envelope):
        self.mails.append((envelope.mail_from, envelope.rcpt_tos,
                           envelope.original_content, session.host_name))
        if self.sleep:
            await asyncio.sleep(self.sleep)
        if self.answer is None:
            server.transport.abort()
            return "250 nobody hears this"
        return self.answer


def start(handler, **kw):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    c = Controller(handler, hostname="127.0.0.1", port=port, data_size_limit=32 << 20, **kw)
    c.start()
    return c, f"smtp://127.0.0.1:{port}"


def awkward():
    """Mails that a careless sender would change on the way."""
    head = b"From: <a@host.example>\r\nSubject: x\r\n\r\n"
    yield "plain", head + b"hello\r\n"
    yield "dots", head + b".\r\n..\r\n.x\r\n...\r\n. \r\n"
    yield "dot last", head + b"text\r\n.\r\n"
    yield "long line", head + b"x" * 998 + b"\r\n"
    yield "from", head + b"From here\r\n>From\r\n"
    yield "empty lines", head + b"\r\n\r\n\r\n"
    yield "dot at buffer edges", head + b"".join(
        b"y" * n + b"\r\n.\r\n" for n in range(0, 300))
    for size in (16384, 65535, 65536, 65537, 100000, 1000000):
        line = b"z" * 70 + b"\r\n"
        yield f"{size} bytes", head + (line * (size // len(line) + 1))[:size - 2] + b"\r\n"


def smtp_bytes():
    h = Handler()
    c, url = start(h)
    for name, mail in awkward():
        if not mail.endswith(b"\r\n"):
            mail += b"\r\n"
        check("bytes: " + name, send("smtp", url, mail), "ok", 250, "queued")
        got = h.mails.pop()
        assert not h.mails
        assert got[0] == FROM and got[1] == [TO], got[:2]
        assert got[2] == mail, (name, len(got[2]), len(mail), got[2][:200])
        assert got[3] == "host.example", got[3]
    h.answer = "451 4.3.0 try later"
    check("451 after data", send("smtp", url, b"a: b\r\n\r\nx\r\n"), "soft", 451, "try later")
    h.answer = "554 5.7.1 not wanted"
    check("554 after data", send("smtp", url, b"a: b\r\n\r\nx\r\n"), "hard", 554, "not wanted")
    h.answer = "250 queued"
    h.rcpt_answer = "550 5.1.1 no such user"
    check("550 at recipient", send("smtp", url, b"a: b\r\n\r\nx\r\n"), "hard", 550, "no such")
    h.rcpt_answer = "450 4.2.1 greylisted"
    check("450 at recipient", send("smtp", url, b"a: b\r\n\r\nx\r\n"), "soft", 450, "greyl")
    h.rcpt_answer = None
    h.mails.clear()
    h.answer = None
    check("dropped after the data", send("smtp", url, b"a: b\r\n\r\nx\r\n"), "unknown",
          words="no answer")
    assert len(h.mails) == 1, "sent more than once"
    h.answer, h.sleep = "250 queued late", 3
    got = send("smtp", url, b"a: b\r\n\r\nx\r\n", timeout=8000)
    check("tarpit", got, "ok", 250, "late")
    assert got[5] >= 2900 and got[4] < 1000 and got[3] > 50, got  # the loop went on
    h.sleep = 30
    got = send("smtp", url, b"a: b\r\n\r\nx\r\n", timeout=1500)
    check("tarpit past the time-out", got, "unknown")
    assert got[5] < 10000 and got[4] < 1000, got
    check("bad recipient", send("smtp", url, b"x\r\n", to="a@b\r\nRCPT TO:<c@d>"), "hard", 0)
    check("empty mail", send("smtp", url, b""), "hard", 0, "empty")
    check("bad sender", send("smtp", url, b"x\r\n", sender="a b@c"), "hard", 0)
    c.stop()
    check("nobody there", send("smtp", url, b"a: b\r\n\r\nx\r\n"), "soft", 0)


def starttls_and_login(folder):
    key, crt = os.path.join(folder, "k.pem"), os.path.join(folder, "c.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                    "-keyout", key, "-out", crt, "-subj", "/CN=127.0.0.1", "-addext",
                    "subjectAltName=IP:127.0.0.1"], check=True, stderr=subprocess.DEVNULL)
    ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ctx.load_cert_chain(crt, key)

    def login(server, session, envelope, mechanism, data):
        good = data.login == b"tosd" and data.password == b"secret"
        return AuthResult(success=good, handled=False)

    mail = b"a: b\r\n\r\nx\r\n"
    h = Handler()
    c, url = start(h)
    check("no STARTTLS offered", send("starttls", url, mail), "soft")
    assert not h.mails
    c.stop()
    c, url = start(h, tls_context=ctx, require_starttls=True, authenticator=login,
                   auth_required=True)
    check("unknown certificate", send("starttls", url, mail), "soft", words="certificate")
    assert not h.mails
    check("login", send("starttls", url, mail, extra=("tosd", "secret", crt)), "ok", 250)
    assert len(h.mails) == 1
    check("wrong password", send("starttls", url, mail, extra=("tosd", "wrong", crt)), "soft",
          535)
    check("no login where one is wanted", send("starttls", url, mail, extra=("", "", crt)),
          "soft", 530)
    check("STARTTLS wanted by the server only", send("smtp", url, mail), "soft", 530)
    assert len(h.mails) == 1
    c.stop()


class Rude(threading.Thread):
    """A server by hand: a list of steps for one connection."""
    def __init__(self, steps):
        super().__init__(daemon=True)
        self.sock = socket.create_server(("127.0.0.1", 0))
        self.url = "smtp://127.0.0.1:%d" % self.sock.getsockname()[1]
        self.steps = steps
        self.start()

    def run(self):
        conn, _ = self.sock.accept()
        with conn:
            for step in self.steps:
                if isinstance(step, bytes):
                    conn.sendall(step)
                elif step == "line":
                    while not conn.recv(4096).endswith(b"\r\n"):
                        pass
                elif step == "some":
                    conn.recv(1000)
                elif step == "reset":
                    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                    b"\x01\x00\x00\x00\x00\x00\x00\x00")
                elif step == "data":
                    got = b""
                    while not got.endswith(b"\r\n.\r\n"):
                        more = conn.recv(65536)
                        if not more:
                            return
                        got += more
                else:
                    time.sleep(step)
        self.sock.close()


def no_tls():
    """A server that offers STARTTLS and does not do it says nothing of the mail."""
    for code in (b"454", b"502"):
        steps = [b"220 hi\r\n", "line", b"250-hi\r\n250 STARTTLS\r\n", "line",
                 code + b" TLS not available\r\n", 0.2]
        check("STARTTLS refused", send("starttls", Rude(steps).url, b"a: b\r\n\r\nx\r\n"),
              "soft", int(code), "not available")


def rude():
    mail = b"a: b\r\n\r\n" + b"line of text\r\n" * 100
    huge = mail * 2000
    hello = [b"220 hi\r\n", "line", b"250 hi\r\n"]
    talk = hello + ["line", b"250 ok\r\n", "line", b"250 ok\r\n", "line", b"354 go\r\n"]
    for name, steps, what, want, code in (
            ("closed at once", [], mail, "soft", None),
            ("silent", [4], mail, "soft", 0),
            ("421 as greeting", [b"421 busy\r\n"], mail, "soft", 421),
            ("554 as greeting", [b"554 go away\r\n", 0.2], mail, "hard", 554),
            ("no SMTP at all", [b"HTTP/1.1 400 Bad Request\r\n\r\n"], mail, "soft", None),
            ("552 for its size", hello + ["line", b"552 too big\r\n", 0.2], mail, "hard", 552),
            ("dropped before the data", talk[:-1], mail, "soft", None),
            ("dropped in the data", talk + ["some", "reset"], huge, "soft", None),
            ("dropped after the data", talk + ["data"], mail, "unknown", None),
            ("reset after the data", talk + ["data", "reset"], mail, "unknown", None),
            ("nonsense after the data", talk + ["data", b"???\r\n"], mail, "unknown", None),
            ("421 after the data", talk + ["data", b"421 down\r\n"], mail, "soft", 421),
            ("several lines", talk + ["data", b"550-first\r\n550 second\r\n", 0.2], mail,
             "hard", 550),
            ("control bytes", talk + ["data", b"550 \x1b[31m\xff\r\n", 0.2], mail, "hard", 550),
            ("dropped after the 250", talk + ["data", b"250 taken\r\n"], mail, "ok", 250)):
        got = send("smtp", Rude(steps).url, what, timeout=2000)
        check(name, got, want, code)
        assert "\x1b" not in got[2]
        assert got[4] < 1000, got


def program(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as f:
        f.write("#!/bin/sh\n" + text)
    os.chmod(path, 0o755)
    return path


def sendmail(folder):
    out = os.path.join(folder, "out")
    keep = program(folder, "keep", f"printf '%s\\n' \"$@\" >{out}.args; cat >{out}; env >{out}.env\n")
    for name, mail in awkward():
        check("program: " + name, send("sendmail", keep, mail), "ok", 0)
        with open(out, "rb") as f:
            assert f.read() == mail.replace(b"\r\n", b"\n"), name
    with open(out + ".args", encoding="utf-8") as f:
        assert f.read().split("\n") == ["-i", "-f", FROM, "--", TO, ""]
    with open(out + ".env", encoding="utf-8") as f:
        names = {line.split("=")[0] for line in f}
    assert names <= {"PATH", "LC_ALL", "PWD", "_", "SHLVL", "OLDPWD"}, names
    mail = b"a: b\r\n\r\n\rlone\r\n"
    check("program: lone CR", send("sendmail", keep, mail), "ok", 0)
    with open(out, "rb") as f:
        assert f.read() == b"a: b\n\n\rlone\n"
    huge = b"a: b\r\n\r\n" + b"text\r\n" * 200000
    for name, text, what, want, code, words in (
            ("tempfail", "cat >/dev/null; exit 75\n", mail, "soft", 75, "75"),
            ("no user", "cat >/dev/null; echo no such user >&2; exit 67\n", mail, "hard", 67,
             "no such user"),
            ("no room there", "cat >/dev/null; echo no space >&2; exit 74\n", mail, "soft", 74,
             "no space"),
            ("badly configured", "cat >/dev/null; exit 78\n", mail, "soft", 78, "78"),
            ("not its fault", "cat >/dev/null; exit 65\n", mail, "hard", 65, "65"),
            ("killed", "kill -9 $$\n", mail, "unknown", 0, "signal 9"),
            ("hangs", "sleep 30\n", mail, "unknown", 0, "signal 9"),
            ("reads nothing", "exit 0\n", huge, "unknown", 0, "did not read"),
            ("chatters", "cat >/dev/null; yes | head -c 3000000; exit 1\n", mail, "hard", 1, "y"),
            ("slow reader", "sleep 1; cat >/dev/null\n", huge, "ok", 0, None)):
        got = send("sendmail", program(folder, "p", text), what, timeout=2500)
        check("program: " + name, got, want, code, words)
        assert got[4] < 1000 and got[5] < 6000, got
    check("program: none", send("sendmail", "/nonexistent/sendmail", mail), "soft", 0, "cannot run")
    check("program: option as address", send("sendmail", keep, mail, to="-oQ/tmp@x"), "hard", 0)


with tempfile.TemporaryDirectory() as scratch:
    smtp_bytes()
    starttls_and_login(scratch)
    no_tls()
    rude()
    sendmail(scratch)
print(f"{passed} checks passed")
