#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A name server for tests.  Loopback only, UDP and TCP on one port, standard library only.

The first line on standard output is the port.  It ends with its standard input.

--zone FILE      JSON {NAME: step or [step, ...]}; each question for A takes the next step,
                 the last one stays; AAAA gets the step of the last A.  Names without a
                 step do not exist.  "*.DOMAIN" is for all names below.  A step:
                   a, aaaa    lists of addresses
                   ttl        seconds (60)
                   cname      an alias that stands before the addresses
                   rcode      "nxdomain", "servfail", "refused"
                   silent     true, "a" or "aaaa": no answer
                   delay      seconds before the answer
                   truncate   true: the answer comes by TCP only
--dead           answer nothing at all, not even about the root

A line on standard input changes that for all names and the root: "refused", "servfail",
"silent", or "well".

"." has name servers.  A question for TXT of "log." is answered with the number of
questions for A so far, by name, as JSON.
"""

import argparse
import json
import socket
import socketserver
import struct
import sys
import threading
import time

A, NS, CNAME, TXT, AAAA = 1, 2, 5, 16, 28
RCODES = {"servfail": 2, "nxdomain": 3, "refused": 5}


def pack_name(name):
    labels = [p.encode() for p in name.split(".") if p]
    return b"".join(bytes([len(p)]) + p for p in labels) + b"\0"


def record(name, kind, ttl, data):
    return pack_name(name) + struct.pack("!HHIH", kind, 1, ttl, len(data)) + data


class Zone:
    def __init__(self, steps, dead):
        self.steps, self.dead, self.rcode = steps, dead, 0
        self.taken, self.last = {}, {}
        self.lock = threading.Lock()

    def turn(self, word):
        self.dead, self.rcode = word == "silent", RCODES.get(word, 0)

    def step(self, name, kind):
        found = self.steps.get(name)
        if found is None:
            for i in range(len(name)):
                if name[i] == "." and "*" + name[i:] in self.steps:
                    found = self.steps["*" + name[i:]]
                    break
        if found is None:
            return None
        if not isinstance(found, list):
            found = [found]
        with self.lock:
            n = self.taken.get(name, 0)
            if kind == A:
                self.taken[name] = n + 1
            else:
                n = max(n - 1, 0)
        return found[min(n, len(found) - 1)]

    def answer(self, query, tcp):
        """The bytes of the answer, None for silence."""
        if self.dead or len(query) < 17:
            return None
        name, at = [], 12
        while query[at]:
            name.append(query[at + 1:at + 1 + query[at]].decode("latin-1").lower())
            at += query[at] + 1
        name = ".".join(name)
        kind = struct.unpack("!H", query[at + 1:at + 3])[0]
        question = query[12:at + 5]
        rcode, records, flags = self.rcode, [], 0x8580
        if rcode:
            pass
        elif name == "" and kind == NS:
            records = [record("", NS, 3600, pack_name("a.root.test"))]
        elif name == "log" and kind == TXT:
            text = json.dumps(self.taken).encode()
            parts = [text[i:i + 255] for i in range(0, len(text), 255)]
            records = [record("log", TXT, 0, b"".join(bytes([len(p)]) + p for p in parts))]
        else:
            step = self.step(name, kind)
            if step is None:
                rcode = 3
            else:
                time.sleep(step.get("delay", 0))
                silent = step.get("silent")
                if silent is True or silent == {A: "a", AAAA: "aaaa"}.get(kind):
                    return None
                rcode = RCODES.get(step.get("rcode"), 0)
                records = self.records(name, kind, step) if rcode == 0 else []
                if step.get("truncate") and not tcp:
                    flags, records = flags | 0x0200, []
        head = query[:2] + struct.pack("!HHHHH", flags | rcode, 1, len(records), 0, 0)
        return head + question + b"".join(records)

    @staticmethod
    def records(name, kind, step):
        out, ttl = [], step.get("ttl", 60)
        family = {A: ("a", socket.AF_INET), AAAA: ("aaaa", socket.AF_INET6)}.get(kind)
        if family is None:
            return out
        if "cname" in step:
            out.append(record(name, CNAME, ttl, pack_name(step["cname"])))
            name = step["cname"]
        for address in step.get(family[0], []):
            out.append(record(name, kind, ttl, socket.inet_pton(family[1], address)))
        return out


class Udp(socketserver.BaseRequestHandler):
    def handle(self):
        out = self.server.zone.answer(self.request[0], False)
        if out is not None:
            self.request[1].sendto(out, self.client_address)


class Tcp(socketserver.StreamRequestHandler):
    def handle(self):
        size = self.rfile.read(2)
        if len(size) == 2:
            out = self.server.zone.answer(
                self.rfile.read(struct.unpack("!H", size)[0]), True)
            if out is not None:
                self.wfile.write(struct.pack("!H", len(out)) + out)


class UdpServer(socketserver.ThreadingUDPServer):
    daemon_threads = True


class TcpServer(socketserver.ThreadingTCPServer):
    daemon_threads = allow_reuse_address = True


def main():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--zone", metavar="FILE")
    p.add_argument("--dead", action="store_true")
    p.add_argument("--stdin-ends", action="store_true", help="taken for granted")
    o = p.parse_args()
    zone = {}
    if o.zone:
        with open(o.zone, encoding="utf-8") as f:
            zone = json.load(f)
    for _ in range(20):  # a port that is free for both
        udp = UdpServer(("127.0.0.1", 0), Udp)
        try:
            tcp = TcpServer(udp.server_address, Tcp)
            break
        except OSError:
            udp.server_close()
    for server in (udp, tcp):
        server.zone = Zone(zone, o.dead) if server is udp else udp.zone
        threading.Thread(target=server.serve_forever, daemon=True).start()
    print(udp.server_address[1], flush=True)
    for line in sys.stdin:
        udp.zone.turn(line.strip())


if __name__ == "__main__":
    main()
