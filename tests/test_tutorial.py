#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Goes the way of tosd-policies(7): writes its files, runs its commands in order, those of a
running daemon too, and compares what they print with what the page shows.  What time and
tenants bring in the page (posts, labels of other people) is brought by this test: see
Around."""

import os
import re
import subprocess
import sys

from daemon import BUILD, SOURCE, Daemon, Site, wait

PAGE = os.path.join(SOURCE, "plugins/tosd-policies.7")
STAFF = ('staff = ( { name = "ann"; approver = true; reviewer = true; },\n'
         '  { name = "bob"; approver = true; reviewer = true; } );')
# As the page has it, but for how many and how long.
GATES = ("gates = { labels = 10; precision = 0.5; days = 1; tenant_share = 0.8; cost = \"1s\"; "
         "rule_cost = \"1s\"; }; batch = 16;")
TENANTS = ("forum", "garden", "board")
RULE = "allotment/wreck"
failures = 0


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


class Around:
    """The installed product as the reader of the page has it, and what happens around it."""

    def __init__(self, d, site):
        self.d, self.site, self.posts = d, site, 0
        self.after = {"systemctl reload": self.reload, "tosctl policy shadow": self.found,
                      "tosctl policy label 3": self.label, "tosctl policy canary": self.canary}
        os.makedirs(d.path("bin"))
        os.makedirs(d.path("work"))
        with open(d.path("past.conf"), "w") as f:
            f.write(d.path("tosd.conf").read_text() +
                    'store = { url = "sqlite:%s"; };\n' % d.path("past.db"))
        # As installed: the configuration is the one in its place.
        self.program("tosctl", 'if [ "$1 $2" = "policy backtest" ]; then shift 2; set -- policy '
                     'backtest -c %s "$@"; fi\nexec %s/tosctl "$@"\n'
                     % (d.path("past.conf"), BUILD))
        self.program("tosd", 'exec %s/tosd -c %s "$@"\n' % (BUILD, d.conf))
        self.program("systemctl", 'exec kill -HUP "$(cat %s)"\n' % d.path("pid"))
        self.env = dict(os.environ, TOSD_CONTROL=d.dir + "/run/control",
                        PATH="%s:%s" % (d.path("bin"), os.environ["PATH"]))

    def program(self, name, text):
        self.d.write("bin/" + name, "#!/bin/sh\n" + text)
        self.d.path("bin/" + name).chmod(0o755)

    def run(self, command):
        shell = command.replace("/etc/tosd/policies.d", self.d.dir + "/packs")
        # Which findings wait for a person is nothing that a page could know.
        if re.match(r"tosctl policy (confirm|dismiss) \d+ ", command):
            shell = re.sub(r"\d+", str(self.d.rows("policy", "reviews")[0]["id"]), shell, count=1)
        got = subprocess.run(shell, shell=True, cwd=self.d.path("work"), env=self.env,
                             capture_output=True, text=True, timeout=300)
        for start, then in self.after.items():
            if command.startswith(start):
                then()
        return got

    def reload(self):
        wait("the pack to be loaded", lambda: [
            r for r in self.d.rows("policy", "rules", "allotment") if r["rev"] == 2], 60)

    def post(self, n):
        for i in range(n):
            self.posts += 1
            self.site.event(at=0.0, tenant=TENANTS[i % len(TENANTS)], op="post",
                            id="x%d" % self.posts, title="A post", author="someone",
                            text="Tonight we will smash the greenhouse, number %d" % self.posts)
        wait("all posts to be judged", lambda: self.d.query(
            "SELECT count(*) FROM revision_state WHERE state = 1")[0][0] == self.posts, 60)

    def found(self):
        self.post(15)

    def label(self):
        """Other people go on where the page shows the beginning."""
        rows = self.d.rows("findings", RULE, "--unlabelled")
        check(len(rows) == 12 and all("tenant" not in r for r in rows), "the rest to be judged",
              rows)
        p = self.d.run("policy", "label", *(r["id"] for r in rows), "right", "-p", "bob", "-r",
                       "read each")
        check(p.returncode == 0, "is judged", p.stderr)

    def canary(self):
        """Which posts are within the share hangs on their digests."""
        for _ in range(20):
            self.post(15)
            if len(self.d.rows("policy", "reviews")) >= 2:
                return
        check(False, "a canary of 25 % finds two of 300 posts")


def commands_of_help():
    text = subprocess.run([BUILD + "/tosctl", "policy", "--help"], capture_output=True,
                          text=True).stdout
    return set(re.findall(r"^  tosctl policy (\S+)", text, re.M))


def walk(around):
    """The whole page; how many commands ran, and which of `tosctl policy'."""
    ran, seen = 0, set()
    with open(PAGE) as f:
        page = f.read()
    for name, block in displays(page):
        if name is not None:
            around.d.write("work/" + name, "\n".join(block) + "\n")
            continue
        for command, want in steps(block):
            got = around.run(command)
            ran += 1
            seen.update(re.findall(r"tosctl policy (\S+)", command))
            check(got.returncode == 0, command, got.stdout + got.stderr)
            # Where the page shows nothing, what a command says is its own affair.
            check(not want or shown(want, got.stdout), "  prints what the page shows",
                  got.stdout)
    return ran, seen


def main():
    site = Site({t: {"page": 400} for t in TENANTS})
    try:
        with Daemon({t: site.feed(t) for t in TENANTS}, interval="1s", more=STAFF) as d:
            d.write("tosd.conf", d.path("tosd.conf").read_text().replace("batch = 16;", GATES, 1))
            subprocess.run([BUILD + "/tests/past_main", d.path("past.db"), "6000", "60", "50"],
                           check=True)
            # A pack in use beside which the new one is tried.
            subprocess.run([BUILD + "/tosctl", "policy", "new", "other", d.path("packs")],
                           check=True, stdout=subprocess.DEVNULL)
            around = Around(d, site)
            d.start()
            d.write("pid", str(d.proc.pid))
            ran, seen = walk(around)
            check(ran >= 32, "the whole way was gone: %d commands" % ran)
            known = commands_of_help()
            check(len(known) == 22, "help lists each command of its own", sorted(known))
            check(seen == known, "the page shows all of them", sorted(known ^ seen))
            check("warning:" not in d.run("policy", "lint", d.path("work/before")).stdout,
                  "the page's pack has no warnings")
            moves = [e["move"] for e in wait("a signed head", lambda: [
                e for e in d.ledger() if e["kind"] == "mode" and e["move"] == "retire"] and [
                    e for e in d.ledger() if e["kind"] == "mode"])]
            check(moves == ["shadow", "canary", "enforce", "enforce", "rollback", "retire"],
                  "each move is on record", moves)
            d.check_record()
            d.stop()
    finally:
        site.stop()
    # The page is only as good as this test's eyes.
    check(not shown(["a", "..."], "b\n") and shown(["a", "...", "c ..."], "a\nb\nc d\n")
          and not shown(["a"], "a\nb\n"), "a wrong output would be seen")
    print("%d failures" % failures)
    return failures != 0


if __name__ == "__main__":
    sys.exit(main())
