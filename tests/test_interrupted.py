#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Commands of tosctl that need a temporary folder make it in TMPDIR, and leave nothing there:
when they end, when somebody ends them, and when whoever reads what they print goes away."""
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

SRC = pathlib.Path(os.environ.get("srcdir") or pathlib.Path(__file__).parent.parent)
BUILD = pathlib.Path(os.environ.get("builddir") or SRC / "build")
PLUGIN = BUILD / "plugins/rules/.libs/rules.so"
ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGKILL)


def wait(what, predicate, limit=30):
    end = time.monotonic() + limit
    while not predicate():
        if time.monotonic() > end:
            sys.exit(f"waited {limit} s for: {what}")
        time.sleep(0.005)


def story(where):
    """One that takes a while."""
    events = [{"op": "series", "tenant": "forum", "id": "a", "every": "10m", "until": "300d",
               "texts": ["we will smash the greenhouse", "a fine day"]}]
    path = where / "story.json"
    path.write_text(json.dumps({
        "configuration": str(SRC / "tests/scenarios/story.conf"), "events": events,
        "start": "2026-01-05T00:00:00Z", "end": "300d"}))
    return path


def slow_pack(where):
    """A pack that takes a second or more to load."""
    rules = ",\n".join(
        '{ id = "r%d"; rev = 1; mode = "draft"; category = "x"; clause = "1"; severity = "low"; '
        'score = 0.5; reason = "r"; phrases = [ "%s <2> house" ]; }'
        % (i, "".join(chr(97 + int(c)) for c in f"{i:05}")) for i in range(4000))
    tests = 'fail = [ %s ]; ok = [ "x", "y", "z" ]; twins = ( [ "aaaaa house", "aaaaa a house" ] );'
    words = ", ".join('"%s house"' % "".join(chr(97 + int(c)) for c in f"{i:05}")
                      for i in range(4000))
    path = where / "slow.conf"
    path.write_text('pack = { name = "slow"; version = 1; owner = "tests"; };\n'
                    'clauses = ( { id = "1"; text = "Example"; } );\n'
                    f'rules = ( {rules} );\ntests = {{ {tests % words} }};\n')
    return path


class Started:
    """The command in a group of its own, as a shell starts it; its folder is there."""

    def __init__(self, words, tmp, stdout=subprocess.DEVNULL):
        self.tmp = tmp
        self.process = subprocess.Popen(
            [BUILD / "tosctl", *words], stdout=stdout, stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL, env=dict(os.environ, TMPDIR=str(tmp)),
            start_new_session=True)
        wait(f"{words}: a folder in TMPDIR", lambda: any(tmp.iterdir()))

    def gone(self, how):
        self.process.wait(timeout=60)
        wait(f"{how}: {list(self.tmp.iterdir())} go", lambda: not any(self.tmp.iterdir()))


def interrupted(words, tmp):
    for end in ENDS:
        for group in True, False:
            run = Started(words, tmp)
            if run.process.poll() is not None:
                sys.exit(f"{words}: over before it could be interrupted")
            (os.killpg if group else os.kill)(run.process.pid, end)
            run.gone(f"{words} {end.name}, {'its group' if group else 'it alone'}")
            if run.process.returncode != -end:
                sys.exit(f"{words}: {end.name} gave {run.process.returncode}")


def main():
    with tempfile.TemporaryDirectory(prefix="tosd-ends-") as name:
        where = pathlib.Path(name)
        tmp = where / "tmp"
        tmp.mkdir()
        simulate = ["simulate", "--plugin", PLUGIN, story(where)]
        explain = ["policy", "explain", slow_pack(where), "aaaaa house"]
        interrupted(simulate, tmp)
        interrupted(explain, tmp)

        reader, writer = os.pipe()
        run = Started([*simulate[:1], "--all", *simulate[1:]], tmp, stdout=writer)
        os.close(writer)
        os.close(reader)
        run.gone("a reader that goes")
        if run.process.returncode != -signal.SIGPIPE:
            sys.exit(f"a reader that goes: {run.process.returncode}")

        run = Started(explain, tmp)
        run.gone("its end")
        if run.process.returncode != 0:
            sys.exit(f"explain: {run.process.returncode}")
        nowhere = subprocess.run(
            [BUILD / "tosctl", *simulate], capture_output=True, text=True,
            env=dict(os.environ, TMPDIR=str(where / "none")))
        if nowhere.returncode != 3 or f"cannot make a folder in {where}/none: " not in \
                nowhere.stderr:
            sys.exit(f"no TMPDIR: {nowhere}")


main()
