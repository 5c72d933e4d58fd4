#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The demonstration: the real daemon over five invented tenants on this machine, told
as a timeline.  What is printed comes from the ledger and from `tosctl'; deadlines that
take days in service take seconds here.  It ends by itself, with 0 if everything came
out as it should.  Run it with tests/demo.sh or `make demo'."""

import calendar
import email
import email.policy
import os
import signal
import sys
import textwrap
import time

from demo_story import (CINDER_ACTS, HARBOUR_ACTS, POSTS, PROTECTED, REASONS, TENANTS,
                        TRAMLINE_DOWN, TRAMLINE_MISSED, TRAMLINE_POSTS, TRAMLINE_UP)
from daemon import Failed, Ledger, Site, Tosd, account, mail_server

LIMIT = 110  # seconds for the story; it takes about 60
WIDTH = 100
DESK, LEGAL = "safety-desk@example.net", "legal@example.net"
MANAGER = "account-manager@example.net"
AUDIENCES = {"manager": "account manager", "safety": "safety desk", "legal": "legal desk"}
STAGES = (("notice", 18), ("warning", 14), ("final warning", 12))

CONF = """# Made by the demonstration.  In service a deadline is hours or days.
%(places)s
sandbox = "best-effort";
provider = {
	name = "Example Hosting";
	mailbox = "abuse@example.net";
	phone = "+1 555 0100";
	aup_url = "https://example.net/acceptable-use";
	aup_version = "2026-01";
};
fetch = {
	allow = [ "127.0.0.0/8" ];	# the sample tenants are on this machine
	interval = "1s"; interval_min = "1s"; interval_max = "3s";
	host_gap = "20ms"; max_host_connections = 8;
	connect_timeout = "3s"; timeout = "5s";
};
policy = {
	%(policy)s
};
ladder = {
	stages = (
%(stages)s
	);
	cure = "15s"; time_to_takedown = "8s"; recheck = "2s"; max_gap = "5s";
};
ledger = { seal_interval = "500ms"; };
courier = {
	transport = "smtp";
	url = "smtp://127.0.0.1:%(mail)d";
	starttls = false;
	legal = "%(legal)s";
	timeout = "10s"; retry_min = "1s"; retry_max = "5s";
};
safety = { protect = [ "%(protected)s" ]; desk = [ "%(desk)s" ]; };
console = { listen = "127.0.0.1:0"; };
staff = (
	{ name = "approver-1"; user = "%(user)s"; reviewer = true; approver = true; },
	# In service the second person has an account, too: one that is not yours.
	{ name = "approver-2"; reviewer = true; approver = true; }
);
tenants = (
%(tenants)s
);
"""


# --- paper ---------------------------------------------------------------------------

COLOURS = {"bad": "31", "good": "32", "step": "33", "alert": "35", "head": "1", "dim": "2"}


class Paper:
    """Lines no wider than WIDTH; colours on a terminal that did not refuse them."""

    SETTLE = 1.5  # seconds until the ledger has told all of a moment

    def __init__(self):
        self.events = []
        self.coloured = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and \
            os.environ.get("TERM") != "dumb"
        self.start = time.time()

    def paint(self, text, colour):
        if not self.coloured or colour is None:
            return text
        return "\033[%sm%s\033[0m" % (COLOURS[colour], text)

    def head(self, text):
        print("\n" + self.paint(text, "head"), flush=True)

    def plain(self, text=""):
        for line in textwrap.wrap(text, WIDTH, break_on_hyphens=False) or [""]:
            print(line, flush=True)

    def at(self, when, tenant, text, colour=None, more=()):
        """One event, `more' below it.  It is printed a little later: events come from
        several places and are put in order."""
        self.events.append((when, tenant, text, colour, more))

    def flush(self, everything=False):
        self.events.sort(key=lambda e: e[0])
        until = time.time() - self.SETTLE
        while self.events and (everything or self.events[0][0] < until):
            self.print_event(*self.events.pop(0))

    def print_event(self, when, tenant, text, colour, more):
        label = "%+6.1f s  %-9s  " % (max(0.0, when - self.start), tenant)
        blank = " " * len(label)
        first = True
        for paragraph, mark in [(text, "")] + [(m, "  ") for m in more]:
            lines = textwrap.wrap(paragraph, WIDTH - len(label) - len(mark),
                                  break_on_hyphens=False)
            for i, line in enumerate(lines):
                hang = mark if i == 0 else mark and mark + "  "
                body = self.paint(hang + line, colour if not mark else None)
                print((label if first else blank) + body, flush=True)
                first = False


def ordinal(n):
    last = {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return "%d%s" % (n, "th" if 10 <= n % 100 <= 20 else last)


def clip(text, n=90):
    text = " ".join(text.split())
    return text if len(text) <= n else text[:n - 1].rsplit(" ", 1)[0] + " …"


def moment(text):
    """RFC 3339 in UTC to Unix seconds."""
    whole, _, part = text.rstrip("Z").partition(".")
    return calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) + \
        float("0." + (part or "0"))


# --- the ledger in words ---------------------------------------------------------------


class Teller:
    """Turns entries of the ledger into lines.  Asks the daemon for what the ledger does
    not hold on purpose: names, addresses, quotes."""

    def __init__(self, daemon, paper):
        self.daemon, self.paper = daemon, paper
        self.ledger = Ledger(daemon.state)
        self.feeds, self.keys = {}, {}  # feed number and opaque key -> tenant
        self.entries = []
        self.posted = {}  # id of the safety post: when it was published
        self.notices = {}  # number -> row
        self.step_of = {}  # case -> its newest stage step

    def read(self):
        news = self.ledger.new()
        self.entries += news
        for e in news:
            tell = getattr(self, "tell_" + e["kind"], None)
            if tell is not None:
                tell(e, moment(e["t"]))

    def of(self, kind, **want):
        return [e for e in self.entries if e["kind"] == kind and
                all(e.get(k) == v for k, v in want.items())]

    def tenant(self, e):
        """Whose entry this is; the ledger knows tenants by opaque keys only."""
        if "case" in e:
            for row in self.daemon.rows("cases"):
                self.keys[row["case"]] = row["tenant"]
            return self.keys.get(e["case"], e["case"])
        if "feed" in e and e["feed"] not in self.feeds:
            self.feeds = {r["id"]: r for r in self.daemon.rows("feeds")}
        if e.get("feed") in self.feeds:
            self.keys[e["tenant"]] = self.feeds[e["feed"]]["tenant"]
        return self.keys.get(e.get("tenant"), "")

    def exhibit(self, e):
        for row in self.daemon.rows("violations"):
            if row["case"] == e["case"] and row["exhibit"] == e["exhibit"]:
                return row
        return {}

    @staticmethod
    def without_title(quote):
        """The quote of a short post begins with its title."""
        for title in sorted((p[4] for p in POSTS), key=len, reverse=True):
            if quote.startswith(title + " "):
                return quote[len(title) + 1:]
        return quote

    def tell_policy(self, e, when):
        rules = e["rules"]
        n = len(rules) if isinstance(rules, list) else rules["count"]
        self.paper.at(when, "", "policy version %s is in force: %d rules" %
                      (e["policy"][:12], n), "dim")

    def tell_capture(self, e, when):
        tenant = self.tenant(e)
        if len([c for c in self.of("capture", feed=e["feed"])]) > 1:
            return
        feed = self.feeds.get(e["feed"], {})
        if "format" not in feed:
            self.feeds = {r["id"]: r for r in self.daemon.rows("feeds")}
            feed = self.feeds.get(e["feed"], {})
        self.paper.at(when, tenant, "first reading of the feed (%s): %d posts kept as "
                      "evidence and inspected" % (feed.get("format", "?"), e["new"]))

    def tell_violation(self, e, when):
        row = self.exhibit(e)
        self.paper.at(when, self.tenant(e), "%s exhibit found: “%s” (clause %s; %s)" % (
            ordinal(e["exhibit"]), clip(self.without_title(row.get("quote", "…"))), e["clause"],
            e["severity"]), "bad")

    def tell_safety(self, e, when):
        self.paper.at(when, self.tenant(e), "a threat against our own house (rule %s): to "
                      "the safety desk, and not into the tenant's score" % e["rule"],
                      "alert")

    def tell_degraded(self, e, when):
        self.paper.at(when, self.tenant(e), "a post could not be judged: " + e["why"], "bad")

    def tell_step(self, e, when):
        to, more = e["to"], []
        names = dict(enumerate((s[0] for s in STAGES), 1))
        left = (to.get("deadline", e["time"]) - e["time"]) / 1000
        stage = names.get(to["stage"], "?")
        if e["row"] == "first notice":
            return self.paper.at(when, self.tenant(e), "case %s opened" % e["case"], "step")
        text = "stage %d of %d, “%s”: %s" % (to["stage"], len(STAGES), stage, e["row"])
        if "deadline" in to and left > 0 and to["deadline"] != e["from"].get("deadline"):
            text += " (%.0f s)" % left
        for reason in e["reasons"]:
            more.append("because " + reason)
        good = to["phase"] in ("watch", "closed")
        for reason in [] if good else e["against"]:  # of a step up
            more.append("against it: " + reason)
        self.paper.at(when, self.tenant(e), text, "good" if good else "step", more)

    def tell_recommendation(self, e, when):
        f = e["facts"]
        more = ["reported %d, removed %d, still online %d, not readable %d" % (
            f["reported"], f["removed"], f["online"], f["unknown"])]
        more += ["because " + r for r in e["reasons"]]
        more += ["against it: " + r for r in e["against"]]
        self.paper.at(when, self.tenant(e), "SUSPENSION IS RECOMMENDED; nothing happens "
                      "until two people agree", "bad", more)

    def tell_decision(self, e, when):
        self.paper.at(when, self.tenant(e), "%s decides: %s (“%s”)" % (
            e["person"], e["verdict"], REASONS.get(e["person"], "")), "step")

    def tell_delivery(self, e, when):
        if e["notice"] not in self.notices:
            self.notices = {r["id"]: r for r in self.daemon.rows("notices")}
        n = self.notices.get(e["notice"], {})
        to = [r["recipient"] for r in self.daemon.rows("outbox") if r["id"] == e["outbox"]]
        what = {"stage": "notice %d" % n.get("n", 0), "closed": "notice that the case is "
                "closed", "recommendation": "recommendation",
                "safety": "safety alert"}.get(n.get("kind"), "notice")
        late = ""
        if n.get("kind") == "safety" and e["audience"] == "safety" and self.posted:
            late = ", %.1f s after the post was published" % (
                when - max(self.posted.values()))
        state = "delivered" if e["state"] == "sent" else "NOT DELIVERED (%s)" % e["state"]
        tenant = n.get("tenant", "")
        self.paper.at(when, tenant, "%s %s to the %s, %s%s" % (
            what, state, AUDIENCES.get(e["audience"], e["audience"]), to[0] if to else "?",
            late),
            "alert" if late else None if e["state"] == "sent" else "bad")

    def tell_recheck(self, e, when):
        row, now, before = self.exhibit(e), e["presence"], e["before"]
        name = "%s exhibit" % ordinal(e["exhibit"])
        after = ""
        if now in ("removed", "edited") and "reported" in row:
            after = ", %.0f s after it was reported" % max(
                0, moment(row.get("ended", e["t"])) - moment(row["reported"]))
        text = {"removed": "%s is gone%s", "edited": "%s was reworded%s",
                "unknown": "%s could not be looked at%s; that counts as still there",
                "online": "%s is still online%s" if before == "online" else
                "%s is back online%s"}[now] % (name, after)
        colour = "good" if now in ("removed", "edited") else None
        self.paper.at(when, self.tenant(e), text, colour)

    def tell_gap(self, e, when):
        if e["state"] == "open":
            text = "the feed cannot be read (%s): a gap begins, nothing in it counts as " \
                "clean" % e["why"]
        else:
            text = "the feed can be read again: a gap of %.0f s is on record" % (
                moment(e["to"]) - moment(e["from"]))
        self.paper.at(when, self.tenant(e), text,
                      "bad" if e["state"] == "open" else "good")


# --- the play ----------------------------------------------------------------------------


class Demo:
    def __init__(self, paper):
        self.paper = paper
        self.daemon = Tosd("tosd-demo-")
        self.sites, self.mail, self.teller = [], None, None
        self.plan = []  # (time, what to do), in order
        self.seen_mails = 0
        self.decided = False

    # --- setting up

    def configure(self):
        places, policy = self.daemon.places()
        site_of = {t: self.tramline if t == "tramline" else self.town for t in TENANTS}
        tenants = ",\n".join(
            '\t{ id = "%s"; name = "%s"; contact = "%s"; manager = "%s";\n'
            '\t  contract = "%s"; feeds = ( "%s" ); }'
            % (t, d["name"], d["contact"], MANAGER, d["contract"], site_of[t].feed(t))
            for t, d in TENANTS.items())
        stages = ",\n".join('\t\t{ name = "%s"; deadline = "%ds"; }' % s for s in STAGES)
        self.daemon.conf.write_text(CONF % {
            "places": places, "policy": policy, "stages": stages, "tenants": tenants,
            "mail": self.mail.port, "legal": LEGAL, "desk": DESK, "user": account(),
            "protected": PROTECTED})
        code, said = self.daemon.check()
        self.paper.plain("$ tosd -t -c %s" % self.daemon.conf)
        print(said, end="", flush=True)
        if code != 0:
            raise Failed("tosd -t refuses the configuration of the demonstration")

    def start_sites(self):
        formats = {t: {"format": d["format"], "title": d["name"]}
                   for t, d in TENANTS.items()}
        first = [{"at": 0, "tenant": t, "op": "post", "id": i, "author": a, "title": h,
                  "text": x} for s, t, i, a, h, x in POSTS if s == 0]
        self.tram_format = {"tramline": formats.pop("tramline")}
        self.tram_base = int(time.time())
        self.tram_posts = [self.tram_post(0, p[1:]) for p in TRAMLINE_POSTS]
        self.town = Site(formats, first)
        self.sites.append(self.town)
        self.tramline = Site(self.tram_format, self.tram_posts,
                             base=self.tram_base)
        self.sites.append(self.tramline)

    @staticmethod
    def tram_post(at, post):
        i, author, title, text = post
        return {"at": at, "tenant": "tramline", "op": "post", "id": i, "author": author,
                "title": title, "text": text}

    def set_up(self):
        self.paper.head("Setting up")
        self.mail = mail_server()
        self.start_sites()
        self.paper.plain("Five tenants: one site on port %d (RSS, Atom and JSON Feed), "
                         "Tramline Diary on port %d. Mail: %s, port %d." % (
                             self.town.port, self.tramline.port, self.mail.name,
                             self.mail.port))
        self.configure()
        self.paper.plain("$ tosd -c %s    (log: %s)" % (self.daemon.conf,
                                                        self.daemon.log_file))
        self.daemon.start(60)
        self.paper.head("Timeline (from the ledger; “deadline” means %s)" % ", ".join(
            "%d s" % s[1] for s in STAGES))
        self.paper.start = time.time()
        self.teller = Teller(self.daemon, self.paper)

    # --- what happens when

    def later(self, seconds, act, base=None):
        when = (self.paper.start if base is None else base) + seconds
        self.plan.append((when, act))
        self.plan.sort(key=lambda p: p[0])

    def post(self, tenant, i, author, title, text):
        self.town.event(tenant=tenant, op="post", id=i, author=author, title=title,
                         text=text)
        if PROTECTED in text:
            self.teller.posted[i] = time.time()

    def act_of_tenant(self, event, words):
        self.town.event(**event)
        self.paper.at(time.time(), event["tenant"], words, "dim")

    def tramline_down(self):
        self.tramline.stop()
        self.sites.remove(self.tramline)
        self.paper.at(time.time(), "tramline", "its web server breaks down", "dim")

    def tramline_up(self):
        shift = int(time.time()) - self.tram_base
        posts = self.tram_posts + [self.tram_post(shift - 4, TRAMLINE_MISSED)]
        posts = [dict(p, at=p["at"] - shift) for p in posts]
        self.tramline = Site(self.tram_format, posts, self.tramline.port,
                             self.tram_base + shift)
        self.sites.append(self.tramline)
        self.paper.at(time.time(), "tramline", "its web server is back; a post appeared "
                      "meanwhile", "dim")

    def decide(self, case, person, refused=False):
        p = self.daemon.run("decide", case, "accept", "--person", person, "--reason",
                            REASONS[person])
        if refused:
            said = p.stderr.strip().removeprefix("tosctl: ")
            self.paper.at(time.time(), "cinder", "%s tries to decide again: %s" % (
                person, "refused (%s)" % said if p.returncode == 1 else "NOT REFUSED"), "step")
            self.refused = p.returncode == 1
        elif p.returncode != 0:
            self.paper.at(time.time(), "cinder", "tosctl decide failed: " + p.stderr,
                          "bad")

    def plan_all(self):
        self.refused = False
        for second, *post in POSTS:
            if second > 0:
                self.later(second, lambda p=post: self.post(*p))
        self.later(TRAMLINE_DOWN, self.tramline_down)
        self.later(TRAMLINE_UP, self.tramline_up)

    def react(self):
        """People who read their mail: what follows from a mail that has come."""
        for when, _, to, content in self.mail.mails[self.seen_mails:]:
            self.seen_mails += 1
            head = email.message_from_bytes(content, policy=email.policy.default)
            number = str(head["message-id"])  # its words may be changed by anybody
            acts = ()
            if TENANTS["harbour"]["contact"] == to and ".n1." in number:
                acts = HARBOUR_ACTS
            elif TENANTS["cinder"]["contact"] == to and ".n2." in number:
                acts = CINDER_ACTS
            for delay, event, words in acts:
                self.later(delay, lambda e=event, w=words: self.act_of_tenant(e, w), when)
        if not self.decided and (made := self.teller.of("recommendation")):
            self.decided = True
            case, now = made[0]["case"], time.time()
            self.later(3, lambda: self.decide(case, "approver-1"), now)
            self.later(5, lambda: self.decide(case, "approver-1", True), now)
            self.later(8, lambda: self.decide(case, "approver-2"), now)

    # --- outcomes

    def outcomes(self):
        """[(what had to happen, whether it did)]; the demonstration is over when all
        are true."""
        cases = {}
        for row in self.daemon.rows("cases"):
            cases.setdefault(row["tenant"], []).append(row)
        tenants = {r["id"]: r for r in self.daemon.rows("tenants")}
        case = cases.get("cinder", [{}])[0]
        people = {e["person"] for e in self.teller.of("decision", verdict="accept")}
        gaps = [e["state"] for e in self.teller.of("gap")
                if self.teller.tenant(e) == "tramline"]
        posts = sum(p[1] == "seedlings" for p in POSTS)
        seen = {t: r.get("items", 0) for t, r in tenants.items()}
        desk = [m for m in self.mail.mails if m[2] == DESK]
        outbox = [r["state"] for r in self.daemon.rows("outbox")]
        return [
            ("cinder     suspension recommended; one person was not enough, two accepted",
             case.get("phase") == "decided" and len(people) == 2 and self.refused),
            ("harbour    removed promptly: its case is closed",
             [c["phase"] for c in cases.get("harbour", [])] == ["closed"]),
            ("seedlings  %d posts seen, no violation, no case" % posts,
             seen.get("seedlings") == posts and "seedlings" not in cases and
             tenants["seedlings"]["violations"] == 0),
            ("tramline   its feed broke and came back: the gap is on record, nothing missed",
             gaps == ["open", "closed"] and "tramline" not in cases and
             seen.get("tramline") == len(TRAMLINE_POSTS) + 1),
            ("nightowl   its threat reached the safety desk; its score is untouched",
             len(desk) == 1 and "nightowl" not in cases),
            ("           every notice was delivered",
             bool(outbox) and set(outbox) == {"sent"}),
        ]

    def play(self):
        end = self.paper.start + LIMIT
        look = 0
        self.plan_all()
        while time.time() < end:
            while self.plan and self.plan[0][0] <= time.time():
                self.plan.pop(0)[1]()
            self.teller.read()
            self.react()
            if self.daemon.proc.poll() is not None:
                raise Failed("tosd ended by itself; see %s" % self.daemon.log_file)
            if not self.plan and self.decided and time.time() > look:
                look = time.time() + 1
                if all(ok for _, ok in self.outcomes()):
                    break
            self.paper.flush()
            time.sleep(0.1)
        self.teller.read()
        self.paper.flush(True)
        return self.outcomes()

    # --- the end

    def stop_all(self):
        """Stops everything, in an order that loses nothing.  tosd's exit code."""
        code = self.daemon.end()
        for site in self.sites:
            site.stop()
        self.sites = []
        if self.mail is not None:
            self.mail.stop()
            self.mail = None
        return code

    def run_and_show(self, *words):
        p = self.daemon.run(*words, limit=60)
        self.paper.plain("$ tosctl %s" % " ".join(map(str, words)))
        for line in (p.stdout + p.stderr).splitlines():
            self.paper.plain(line)
        return p.returncode == 0

    def close(self, outcomes):
        self.paper.head("Stopping (SIGTERM)")
        begin = time.time()
        code = self.stop_all()
        self.paper.plain("tosd ended with exit code %s after %.1f s" % (
            code, time.time() - begin))
        outcomes.append(("           the daemon stopped cleanly", code == 0))
        self.paper.head("Is the record whole, and would the same be decided again?")
        outcomes.append(("           the record is good",
                         self.run_and_show("evidence", "verify", self.daemon.state)))
        outcomes.append(("           every decision can be replayed", self.run_and_show(
            "replay", "--dir", self.daemon.state, "--all")))
        self.show_notice()
        self.paper.head("What came of it")
        for text, ok in outcomes:
            self.paper.plain("%s  %s" % ("  yes" if ok else
                                         self.paper.paint("   NO", "bad"), text))
        self.where()
        return all(ok for _, ok in outcomes)

    def is_recommendation(self, name):
        sent = [e["file"] for e in self.teller.of("notice", of="recommendation")]
        return any(f.endswith("/" + name) for f in sent)

    def show_notice(self):
        files = sorted(self.daemon.state.glob("notices/*/*-manager.eml"))
        for path in files:
            mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            if not self.is_recommendation(path.name):
                continue
            self.paper.head("What the account manager was told (%s)" % path.name)
            for name in ("From", "To", "Subject", "Date"):
                print("| %s: %s" % (name, mail[name]))
            print("|")
            for line in mail.get_body(("plain",)).get_content().splitlines():
                print(("| " + line)[:WIDTH].rstrip())
            sys.stdout.flush()
            return

    def where(self):
        d = self.daemon
        self.paper.head("Where to read on (nothing is deleted)")
        for what, path in (("all notices", "state/notices/"), ("captures", "state/evidence/"),
                           ("ledger", "state/log/"), ("log of the daemon", "tosd.log"),
                           ("configuration", "tosd.conf")):
            if d.path(path).exists():
                print("  %-18s %s/%s" % (what, d.dir, path), flush=True)


def interrupt(_number, _frame):
    raise KeyboardInterrupt


def main():
    paper = Paper()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    try:
        demo = Demo(paper)
    except Failed as e:
        print("demo: %s" % e, file=sys.stderr)
        return 1
    try:
        demo.set_up()
        return 0 if demo.close(demo.play()) else 1
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        paper.flush(True)
        print("\nstopping", flush=True)
        code = demo.stop_all()
        paper.plain("tosd ended with exit code %s" % code)
        demo.where()
        return 130
    except Failed as e:
        paper.flush(True)
        print("demo: %s" % e, file=sys.stderr)
        return 1
    finally:
        demo.stop_all()


if __name__ == "__main__":
    sys.exit(main())
