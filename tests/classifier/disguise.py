#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Disguises texts as people do who want to slip past a filter.

usage: disguise.py [--seed N] [--kinds A,B] [--harmless N] SET.jsonl >OUT.jsonl

Every row of label 1 is disguised in every kind, and N rows of label 0 (60 unless told) in
each kind.  What comes out has {"id", "text", "label", "category", "source", "orig"}, the
category being the kind.  Words that matter are disguised: those of violence, of intent and
of its targets, and by chance some of the others.  The same seed gives the same rows.  A row
whose text a kind leaves as it was is left out.
"""

import argparse
import json
import random
import re
import sys

WORD = re.compile(r"[A-Za-z]{2,}")

# Beginnings of words that are worth hiding from a filter.
STEMS = tuple("""kill murder shoot shot stab hang hung burn beat punch slap kick rape lynch
    slaughter strangl drown chok bomb blow execut stone gas die dead death hurt break broke
    slit throat bullet gun knife rifle axe rope petrol hammer grave coffin fire smash
    destroy wip exterminat hunt gut skin acid cut attack hate""".split())
# Short words that carry the intent.
INTENT = ("you", "her", "him", "all")


def important(text, rng):
    """Spans of the words to disguise: every word of STEMS, and a third of the others."""
    spans = []
    for m in WORD.finditer(text):
        w = m.group().lower()
        if w.startswith(STEMS):
            spans.append(m.span())
        elif (len(w) > 3 or w in INTENT) and rng.random() < 0.35:
            spans.append(m.span())
    if not spans:  # at least one, if there is any
        spans = [m.span() for m in WORD.finditer(text)][-1:]
    return spans


def table(plain, other):
    return dict(zip(plain, other))


LOWER = "abcdefghijklmnopqrstuvwxyz"
LEET = {"a": "4@", "e": "3", "i": "1!", "o": "0", "s": "5$", "t": "7+", "l": "1", "b": "8",
        "g": "9"}
CYRILLIC = table("aceopxyijsACEOPXTHBMK", "\u0430\u0441\u0435\u043e\u0440\u0445\u0443\u0456"
                 "\u0458\u0455\u0410\u0421\u0415\u041e\u0420\u0425\u0422\u041d\u0412\u041c"
                 "\u041a")
GREEK = table("aeiknoptuvxyABEZHIKMNOPTYX", "\u03b1\u03b5\u03b9\u03ba\u03b7\u03bf\u03c1"
              "\u03c4\u03c5\u03bd\u03c7\u03b3\u0391\u0392\u0395\u0396\u0397\u0399\u039a"
              "\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7")
SMALL_CAPS = table(LOWER, "\u1d00\u0299\u1d04\u1d05\u1d07\ua730\u0262\u029c\u026a\u1d0a"
                   "\u1d0b\u029f\u1d0d\u0274\u1d0f\u1d18\u01eb\u0280\ua731\u1d1b\u1d1c"
                   "\u1d20\u1d21x\u028f\u1d22")
UPSIDE = table(LOWER, "\u0250q\u0254p\u01dd\u025f\u0183\u0265\u1d09\u027e\u029el\u026fuod"
               "b\u0279s\u0287n\u028c\u028dx\u028ez")
DIACRITICS = {"a": "\u00e0\u00e4\u00e2\u00e5", "c": "\u00e7", "e": "\u00e8\u00eb\u00ea",
              "i": "\u00ef\u00ee\u00ed", "n": "\u00f1", "o": "\u00f6\u00f4\u00f2",
              "u": "\u00fc\u00fb\u00fa", "y": "\u00ff", "s": "\u0161", "z": "\u017e",
              "l": "\u0142", "d": "\u0111", "k": "\u0137", "t": "\u0165", "r": "\u0159"}
NEAR_KEYS = {"a": "sq", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "f": "dg", "g": "fh",
             "h": "gj", "i": "uo", "j": "hk", "k": "jl", "l": "ko", "m": "n", "n": "bm",
             "o": "ip", "p": "o", "q": "w", "r": "et", "s": "ad", "t": "ry", "u": "yi",
             "v": "cb", "w": "qe", "x": "zc", "y": "tu", "z": "x"}


def each(w, f):
    return "".join(f(c) for c in w)


def run(w, first, first_upper):
    """W in an alphabet whose letters stand in order, from the two given places."""
    return each(w, lambda c: chr(first + ord(c) - 97) if c.islower()
                else chr(first_upper + ord(c) - 65))


def between(w, rng, marks, share=1.0):
    """A mark from MARKS between letters, at SHARE of the places, at least at one."""
    sure = rng.randrange(1, len(w))
    return "".join(c if i == 0 or (i != sure and rng.random() >= share)
                   else rng.choice(marks) + c for i, c in enumerate(w))


def mapped(w, rng, to, share):
    """Letters of W through TO (a letter to a string of choices), at least one."""
    places = [i for i, c in enumerate(w) if c in to or c.lower() in to]
    if not places:
        return w
    sure = rng.choice(places)
    out = list(w)
    for i in places:
        if i == sure or rng.random() < share:
            out[i] = rng.choice(to.get(w[i]) or to[w[i].lower()])
    return "".join(out)


def leet(w, rng):
    return mapped(w, rng, LEET, 0.7)


def zero_width(w, rng):
    return between(w, rng, "\u200b\u200c\u200d\u2060\ufeff", 0.4)


def fullwidth(w, rng):
    return each(w, lambda c: chr(ord(c) + 0xfee0))


def homoglyph_cyr(w, rng):
    return mapped(w, rng, CYRILLIC, 0.7)


def homoglyph_greek(w, rng):
    return mapped(w, rng, GREEK, 0.7)


def spacing(w, rng):
    return " ".join(w)


def punct(w, rng):
    return rng.choice(".-*~|_\u00b7").join(w)


def case(w, rng):
    return each(w, lambda c: c.upper() if rng.random() < 0.5 else c.lower())


def typo(w, rng):
    """One slip of the fingers: a letter doubled, lost, or its neighbour on the keys."""
    i = rng.randrange(1, len(w)) if len(w) > 2 else 0
    how = rng.randrange(3) if len(w) > 3 else 2
    if how == 0:
        return w[:i] + w[i] + w[i:]
    if how == 1:
        return w[:i] + w[i + 1:]
    return w[:i] + rng.choice(NEAR_KEYS[w[i].lower()]) + w[i + 1:]


def swapped(w, rng):
    """Two inner neighbours change places."""
    places = [i for i in range(1, len(w) - 2) if w[i] != w[i + 1]]
    if not places:
        return w
    i = rng.choice(places)
    return w[:i] + w[i + 1] + w[i] + w[i + 2:]


def repeat(w, rng):
    i = rng.randrange(len(w))
    return w[:i] + w[i] * rng.randint(2, 5) + w[i:]


def doubled(w, rng):
    return each(w, lambda c: c * 2)


def vowel_star(w, rng):
    return mapped(w, rng, {c: "*#" for c in "aeiou"}, 0.3)


def small_caps(w, rng):
    return each(w, lambda c: SMALL_CAPS[c.lower()])


def circled(w, rng):
    return run(w, 0x24d0, 0x24b6)


def squared(w, rng):
    return run(w.upper(), 0, 0x1f130)


def math_bold(w, rng):
    return run(w, 0x1d41a, 0x1d400)


def upside_down(w, rng):
    return each(reversed(w), lambda c: UPSIDE[c.lower()])


def zalgo(w, rng):
    return each(w, lambda c: c + "".join(chr(rng.randrange(0x300, 0x340))
                                         for _ in range(rng.randint(1, 4))))


def reversed_word(w, rng):
    return w[::-1]


def emoji_between(w, rng):
    return between(w, rng, "\U0001f602\U0001f525\u2764\U0001f480\U0001f92b\u2b50", 0.5)


def html_entity(w, rng):
    return mapped(w, rng, {c: ["&#%d;" % ord(c), "&#x%x;" % ord(c)] for c in LOWER}, 0.5)


def hyphen_newline(w, rng):
    if len(w) < 4:
        return w
    i = rng.randrange(2, len(w) - 1)
    return w[:i] + "-\n" + w[i:]


def soft_hyphen(w, rng):
    return between(w, rng, "\u00ad", 0.5)


def diacritics(w, rng):
    return mapped(w, rng, DIACRITICS, 0.7)


def cut(w, rng, marks):
    """One mark from MARKS somewhere within W."""
    i = rng.randrange(1, len(w))
    return w[:i] + rng.choice(marks) + w[i:]


def sign_within(w, rng):
    return cut(w, rng, ("-", ".", "*", "/", "'", "\u00b7", "_", "|", "~"))


def blank_within(w, rng):
    return cut(w, rng, (" ",)) if len(w) > 3 else w


def markdown(w, rng):
    i = rng.randrange(1, len(w))
    k = rng.randrange(i, len(w)) + 1
    a, b = rng.choice((("**", "**"), ("_", "_"), ("~~", "~~"), ("[", "](https://x.example/)"),
                       ("<b>", "</b>"), ("[b]", "[/b]")))
    return w[:i] + a + w[i:k] + b + w[k:]


def masked(w, rng):
    """Vowels behind other signs than a star."""
    return mapped(w, rng, {c: ["#", "_", "-", "\u25aa", "%"] for c in "aeiou"}, 0.6)


def bracketed(w, rng):
    return "(" + w[0] + ")" + w[1:]


def capital_dots(w, rng):
    return ".".join(w.upper()) + "."


def filler(w, rng):
    return between(w, rng, "\u3164\u2800\u115f\ufffc\u2061\ue000", 0.5)


def look_alike(w, rng):
    """One capital I for l, or the other way; rn for m, vv for w."""
    return mapped(w, rng, {"l": ["I"], "i": ["l", "\u0131"], "m": ["rn"], "w": ["vv"],
                           "o": ["0"], "u": ["v"]}, 0.6)


WORDS = {f.__name__: f for f in (
    leet, zero_width, fullwidth, homoglyph_cyr, homoglyph_greek, spacing, punct, case, typo,
    swapped, repeat, doubled, vowel_star, small_caps, circled, squared, math_bold,
    upside_down, zalgo, reversed_word, emoji_between, html_entity, hyphen_newline,
    soft_hyphen, diacritics, sign_within, blank_within, markdown, masked, bracketed,
    capital_dots, filler, look_alike)}


def phrases(text, rng):
    """Spans of two to five words in a row, with nothing but blanks between, around
    words that matter."""
    spans = []
    for a, b in important(text, rng):
        if spans and a < spans[-1][1]:
            continue
        before = re.search(r"(?:[A-Za-z']+ ){1,2}$", text[spans[-1][1] if spans else 0:a])
        after = re.match(r"(?: [A-Za-z']+){1,2}", text[b:])
        spans.append((a - (len(before.group()) if before else 0),
                      b + (len(after.group()) if after else 0)))
    return spans


def hashtag(phrase):
    return "#" + "".join(w[:1].upper() + w[1:] for w in phrase.replace("'", "").split(" "))


def underscores(phrase):
    return phrase.replace(" ", "_")


def run_together(phrase):
    return phrase.replace(" ", "")


def no_blanks(phrase):
    """Blanks that cannot be seen."""
    return phrase.replace(" ", "\u200b")


def dotted(phrase):
    return phrase.replace(" ", ". ") + "."


def bullets(phrase):
    return "\n- " + phrase.replace(" ", "\n- ") + "\n"


def wide_blanks(phrase):
    return phrase.replace(" ", " " * 12)


PHRASES = {f.__name__: f for f in (hashtag, underscores, run_together, no_blanks, dotted, bullets,
                                   wide_blanks)}
KINDS = tuple(WORDS) + tuple(PHRASES)


def disguise(text, kind, key):
    """TEXT disguised in KIND; KEY and the kind together are the seed."""
    rng = random.Random("%s %s" % (key, kind))
    words = kind in WORDS
    out, at = [], 0
    for a, b in (important if words else phrases)(text, rng):
        out.append(text[at:a])
        out.append(WORDS[kind](text[a:b], rng) if words else PHRASES[kind](text[a:b]))
        at = b
    return "".join(out) + text[at:]


def rows(source, seed=1, kinds=KINDS, harmless=60):
    """The disguised rows of SOURCE, a list of rows."""
    good = [r for r in source if r["label"] == 0]
    bad = [r for r in source if r["label"] == 1]
    for kind in kinds:
        rng = random.Random("%s %s" % (seed, kind))
        for r in bad + rng.sample(good, min(harmless, len(good))):
            text = disguise(r["text"], kind, "%s %s" % (seed, r["id"]))
            if text != r["text"]:
                yield {"id": "%s~%s" % (r["id"], kind), "text": text, "label": r["label"],
                       "category": kind, "source": r["source"], "orig": r["id"]}


def main():
    p = argparse.ArgumentParser(description="Disguises the texts of a labelled set.",
                                epilog="kinds: " + ", ".join(KINDS))
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--kinds", default=",".join(KINDS))
    p.add_argument("--harmless", type=int, default=60, metavar="N",
                   help="harmless rows per kind (60)")
    p.add_argument("set")
    a = p.parse_args()
    kinds = a.kinds.split(",")
    for k in kinds:
        if k not in KINDS:
            p.error("no such kind: " + k)
    with open(a.set, encoding="utf-8") as f:
        source = [json.loads(line) for line in f]
    for r in rows(source, a.seed, kinds, a.harmless):
        sys.stdout.write(json.dumps(r) + "\n")


if __name__ == "__main__":
    main()
