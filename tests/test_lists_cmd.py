#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tosctl lists from outside: check, hash and sign with their exit codes; and scan with
lists beside packs, signed and not, and with those in force in a state folder.  Standard
library only."""
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

from daemon import BUILD, PACK
from test_lists_daemon import HEAD, png


def tosctl(*words, text=None):
    p = subprocess.run([BUILD + "/tosctl", *map(str, words)], input=text, text=True,
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120,
                       check=False)
    return p.returncode, p.stdout, p.stderr


def make_list(path, name, kind, entries):
    path.write_text(HEAD.format(name=name, kind=kind, entries=entries, category="fraud"),
                    "utf-8")
    return path


def test_check(folder):
    good = make_list(folder / "good.list", "good", "domain", "evil.example")
    bad = make_list(folder / "bad.list", "bad", "domain", "evil.example\nco.uk")
    code, out, err = tosctl("lists", "check", good)
    assert (code, err) == (0, ""), (code, err)
    assert out.startswith("list good: 1 entries (domain), expires 2099-01-01"), out
    code, out, _ = tosctl("lists", "check", "--json", good, bad)
    rows = [json.loads(line) for line in out.splitlines()]
    assert code == 1 and len(rows) == 3, out
    assert [r for r in rows if "problem" in r][0]["problem"].startswith(
        f"{bad}:12: `co.uk' is a suffix"), rows
    code, out, _ = tosctl("lists", "check", "--day", "2099-01-01", good)
    assert code == 1 and "expired on 2099-01-01" in out, out
    # What cannot be read was not looked at; the others are.
    code, out, err = tosctl("lists", "check", folder / "none.list", good)
    assert code == 3 and "none.list: cannot open" in err and "list good: " in out, (out, err)
    code, out, err = tosctl("lists", "sign", "--key", "none.key", folder / "none.list")
    assert code == 3, (code, out, err)
    for what, said in (folder, "is a folder: name the lists in it"), ("/dev/null", "no plain file"):
        code, out, err = tosctl("lists", "check", what, good)
        assert code == 3 and said in err and "list good: " in out, (code, out, err)
    (folder / "no.list").write_text("no list")
    code, out, err = tosctl("lists", "check", folder / "no.list")
    assert code == 1 and "plugin" not in out and err == "", (out, err)
    (folder / "no.list").unlink()
    code, out, err = tosctl("lists", "check", "--plugin", folder / "none.so", good)
    assert (code, out) == (3, "") and "none.so: No such file" in err, (code, out, err)
    star = make_list(folder / "star.list", "star", "url", "evil.example/a*b\nevil.example/x/*")
    code, out, _ = tosctl("lists", "check", star)
    assert code == 1 and f"{star}:11: a star inside of an address stands for itself" in out, out
    assert "2 entries (url)" in out and "such stars: 1" in out, out
    star.write_bytes(b"\xef\xbb\xbf" + good.read_bytes())
    code, out, _ = tosctl("lists", "check", star)
    assert code == 1 and f"{star}:1: it begins with a byte-order mark; save it as" in out, out
    star.unlink()
    # What strangers wrote is shown, not obeyed.
    rude = make_list(folder / "rude.list", "rude", "domain", "evil.example")
    rude.write_text(re.sub(r"(?m)^source = .*$", "source = red\u202e",
                           rude.read_text("utf-8")), "utf-8")
    code, out, _ = tosctl("lists", "check", rude)
    assert "red\\u{202e}" in out and "\u202e" not in out, ascii(out)
    assert not re.search("[\x1b\u202e\u009b]", out), ascii(out)
    code, out, _ = tosctl("lists", "check", "--json", rude)
    assert code == 0 and not re.search("[\x1b\u202e\u009b]", out), ascii(out)
    assert "red" in json.loads(out)["list"], out
    rude.write_text(rude.read_text("utf-8").replace("red", "\x1b[31mred"), "utf-8")
    code, out, _ = tosctl("lists", "check", rude)
    assert code == 1 and "`source' holds a control character" in out, ascii(out)
    rude.unlink()
    code, _, err = tosctl("lists", "check", "--day", "foo", good)
    assert code == 2 and "--day is a day such as 2026-12-24, not `foo'" in err, err
    assert tosctl("lists", "check")[0] == 2
    assert tosctl("lists", "check", "--strict", good)[0] == 2  # an option of `policy lint' alone
    assert tosctl("lists", "weed", good)[0] == 2
    bad.unlink()
    return good


def test_pictures(folder):
    """A picture that came without the hash that is wanted is not clean."""
    only = folder / "only"
    only.mkdir()
    make_list(only / "near.list", "near", "pdq", "f" * 64)
    item = {"id": 1, "text": "x", "media": [{"url": "http://cdn.example/1.png",
                                             "sha256": "0" * 64}]}
    code, out, _ = tosctl("scan", "--policies", only, "--no-classifier",
                          text=json.dumps(item) + "\n")
    assert code == 1 and "not compared with lists of pictures" in json.loads(out)["degraded"], (
        code, out)
    # Nor is one that came without any, unless its daemon would not have it hashed either.
    del item["media"][0]["sha256"]
    line = json.dumps(item) + "\n"
    said = "lists: not compared with lists: http://cdn.example/1.png: the input has no hash of it"
    code, out, _ = tosctl("scan", "--policies", only, "--no-classifier", text=line)
    assert code == 1 and json.loads(out)["degraded"] == said, (code, out)
    conf = folder / "pictures.cfg"
    for media in "true", "false":
        conf.write_text(f"""provider = {{ name = "Trial"; mailbox = "abuse@host.example"; }};
state_dir = "{folder}";
policy = {{ packs_dir = "{only}"; media = {media}; plugins = ( {{ name = "rules";
  path = "{BUILD}/plugins/rules/.libs/rules.so"; }}, {{ name = "lists";
  path = "{BUILD}/plugins/lists/.libs/lists.so"; grant = [ "text", "links", "media" ]; }} ); }};
""")
        code, out, err = tosctl("scan", "--config", conf, text=line)
        assert (code, json.loads(out).get("degraded")) == (
            (1, said) if media == "true" else (0, None)), (media, code, out, err)
    item["text"], item["media"] = "x", []
    code, out, _ = tosctl("scan", "--policies", only, "--no-classifier",
                          text=json.dumps(item) + "\n")
    assert code == 0 and "degraded" not in out, (code, out)


def test_hash(folder):
    large, small = folder / "large.png", folder / "small.png"
    large.write_bytes(png(240, 180, 2))
    small.write_bytes(png(120, 90, 2))
    code, out, _ = tosctl("lists", "hash", large, small)
    rows = [line.split(" ", 4) for line in out.splitlines()]
    assert code == 0 and [r[4] for r in rows] == [str(large), str(small)], out
    assert rows[0][0] == subprocess.run(["sha256sum", large], stdout=subprocess.PIPE,
                                        check=True, text=True).stdout[:64]
    differ = bin(int(rows[0][2], 16) ^ int(rows[1][2], 16)).count("1")
    assert differ <= 31 and int(rows[0][3]) >= 50, (differ, rows)
    text = folder / "text"
    text.write_text("abc")
    code, out, err = tosctl("lists", "hash", "--json", text)
    assert code == 1 and "neither JPEG nor PNG" in err, (code, err)
    assert json.loads(out)["md5"] == "900150983cd24fb0d6963f7d28e17f72", out
    assert tosctl("lists", "hash", folder / "nothing")[0] == 3
    odd = pathlib.Path(os.fsdecode(os.fsencode(folder) + b"/odd-\xff\xe2\x80\xae"))
    odd.write_text("abc")
    code, out, err = tosctl("lists", "hash", "--json", odd)
    assert "\u202e" not in out + err and json.loads(out)["file"].endswith("\ufffd\u202e"), out
    odd.unlink()
    return rows[0][2], rows[1]


def test_sign_all(folder, good):
    """Of several all or none; and no list of which its readers leave lines out, unless
    somebody says so."""
    signed = pathlib.Path(f"{good}.sig")
    signed.unlink()
    bad = make_list(folder / "bad.list", "bad", "domain",
                    "\n".join([*(f"e{i}.example" for i in range(8)), "co.uk", "com"]))
    code, out, err = tosctl("lists", "sign", "--key", folder / "key", good, bad)
    assert (code, out) == (1, "") and f"{bad}:19: `co.uk' is a suffix" in err, (code, out, err)
    assert f"{bad}:20: `com' " in err and f"nothing is signed: mend {bad}" in err, err
    assert not list(folder.glob("*.sig")), list(folder.iterdir())
    code, out, err = tosctl("lists", "sign", "--as-is", "--key", folder / "key", good, bad)
    assert (code, out) == (0, f"{good}.sig\n{bad}.sig\n") and "co.uk" in err, (code, out, err)
    note = (folder / "bad.list.sig").read_text("utf-8")
    (folder / "bad.list.sig").unlink()
    (folder / "bad.list.sig").mkdir()  # cannot be written: neither is the one before it
    signed.write_text("old")
    code, out, err = tosctl("lists", "sign", "--as-is", "--key", folder / "key", good, bad)
    assert (code, out) == (3, "") and "bad.list.sig is a folder" in err, (code, out, err)
    assert signed.read_text() == "old" and "tosd list" in note, signed.read_text()
    assert not list(folder.glob("*.part")), list(folder.iterdir())
    (folder / "bad.list.sig").rmdir()
    old = folder / "old.list"
    old.write_text(good.read_text("utf-8").replace("2099", "2019").replace("good", "old"), "utf-8")
    code, out, err = tosctl("lists", "sign", "--key", folder / "key", old)
    assert code == 1 and "expired on 2019-01-01" in err, (code, out, err)
    bad.unlink()
    old.unlink()
    assert tosctl("lists", "check", "--as-is", good)[0] == 2


def test_packs_all(folder):
    """The same of packs: what does not pass keeps the others from being signed, unless these
    are named."""
    packs = folder / "set"
    packs.mkdir()
    for name in "ab", "cd", "ef":
        code, _, err = tosctl("policy", "new", name, packs)
        assert code == 0, err
    text = (packs / "cd.conf").read_text("utf-8")
    (packs / "cd.conf").write_text(text.replace("We will paint", "We will smash", 1), "utf-8")
    code, out, err = tosctl("policy", "sign", "--key", folder / "key", packs)
    assert (code, out) == (1, "") and "cd.conf:" in err and "nothing is signed" in err, (out, err)
    assert not list(packs.glob("*.sig")), list(packs.iterdir())
    code, out, err = tosctl("policy", "sign", "--key", folder / "key", packs, "ab", "ef")
    assert out == f"{packs}/ab.conf.sig\n{packs}/ef.conf.sig\n", (code, out, err)
    (packs / "cd.conf").write_text(text, "utf-8")
    for sig in packs.glob("*.sig"):
        sig.unlink()
    (packs / "cd.conf").rename(packs / "dc.conf")  # a pack in a file of another name
    code, out, err = tosctl("policy", "sign", "--key", folder / "key", packs)
    assert (code, out) == (3, "") and "the pack `cd' must be the file" in err, (out, err)
    assert not list(packs.glob("*.sig")), list(packs.iterdir())


def test_sign(folder, good):
    code, key, _ = tosctl("policy", "keygen", "lists.example", folder / "key")
    assert code == 0
    code, out, _ = tosctl("lists", "sign", "--key", folder / "key", good)
    assert (code, out) == (0, f"{good}.sig\n"), out
    note = pathlib.Path(f"{good}.sig").read_text("utf-8").splitlines()
    assert note[:2] == ["tosd list", "good"] and note[4].startswith("\u2014 lists.example "), note
    assert tosctl("lists", "sign", good)[0] == 2
    (folder / "broken.list").write_text("no list")
    code, out, _ = tosctl("lists", "sign", "--key", folder / "key", folder / "broken.list")
    assert code == 1 and not (folder / "broken.list.sig").exists(), (code, out)
    (folder / "broken.list").unlink()
    test_sign_all(folder, good)
    for words in (("sign", "--key", folder / "key", "--json", good), ("sign", good),
                  ("sign", "--key", folder / "key"), ("hash", "--key", "x", good),
                  ("hash", "--day", "2026-01-01", good), ("check", "--key", "x", good), ("hash",)):
        code, out, err = tosctl("lists", *words)
        assert code == 2 and out == "" and len(err.splitlines()) == 1, (words, code, out, err)
    assert key.startswith("lists.example+"), key


def test_scan(folder, pdq, other):
    (folder / "trial.conf").write_text(PACK)
    make_list(folder / "near.list", "near", "pdq", pdq)
    items = [{"id": 1, "text": "i will hurt you, see Evil.example/x"},
             {"id": 2, "text": "x", "links": ["", "http://a.evil.example/"],
              "media": [{"url": "http://cdn.example/1.png", "sha256": other[0],
                         "md5": other[1], "pdq": other[2], "quality": int(other[3])}]},
             {"id": 3, "text": "nothing"},
             {"id": 4, "text": "x", "media": [{"url": 7}]}]
    code, out, err = tosctl("scan", "--policies", folder, "--no-classifier",
                            text="".join(json.dumps(i) + "\n" for i in items))
    rows = [json.loads(line) for line in out.splitlines()]
    assert code == 1 and err == "", (code, err)
    assert [f["rule"] for f in rows[0]["findings"]] == ["trial/threat", "list/good"], rows[0]
    assert rows[0]["findings"][1]["spans"] == [[21, 35]], rows[0]
    assert [f["rule"] for f in rows[1]["findings"]] == ["list/good", "list/near"], rows[1]
    assert rows[1]["scores"]["fraud"] == 1, rows[1]
    assert rows[2]["findings"] == [], rows[2]
    assert rows[3]["error"].startswith("`media' must be a list of objects"), rows[3]


def test_scan_missing(folder):
    """What was asked for and cannot be loaded leaves no answer whole."""
    line = '{"id": 1, "text": "i will hurt you"}\n'

    def scan(*args):
        code, out, err = tosctl("scan", *args, text=line)
        return code, json.loads(out) if out else None, err
    packs, none = folder / "two", folder / "none"
    packs.mkdir()
    none.mkdir()
    (packs / "trial.conf").write_text(PACK)
    assert scan("--policies", packs, "--no-classifier")[0] == 0
    (packs / "other.conf").write_text(PACK.replace("phrases", "frases"))
    code, row, err = scan("--policies", packs, "--no-classifier")
    assert code == 1 and "unknown key `frases'" in err, (code, err)
    assert [f["rule"] for f in row["findings"]] == ["trial/threat"], row
    assert row["degraded"].startswith("not loaded: rules: "), row
    code, row, err = scan("--policies", folder / "nosuch")
    assert code == 1 and "violence" in row["scores"], (code, row)
    assert "cannot read the folder of packs" in row["degraded"], row
    code, row, err = scan("--policies", packs / "trial.conf")
    assert "name the folder that the pack lies in" in row["degraded"], row
    code, row, err = scan("--policies", none)
    assert code == 0 and "degraded" not in row, (code, row)
    assert err == f"tosctl: no rule packs in {none}; the classifier only\n", err
    for args in (["--model", "nosuch"], ["--no-classifier"]):
        code, row, err = scan("--policies", none, *args)
        assert code == 3 and row is None and err, (args, code, row)


def test_in_force(folder):
    """A state folder as the daemon leaves it, without one: what of it is used."""
    state, packs = folder / "state", folder / "packs"
    (state / "lists").mkdir(parents=True)
    packs.mkdir()
    (packs / "trial.conf").write_text(PACK)
    conf = folder / "tosd.conf"
    conf.write_text(f"""provider = {{ name = "Trial"; mailbox = "abuse@host.example"; }};
state_dir = "{state}";
policy = {{ packs_dir = "{packs}";
  plugins = ( {{ name = "rules"; path = "{BUILD}/plugins/rules/.libs/rules.so"; }},
    {{ name = "lists"; path = "{BUILD}/plugins/lists/.libs/lists.so";
      grant = [ "text", "links", "media" ]; }} );
  lists = ( {{ name = "phish"; url = "https://lists.example/phish"; }} ); }};
""")

    def scan():
        code, out, err = tosctl("scan", "--config", conf, "--no-classifier",
                                text='{"id": 1, "text": "i will hurt you at evil.example"}\n')
        return code, json.loads(out) if out else None, err
    code, row, err = scan()
    assert code == 1 and row["degraded"] == "list phish is missing", row
    assert [f["rule"] for f in row["findings"]] == ["trial/threat"], row
    assert err.count("\n") == 1 and "list phish: no version is in force: there is no " in err, err
    made = make_list(folder / "x.list", "phish", "domain", "evil.example")
    made.write_text(made.read_text("utf-8").replace("name = ", "version = 7\nname = ", 1).replace(
        "made by a test", "made by a \u202e test"), "utf-8")
    data = made.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    version, link = state / f"lists/phish-{digest}.list", state / "lists/phish.list"
    version.write_bytes(data)
    link.symlink_to(version.name)
    code, row, err = scan()
    assert code == 0 and "degraded" not in row, (row, err)
    assert [f["rule"] for f in row["findings"]] == ["trial/threat", "list/phish"], row
    assert err.startswith("tosctl: list phish: version 7, 1 entries (domain), "), err
    assert err.endswith(f"; sha256 {digest}\n"), err
    assert "made by a \\u{202e} test" in err and "\u202e" not in err, ascii(err)
    # An older tosd has named it by 16 digits.
    link.unlink()
    version = version.rename(version.with_name(f"phish-{digest[:16]}.list"))
    link.symlink_to(version.name)
    code, row, err = scan()
    assert code == 0 and "degraded" not in row, (row, err)
    version.write_bytes(data + b"more.example\n")
    code, row, err = scan()
    assert code == 1 and row["degraded"] == "list phish is missing", (row, err)
    link.unlink()
    link.symlink_to("/etc/passwd")
    code, row, err = scan()
    assert code == 1 and "phish.list leads out of its folder" in err, (row, err)
    assert sorted(p.name for p in (state / "lists").iterdir()) == sorted(
        (version.name, link.name)), "nothing was written there"


def test_signers(folder):
    """Packs of a configuration that asks for signatures: as its daemon takes them, or not;
    those of a folder that was named are drafts."""
    code, key, err = tosctl("policy", "keygen", "trial.example/rules", folder / "rules.key")
    assert code == 0, err
    packs = folder / "signed"
    packs.mkdir()
    (packs / "trial.conf").write_text(PACK)
    conf = folder / "signed.conf"
    conf.write_text(f"""provider = {{ name = "Trial"; mailbox = "abuse@host.example"; }};
state_dir = "{folder}";
policy = {{ packs_dir = "{packs}";
  plugins = ( {{ name = "rules"; path = "{BUILD}/plugins/rules/.libs/rules.so";
    settings = {{ signers = "{key.strip()}"; }}; }} ); }};
""")

    def scan(*words):
        code, out, err = tosctl("scan", "--config", conf, *words,
                                text='{"id": 1, "text": "i will hurt you"}\n')
        return code, json.loads(out) if out else None, err
    code, row, err = scan()
    assert code == 3 and row is None and "trial.conf" in err, (code, row, err)
    assert "wants it: sign it with tosctl policy sign" in err, err
    code, row, err = scan("--policies", packs)
    assert code == 0 and "degraded" not in row and row["findings"], (row, err)
    code, _, err = tosctl("policy", "sign", "--key", folder / "rules.key", packs / "trial.conf")
    assert code == 2 and "trial.conf is a file: name the folder that it is in" in err, err
    code, _, err = tosctl("policy", "sign", "--key", folder / "rules.key", packs, "trial.conf")
    assert code == 3 and "`trial.conf' in " in err and "without its file's ending" in err, err
    code, _, err = tosctl("policy", "sign", "--key", folder / "rules.key", packs, "trial")
    assert code == 0, err
    code, row, err = scan()
    assert code == 0 and "degraded" not in row and row["findings"], (row, err)


def main():
    os.umask(0o022)
    with tempfile.TemporaryDirectory(prefix="tosd-lists-cmd-") as name:
        folder = pathlib.Path(name)
        good = test_check(folder)
        test_pictures(folder)
        pdq, other = test_hash(folder)
        test_sign(folder, good)
        test_packs_all(folder)
        test_scan(folder, pdq, other)
        test_scan_missing(folder)
        test_in_force(folder)
        test_signers(folder)
    print("tosctl lists: check, hash, sign and scan, also with what is in force")


if __name__ == "__main__":
    sys.exit(main())
