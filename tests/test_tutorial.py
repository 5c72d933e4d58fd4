#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Goes the way of tosd-policies(7): writes its files, runs its commands in order, and
compares what they print with what the page shows.  Commands that need a running daemon, or
that this tosctl does not have, are only looked at."""

import os
import re
import shutil
import subprocess
import sys
import tempfile

SRC = os.path.abspath(os.environ.get("srcdir", os.path.join(os.path.dirname(__file__), "..")))
BUILD = os.path.abspath(os.environ.get("builddir", SRC))
PAGE = os.path.join(SRC, "plugins/tosd-policies.7")
APART = {"shadow", "stats", "gate", "canary", "enforce", "rollback", "retire", "label"}
failures = 0

CONF = """
provider = { name = "Example Hosting"; mailbox = "abuse@host.example"; phone = "+1 555 0100";
	aup_url = "https://host.example/aup"; aup_version = "2026-01"; };
state_dir = "%(base)s/state"; run_dir = "%(base)s/run";
templates_dir = "%(src)s/etc/notices.d";
store = { url = "sqlite:%(base)s/past.db"; };
policy = { packs_dir = "%(base)s/packs"; plugins = ( { name = "rules";
	path = "%(build)s/plugins/rules/.libs/rules.so"; } ); };
courier = { transport = "smtp"; url = "smtp://127.0.0.1:25"; from = "abuse@host.example";
	legal = "legal@host.example"; };
safety = { desk = [ "safety@host.example" ]; };
staff = ( { name = "ann"; approver = true; reviewer = true; } );
tenants = ( { id = "a"; name = "A"; contact = "a@a.example"; manager = "m@host.example";
	feeds = ( { url = "http://a.example/feed"; } ); } );
"""


def check(ok, what, detail=""):
    global failures
    failures += not ok
    print(("ok   " if ok else "FAIL ") + what + ("" if ok else ": %s" % (detail,)))


def displays(page):
    """(file name or None, lines) of each literal display, as a reader sees it."""
    out, block, name = [], None, None
    for line in page.splitlines():
        if line.startswith('.\\" FILE '):
            name = line.split()[2]
        elif line.startswith(".Bd -literal"):
            block = []
        elif line == ".Ed":
            out.append((name, block))
            block = name = None
        elif block is not None:
            block.append(re.sub(r"^\\&", "", line).replace("\\e", "\\"))
    return out


def steps(block):
    """(command, output) of a display of commands."""
    out = []
    for line in block:
        if line[:2] in ("$ ", "# "):
            out.append((line[2:], []))
        else:
            out[-1][1].append(line)
    return out


def shown(want, got):
    """Whether the lines of `want' stand in `got' in this order; `...' is anything."""
    pattern = "".join(
        "(?:.*\n)*" if line == "..." else
        "[^\n]*".join(re.escape(p) for p in line.split("...")) + "\n" for line in want)
    return re.fullmatch(pattern, got) is not None


def wrapper(base, name, text):
    path = "%s/bin/%s" % (base, name)
    with open(path, "w") as f:
        f.write("#!/bin/sh\n" + text)
    os.chmod(path, 0o755)


def run(command, base, known):
    parts = command.split()
    if parts[0] == "systemctl":
        return
    if parts[:2] == ["tosctl", "policy"] and parts[2] in APART and parts[2] not in known:
        print("     (not here: %s)" % command)
        return "apart"
    return subprocess.run(command.replace("/etc/tosd/policies.d", base + "/packs"), shell=True,
                          cwd=base + "/work", capture_output=True, text=True, timeout=300,
                          env=dict(os.environ, PATH=base + "/bin:" + os.environ["PATH"]))


def main():
    base = tempfile.mkdtemp(prefix="tosd-tutorial-")
    for name in ("bin", "packs", "work", "state", "run"):
        os.mkdir(base + "/" + name)
    with open(base + "/tosd.conf", "w") as f:
        f.write(CONF % {"base": base, "src": SRC, "build": BUILD})
    # As installed: the configuration is the one in its place.
    wrapper(base, "tosctl",
            'if [ "$1 $2" = "policy backtest" ]; then shift 2; exec %s/tosctl policy backtest '
            '-c %s/tosd.conf "$@"; fi\nexec %s/tosctl "$@"\n' % (BUILD, base, BUILD))
    wrapper(base, "tosd", 'exec %s/tosd -c %s/tosd.conf "$@"\n' % (BUILD, base))
    subprocess.run([BUILD + "/tests/past_main", base + "/past.db", "6000", "60", "50"],
                   check=True)
    # The pack in use beside which the new one is tried.
    subprocess.run([BUILD + "/tosctl", "policy", "new", "other", base + "/packs"], check=True,
                   stdout=subprocess.DEVNULL)
    known = subprocess.run([BUILD + "/tosctl", "policy", "--help"], capture_output=True,
                           text=True).stdout
    known = set(re.findall(r"tosctl policy (\S+)", known))
    with open(PAGE) as f:
        page = f.read()
    ran = 0
    for name, block in displays(page):
        if name is not None:
            with open("%s/work/%s" % (base, name), "w") as f:
                f.write("\n".join(block) + "\n")
            continue
        for command, want in steps(block):
            got = run(command, base, known)
            if got is None or got == "apart":
                continue
            ran += 1
            check(got.returncode == 0, command, got.stdout + got.stderr)
            # Where the page shows nothing, what a command says is its own affair.
            check(not want or shown(want, got.stdout), "  prints what the page shows",
                  got.stdout)
    check(ran >= 16, "the whole way was gone: %d commands" % ran)
    check("warning:" not in subprocess.run(
        [BUILD + "/tosctl", "policy", "lint", base + "/before"], capture_output=True,
        text=True).stdout, "the page's pack has no warnings")
    # The page is only as good as this test's eyes.
    check(not shown(["a", "..."], "b\n") and shown(["a", "...", "c ..."], "a\nb\nc d\n")
          and not shown(["a"], "a\nb\n"), "a wrong output would be seen")
    shutil.rmtree(base)
    print("%d failures" % failures)
    return failures != 0


if __name__ == "__main__":
    sys.exit(main())
