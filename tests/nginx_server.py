#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""nginx on loopback, for what http_server.py cannot: HTTP/2, and speed.

usage: nginx_server.py [--tls-names NAMES] [--cpu N] ROOT

Serves the files below ROOT with ETag and Last-Modified; below /close/ the same without
kept connections; /bomb is a gzip of fifty million zero bytes.  A certificate (cert.pem) is made in ROOT.  Prints the port of
HTTPS (HTTP/2 and 1.1), then that of plain HTTP, when it is ready, and ends with its
standard input.  Exit code 77: there is no nginx.
"""

import argparse
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time

import http_server

CONF = """
{user}
daemon off;
worker_processes 1;
worker_rlimit_nofile 8192;
pid {work}/pid;
error_log {work}/error.log error;
events {{ worker_connections 4096; }}
http {{
	access_log off; sendfile on; tcp_nopush on; etag on;
	keepalive_requests 100000000; keepalive_timeout 600s;
	open_file_cache max=20000 inactive=600s; open_file_cache_valid 600s;
	types {{ application/rss+xml rss xml; }}
	client_body_temp_path {work}/a; proxy_temp_path {work}/b;
	fastcgi_temp_path {work}/c; uwsgi_temp_path {work}/d; scgi_temp_path {work}/e;
	server {{
		listen 127.0.0.1:{plain} backlog=1024;
		listen 127.0.0.1:{tls} ssl http2 backlog=1024;
		ssl_certificate {root}/cert.pem;
		ssl_certificate_key {root}/key.pem;
		ssl_session_cache shared:S:4m;
		root {root};
		location /close/ {{ keepalive_timeout 0; alias {root}/; }}
		location = /bomb {{ add_header Content-Encoding gzip; }}
	}}
}}
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def ready(port, child):
    for _ in range(200):
        if child.poll() is not None:
            return False
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return True
        except OSError:
            time.sleep(0.02)
    return False


def main():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("root")
    p.add_argument("--tls-names", default="localhost,127.0.0.1")
    p.add_argument("--cpu", type=int, help="the processor that it stays on")
    p.add_argument("--stdin-ends", action="store_true", help="taken for granted")
    o = p.parse_args()
    # The last place is where autogen.sh unpacks one.
    nginx = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin:" +
                         os.environ.get("builddir", ".") + "/tools/usr/sbin")
    if nginx is None:
        return 77
    root = pathlib.Path(o.root).resolve()
    http_server.make_certificate(str(root), o.tls_names.split(","))
    if not (root / "bomb").exists():
        (root / "bomb").write_bytes(http_server.bomb(50000000))
    with tempfile.TemporaryDirectory() as work:
        tls, plain = free_port(), free_port()
        conf = pathlib.Path(work) / "nginx.conf"
        conf.write_text(CONF.format(
            user="user root;" if os.getuid() == 0 else "", work=work, root=root,
            tls=tls, plain=plain))
        pin = ["taskset", "-c", str(o.cpu)] if o.cpu is not None else []
        child = subprocess.Popen(
            pin + [nginx, "-c", str(conf), "-p", work, "-e", work + "/error.log"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        try:
            if not ready(plain, child):
                sys.stderr.write("nginx did not start\n")
                return 1
            print(tls, plain, flush=True)
            sys.stdin.read()
        finally:
            child.terminate()
            child.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
