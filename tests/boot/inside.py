#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""What boot.sh runs in the Debian that it booted: tosd as its unit starts it.

A web server with one feed and a mail server that wants a password stand in this
process.  Every check goes through what an operator has: systemctl, journalctl, tosctl.
Python's standard library only."""
import base64
import email.utils
import http.server
import json
import os
import pathlib
import pwd
import re
import signal
import socketserver
import stat
import subprocess
import sys
import threading
import time
import traceback

UNIT = "tosd.service"
CONF = pathlib.Path("/etc/tosd/tosd.conf")
STATE = pathlib.Path("/var/lib/tosd")
CREDENTIALS = pathlib.Path("/etc/credstore")
DROP_IN = pathlib.Path("/run/systemd/system/tosd.service.d/test.conf")
PASSWORD = "correct horse"
NO_MAIL = "no way to send mail is configured"
# The packs that are installed give way to that of these tests.
REPLACED = "is not loaded any more: its pack is gone"
ROLES = ["console", "courier", "engine", "fetch", "policy", "policy"]

TEXT = """
provider = {{ name = "Trial Hosting"; mailbox = "abuse@host.example"; }};
restart_min = "100ms"; restart_max = "1s";
ledger = {{ seal_interval = "200ms"; {ledger} }};
fetch = {{ interval = "2s"; interval_min = "1s"; host_gap = 0; allow = [ "127.0.0.0/8" ]; }};
ladder = {{ stages = ( {{ name = "notice"; deadline = "60s"; }} ); }};
policy = {{ workers = 2; packs_dir = "/etc/tosd/trial.d"; cache_dir = "/var/lib/tosd/cache"; }};
courier = {{ {courier} retry_min = "1s"; }};
console = {{ listen = "127.0.0.1:8790"; }};
staff = ( {{ name = "reviewer-1"; user = "ann"; approver = true; }} );
tenants = (
{tenants}
);
"""
TENANT = """{{ id = "{id}"; name = "Tenant {id}"; contact = "{id}@tenant.example";
  manager = "manager@host.example"; feeds = ( "http://127.0.0.1:{port}/{id}" ); }}"""
SMTP = """transport = "smtp"; url = "smtp://127.0.0.1:{port}"; starttls = false;
  username = "tosd"; password_credential = "smtp-password";"""
PACK = """
pack = { name = "trial"; version = 1; owner = "tests"; about = "words that a test uses"; };
clauses = ( { id = "4.1"; text = "Threats"; } );
rules = ( { id = "threat"; rev = 1; mode = "enforce"; category = "violence"; clause = "4.1";
  severity = "high"; score = 0.9; phrases = [ "i will hurt you" ];
  reason = "threatens: {match}"; } );
tests = { fail = ( { text = "watch out, I will hurt you"; rule = "threat"; },
  { text = "I will hurt you all"; rule = "threat"; },
  { text = "and then I will hurt you!"; rule = "threat"; } );
  ok = [ "I will help you", "it will hurt", "they hurt you" ];
  twins = ( [ "I will hurt you, farmers", "I will hurt you, bakers" ] ); };
"""


class Feed(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = ("<rss version='2.0'><channel><title>t</title><link>http://127.0.0.1/</link>"
                "<item><guid>p1</guid><title>Weather</title><description>nice</description>"
                "</item><item><guid>p2</guid><title>Post</title><description>Watch out, I "
                "will hurt you</description></item></channel></rss>").encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/rss+xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


class Mail(socketserver.StreamRequestHandler):
    passwords, mails = [], []

    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def handle(self):
        self.say("220 here")
        trusted = False
        for raw in self.rfile:
            line = raw.decode("utf-8", "replace").strip()
            word = line.split(" ")[0].upper()
            if word == "EHLO":
                self.say("250-here")
                self.say("250 AUTH PLAIN")
            elif word == "AUTH":
                words = line.split(" ")
                if len(words) < 3:
                    self.say("334 ")
                    words.append(self.rfile.readline().decode().strip())
                Mail.passwords.append(base64.b64decode(words[2]).split(b"\0")[2].decode())
                trusted = Mail.passwords[-1] == PASSWORD
                self.say("235 fine" if trusted else "535 no")
            elif word == "DATA":
                self.say("354 go on")
                body = []
                while True:
                    row = self.rfile.readline()
                    if row in (b".\r\n", b""):
                        break
                    body.append(row)
                Mail.mails.append(b"".join(body))
                self.say("250 taken")
            elif word == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 ok" if trusted else "530 who are you")


def serve(kind, handler):
    kind.allow_reuse_address = kind.daemon_threads = True
    server = kind(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


# --- the operator's tools


def run(*words, ok=True, user=None):
    if user is not None:
        words = ("runuser", "-u", user, "--", *words)
    p = subprocess.run(words, capture_output=True, text=True, timeout=25)
    if ok is not None and (p.returncode == 0) != ok:
        raise AssertionError(f"{' '.join(words)}: exit {p.returncode}\n{p.stdout}{p.stderr}")
    return p.stdout + p.stderr


def show(name):
    return run("systemctl", "show", "-P", name, UNIT).strip()


def cursor():
    run("journalctl", "--sync")
    return json.loads(run("journalctl", "-n", "1", "-o", "json"))["__CURSOR"]


def journal(since):
    """(priority, identifier, text) of the unit's lines and of systemd's about it."""
    run("journalctl", "--sync")
    rows = map(json.loads, run("journalctl", "-u", UNIT, "-o", "json",
                               "--after-cursor", since).splitlines())
    return [(int(r["PRIORITY"]), r.get("SYSLOG_IDENTIFIER"), str(r["MESSAGE"]))
            for r in rows if "MESSAGE" in r]


def said(since, text, priority=None):
    return [r for r in journal(since) if text in r[2] and priority in (None, r[0])]


def wait(what, predicate, limit=30):
    end = time.monotonic() + limit
    while time.monotonic() < end:
        got = predicate()
        if got:
            return got
        time.sleep(0.1)
    raise AssertionError(f"waited {limit} s for: {what}")


def roles():
    """{(role, index): pid} of the unit's main process."""
    main, found = show("MainPID"), {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            row = pathlib.Path("/proc", pid, "stat").read_text().rsplit(")", 1)[1].split()
            args = pathlib.Path("/proc", pid, "cmdline").read_text().split("\0")
        except OSError:
            continue
        if row[1] == main and row[0] != "Z" and "--role" in args:
            found[args[2], int(args[4])] = int(pid)
    return found


def status():
    rows = run("tosctl", "status", "--json", ok=None).splitlines()
    try:
        return json.loads(rows[0])
    except (IndexError, ValueError):
        return None


def working():
    s = status()
    return sorted(r for r, _ in roles()) == ROLES and s is not None and s["policy"] != ""


def cases():
    return [json.loads(x) for x in run("tosctl", "cases", "--json").splitlines()]


def configure(*tenants, courier='transport = "none";', ledger="", more=""):
    rows = ",\n".join(TENANT.format(id=t, port=FEEDS) for t in tenants)
    CONF.write_text(TEXT.format(tenants=rows, courier=courier, ledger=ledger) + more)


def set_unit(text):
    DROP_IN.parent.mkdir(parents=True, exist_ok=True)
    DROP_IN.write_text(text)
    run("systemctl", "daemon-reload")


def credential(name, text):
    CREDENTIALS.mkdir(mode=0o700, exist_ok=True)
    (CREDENTIALS / name).write_text(text)
    (CREDENTIALS / name).chmod(0o600)


def start():
    run("systemctl", "reset-failed", UNIT, ok=None)
    run("systemctl", "start", UNIT)
    wait("a working set", working)


def stop():
    since = cursor()
    run("systemctl", "stop", UNIT)
    assert (show("Result"), show("ExecMainStatus")) == ("success", "0"), show("Result")
    assert not said(since, "SIGKILL") and not said(since, "timed out"), journal(since)


def no_complaint(since):
    """Nothing at warning or above since then, and no call refused."""
    bad = [r for r in journal(since) if r[0] <= 4 and NO_MAIL not in r[2] and
           REPLACED not in r[2]]
    bad += [r for r in journal(since) if "SIGSYS" in r[2] or "not permitted" in r[2]]
    assert not bad, bad


# --- the tests, in this order


def test_accounts():
    run("systemd-sysusers")
    run("systemd-tmpfiles", "--create")
    user = pwd.getpwnam("tosd")
    assert user.pw_dir == str(STATE) and user.pw_uid < 1000 and "nologin" in user.pw_shell
    for path, mode in ((STATE, 0o700), (pathlib.Path("/run/tosd"), 0o750)):
        st = path.stat()
        assert (st.st_uid, st.st_gid) == (user.pw_uid, user.pw_gid), path
        assert stat.S_IMODE(st.st_mode) == mode, (path, oct(st.st_mode))
    for name in ("ann", "bo", "eve"):
        run("useradd", *(["-G", "tosd"] if name != "eve" else []), name)


def test_as_installed():
    """The installed example starts as it is, without tenants and credentials."""
    since = cursor()
    run("systemctl", "start", UNIT)
    assert show("ActiveState") == "active" and show("NRestarts") == "0"
    stop()
    no_complaint(since)


def test_start():
    global SINCE
    SINCE = cursor()
    pathlib.Path("/etc/tosd/trial.d").mkdir()
    pathlib.Path("/etc/tosd/trial.d/trial.conf").write_text(PACK)
    configure("forum")
    start()
    wait("a case", cases)
    no_complaint(SINCE)
    print("  status text:", show("StatusText"))
    assert show("StatusText"), "systemctl status has nothing to say"
    assert "Active: active (running)" in run("systemctl", "status", UNIT)
    rows = journal(SINCE)
    print("  priorities:", {p: sum(r[0] == p for r in rows) for p in {r[0] for r in rows}})
    assert not any(r[2].startswith("<") for r in rows), "priorities are not understood"
    assert {r[1] for r in rows} >= {"tosd"}, {r[1] for r in rows}


def test_sandbox():
    """Every process under the filters of the unit and, the roles, under their own."""
    uid = pwd.getpwnam("tosd").pw_uid
    main, all_roles = int(show("MainPID")), roles()
    filters = {}
    for name, pid in [(("supervisor", 0), main), *all_roles.items()]:
        text = pathlib.Path(f"/proc/{pid}/status").read_text()
        value = dict(re.findall(r"^(\w+):\t(.*)$", text, re.M))
        assert value["Uid"].split() == [str(uid)] * 4, (name, value["Uid"])
        assert value["NoNewPrivs"] == "1" and value["Seccomp"] == "2", name
        assert not any(int(value[k], 16) for k in ("CapEff", "CapPrm", "CapBnd")), name
        filters[name] = int(value["Seccomp_filters"])
        maps = pathlib.Path(f"/proc/{pid}/maps").read_text()
        assert not re.search(r"^\S+ .wx", maps, re.M), f"{name} can write what it executes"
        if name[0] == "policy":
            assert "/usr/lib/tosd/plugins/rules.so" in maps
    assert all(n > filters["supervisor", 0] for r, n in filters.items()
               if r[0] != "supervisor"), filters


def test_ownership():
    uid = pwd.getpwnam("tosd").pw_uid
    paths = [STATE, *STATE.rglob("*")]
    assert len(paths) > 5
    for path in paths:
        st = path.lstat()
        assert st.st_uid == uid and not st.st_mode & 0o077, (path, oct(st.st_mode))
    run("tosctl", "evidence", "verify", str(STATE))


def test_control():
    """root and tosd's group may ask, nobody else; a person acts through their account."""
    assert "policy" in run("tosctl", "status")
    assert "policy" in run("tosctl", "status", user="ann")
    assert "not in that group" in run("tosctl", "status", user="eve", ok=False)
    number = cases()[0]["case"]
    hold = ("tosctl", "hold", number, "set", "-p", "reviewer-1", "-r", "a trial")
    assert "through the account ann only" in run(*hold, user="bo", ok=False)
    run(*hold, user="ann")


def test_reload():
    since, before = cursor(), roles()
    configure("forum", "shop")
    run("systemctl", "reload", UNIT)
    wait("the new tenant", lambda: "shop" in run("tosctl", "tenants"))
    wait("a working set", working)
    assert show("ActiveState") == "active"
    assert roles()["engine", 0] == before["engine", 0], "the engine was restarted"
    no_complaint(since)


def test_reload_refused():
    since, before = cursor(), roles()
    configure("forum", "shop", "third", more="nonsense = 1;\n")
    out = run("systemctl", "reload", UNIT, ok=False)
    print("  systemctl:", out.splitlines()[0])
    assert said(since, "nonsense", 3), journal(since)
    time.sleep(1)
    assert show("ActiveState") == "active" and roles() == before
    assert "third" not in run("tosctl", "tenants")
    configure("forum", "shop")


def test_kill_role():
    main = show("MainPID")
    for name, pid in sorted(roles().items()):
        since = cursor()
        os.kill(pid, signal.SIGKILL)
        wait(f"{name} again", lambda: roles().get(name, pid) != pid and working())
        assert said(since, "was killed by SIGKILL"), name
    assert (show("MainPID"), show("NRestarts")) == (main, "0")


def test_kill_main():
    old = show("MainPID")
    run("systemctl", "kill", "--kill-who=main", "-s", "KILL", UNIT)
    wait("another supervisor", lambda: show("MainPID") not in ("0", old) and working())
    assert show("NRestarts") == "1"
    run("tosctl", "evidence", "verify", str(STATE))


def test_kill_all():
    old = show("MainPID")
    run("systemctl", "kill", "-s", "KILL", UNIT)
    wait("another supervisor", lambda: show("MainPID") not in ("0", old) and working())
    assert show("NRestarts") == "2"
    run("tosctl", "evidence", "verify", str(STATE))
    stop()


def test_watchdog():
    set_unit("[Service]\nWatchdogSec=3\n")
    start()
    time.sleep(5)
    assert show("NRestarts") == "0", "the watchdog bites although all is well"
    since, old = cursor(), show("MainPID")
    before = time.monotonic()
    os.kill(int(old), signal.SIGSTOP)
    wait("a restart", lambda: show("MainPID") not in ("0", old) and working())
    print(f"  frozen supervisor: working again after {time.monotonic() - before:.1f} s")
    assert said(since, "Watchdog timeout") and show("NRestarts") == "1"
    stop()
    set_unit("")


def test_credential_absent():
    since = cursor()
    configure("forum", "mailer", courier=SMTP.format(port=MAILS))
    run("systemctl", "start", UNIT, ok=False)
    run("systemctl", "stop", UNIT)
    # Not which: it could be the secret itself.
    said_so = said(since, "names a credential that systemd has not handed over; put it into "
                   "/etc/credstore", 3)
    assert said_so, journal(since)
    print(" ", said_so[0][2])


def test_credentials():
    run("systemctl", "stop", UNIT)
    since = cursor()
    credential("smtp-password", PASSWORD + "\n")
    credential("log-key", (STATE / "keys/log.key").read_text())
    (STATE / "keys/log.key").unlink()
    configure("forum", "mailer", courier=SMTP.format(port=MAILS),
              ledger='key_credential = "log-key";')
    start()
    wait("the mails", lambda: any(b"mailer@tenant.example" in m for m in Mail.mails))
    assert set(Mail.passwords) == {PASSWORD}, Mail.passwords
    wait("the record to be signed",
         lambda: status()["ledger_signed"] == status()["ledger_size"])
    assert not (STATE / "keys/log.key").exists()
    run("tosctl", "evidence", "verify", str(STATE))
    for name, pid in roles().items():
        env = pathlib.Path(f"/proc/{pid}/environ").read_bytes()
        assert b"NOTIFY_SOCKET" not in env and b"WATCHDOG" not in env, name
    stop()
    no_complaint(since)
    (CREDENTIALS / "log-key").unlink()
    before = cursor()
    run("systemctl", "start", UNIT, ok=False)
    run("systemctl", "stop", UNIT)
    assert said(before, "`key_credential': names a credential that", 3), journal(before)


def main():
    global FEEDS, MAILS
    FEEDS = serve(socketserver.ThreadingTCPServer, Feed)
    MAILS = serve(socketserver.ThreadingTCPServer, Mail)
    only = sys.argv[1:]
    for name, test in list(globals().items()):
        if not name.startswith("test_") or only and name not in only:
            continue
        began = time.monotonic()
        try:
            test()
            print(f"ok {name} ({time.monotonic() - began:.1f} s)", flush=True)
        except Exception:  # each stands on what the one before has left
            print(f"FAILED {name}")
            traceback.print_exc(file=sys.stdout)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
