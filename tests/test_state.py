#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The state folder is one daemon's, can be written to, and does not begin anew: what the
real tosd says and does where that is not so."""
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
import traceback

from daemon import BUILD, Daemon, Site, wait


def second(d):
    """Another tosd on the same configuration: (exit code, its errors, how long)."""
    begin = time.monotonic()
    p = subprocess.run([BUILD + "/tosd", "-c", d.conf], capture_output=True, text=True,
                       timeout=30, check=False)
    lines = [x for x in p.stderr.splitlines() if " warning " not in x]
    return p.returncode, lines, time.monotonic() - begin


def fences(d):
    return d.query("SELECT owner, fence, count(*) FROM shard GROUP BY owner, fence")


def test_second(d):
    """It ends at once, and the first one is not touched: no claim, no new engine."""
    d.start()
    before, roles = fences(d), d.roles()
    for _ in range(2):
        code, lines, took = second(d)
        assert code == 1, (code, lines)
        assert len(lines) == 1 and f"another tosd runs on {d.state}" in lines[0], lines
        assert took < 5, took
    time.sleep(2)
    assert fences(d) == before and d.roles() == roles
    assert "not ours any more" not in d.log()
    d.stop()
    d.check_record()


def test_engine_left_over(d):
    """The supervisor is killed and its engine lives on: the next one's engine waits for
    it, and claims nothing before."""
    d.start()
    old = d.roles()["engine", 0]
    os.kill(old, signal.SIGSTOP)
    d.proc.kill()
    d.proc.wait()
    before = fences(d)
    d.spawn()
    wait("the next engine to wait", lambda: "waiting for its end" in d.log())
    time.sleep(0.5)
    assert fences(d) == before
    os.kill(old, signal.SIGCONT)
    wait("it to be ready", lambda: d.log().count("] ready: ") == 2)
    assert fences(d) != before, before
    d.stop()
    assert d.log().count("waiting for its end") == 1
    d.check_record()


def refused(d, *words):
    """Neither -t nor a start takes it, and both say why; returns what -t said."""
    code, said = d.check()
    assert code == 1 and all(w in said for w in words), said
    code, lines, took = second(d)
    assert code == 1 and took < 8, (code, took, lines)
    assert any(all(w in x for w in words) for x in lines), lines
    return said


def test_not_writable(d):
    """A state folder that cannot be made, or is on a file system that is read only."""
    conf = d.path("tosd.conf").read_text()
    d.write("tosd.conf", conf.replace(f'"{d.state}"', '"/proc/x"', 1))
    assert "`state_dir'" in refused(d, "/proc/x cannot be made: /proc: ")
    d.write("tosd.conf", conf)
    assert d.check()[0] == 0 and not d.state.exists(), "looking at it has made it"
    d.start()
    d.stop()
    before = sorted(os.listdir(d.state))
    assert d.check()[0] == 0 and sorted(os.listdir(d.state)) == before
    if os.getuid() != 0:
        return
    # A mount of its own, over itself: in a namespace that ends with the program.
    script = f'mount --bind {d.state} {d.state} && mount -o remount,bind,ro {d.state} && exec "$@"'
    for words, code in ((["-t"], 1), ([], 1)):
        p = subprocess.run(["unshare", "-m", "sh", "-c", script, "sh", BUILD + "/tosd", *words,
                            "-c", d.conf], capture_output=True, text=True, timeout=30,
                           check=False)
        if "unshare" in p.stderr or "mount:" in p.stderr:
            print("  (no mounts here: skipped)")
            return
        assert p.returncode == code, p
        assert f"{d.state} cannot be written to: Read-only file system" in p.stderr, p
    assert sorted(os.listdir(d.state)) == before


def test_engine_cannot_start(d):
    """What only the engine finds out ends tosd as well, where none was ever ready."""
    d.start()
    d.stop()
    checkpoint = d.state / "log" / "checkpoint"
    checkpoint.write_text(checkpoint.read_text().replace("\n", "\n9", 1))
    code, lines, took = second(d)
    assert code == 1 and took < 15, (code, took)
    errors = [x for x in lines if " error " in x]
    assert "the engine cannot start, see above: stopping" in errors[-1], errors
    assert sum("engine 0 (pid" in x for x in errors) == 1, errors


def gone(d, what):
    """tosd ends by itself, with one line and nothing made in place of what is gone."""
    assert d.proc.wait(20) == 1
    lines = [x for x in d.log().splitlines() if f"the ledger that was in {d.state}/log is gone" in x]
    assert len(lines) == 1, lines
    assert not (d.state / "log" / "checkpoint").exists(), f"another one was begun ({what})"
    assert d.log().count("made a signing key") == 1


def test_state_gone(d):
    """The state folder is deleted while nothing happens, and the engine is killed."""
    for what in ("alone", "engine killed", "log moved"):
        shutil.rmtree(d.state, ignore_errors=True)
        d.log_file.write_text("")
        d.start()
        wait("a signed head", lambda: d.ledger())
        engine = d.roles()["engine", 0]
        if what == "log moved":
            os.rename(d.state / "log", d.state / "elsewhere")
        else:
            shutil.rmtree(d.state, ignore_errors=True)
        if what == "engine killed":
            # It may have seen that for itself already.
            with contextlib.suppress(ProcessLookupError):
                os.kill(engine, signal.SIGKILL)
        gone(d, what)


def main():
    tests = [(k, v) for k, v in globals().items() if k.startswith("test_")]
    failed = 0
    for name, run in tests:
        if sys.argv[1:] and name not in sys.argv[1:]:
            continue
        begin, verdict = time.monotonic(), "ok"
        web = Site(["one"])
        try:
            with Daemon({"one": web.feed("one")}) as d:
                run(d)
        except Exception as e:  # one broken test must not hide the others
            failed += 1
            traceback.print_exc()
            verdict = f"FAILED: {e}"
        finally:
            web.stop()
        print(f"{name}: {verdict} ({time.monotonic() - begin:.1f} s)", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
