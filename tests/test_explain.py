#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tosctl policy explain: which pattern matches where, what stands against it, what it comes
to; and that it finds what `scan' finds, over lines of the packs that ship."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

from daemon import BUILD

SRC = pathlib.Path(os.environ.get("srcdir") or pathlib.Path(__file__).parent.parent)
RULES = BUILD + "/plugins/rules/.libs/rules.so"
PACK = """pack = { name = "boats"; version = 1; owner = "tests"; about = "boats"; };
clauses = ( { id = "1.1"; text = "Boats"; } );
lists = { act = [ "sink", "burn" ]; };
contexts = {
	denied = { where = "before"; within = 4; phrases = [ "never" ]; };
	harbour = { where = "text"; phrases = [ "harbour" ]; };
};
rules = (
	{ id = "announced"; rev = 1; mode = "draft"; category = "boats"; clause = "1.1";
	  severity = "low"; score = 0.8; phrases = [ "@act your boat" ];
	  except = [ "denied" ]; reason = "announces: {match}"; },
	{ id = "near"; rev = 1; mode = "draft"; category = "boats"; clause = "1.1";
	  severity = "low"; score = 0.8; regexes = [ "\\\\bhol(e|es)\\\\b" ];
	  require = [ "harbour" ]; reason = "holes: {match}"; },
	{ id = "signs"; rev = 1; mode = "draft"; category = "boats"; clause = "1.1";
	  severity = "low"; score = 0.9; least = 0.5;
	  phrases = ( { text = "drill"; weight = 0.4; }, { text = "at night"; weight = 0.4; } );
	  reason = "signs: {match}"; }
);
tests = {
	fail = ( { text = "we sink your boat"; rule = "announced"; },
		{ text = "a hole in the harbour"; rule = "near"; },
		{ text = "a drill at night"; rule = "signs"; } );
	ok = [ "a boat", "never sink your boat", "a drill" ];
	twins = ( [ "sink your boat, bakers", "sink your boat, farmers" ] );
};
"""


def explain(*words, text=None):
    done = subprocess.run([BUILD + "/tosctl", "policy", "explain", "--plugin", RULES,
                           *map(str, words)], input=text, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=120, check=False)
    return done.returncode, done.stdout.splitlines(), done.stderr


def test_lines(pack):
    at = {n: i for i, line in enumerate(PACK.splitlines(), 1)
          for n in ("announced", "near", "signs") if f'id = "{n}"' in line}
    code, out, err = explain(pack, "They will sink your boat")
    assert (code, err) == (0, ""), (code, err)
    assert out == [
        f"{pack}:{at['announced']}: rule `boats/announced': \"sink your boat\" (bytes 10 to 24) "
        f"is its phrase `@act your boat' of line {at['announced'] + 1} and counts, weight 1",
        f"{pack}:{at['announced']}: rule `boats/announced': finds it, score 0.8",
        "found by boats/announced"], out
    code, out, _ = explain(pack, "we will never s1nk your boat")
    assert code == 1 and out[0] == \
        'the text is searched as "we will never sink your boat"', out
    assert out[1].endswith(f", but its context `denied' ({pack}:5) stands against it"), out
    assert '"s1nk your boat"' in out[1] and "nothing of that counts" in out[2], out
    assert out[3] == "no rule finds it" and len(out) == 4, out
    code, out, _ = explain(pack, "it has holes")
    assert code == 1 and f"its context `harbour' ({pack}:6) is not there" in out[0], out
    assert "is its expression `\\bhol(e|es)\\b'" in out[0], out
    code, out, _ = explain(pack, "a drill")
    assert code == 1 and "and counts, weight 0.4" in out[0], out
    assert out[1].endswith("what counts is not enough: it wants 0.5 in all"), out
    # Named ones alone, and also if nothing is there.
    code, out, _ = explain(pack, "a drill", "boats/near")
    assert code == 1 and len(out) == 2, out
    assert out[0].endswith("`boats/near': finds nothing: none of its 1 patterns is there"), out
    code, out, _ = explain(pack, "a drill", "boats")
    assert len(out) == 5, out


def test_words(pack):
    code, out, _ = explain(pack, "-", "--json", text="sink your boat\n")
    rows = [json.loads(line) for line in out]
    assert code == 0 and rows[-1] == {"why": "found by boats/announced"}, rows
    assert rows[0]["rule"] == "boats/announced" and rows[0]["file"] == str(pack), rows
    code, out, _ = explain(pack, "x", "boats/none")
    assert code == 3 and out == ["there is no rule or pack `boats/none' that is not retired"], out
    for text, want in (("", 2), ("\n", 2), ("a\0b", 3), ("x" * (1 << 21), 3)):
        code, out, err = explain(pack, "-", text=text)
        assert code == want and not out and err.count("\n") == 1, (text[:9], code, out, err)
    code, out, err = explain(pack)
    assert code == 2 and "explain wants other words" in err, err
    code, out, err = explain(pack.parent / "none.conf", "x")
    assert code == 3 and "none.conf" in err, err
    code, out, _ = explain(pack, "sink your boat \x1b[31m\u202e")
    assert code == 0 and "\x1b" not in "".join(out), out
    bad = pack.parent / "bad.conf"
    bad.write_text(PACK.replace("boats", "bad").replace("a drill at night", "nothing"), "utf-8")
    code, out, _ = explain(bad, "x")
    assert code == 3 and out[0].startswith(f"{bad}:"), out
    bad.unlink()


def test_expired(pack):
    """What has expired finds nothing in what is posted now, as with `scan'."""
    for day, code_, last in (("2020-01-01", 1, "no rule finds it"),
                             ("2999-01-01", 0, "found by boats/announced")):
        pack.write_text(PACK.replace("score = 0.8; phrases", f'score = 0.8; expires = "{day}"; '
                                     "phrases"), "utf-8")
        code, out, _ = explain(pack, "They will sink your boat")
        assert (code, out[-1]) == (code_, last), (code, out)
        assert ("would find it, score 0.8, but has expired" in out[-2]) == (code == 1), out
    pack.write_text(PACK, "utf-8")


def test_same(packs):
    """What it finds is what `scan' finds; and one of the last lines names them."""
    lines = []
    for name in ("violence", "fraud", "selfharm"):
        for kind in ("positives", "negatives"):
            text = (SRC / f"tests/packs/{name}.{kind}.txt").read_text("utf-8").splitlines()
            lines += [t for t in text if t and not t.startswith("#")][:60:20]
    done = subprocess.run(
        [BUILD + "/tosctl", "scan", "--plugin", RULES, "--policies", packs, "--no-classifier"],
        input="".join(json.dumps({"id": i, "text": t}) + "\n" for i, t in enumerate(lines)),
        stdout=subprocess.PIPE, text=True, timeout=120, check=True)
    found = 0
    for text, row in zip(lines, map(json.loads, done.stdout.splitlines())):
        rules = [f["rule"] for f in row["findings"]]
        code, out, _ = explain(packs, text)
        named = out[-1].removeprefix("found by ").split(", ") if code == 0 else []
        assert sorted(named) == sorted(rules), (text, rules, out)
        assert code == 0 or out[-1] == "no rule finds it", (text, code, out)
        found += len(rules)
    assert found >= 6, found


def main():
    with tempfile.TemporaryDirectory(prefix="tosd-explain-") as name:
        pack = pathlib.Path(name, "boats.conf")
        pack.write_text(PACK, "utf-8")
        test_lines(pack)
        test_words(pack)
        test_expired(pack)
    test_same(SRC / "etc/policies.d")
    print("explained: what matches, what stands against it, and as scan finds it")


if __name__ == "__main__":
    sys.exit(main())
