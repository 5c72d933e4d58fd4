# SPDX-License-Identifier: Apache-2.0
"""Trials that mostly wait, several at a time: each is the calling script run again with the
trial's name as its only argument, with a daemon, a folder and ports of its own."""
import os
import signal
import subprocess
import sys
import tempfile
import time


class Trial:
    def __init__(self, name):
        self.name, self.out = name, tempfile.TemporaryFile()
        self.proc = subprocess.Popen([sys.executable, os.path.abspath(sys.argv[0]), name],
                                     stdin=subprocess.DEVNULL, stdout=self.out,
                                     stderr=subprocess.STDOUT)

    def said(self):
        self.out.seek(0)
        return self.out.read().decode("utf-8", "replace")


def run_trials(names, at_once, limit=300):
    """0 if all of them passed; what each says is printed in one piece when it ends."""
    # `timeout' and make end a test by SIGTERM: the trials must hear of it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended from outside"))
    waiting, running, failed = list(names), [], []
    end = time.monotonic() + limit
    try:
        while waiting or running:
            while waiting and len(running) < at_once:
                running.append(Trial(waiting.pop(0)))
            time.sleep(0.1)
            for t in [t for t in running if t.proc.poll() is not None]:
                running.remove(t)
                print(t.said(), end="", flush=True)
                if t.proc.returncode != 0:
                    print(f"{t.name}: failed ({t.proc.returncode})", flush=True)
                    failed.append(t.name)
            if time.monotonic() > end:
                sys.exit(f"not over after {limit} s: {', '.join(t.name for t in running)}")
    finally:
        for t in running:
            t.proc.terminate()
        for t in running:
            t.proc.wait()
            print(t.said(), end="", flush=True)
    return 1 if failed else 0
