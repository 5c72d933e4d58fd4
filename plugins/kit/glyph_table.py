#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes glyph_table.h: what each character beyond ASCII stands for when texts are searched.

	python3 plugins/kit/glyph_table.py > plugins/kit/glyph_table.h

Source of the figures: the Unicode Character Database as Python's unicodedata carries it
(its version is written into the table): compatibility decompositions (NFKC), case
folding, names.  The look-alikes of other scripts below are our own list.
Run by hand when Unicode or the list changes; the build needs no Python.
"""
import re
import sys
import unicodedata as ud

# Letters of other scripts that look like Latin ones.  They are only taken for Latin in
# words that have Latin letters too, or in a Latin text when the whole word is made of them.
ALIKE = {
    "A": "ΑАᎪ", "B": "ΒВᏴ", "C": "СᏟϹ", "D": "Ꭰ", "E": "ΕЕᎬ", "F": "Ϝ", "G": "ԌᏀ", "H": "ΗНᎻ",
    "I": "ΙІӀ", "J": "ЈᎫ", "K": "ΚКᏦ", "L": "Ꮮ", "M": "ΜМᎷ", "N": "Ν", "O": "ΟОՕ", "P": "ΡРᏢ",
    "Q": "Ԛ", "R": "ᎡᏒ", "S": "ЅՏᏚ", "T": "ΤТᎢ", "U": "Սᑌ", "V": "ѴᏙ", "W": "ԜᏔᎳ", "X": "ΧХ",
    "Y": "ΥУҮᎩ", "Z": "ΖᏃ",
    "a": "αаɑ", "b": "ЬьƄҍ", "c": "сϲ", "d": "ԁժ", "e": "еҽєε", "f": "ք", "g": "ցɡ", "h": "һհћ",
    "i": "ιіⲓ", "j": "јյ", "k": "κкҝ", "l": "ӏⲗ", "m": "м", "n": "ηոռпո", "o": "οоօσ",
    "p": "ρрթ", "q": "ԛզգ", "r": "гʀ", "s": "ѕտ", "t": "τтե", "u": "υսцμ", "v": "νѵ", "w": "ԝωѡա",
    "x": "хχ", "y": "уγүყ", "z": "ʐ",
}
# и and н stand for u and h in what people type, though their names say otherwise.
ALIKE["u"] += "и"
ALIKE["h"] += "н"

PUNCT = {
    "'": [0x2018, 0x2019, 0x201a, 0x201b, 0x2bc, 0x2032, 0xb4, 0x2b9, 0x2bb, 0x2bd, 0x60],
    '"': [0x201c, 0x201d, 0x201e, 0x201f, 0xab, 0xbb, 0x2033],
    "-": [0x2010, 0x2011, 0x2012, 0x2013, 0x2014, 0x2015, 0xb7, 0x2022, 0x2219, 0x30fb, 0x2212,
          0x2027, 0x22c5, 0x25cf, 0x25e6, 0x25a0, 0x25a1, 0x25aa, 0x25ab, 0x2588, 0x2591, 0x2592,
          0x2593, 0x25fc, 0xfffc],
    "~": [0x223c, 0x301c],
    "*": [0x2217, 0x204e, 0x2731, 0x66d],
    " ": [0x2800],
}
PRIVATE = (0xe000, 0xf8ff)  # drawn as a box, if at all: a sign
DROP = [(0xad, 0xad), (0x300, 0x36f), (0x483, 0x489), (0x591, 0x5bd), (0x610, 0x61a),
        (0x61c, 0x61c), (0x640, 0x640), (0x64b, 0x65f), (0x115f, 0x1160), (0x17b4, 0x17b5), (0x180b, 0x180e),
        (0x1ab0, 0x1aff), (0x1dc0, 0x1dff), (0x200b, 0x200f), (0x202a, 0x202e),
        (0x2060, 0x206f), (0x20d0, 0x20ff), (0x3164, 0x3164), (0xfe00, 0xfe0f),
        (0xfe20, 0xfe2f), (0xfeff, 0xfeff), (0xffa0, 0xffa0), (0xfff9, 0xfffb),
        (0x1bca0, 0x1bca3), (0x1d173, 0x1d17a), (0xe0000, 0xe01ef)]
LETTER = re.compile(r"^(?:(?:NEGATIVE|CROSSED NEGATIVE) (?:CIRCLED|SQUARED) |SQUARED |CIRCLED |"
                    r"CIRCLED ITALIC |MODIFIER LETTER |LATIN SUBSCRIPT )?(?:LATIN )?"
                    r"(SMALL|CAPITAL) LETTER (?:SIDEWAYS )?([A-Z]|AE|OE)( WITH .*)?$")
CAPITAL = re.compile(r"^(?:MODIFIER LETTER |LATIN LETTER )SMALL CAPITAL ([A-Z])$")
PLAIN = {0xdf: "ss", 0x1e9e: "SS", 0xde: "Th", 0xfe: "th", 0xf0: "d", 0xd0: "D", 0x131: "i",
         0x14a: "N", 0x14b: "n", 0x237: "j", 0x251: "a", 0x192: "f", 0x1d6f: "m", 0xa9: "c",
         0x26a: "i", 0x20ac: "e", 0xa3: "l", 0xa5: "y", 0xa2: "c", 0xa7: "s", 0x20bf: "b",
         0x20a6: "n", 0x20a9: "w", 0x20ae: "t", 0x20b4: "s", 0x20ad: "k", 0xa730: "f",
         0xa731: "s", 0xd8: "O", 0xf8: "o", 0xc6: "AE", 0xe6: "ae", 0x152: "OE", 0x153: "oe",
         0x17f: "s", 0x1d7: "x", 0x1c0: "l", 0x1c3: "!", 0x2113: "l", 0x212e: "e",
         0x1f12a: "S", 0x1d0e: "n", 0x1d19: "r", 0x1a9: "E", 0x18f: "E", 0x259: "e",
         0x254: "c", 0x1ddc: "k"}
SIGNS = {0xa9, 0x20ac, 0xa3, 0xa5, 0xa2, 0xa7, 0x20bf, 0x20a6, 0x20a9, 0x20ae, 0x20b4, 0x20ad,
         0x259, 0x18f, 0x254, 0x1a9}
# Squares and dark circles have no small letters: who writes in them does not shout.
QUIET = range(0x1f130, 0x1f18a)
# Scripts whose letters lose their marks, as Latin ones do: written in one character or in
# two, they are the same.
MARKED = ("GREEK", "CYRILLIC", "ARABIC")
# Upside-down letters are dealt with apart (fold.c); alone they stay what they are.
TURNED = set("ɐɔǝɟƃᴉɾʞɯɹʇʌʍʎɥ")


def stripped(c):
    d = ud.normalize("NFKD", c)
    return "".join(x for x in d if not ud.combining(x) and ud.category(x) not in ("Mn", "Me"))


def stands_for(cp):
    """A string, "" for nothing at all, None for itself."""
    c = chr(cp)
    name = ud.name(c, "")
    if any(a <= cp <= b for a, b in DROP):
        return ""
    for to, those in PUNCT.items():
        if cp in those:
            return to
    if PRIVATE[0] <= cp <= PRIVATE[1]:
        return "-"
    if cp in PLAIN:
        return PLAIN[cp]
    if c in TURNED:
        return None
    if ud.category(c) == "Zs" or cp in (0x2028, 0x2029, 0x85):
        return "\n" if cp in (0x2028, 0x2029, 0x85) else " "
    s = stripped(c)
    if s and s != c and all(ord(x) < 128 for x in s):
        return s.lower() if cp in QUIET else s
    m = LETTER.match(name) or CAPITAL.match(name)
    if m and "DIGRAPH" not in name:
        letter = m.groups()[-2] if m.re is LETTER else m.group(1)
        return letter if "CAPITAL LETTER" in name and cp not in QUIET else letter.lower()
    if s and s != c and ud.name(s[0], "").startswith(MARKED):
        return s.lower()
    k = ud.normalize("NFKC", ud.normalize("NFKC", c).casefold())
    return None if k == c else k


def main():
    alike = {}
    for to, those in ALIKE.items():
        for c in those:
            if ord(c) > 127:
                alike.setdefault(ord(c), to)
    pool, offsets, values = b"", {}, {}
    for cp in range(0x80, 0x20000):
        if 0xd800 <= cp < 0xe000 or 0xf900 <= cp < 0xfb00 or 0xac00 <= cp < 0xd7a4 or \
           0x3130 <= cp < 0x3190 and cp != 0x3164 or 0x3200 <= cp < 0x3400 or 0x1f200 <= cp < 0x1f300:
            continue
        s = stands_for(cp)
        if cp in alike and (s is None or len(s) != 1 or ord(s) > 127):
            values[cp] = 0x8000 | ord(alike[cp])
            continue
        if s is None or len(s.encode()) > len(chr(cp).encode()):
            continue
        if cp in SIGNS:
            values[cp] = 0x8000 | ord(s)
        elif len(s) == 1 and ord(s) < 128:
            values[cp] = ord(s)
        elif s == "":
            values[cp] = 0x7f
        else:
            if s not in offsets:
                offsets[s] = len(pool)
                pool += s.encode() + b"\0"
            values[cp] = 0x80 + offsets[s]
    blocks, index = {}, []
    order = []
    for b in range(0x20000 >> 7):
        block = tuple(values.get((b << 7) + i, 0) for i in range(128))
        if block not in blocks:
            blocks[block] = len(order)
            order.append(block)
        index.append(blocks[block])
    assert len(pool) < 0x7f00 and len(order) < 256
    out = sys.stdout
    out.write("/* SPDX-License-Identifier: Apache-2.0 */\n"
              "/* Made by glyph_table.py from the Unicode Character Database %s; do not edit. */\n"
              % ud.unidata_version)
    out.write("/* clang-format off */\n")
    def rows(kind, name, v, per):
        out.write("const %s %s[%d] = {\n" % (kind, name, len(v)))
        for i in range(0, len(v), per):
            out.write(",".join(map(str, v[i:i + per])) + ",\n")
        out.write("};\n")
    rows("uint8_t", "glyph_index", index, 32)
    rows("uint16_t", "glyph_values", [v for b in order for v in b], 24)
    rows("uint8_t", "glyph_pool", list(pool), 30)
    out.write("/* clang-format on */\n")


main()
