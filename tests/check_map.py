#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every C file of daemon/ and plugins/ is in the map of its README: by its name, by its name
without the room's (of a room of many, `_take' for engine_take.c), by a family (verify*), or
where the map says what all files of a kind are.  Proves itself first."""
import os
import pathlib
import re
import sys

SRC = pathlib.Path(os.environ.get("srcdir") or pathlib.Path(__file__).parent.parent)
# Rooms of which the map says it in one sentence for all.
KINDS = {"daemon/tosctl/tosctl_": "one file a command",
         "daemon/store/store_": "one file a group of\n            tables",
         "daemon/store/db_": "db and db_row",
         "daemon/media/image_": "image (JPEG and PNG as grey values; one file each)",
         "plugins/probe/": "plugins that misbehave on demand",
         "plugins/sample/": "a small plugin to look at",
         "plugins/template/": "what `tosctl plugin new' writes",
         "plugins/examples/": "two of those, in Python and in shell"}


def named(path, readme):
    if any(path.startswith(p) and said in readme for p, said in KINDS.items()):
        return True
    name = pathlib.PurePath(path).stem
    room = pathlib.PurePath(path).parent.name
    names = [name, name.removeprefix(room + "_")]
    stars = [name[:n] for n in range(3, len(name) + 1)]
    return any(re.search(r"(?<![a-z])_?%s(?![a-z_])" % re.escape(n), readme) for n in names) or \
        any(re.search(r"(?<![a-z])%s_?\*" % re.escape(s), readme) for s in stars)


def missing(root, more=()):
    out = []
    for top in ("daemon", "plugins"):
        readme = (root / top / "README").read_text(encoding="utf-8")
        paths = [str(p.relative_to(root)) for p in (root / top).rglob("*.c")]
        out += [p for p in sorted(paths) + [m for m in more if m.startswith(top)]
                if not named(p, readme)]
    return out


def main():
    planted = ["daemon/base/nonesuch.c", "plugins/rules/nonesuch.c"]
    found = missing(SRC, planted)
    if found[-1:] != planted[-1:] or planted[0] not in found:
        print("check_map: a file that no README names is not found: %s" % found)
        return 1
    found = [p for p in found if p not in planted]
    for p in found:
        print("%s: not in the map of %s/README" % (p, p.split("/")[0]))
    if not found:
        print("check_map: every C file is in the map of its README")
    return 1 if found else 0


sys.exit(main())
