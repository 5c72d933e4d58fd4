# SPDX-License-Identifier: Apache-2.0
"""The daemon's processes, as /proc shows them."""
import os
import pathlib


def roles(parent):
    """(pid, role, index, fields of stat behind the name) of each living role of the
    supervisor with this pid.  Beside them stand processes of anybody, whose arguments
    may be any bytes."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            stat = pathlib.Path("/proc", pid, "stat").read_bytes().rsplit(b")", 1)[1].split()
            args = pathlib.Path("/proc", pid, "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if int(stat[1]) == parent and stat[0] != b"Z" and b"--role" in args:
            yield int(pid), args[2].decode(), int(args[4]), stat
