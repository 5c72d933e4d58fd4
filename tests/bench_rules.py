#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Part of `make bench': rules and classifier beside what bounds them and beside what others
have, on the rules and posts that gen.c of TOSD_PEERS makes (see bench_peers.py; without it
there is nothing to do).

libhs	1,000 and 10,000 rules through the host, with all book-keeping, beside a bare hs_scan
	of the same expressions over the same posts; ten times the word rules; loading
ugrep	`ugrep -icwF' with the 1,000 rules as plain words: seconds of the whole process
rspamd	its module regexp with the same 1,000 rules, one message a post over HTTP, as
	peers/mail/mk.py sets it up: seconds of the server alone, which also takes messages
	apart
fasttext  `fasttext predict' with pairs of words and 2^20 buckets, seconds of the process,
	less those for no text at all

Of tosd's own figure all of it counts: text to findings, in one process.  Ours and theirs run
by turns, PEER_ROUNDS times (9, but 3 here at most for what takes long); a ratio is the median
of the ratios in each round.  What is not there is said and left out: Debian has ugrep,
rspamd and fasttext.
"""
import http.client
import os
import pathlib
import re
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

import bench
from bench_peers import PEERS, Missing, build

ROUNDS = min(int(os.environ.get("PEER_ROUNDS", 9)), 3)
POSTS = 100000	# what a tool of the command line reads at once
SCANNED = 10000
MAILS = 1500
MODEL = bench.SRC / "plugins/classifier/violence.model"


def need(program):
    found = shutil.which(program)
    if found is None:
        raise Missing(f"{program}: Debian's package {program}")
    return found


def say(what, ours, theirs, ratio, goal, beside):
    print(f"{what:<34} {ours:>11} {theirs:>11} {ratio:>8}  {goal:<14} {beside}", flush=True)


def compare(what, turn, goal, beside):
    """Items a second of ours and of theirs, by turns."""
    rounds = [turn() for _ in range(ROUNDS)]
    ours, theirs = ([r[i] for r in rounds] for i in (0, 1))
    ratio = statistics.median(a / b for a, b in rounds)
    say(what, f"{statistics.median(ours):,.0f}", f"{statistics.median(theirs):,.0f}",
        f"{ratio:.1f}", goal, beside)


def seconds(words):
    """Processor time of a command from its start to its end."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    # To a pipe: what goes to /dev/null is not looked for by some.
    subprocess.run([str(w) for w in words], stdout=subprocess.PIPE,
                   stderr=subprocess.DEVNULL, timeout=300)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return sum(b - a for a, b in zip(before[:2], after[:2]))


def host_rate(folder):
    said = bench.run(bench.BUILD / "tests/bench_scan", "-o", "-d", folder / "data", "-n",
                     SCANNED, "-r", 5, "1k")
    return float(re.search(r"host (\d+) items/s", said)[1])


# --- libhs -----------------------------------------------------------------------------

def libhs(folder):
    said = bench.run(bench.BUILD / "tests/bench_scan", "-d", folder / "data", "-n", SCANNED,
                     "-r", 9, "1k", "10k")
    rows = re.findall(r"rules \S+ \((\d+)\).*?host (\d+) items/s, bare hs_scan (\d+) items/s, "
                      r"ratio ([\d.]+); hits (\d+) and (\d+); loaded in ([\d.]+)", said)
    for (n, ours, theirs, ratio, *_), goal in zip(rows, ("at least 0.7", "at least 1.3")):
        say(f"scan, {int(n):,} rules, posts/s", f"{int(ours):,}", f"{int(theirs):,}", ratio, goal,
            "bare hs_scan, same rules")
    cost = re.search(r"cost ([\d.]+)", said)[1]
    say("ten times the words and phrases", "", "", cost, "at most 1.3", "time a post")
    say("loading 10,000 rules, CPU s", rows[1][6], "", "", "at most 2", "")


# --- ugrep -----------------------------------------------------------------------------

def ugrep(folder):
    program = need("ugrep")
    texts = folder / "many.txt"
    with open(folder / "data/bodies.txt", "rb") as f:
        lines = f.readlines()
    texts.write_bytes(b"".join(lines * (POSTS // len(lines))))

    def turn():
        took = seconds([program, "-icwF", "-f", folder / "data/lits1k.txt", texts])
        return host_rate(folder), POSTS / took
    compare("scan, 1,000 rules, posts/s", turn, "at least 4", "ugrep -icwF, words alone")


# --- rspamd ----------------------------------------------------------------------------

def process_time(pid):
    """Processor time of a process and its children, in seconds."""
    ticks = 0
    for p in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{p}/stat") as f:
                stat = f.read().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(p) == pid or int(stat[1]) == pid:
            ticks += int(stat[11]) + int(stat[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def ask(port, mails):
    for mail in mails:
        c = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        c.request("POST", "/checkv2", mail, {"Content-Type": "text/plain"})
        answer = c.getresponse()
        answer.read()
        c.close()
        if answer.status != 200:
            sys.exit(f"bench: rspamd answers {answer.status}")


def settled(pid, end):
    """Once it has compiled its rules for Hyperscan: until then it uses PCRE."""
    last, calm = process_time(pid), 0
    while time.monotonic() < end and calm < 4:
        time.sleep(0.5)
        now = process_time(pid)
        calm = calm + 1 if now - last < 0.03 else 0
        last = now


def rspamd(folder):
    program = need("rspamd")
    mail = folder / "peers/mail"
    mail.mkdir(parents=True)
    shutil.copyfile(PEERS / "peers/mail/mk.py", mail / "mk.py")
    subprocess.run([sys.executable, mail / "mk.py", "1k"], check=True)
    with socket.create_server(("127.0.0.1", 0)) as s:
        port = s.getsockname()[1]
    conf = mail / "rs/rspamd.conf"
    conf.write_text(conf.read_text().replace("127.0.0.1:21333", f"127.0.0.1:{port}"))
    mails = [p.read_bytes() for p in sorted((mail / "msg").iterdir())[:MAILS]]
    server = subprocess.Popen([program, "-f", "-i", "-c", conf], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)

    def turn():
        before = process_time(server.pid)
        ask(port, mails)
        return host_rate(folder), len(mails) / (process_time(server.pid) - before)
    try:
        bench.wait("rspamd", lambda: listening(port) or None, 240, 0.2)
        settled(server.pid, time.monotonic() + 120)
        ask(port, mails[:200])
        compare("scan, 1,000 rules, posts/s", turn, "at least 100", "rspamd, module regexp")
    finally:
        server.terminate()
        server.wait(30)


def listening(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


# --- classifier ------------------------------------------------------------------------

def classifier(folder):
    said = bench.run(bench.BUILD / "tests/bench_classifier", MODEL, folder / "data/bodies.txt")
    rates = dict(re.findall(r"(forms|sums|bare sums|without forms|all) (\d+)/s", said))
    ratio = re.search(r"sums to bare sums: ([\d.]+); all but forms to bare sums: ([\d.]+)",
                      said)
    say("classifier, its sums, texts/s", f"{int(rates['sums']):,}", f"{int(rates['bare sums']):,}",
        ratio[1], "at least 0.8", "a bare loop over the same features")
    return float(rates["all"])


def fasttext(folder):
    rate = classifier(folder)
    program = need("fasttext")
    texts = folder / "data/bodies.txt"
    with open(texts) as f:
        lines = f.readlines()
    with open(folder / "train.txt", "w") as f:
        f.writelines(f"__label__{i % 2} {t.lower()}" for i, t in enumerate(lines[:20000]))
    (folder / "none.txt").write_text("")
    model = folder / "ft"
    subprocess.run([program, "supervised", "-input", folder / "train.txt", "-output", model,
                    "-wordNgrams", "2", "-bucket", str(1 << 20), "-dim", "16", "-epoch", "1",
                    "-thread", "1"], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    many = folder / "many-lower.txt"
    many.write_text("".join(t.lower() for t in lines) * (POSTS // len(lines)))

    def turn():
        start = seconds([program, "predict", f"{model}.bin", folder / "none.txt"])
        took = seconds([program, "predict", f"{model}.bin", many])
        return rate, POSTS / (took - start)
    compare("classifier, all of it, texts/s", turn, "at least 8", "fasttext predict")


def main():
    if not (PEERS / "gen.c").exists():
        print(f"\nbench: no programs of others in {PEERS} (TOSD_PEERS): rules not compared")
        return
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tosd-rules-", dir="/tmp"))
    try:
        for f in PEERS.iterdir():
            if f.is_file():
                shutil.copyfile(f, folder / f.name)
        subprocess.run([build(folder, "gen", "a compiler"), "data", "1", "20000"], cwd=folder,
                       check=True, stdout=subprocess.DEVNULL)
        print(f"\n{'rules and classifier':<34} {'tosd':>11} {'beside':>11} {'ratio':>8}  goal",
              flush=True)
        for part in (libhs, ugrep, rspamd, fasttext):
            try:
                part(folder)
            except Missing as e:
                print(f"bench: left out: {e}", flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
