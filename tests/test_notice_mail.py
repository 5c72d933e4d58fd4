#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# test_notice_mail: reads a composed notice with Python's email package: what a
# receiving program sees must be what the document said.
import email
import email.header
import email.policy
import email.utils
import json
import os
import subprocess
import sys

src = os.environ.get("srcdir", ".")
build = os.environ.get("builddir", ".")
sample = os.path.join(src, "tests/notice/stage.tenant.json")


def compose(doc, *extra):
    run = subprocess.run(
        [os.path.join(build, "tests/notice_main"), os.path.join(src, "etc/notices.d"),
         doc["kind"], doc["audience"], *extra],
        input=json.dumps(doc).encode(), stdout=subprocess.PIPE, check=True)
    return run.stdout


def check(doc):
    raw = compose(doc)
    words = compose(doc, "--words").decode()
    subject, body = words.split("\n\n", 1)
    m = email.message_from_bytes(raw, policy=email.policy.default)
    for part in m.walk():
        assert not part.defects, part.defects
    for name, value in m.items():
        assert not value.defects, (name, value.defects)
    assert m["Subject"] == subject, (m["Subject"], subject)
    sender = m["From"].addresses[0]
    assert len(m["From"].addresses) == 1
    assert sender.addr_spec == "abuse@host.example", sender
    # The new parser of some Python versions keeps the space between two encoded words
    # of a display name, against RFC 2047, 6.2; the old one does not.
    raw_from = email.message_from_bytes(raw)["From"]
    shown = str(email.header.make_header(email.header.decode_header(raw_from)))
    shown = email.utils.parseaddr(shown)[0] if shown.startswith('"') else \
        shown.rsplit(" <", 1)[0]
    assert shown == doc["provider"]["name"], (raw_from, shown)
    assert m["To"].addresses[0].addr_spec == "owner@forum.example"
    assert m["Message-ID"] == "<2026-000001.n1@host.example>"
    assert m["Date"].datetime.isoformat() == "2026-11-22T13:00:00+00:00"
    text, attached = m.iter_parts()
    assert text.get_content_type() == "text/plain"
    assert text.get_content().replace("\r\n", "\n") == body
    assert attached.get_filename() == "notice.json"
    assert attached.get_content_type() == "application/json"
    assert json.loads(attached.get_payload(decode=True)) == doc
    return 1


with open(sample, encoding="utf-8") as f:
    doc = json.load(f)
done = check(doc)
for name in ("Plain Hosting", 'Quote "x" and \\', "日本語のホスティング会社" * 6,
             "a" * 300, "=?utf-8?Q?x?=", "Comma, Inc. <x@y>", "é"):
    d = json.loads(json.dumps(doc))
    d["provider"]["name"] = name
    done += check(d)
for name in ("Forum — Zwölf", "日本" * 60, "x" * 400, "=?us-ascii?Q?a?=",
             " ".join(["word"] * 60), "ü" * 38, "a" * 38 + "é", "😀" * 20):
    d = json.loads(json.dumps(doc))
    d["tenant"]["name"] = name
    d["case"] = name[:40]
    done += check(d)
for quote in ("=3D =", "tab\there", "x" * 5000, "。" * 900, ".", "From here"):
    d = json.loads(json.dumps(doc))
    d["items"][0]["quote"] = quote
    done += check(d)
print(f"{done} mails read back")
sys.exit(0)
