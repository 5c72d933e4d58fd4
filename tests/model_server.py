# SPDX-License-Identifier: Apache-2.0
"""A server that speaks as much of the OpenAI protocols as plugin `moderation' uses: chat
completions and moderations, with a key, and with every fault on demand.

What it answers depends on the item alone, as with a model at temperature 0: a text with
the word THREAT is one.  A text with one of FAULTS sets that fault off; `plan' names faults
for the next requests, whatever they ask."""
import http.server
import json
import socket
import ssl
import threading
import time

KEY = "sk-trial-0123456789"
FAULTS = ("busy", "error", "hang", "drip", "huge", "nojson", "schema", "misquote", "chatty",
          "two", "close", "redirect", "unknown", "cut", "bad-request", "inject", "reset", "rude")


def verdict(text, model):
    """What a model says of a text: label, clause, quote, confidence."""
    if "SPLIT" in text:  # models disagree on these
        threat = model.endswith("-a")
    else:
        threat = "THREAT" in text
    if not threat:
        return {"label": "none", "clause": "", "quote": "", "confidence": 0.9}
    at = max(text.find("THREAT"), text.find("SPLIT"), 0)
    return {"label": "threat", "clause": "4.1", "quote": text[at:at + 40], "confidence": 0.93}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    # --- ways to answer

    def reply(self, status, body, headers=(), kind="application/json"):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def content(self, text, end="stop"):
        self.reply(200, {"id": "c1", "object": "chat.completion", "model": self.model,
                         "choices": [{"index": 0, "finish_reason": end, "message": {
                             "role": "assistant", "content": text}}],
                         "usage": {"prompt_tokens": 90, "completion_tokens": 10,
                                   "total_tokens": 100}})

    def drip(self):
        self.send_response(200)
        self.send_header("Content-Length", "100000")
        self.end_headers()
        end = time.monotonic() + 20
        while time.monotonic() < end and not self.server.box.stopped:
            self.wfile.write(b" ")
            self.wfile.flush()
            time.sleep(0.1)

    def huge(self):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.close_connection = True
        for _ in range(64):
            self.wfile.write(b'{"choices":[' + b" " * 65536)

    def fault(self, name, said):
        box = self.server.box
        if name == "busy":
            self.reply(429, {"error": {"message": "slow down"}}, [("Retry-After", "1")])
        elif name == "error":
            self.reply(500, {"error": {"message": "oops"}})
        elif name == "bad-request":
            self.reply(400, {"error": {"message": "context length"}})
        elif name == "hang":
            box.wait(20)
            self.close_connection = True
        elif name == "drip":
            self.drip()
        elif name == "huge":
            self.huge()
        elif name == "nojson":
            self.reply(200, b"<html>welcome</html>", kind="text/html")
        elif name == "schema":
            self.reply(200, {"choices": [{"message": {"content": 7}}], "results": [{}]})
        elif name == "misquote":
            self.content(json.dumps({**said, "label": "threat",
                                     "quote": "words that nobody wrote"}))
        elif name == "chatty":
            self.content("Sure! Here is my answer:\n```json\n" + json.dumps(said) +
                         "\n```\nStay safe.")
        elif name == "two":
            self.content(json.dumps(said) + json.dumps({**said, "label": "none"}))
        elif name == "unknown":
            self.content(json.dumps({**said, "label": "suspend-the-tenant"}))
        elif name == "rude":
            self.content(json.dumps({**said, "label": "\x1b[31mred\x07"}))
        elif name == "cut":
            self.content(json.dumps(said)[:-5], "length")
        elif name == "redirect":
            self.reply(307, {}, [("Location", f"http://127.0.0.1:{box.port}/elsewhere")])
        elif name == "close":
            self.close_connection = True
        elif name == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                       b"\1\0\0\0\0\0\0\0")
            self.close_connection = True
        elif name == "inject":  # the model has given in to the text
            self.content(json.dumps({**said, "label": "none", "quote": "", "clause": ""}))

    # --- requests

    def do_GET(self):
        self.server.box.others.append(("GET", self.path))
        self.reply(404, {})

    def do_POST(self):
        box = self.server.box
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            self.answer(box, body)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def answer(self, box, body):
        if self.path not in ("/v1/chat/completions", "/v1/moderations"):
            box.others.append(("POST", self.path))
            return self.reply(404, {})
        if self.headers.get("Authorization") != "Bearer " + box.key:
            box.refused += 1
            return self.reply(401, {"error": {"message": "wrong key"}})
        q = json.loads(body)
        self.model = q["model"]
        if self.path.endswith("moderations"):
            text = q["input"]
        else:
            assert q["temperature"] == 0 and q["stream"] is False and q["seed"] == 1
            system, user = q["messages"]
            assert system["role"] == "system" and user["role"] == "user"
            text = json.loads(user["content"])["item"]
            box.systems.add(system["content"])
        with box.lock:
            box.asked.append((time.time(), self.path, self.model, text))
            planned = box.plan.pop(0) if box.plan else None
        if box.delay:
            box.wait(box.delay)
        said = verdict(text, self.model)
        named = [f for f in FAULTS if f"FAULT-{f}." in text]
        if planned or named:
            return self.fault(planned or named[0], said)
        if self.path.endswith("moderations"):
            score = 0.97 if said["label"] == "threat" else 0.01
            return self.reply(200, {"id": "m1", "model": self.model, "results": [
                {"flagged": score > 0.5, "categories": {"violence": score > 0.5},
                 "category_scores": {"violence": score, "harassment/threatening": 0.02,
                                     "sexual": 0.0}}]})
        return self.content(json.dumps(said))


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass  # clients that do not trust our certificate


class ModelServer:
    """asked: (time, path, model, item text) of every request with the right key.  cert: a file
    with certificate and key of `localhost', for HTTPS."""

    def __init__(self, key=KEY, port=0, cert=None):
        self.key, self.plan, self.delay = key, [], 0
        self.asked, self.others, self.refused, self.systems = [], [], 0, set()
        self.lock, self.stopped, self.event = threading.Lock(), False, threading.Event()
        self.server = Server(("127.0.0.1", port), Handler)
        self.server.box = self
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/v1"
        if cert:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(cert)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True,
                                                     do_handshake_on_connect=False)
            self.url = f"https://localhost:{self.port}/v1"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def texts(self):
        with self.lock:
            return [text for _, _, _, text in self.asked]

    def count(self, word):
        return sum(word in text for text in self.texts())

    def wait(self, seconds):
        self.event.wait(seconds)

    def release(self):
        """Lets go all that hang."""
        self.event.set()
        self.event = threading.Event()

    def stop(self):
        self.stopped = True
        self.event.set()
        self.server.shutdown()
        self.server.server_close()
