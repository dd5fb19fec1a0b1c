#!/usr/bin/env python3
"""A collector for tests. Prints its port, then one JSON line for each request: its path, headers and content, and the
answer. Reads lines from standard input: `{"times": 2, "status": 429, "headers": {"Retry-After": "1"}, "body": {…}}` for
the next requests, on `path` if that is given; `"say": "nothing"` leaves them without an answer. Otherwise it answers 200.

usage: receiver.py PORT [CERTIFICATE KEY]
"""
import base64
import json
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

answers = []
lock = threading.Lock()
silence = threading.Event()


def read_commands():
    for line in sys.stdin:
        command = json.loads(line)
        with lock:
            answers.append(command)
        say({"heard": command})


def say(line):
    with lock:
        print(json.dumps(line), flush=True)


def next_answer(path):
    with lock:
        for command in answers:
            if command.get("path", path) == path and command.get("times", 1) > 0:
                command["times"] = command.get("times", 1) - 1
                return command
    return {}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        answer = next_answer(self.path)
        status = answer.get("status", 200)
        say({"path": self.path, "status": status, "headers": {k.lower(): v for k, v in self.headers.items()},
             "body": base64.b64encode(body).decode()})
        if answer.get("say") == "nothing":
            silence.wait()
            return
        content = json.dumps(answer.get("body", {})).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        for name, value in answer.get("headers", {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


def main():
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # a peer that has left
    if len(sys.argv) > 2:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[2], sys.argv[3])
        server.socket = context.wrap_socket(server.socket, server_side=True)
    say({"port": server.server_address[1]})
    threading.Thread(target=read_commands, daemon=True).start()
    server.serve_forever()


main()
