#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""Notices as a real mail server gets them: byte for byte what is in the vault and whose
hash is on the ledger; the manager not after the tenant; the safety desk within seconds;
a contact refused for good is followed by the second one, then the clock stops; one
refused for now is tried again."""
import collections
import email
import email.policy
import hashlib
import sys

from daemon import DESK, MANAGER, Daemon, Mail, Web, wait

SAFETY_LIMIT = 10  # seconds from reading to the desk's mail server


def feed(*texts):
    return [{"at": 0, "op": "post", "id": f"p{i}", "title": f"Post {i}", "text": t,
             "author": "someone"} for i, t in enumerate(texts)]


POSTS = {
    # One dot alone, long words, umlauts and 4-byte characters: what mail likes to mangle.
    "plain": feed("Nice weather", "Watch out, I will hurt you\n.\n..\nFrom here é 𝄞 " + "x" * 1500),
    "depot": feed("we will burn the depot tonight"),
    "moved": feed("drive them all out"),
    "gone": feed("I will hurt you, all of you"),
    "busy": feed("I will hurt you again"),
    "calm": feed("the depot is open, I will help you"),
}
CONTACT2 = 'contact2 = "%s-second@tenant.example";'
REFUSED = {"moved@tenant.example", "gone@tenant.example", "gone-second@tenant.example"}


class Answers:
    """Refuses REFUSED for good and busy@ twice for now, once in each way."""

    def __init__(self):
        self.asked = collections.Counter()

    def rcpt(self, address):
        self.asked[address] += 1
        if address in REFUSED:
            return "550 5.1.1 no such user"
        if address == "busy@tenant.example" and self.asked[address] == 1:
            return "451 4.7.1 later please"
        return None

    async def data(self, recipient, _):
        if recipient == "busy@tenant.example" and self.asked[recipient] == 2:
            return "451 4.3.0 later again"
        return None


def check_bytes(d, mails):
    """Each mail is the vault's file, and its hash is on the ledger with its delivery."""
    notices = {e["seq"]: e for e in d.ledger() if e["kind"] == "notice"}
    delivered = collections.Counter(
        (e["outbox"], e["sha256"]) for e in d.ledger()
        if e["kind"] == "delivery" and e["state"] == "sent")
    sent = d.query("SELECT outbox.id, recipient, sender, file, sha256, notice.entry, "
                   "message_id FROM outbox JOIN notice ON notice.id = notice WHERE state = 2")
    by_mail = {(to, hashlib.sha256(data).hexdigest()): data for _, _, to, data in mails}
    assert len(by_mail) == len(mails) == len(sent), (len(by_mail), len(mails), len(sent))
    for outbox, to, sender, file, sha256, entry, message_id in sent:
        data = by_mail[to, sha256]
        assert data == d.path("state/" + file).read_bytes(), file
        assert notices[entry]["sha256"] == sha256, "the ledger tells of other bytes"
        assert delivered[outbox, sha256] == 1
        mail = email.message_from_bytes(data, policy=email.policy.default)
        assert mail["Message-ID"].strip("<>") == message_id.strip("<>")
        # The second contact gets the very notice that the first one refused.
        assert mail["To"] == to.replace("-second", ""), (mail["To"], to)
        assert not mail.defects and all(not p.defects for p in mail.walk())
        assert {m[1] for m in mails if m[2] == to} == {sender}
    return len(sent)


def check_order(d, mails):
    """The manager's copy is taken in no later than the tenant's."""
    times = {(data_id(m[3]), m[2]): m[0] for m in mails}
    pairs = 0
    for number, tenant in d.query("SELECT number, tenant FROM cases"):
        stage = [(t, i, to) for (i, to), t in times.items() if number in i]
        manager = [t for t, _, to in stage if to == MANAGER]
        others = [t for t, _, to in stage if to.endswith("@tenant.example")]
        assert manager, f"no manager was told of case {number}"
        assert all(min(manager) <= t for t in others), (number, stage)
        pairs += bool(others)
    return pairs


def data_id(data):
    return email.message_from_bytes(data)["Message-ID"]


def check_safety(d, mails):
    (seen,) = d.query("SELECT seen FROM revision JOIN item ON item.id = item JOIN feed ON "
                      "feed.id = feed WHERE feed.url LIKE '%depot%'")[0]
    arrived = [m[0] for m in mails if m[2] == DESK]
    assert len(arrived) == 1, arrived
    lag = arrived[0] - seen / 1000
    assert 0 <= lag < SAFETY_LIMIT, lag
    assert not d.query("SELECT v.id FROM violation v WHERE rule LIKE '%depot'"), \
        "a threat to us counts in the tenant's score"
    return lag


def phase(d, tenant):
    rows = d.ask("cases", tenant)
    return rows and rows[0]["phase"]


def outbox(d, tenant):
    return {r["recipient"]: r for r in d.ask("outbox", tenant) or []}


def run(d, mail):
    d.start()
    wait("the second contact to have it", lambda: outbox(d, "moved").get(
        "moved-second@tenant.example", {}).get("state") == "sent")
    wait("the mail tried three times", lambda: outbox(d, "busy").get(
        "busy@tenant.example", {}).get("state") == "sent")
    wait("the clock of the unreachable to stop", lambda: phase(d, "gone") == "stopped")
    wait("every message to have an end",
         lambda: not d.query("SELECT id FROM outbox WHERE state < 2"))
    wait("the record to be signed",
         lambda: d.status()["ledger_signed"] == d.status()["ledger_size"])
    assert outbox(d, "busy")["busy@tenant.example"]["attempts"] == 3
    assert outbox(d, "moved")["moved@tenant.example"]["code"] == 550
    assert phase(d, "moved") == phase(d, "busy") == phase(d, "plain") == "running", \
        [phase(d, t) for t in ("moved", "busy", "plain")]
    (deadline,) = d.query("SELECT deadline FROM cases WHERE tenant = ?",
                          d.ask("tenants", "gone")[0]["key"])[0]
    assert deadline is None, "a deadline runs on a notice that nobody got"
    assert not d.ask("cases", "calm")
    assert not any(m[2] in REFUSED for m in mail.mails)


def main():
    answers = Answers()
    mail = Mail(answers.rcpt, answers.data)
    events = [dict(e, tenant=t) for t, posts in POSTS.items() for e in posts]
    web = Web("--timeline", {"tenants": {t: {} for t in POSTS}, "events": events})
    tenants = {t: (f"{web.base}{t}/feed.xml", CONTACT2 % t if t in ("moved", "gone") else "")
               for t in POSTS}
    try:
        with Daemon(tenants, transport="smtp", smtp=mail.port) as d:
            run(d, mail)
            n = check_bytes(d, mail.mails)
            pairs = check_order(d, mail.mails)
            lag = check_safety(d, mail.mails)
            d.stop()
            d.check_record()
            print(f"{n} mails byte for byte as on record, {pairs} times the manager first, "
                  f"safety desk after {lag:.1f} s")
    finally:
        web.stop()
        mail.stop()


if __name__ == "__main__":
    sys.exit(main())
