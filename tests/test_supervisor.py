#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The supervisor, driven from outside: tests/probe is killed, frozen, reloaded and
stopped, and must come back to a working set each time.  Needs no root; with root it
also looks at the user ids.  Standard library only."""

import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback

from processes import roles

BUILD = os.environ.get("builddir", ".")
ROLES = [("engine", 0), ("policy", 0), ("policy", 1), ("fetch", 0), ("courier", 0),
         ("console", 0)]
CONF = """
state_dir = "{d}/state"; run_dir = "{d}/run"; templates_dir = "{d}/tpl";
ping_interval = "{ping}"; ping_timeout = "1s"; restart_min = "{rmin}";
restart_max = "{rmax}"; stop_timeout = "{stop}"; fetchers = {fetchers};
{extra}
provider = {{ name = "{name}"; mailbox = "abuse@example.net"; }};
policy = {{ workers = {workers}; packs_dir = "{d}/packs";
  plugins = ({{ name = "rules"; path = "{d}/x.so"; }} {program}); }};
courier = {{ {courier} }};
{console}
"""


class Probe:
    """One supervisor with its folder, its log and its notify socket."""

    def __init__(self, env=None, **conf):
        self.dir = tempfile.mkdtemp(prefix="tosd-sup-")
        os.chmod(self.dir, 0o755)
        for name in ("tpl", "packs", "ctl"):
            os.mkdir(f"{self.dir}/{name}")
        os.chmod(f"{self.dir}/ctl", 0o777)
        for name in ("x.so", "tpl/a", "packs/a.conf", "log"):
            open(f"{self.dir}/{name}", "w").close()
        os.chmod(f"{self.dir}/log", 0o666)
        self.settings = dict(d=self.dir, ping="100ms", stop="1s", fetchers=1, workers=2,
                             name="one", program="", rmin="100ms", rmax="400ms", courier='transport = "none";', extra="",
                             console='console = { listen = "127.0.0.1:1"; };')
        self.configure(**conf)
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(f"{self.dir}/notify")
        self.notify.setblocking(False)
        self.told = []
        self.err = open(f"{self.dir}/stderr", "w+")
        self.proc = subprocess.Popen(
            [f"{BUILD}/tests/probe", f"{self.dir}/tosd.conf"], stderr=self.err,
            start_new_session=True,
            env=dict(os.environ, PROBE_LOG=f"{self.dir}/log",
                     PROBE_DIR=f"{self.dir}/ctl", NOTIFY_SOCKET=f"{self.dir}/notify",
                     WATCHDOG_USEC="600000", **(env or {})))

    def configure(self, **conf):
        self.settings.update(conf)
        with open(f"{self.dir}/tosd.conf", "w") as f:
            f.write(CONF.format(**self.settings))

    def ctl(self, name, there=True):
        path = f"{self.dir}/ctl/{name}"
        open(path, "w").close() if there else os.unlink(path)

    def log(self):
        with open(f"{self.dir}/log") as f:
            return [line.split(" ", 3) for line in f.read().splitlines()]

    def errors(self):
        with open(f"{self.dir}/stderr") as f:
            return f.read()

    def messages(self):
        """Every datagram so far, with the time of its arrival."""
        while True:
            try:
                self.told.append((time.monotonic(), self.notify.recv(4096).decode()))
            except BlockingIOError:
                return self.told

    def said(self, what):
        return [m for _, m in self.messages() if what in m.splitlines()]

    def refused(self, n):
        """What the engine was told of refused reloads, once it was told so often."""
        def told():
            return [w[3][9:] for w in self.log() if w[3].startswith("refused: ")]
        wait("word of a refused reload", lambda: len(told()) >= n)
        return told()

    def pids(self):
        """The living processes of roles, by role and index, from /proc."""
        found = {}
        for pid, role, index, _ in roles(self.proc.pid):
            found.setdefault((role, index), []).append(pid)
        return found

    def pid(self, role, index=0):
        return self.pids()[role, index][0]

    def linked(self, found):
        """True when engine and every other role that lives know of each other."""
        up = {}
        for role, index, pid, what in self.log():
            w = what.split()
            if w[0] in ("up", "down"):
                up.setdefault(int(pid), {})[w[1], int(w[2])] = w[0] == "up"
        pids = {k: v[0] for k, v in found.items() if len(v) == 1}
        if ("engine", 0) not in pids:
            return False
        engine = up.get(pids["engine", 0], {})
        return all(engine.get(k) and up.get(p, {}).get(("engine", 0))
                   for k, p in pids.items() if k[0] != "engine")

    def working(self, roles=None, gone=()):
        """True when every place is filled once, by none of the processes `gone`."""
        pids = self.pids()
        return (sorted(pids) == sorted(roles or ROLES) and self.linked(pids)
                and all(len(v) == 1 and v[0] not in gone for v in pids.values()))

    def end(self, signo=signal.SIGTERM, limit=8):
        if self.proc.poll() is None:
            self.proc.send_signal(signo)
        return self.proc.wait(limit)

    def clean(self):
        pids = [p for v in self.pids().values() for p in v]
        if self.proc.poll() is None:
            self.proc.kill()
            self.proc.wait()
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.notify.close()
        self.err.close()
        shutil.rmtree(self.dir)


def wait(what, predicate, limit=15):
    end = time.monotonic() + limit
    while time.monotonic() < end:
        if predicate():
            return
        time.sleep(0.02)
    raise AssertionError(f"waited {limit} s for: {what}")


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def programs(p):
    """Programs of plugins with what each of them has started."""
    parent = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat") as f:
                parent[int(pid)] = int(f.read().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
    ours = [pid for pid, of in parent.items() if of == p.proc.pid]
    return [(of, pid) for pid, of in parent.items() if of in ours]


def started(**conf):
    p = Probe(**conf)
    try:
        wait("all roles", p.working)
        wait("READY=1", lambda: p.said("READY=1"))
    except AssertionError:
        print(p.errors())
        p.clean()
        raise
    return p


# --- the tests ---


def test_start_and_stop():
    p = started()
    try:
        assert all("notify=no" in w[3] for w in p.log() if w[3].startswith("start"))
        wait("both directions", lambda: len(
            [1 for w in p.log() if w[3].startswith("got")]) == 4)
        assert p.end() == 0
        order = [w[0] for w in p.log() if w[3] == "end"]
        assert order == ["fetch", "policy", "policy", "courier", "console", "engine"]
        # What fetch said last was heard.
        assert ["engine", "got POLLED from fetch 0"] in [[w[0], w[3]] for w in p.log()]
        assert p.said("STOPPING=1")
    finally:
        p.clean()


def test_kill_each_role():
    p = started()
    try:
        for role, index in ROLES:
            old = p.pid(role, index)
            os.kill(old, signal.SIGKILL)
            wait(f"{role} {index} again",
                 lambda: p.working(gone=[old]))
            assert re.search(rf"{role} {index} \(pid {old}\) was killed by SIGKILL",
                             p.errors())
        assert p.end() == 0
    finally:
        p.clean()


def test_kill_all_at_once():
    p = started()
    try:
        old = p.pids()
        for pids in old.values():
            os.kill(pids[0], signal.SIGKILL)
        wait("a new set", lambda: p.working(gone=[x[0] for x in old.values()]))
        assert p.end() == 0
    finally:
        p.clean()


def test_back_off():
    p = Probe()
    try:
        p.ctl("no-start-courier")
        time.sleep(0.1)
        tries = lambda: [w for w in p.log() if w[0] == "courier" and w[3] == "no-start"]
        wait("the first failure", lambda: len(tries()) >= 1)
        begin, first = time.monotonic(), len(tries())
        time.sleep(3)
        n = len(tries()) - first
        # 100 + 200 + 400 + 400 ... ms: nine tries at most in three seconds.
        assert 4 <= n <= 9, f"{n} tries in {time.monotonic() - begin:.1f} s"
        assert not p.said("READY=1")
        assert not p.said("WATCHDOG=1")
        p.ctl("no-start-courier", False)
        wait("a working set", p.working)
        wait("READY=1", lambda: p.said("READY=1"))
        assert p.end() == 0
    finally:
        p.clean()


def test_frozen_role():
    p = started()
    try:
        old = p.pid("fetch")
        wait("a watchdog", lambda: p.said("WATCHDOG=1"))
        os.kill(old, signal.SIGSTOP)
        time.sleep(0.3)
        n = len(p.said("WATCHDOG=1"))
        time.sleep(0.5)
        assert len(p.said("WATCHDOG=1")) == n, "fed the watchdog for a frozen role"
        wait("another fetch", lambda: p.working(gone=[old]))
        wait("the watchdog again", lambda: len(p.said("WATCHDOG=1")) > n)
        assert "has not answered for too long" in p.errors()
        assert p.end() == 0
    finally:
        p.clean()


def test_watchdog_rhythm():
    p = started(ping="900ms")  # the manager's 600 ms are asked for more often than that
    try:
        end = time.monotonic() + 1.5
        wait("some time", lambda: p.messages() and time.monotonic() > end)
        times = [t for t, m in p.messages() if "WATCHDOG=1" in m]
        gaps = [b - a for a, b in zip(times, times[1:])]
        assert len(times) >= 5 and max(gaps) < 0.6, gaps
        assert p.end() == 0
    finally:
        p.clean()


def test_stuck_worker():
    p = started()
    try:
        old = p.pid("policy", 0)
        p.ctl("stuck-before")  # it has ended, and this one has its place
        wait("the report", lambda: [w for w in p.log() if w[3] == "reported"])
        time.sleep(0.3)
        assert p.pid("policy", 0) == old and "the script says so" not in p.errors()
        p.ctl("stuck")
        wait("another policy 0", lambda: p.working(gone=[old]))
        assert "the script says so" in p.errors()
        assert p.end() == 0
    finally:
        p.clean()


def test_program_ends():
    """What a plugin's program has started goes with it, and its group is killed while it is
    there to be named: later its number may be somebody else's."""
    p = started(program="""
  , { name = "prog"; command = [ "/bin/sh", "-c", "sleep 1000 & read x" ]; }""")
    try:
        wait("a program of each worker", lambda: len(programs(p)) == 2)
        for leader, other in programs(p):
            os.kill(leader, signal.SIGTERM)
            wait("its end", lambda: f"(pid {leader}) was killed by SIGTERM" in p.errors())
            wait("the end of what it had started", lambda: not alive(other), 2)
        assert "killed a group without a leader" not in p.errors(), p.errors()
        assert p.end() == 0
    finally:
        p.clean()


def test_program_changed():
    """A program is known by a digest of its files: those that are changed while it is started
    may be what it runs, or not."""
    p = Probe()
    try:
        wait("all roles", p.working)
        with open(f"{p.dir}/prog.sh", "w") as f:
            f.write("sleep 1000 & read x\n")
        p.configure(name="two", program=f', {{ name = "prog"; command = [ "/bin/sh", '
                    f'"{p.dir}/prog.sh" ]; }}')
        p.proc.send_signal(signal.SIGHUP)
        wait("a program", lambda: programs(p))
        with open(f"{p.dir}/prog.sh", "a") as f:
            f.write("# another one\n")
        wait("its end", lambda: "its files were changed while it was started" in p.errors())
        last = re.findall(r"`prog' \(pid (\d+)\) is ended", p.errors())
        wait("all of it", lambda: not [1 for of, _ in programs(p) if str(of) in last])
        assert p.end() == 0
    finally:
        p.clean()


def test_rude_role():
    p = started()
    try:
        engine, old = p.pid("engine"), p.pid("fetch")
        p.ctl("rude-fetch")
        wait("the breach", lambda: "breaks the catalogue" in p.errors())
        p.ctl("rude-fetch", False)
        wait("another fetch", lambda: p.working(gone=[old]))
        assert p.pid("engine") == engine
        assert "it broke the message catalogue" in p.errors()
        assert p.end() == 0
    finally:
        p.clean()


def test_second_hello():
    """Each one would have secrets sent and programs of plugins started once more."""
    p = started()
    try:
        old = p.pid("fetch")
        p.ctl("again-fetch")
        wait("its words", lambda: any(w[3] == "again" for w in p.log()))
        p.ctl("again-fetch", False)
        wait("another fetch", lambda: p.working(gone=[old]))
        assert "it said hello twice" in p.errors()
        assert not any("reconf" in w[3] for w in p.log())
        assert p.end() == 0
    finally:
        p.clean()


def test_reload_refused():
    p = started()
    try:
        old = p.pids()
        p.configure(name="two", ping="never", extra="nonsense = 1;")
        p.proc.send_signal(signal.SIGHUP)
        wait("the refusal", lambda: "the new configuration is refused" in p.errors())
        assert "ping_interval" in p.errors() and "nonsense" in p.errors()
        time.sleep(0.3)
        assert p.pids() == old and not p.said("RELOADING=1")
        # A role that starts now gets the old one, whatever the file says.
        os.kill(old["fetch", 0][0], signal.SIGKILL)
        wait("fetch again", lambda: p.working(gone=old["fetch", 0]))
        assert not any("name=two" in w[3] for w in p.log())
        # The engine knows, also one that was started since, and when it is over.
        refused = p.refused(1)
        assert "ping_interval" in refused[0] and ".conf:" in refused[0], refused
        os.kill(old["engine", 0][0], signal.SIGKILL)
        assert p.refused(2)[1] == refused[0]
        p.configure(name="two", ping="100ms", extra="")
        p.ctl("no-start-policy")  # now it is the rehearsal that fails
        p.proc.send_signal(signal.SIGHUP)
        assert "ended before it could tell" in p.refused(3)[2]
        p.ctl("no-start-policy", False)
        p.proc.send_signal(signal.SIGHUP)
        assert p.refused(4)[3] == "-"
        wait("the new one in use", lambda: len(p.said("READY=1")) == 2)
        assert p.end() == 0
    finally:
        p.clean()


def test_reload_accepted():
    p = started()
    try:
        old = p.pids()
        p.configure(name="two", workers=3, fetchers=2)
        p.proc.send_signal(signal.SIGHUP)
        roles = ROLES + [("policy", 2), ("fetch", 1)]
        wait("READY=1 again", lambda: len(p.said("READY=1")) == 2)
        wait("more roles", lambda: p.working(roles))
        new = p.pids()
        for role in ("engine", "fetch", "courier", "console"):
            assert new[role, 0] == old[role, 0], f"{role} was restarted"
            assert [role, "reconf name=two"] in [[w[0], w[3]] for w in p.log()]
        for i in range(2):
            assert new["policy", i] != old["policy", i], "policy kept its rules"
        # A worker stopped only when its successor was there: never fewer than two.
        living = 2
        for w in p.log():
            if w[0] == "policy" and w[3].startswith("start") and "two" in w[3]:
                living += 1
            if w[0] == "policy" and w[3] == "end":
                living -= 1
                assert living >= 2
        order = [m.split("\n")[0] for _, m in p.messages() if "WATCHDOG" not in m]
        assert order == ["READY=1", "RELOADING=1", "READY=1"], order
        usec = re.search(r"MONOTONIC_USEC=(\d+)", p.said("RELOADING=1")[0])
        assert abs(int(usec.group(1)) / 1e6 - time.monotonic()) < 30
        # And fewer again.
        p.configure(workers=1, fetchers=1)
        p.proc.send_signal(signal.SIGHUP)
        wait("READY=1 a third time", lambda: len(p.said("READY=1")) == 3)
        wait("fewer roles", lambda: p.working([r for r in ROLES if r != ("policy", 1)]))
        assert p.end() == 0
    finally:
        p.clean()


def test_reload_needs_restart():
    p = started()
    try:
        old = p.pid("console")
        p.ctl("no-reconf-console")
        p.configure(name="two")
        p.proc.send_signal(signal.SIGHUP)
        wait("READY=1 again", lambda: len(p.said("READY=1")) == 2)
        assert p.pid("console") != old
        assert any(w[0] == "console" and "start" in w[3] and "name=two" in w[3]
                   for w in p.log())
        assert p.end() == 0
    finally:
        p.clean()


def test_one_a_folder():
    """A second one ends at once and starts nothing; killed, the first frees the folder.
    A reload cannot move it."""
    p = started()
    try:
        second = subprocess.run([f"{BUILD}/tests/probe", f"{p.dir}/tosd.conf"], timeout=5,
                                capture_output=True, text=True, check=False,
                                env=dict(os.environ, PROBE_LOG=f"{p.dir}/ctl/second",
                                         PROBE_DIR=f"{p.dir}/ctl"))
        assert second.returncode == 1 and "another tosd runs on" in second.stderr
        assert not os.path.exists(f"{p.dir}/ctl/second"), "it started roles"
        with open(f"{p.dir}/tosd.conf") as f:
            text = f.read()
        with open(f"{p.dir}/tosd.conf", "w") as f:
            f.write(text.replace('/state"', '/elsewhere"'))
        p.proc.send_signal(signal.SIGHUP)
        assert "state_dir" in p.refused(1)[0]
        p.configure()
        p.proc.kill()
        p.proc.wait()
        p.proc = subprocess.Popen(
            [f"{BUILD}/tests/probe", f"{p.dir}/tosd.conf"], stderr=p.err,
            start_new_session=True, env=dict(os.environ, PROBE_LOG=f"{p.dir}/log",
                                             PROBE_DIR=f"{p.dir}/ctl"))
        wait("all roles", p.working)
        assert p.end() == 0
    finally:
        p.clean()


def test_reload_while_crashing():
    p = started()
    try:
        p.configure(name="two")
        for pids in p.pids().values():
            os.kill(pids[0], signal.SIGKILL)
        p.proc.send_signal(signal.SIGHUP)
        p.configure(name="three")
        p.proc.send_signal(signal.SIGHUP)
        wait("a working set", lambda: len(p.said("READY=1")) >= 2 and p.working())
        assert p.end() == 0
    finally:
        p.clean()


def test_reload_ends_pauses():
    """What was repaired is not kept waiting for what failed before."""
    p = started(rmin="10m", rmax="10m")
    try:
        old = [p.pid("policy", i) for i in range(2)]
        for pid in old:
            os.kill(pid, signal.SIGKILL)
        wait("both pauses", lambda: p.errors().count("is started again in 10 min") == 2)
        p.configure(extra="nonsense = 1;")
        p.proc.send_signal(signal.SIGHUP)
        wait("the refusal", lambda: "the new configuration is refused" in p.errors())
        assert ("policy", 0) not in p.pids(), "a refused file ended the pause"
        p.configure(name="two", extra="")
        p.proc.send_signal(signal.SIGHUP)
        wait("workers again", lambda: p.working(gone=old), 60)
        wait("READY=1 again", lambda: len(p.said("READY=1")) == 2, 60)
        assert "new configuration in use" in p.errors()
        assert p.end() == 0
    finally:
        p.clean()


def test_reload_during_reload():
    """A SIGHUP that has to wait for a rehearsal says so, and is not forgotten."""
    p = started()
    try:
        p.ctl("slow-policy")
        p.configure(name="two")
        p.proc.send_signal(signal.SIGHUP)
        wait("the rehearsal", lambda: ("policy", 2) in p.pids())
        p.configure(name="three")
        p.proc.send_signal(signal.SIGHUP)
        wait("a line about it", lambda: "a reload is under way; the files are read "
             "again after it" in p.errors())
        p.ctl("slow-policy", False)
        wait("the second one in use", lambda: any("start" in w[3] and "name=three" in w[3]
             and w[0:2] == ["policy", "1"] for w in p.log()), 60)
        wait("a working set", p.working, 60)
        assert p.errors().count("reading the configuration anew") == 2
        assert p.end() == 0
    finally:
        p.clean()


def test_stubborn_role():
    p = started()
    try:
        p.ctl("stubborn-courier")
        begin = time.monotonic()
        assert p.end() == 0
        assert 0.9 < time.monotonic() - begin < 5
        assert "it did not stop in time" in p.errors()
        assert [w[0] for w in p.log() if w[3] == "end"][-1] == "engine"
    finally:
        p.clean()


def test_mail_in_hand():
    """A courier has the time that a mail may take: if it is killed over one, a person has to
    find out what became of it."""
    p = started(stop="500ms", courier='transport = "smtp"; url = "smtp://127.0.0.1:9";'
                ' starttls = false; timeout = "1s";')
    try:
        p.ctl("stubborn-courier")
        begin = time.monotonic()
        assert p.end() == 0
        assert 2 < time.monotonic() - begin < 6
        assert "it did not stop in time" in p.errors()
    finally:
        p.clean()


def test_second_signal_hurries():
    p = started(stop="5s")
    try:
        p.ctl("stubborn-courier")
        p.proc.send_signal(signal.SIGINT)
        wait("courier's turn", lambda: ["courier", "stop"] in
             [[w[0], w[3]] for w in p.log()])
        begin = time.monotonic()
        assert p.end(signal.SIGINT) == 0
        assert time.monotonic() - begin < 3
        # The engine was not killed all the same.
        assert ["engine", "end"] in [[w[0], w[3]] for w in p.log()]
    finally:
        p.clean()


def test_supervisor_killed():
    p = started()
    try:
        pids = [x[0] for x in p.pids().values()]
        p.proc.kill()
        p.proc.wait()
        wait("no orphan", lambda: not any(alive(x) for x in pids))
        # The engine came to an end by itself.
        assert ["engine", "end"] in [[w[0], w[3]] for w in p.log()]
    finally:
        p.clean()


def test_group_signals():
    """Ctrl-C or `systemctl kill` reach the roles as well: the order stays."""
    p = started()
    try:
        for pids in p.pids().values():
            os.kill(pids[0], signal.SIGTERM)
            os.kill(pids[0], signal.SIGINT)
            os.kill(pids[0], signal.SIGHUP)
        time.sleep(0.3)
        assert p.working()
        assert p.end() == 0
    finally:
        p.clean()


def test_secrets():
    creds = tempfile.mkdtemp(prefix="tosd-creds-")
    with open(f"{creds}/smtp", "w") as f:
        f.write("hush\n")
    with open(f"{creds}/key", "w") as f:
        f.write("sign\n")
    os.chmod(f"{creds}/smtp", 0o600)
    os.chmod(f"{creds}/key", 0o600)
    p = Probe(env={"CREDENTIALS_DIRECTORY": creds},
              courier='transport = "smtp"; url = "smtp://127.0.0.1:25"; '
              'from = "a@example.net"; username = "u"; password_credential = "smtp";',
              extra='ledger = { key_credential = "key"; };')
    try:
        wait("all roles", p.working)
        got = {w[0]: w[3] for w in p.log() if w[3].startswith("start")}
        assert "key=sign pass=-" in got["engine"], got
        assert "key=- pass=hush" in got["courier"], got
        for role in ("fetch", "policy", "console"):
            assert "key=- pass=-" in got[role], got
        # A secret that is gone refuses a reload as a whole.
        os.unlink(f"{creds}/smtp")
        p.proc.send_signal(signal.SIGHUP)
        wait("the refusal", lambda: "the new configuration is refused" in p.errors())
        assert p.end() == 0
    finally:
        p.clean()
        shutil.rmtree(creds)


def test_bad_start():
    p = Probe(extra="nonsense = 1; more = 2;")
    try:
        assert p.proc.wait(5) == 1
        assert "nonsense" in p.errors() and "more" in p.errors()
    finally:
        p.clean()


def test_engine_cannot_start():
    """An engine that never could start ends all, with a failure; one that could is tried
    again, and a killed one as well."""
    p = Probe(extra="# nothing")
    try:
        p.ctl("slow-engine")
        wait("the engine", lambda: ("engine", 0) in p.pids())
        os.kill(p.pid("engine"), signal.SIGKILL)
        wait("another one", lambda: ("engine", 0) in p.pids())
        p.ctl("no-start-engine")
        p.ctl("slow-engine", False)
        assert p.proc.wait(10) == 1
        assert p.errors().count("the engine cannot start") == 1
        assert not p.said("READY=1")
    finally:
        p.clean()
    p = started()
    try:
        p.ctl("no-start-engine")
        os.kill(p.pid("engine"), signal.SIGKILL)
        wait("a try", lambda: [w for w in p.log() if w[3] == "no-start"])
        p.ctl("no-start-engine", False)
        wait("a working set", p.working)
        assert p.end() == 0
    finally:
        p.clean()


def test_user():
    if os.getuid() != 0:
        print("  (not root: skipped)")
        return
    p = Probe(extra='user = "nobody";')
    try:
        wait("all roles", p.working)
        uid = pwd.getpwnam("nobody").pw_uid
        assert all(f"uid={uid}" in w[3] for w in p.log() if w[3].startswith("start"))
        for pids in p.pids().values():
            with open(f"/proc/{pids[0]}/status") as f:
                status = f.read()
            assert re.search(rf"Uid:\t{uid}\t{uid}\t{uid}\t{uid}", status)
            assert re.search(r"Groups:\s*\n", status)
            for caps in ("CapEff", "CapPrm", "CapInh", "CapBnd", "CapAmb"):
                assert re.search(rf"{caps}:\t0+\n", status), status
            assert "NoNewPrivs:\t1" in status
        assert os.stat(f"{p.dir}/state").st_uid == uid
        assert p.end() == 0
    finally:
        p.clean()


def main():
    tests = [(k, v) for k, v in sorted(globals().items()) if k.startswith("test_")]
    wanted = sys.argv[1:]
    failed = 0
    for name, run in tests:
        if wanted and name not in wanted:
            continue
        begin = time.monotonic()
        try:
            run()
            verdict = "ok"
        except Exception as e:  # one broken test must not hide the others
            failed += 1
            traceback.print_exc()
            verdict = f"FAILED: {e}"
        print(f"{name}: {verdict} ({time.monotonic() - begin:.1f} s)", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
