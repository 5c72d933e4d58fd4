#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""Ten thousand rules put in place while posts come in over a stream: no post is lost, each
is judged once, by the old rules or by the new, and what the swap adds to the way of a
post is printed beside what the way was before, in as long a time without a swap.
SWAP_RULES, SWAP_SECONDS change the size."""
import datetime
import os
import random
import signal
import sys
import threading
import time

from daemon import Daemon, wait
from test_stream import FEEDS, Site, configure
from servers import free_port

RULES = int(os.environ.get("SWAP_RULES", 10000))
SECONDS = float(os.environ.get("SWAP_SECONDS", 8))  # before, and at least after
PAUSE = 0.02  # between posts

HEAD = """pack = { name = "many"; version = 1; owner = "trial"; };
clauses = ( { id = "9"; text = "Many"; } );
"""


def pack(n):
    """Words, phrases and expressions, each with the text that shows it."""
    rng, rules, shown = random.Random(5), [], []
    words = ["".join(rng.choice("bdfgklmnprst") + rng.choice("aeiou") for _ in range(3)) +
             "xyz"[i % 3] + format(i, "o").translate(str.maketrans("01234567", "bdfgklmn"))
             for i in range(n)]
    for i, w in enumerate(words):
        if i % 20 < 12:
            what, text = f'phrases = [ "{w}" ];', w
        elif i % 20 < 17:
            what, text = f'phrases = [ "{w} {words[i - 1]}" ];', f"{w} {words[i - 1]}"
        else:
            what, text = f'regexes = [ "\\\\b{w}(?:s|ed|ing)?\\\\b.{{0,20}}end" ];', w + "s end"
        rules.append(f'{{ id = "r{i}"; rev = 1; mode = "shadow"; category = "many"; clause = '
                     f'"9"; severity = "low"; score = 0.5; reason = "r"; {what} }}')
        shown.append(f'"{text}"')
    return (HEAD + "rules = (\n" + ",\n".join(rules) + "\n);\ntests = {\nok = [ \"?\", \"q\", "
            "\"qq\" ];\nfail = [ " + ",\n".join(shown) +
            f" ];\ntwins = ( [ \"{words[0]} a\", \"{words[0]} b\" ] );\n}};\n")


def milliseconds(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000


class Posts(threading.Thread):
    """Sends a post every PAUSE seconds until stopped."""

    def __init__(self, site):
        super().__init__(daemon=True)
        self.site, self.sent, self.done = site, {}, threading.Event()

    def run(self):
        while not self.done.wait(PAUSE):
            item = self.site.item(len(self.sent))
            self.sent[item["id"]] = time.time() * 1000
            self.site.ndjson.add("", item)


def ways(d, posts):
    """[(sent, judged, policy)] in ms, of every post; each must be judged once."""
    revisions = dict(d.query("SELECT revision.id, item.guid FROM revision JOIN item ON "
                             "item.id = revision.item"))
    judged = {}
    for entry in d.ledger():
        if entry["kind"] != "judged":
            continue
        for first, last in entry["revisions"]:
            for r in range(first, last + 1):
                assert r not in judged, f"revision {r} judged twice"
                judged[r] = (milliseconds(entry["t"]), entry["policy"])
    out = []
    for r, guid in revisions.items():
        guid = guid.rsplit("/", 1)[-1]
        out.append((posts.sent[guid if guid in posts.sent else "i" + guid], *judged[r]))
    assert len(out) == len(posts.sent), (len(out), len(posts.sent))
    return sorted(out)


def controls(rows, length):
    """The longest way in each stretch of that length, back from the end: what the machine
    does without a swap."""
    out, end = [], rows[-1][0]
    while end - length >= rows[0][0]:
        out.append(max(way for sent, way in rows if end - length < sent <= end))
        end -= length
    return out


def main():
    site = Site()
    url = FEEDS["lines"](site)
    # All of them, since configure() knows them all.
    with Daemon({n: of(site) for n, of in FEEDS.items()}, interval="1h") as d:
        configure(d, site, free_port())
        d.start()
        wait("the stream", lambda: site.ndjson.open == 1)
        old = d.status()["policy"]
        many = pack(RULES)  # before anything is measured: it takes this process's time
        posts = Posts(site)
        posts.start()
        time.sleep(SECONDS)
        d.write("packs/many.conf", many)
        asked = time.time() * 1000
        d.proc.send_signal(signal.SIGHUP)
        wait(f"the new policy for {url}", lambda: d.status()["policy"] != old, 60)
        took = time.time() * 1000
        time.sleep(SECONDS / 2)
        posts.done.set()
        posts.join()
        count = len(posts.sent)
        wait(f"all {count} posts to be judged", lambda: d.query(
            "SELECT count(*) FROM revision_state WHERE state = 1")[0][0] == count)
        time.sleep(1)  # and signed
        d.stop()
        rows = ways(d, posts)
    before = sorted(j - s for s, j, _ in rows if j < asked)
    control = controls([(s, j - s) for s, j, _ in rows if j < asked], took + 1000 - asked)
    during = [j - s for s, j, _ in rows if asked <= j and s <= took + 1000]
    policies = {p for _, _, p in rows}
    assert len(policies) == 2 and rows[0][2] == old and rows[-1][2] != old, policies
    median, most = before[len(before) // 2], before[-1]
    print(f"{count} posts, all judged once; {RULES} rules in place {took - asked:.0f} ms "
          f"after the signal")
    print(f"way of a post, ms: before median {median:.0f}, longest {most:.0f}; during the "
          f"swap longest {max(during):.0f}: {max(during) - median:.0f} more than the median "
          f"(ratio {max(during) / max(median, 1):.1f}), {max(during) - most:.0f} more than "
          "the longest before")
    print(f"longest in each as long a time before, ms: "
          f"{' '.join(f'{c:.0f}' for c in control) or 'none'}")


if __name__ == "__main__":
    sys.exit(main())
