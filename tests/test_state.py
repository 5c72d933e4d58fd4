#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The state folder is one daemon's, can be written to, and does not begin anew: what the
real tosd says and does where that is not so."""
import os
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
