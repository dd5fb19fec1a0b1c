#!/usr/bin/env python3
"""examples/thirty_lines, as a stranger has it: built from an installed package, and held against servers that answer, break and hang.

usage: thirty_lines_test.py SOURCE INSTALLED WORK COMPILER FLAGS LAUNCHER
"""
import http.server
import shutil
import socket
import subprocess
import sys
import threading
import unittest
from pathlib import Path

SOURCE, INSTALLED, WORK, COMPILER, FLAGS, LAUNCHER = sys.argv[1:]
REFUSED = "breaker 'shop' is open; retry in 30s"


class Answers(http.server.BaseHTTPRequestHandler):
    status = 200

    def do_GET(self):
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *_):
        pass


class ThirtyLines(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        project = Path(WORK) / "project"
        shutil.rmtree(WORK, ignore_errors=True)
        shutil.copytree(SOURCE, project)  # so that nothing is found by lying beside it
        subprocess.run(["cmake", "-S", project, "-B", f"{WORK}/build", "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={INSTALLED}",
                        f"-DCMAKE_CXX_COMPILER={COMPILER}", f"-DCMAKE_CXX_FLAGS={FLAGS}",
                        f"-DCMAKE_CXX_COMPILER_LAUNCHER={LAUNCHER}"], check=True, stdout=subprocess.DEVNULL, timeout=60)
        subprocess.run(["cmake", "--build", f"{WORK}/build"], check=True, timeout=300)

    def fetch(self, port):
        ended = subprocess.run([f"{WORK}/build/fetch", "127.0.0.1", str(port)], capture_output=True, text=True, timeout=60,
                               check=True)
        return ended.stdout.splitlines()

    def serve(self, status):
        handler = type("Handler", (Answers,), {"status": status})
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server.server_port

    def test_has_thirty_lines_all_told(self):
        lines = sum(len(file.read_text(encoding="utf-8").splitlines()) for file in Path(SOURCE).iterdir())
        self.assertLessEqual(lines, 30)

    def test_does_nothing_when_it_is_not_told_whom_to_ask(self):
        ended = subprocess.run([f"{WORK}/build/fetch"], capture_output=True, timeout=60, check=False)
        self.assertEqual((ended.returncode, ended.stdout), (2, b""))

    def test_fetches(self):
        self.assertEqual(self.fetch(self.serve(200)), ["200"] * 5)

    def test_stops_calling_what_answers_with_errors(self):
        self.assertEqual(self.fetch(self.serve(503)), ["503"] * 3 + [REFUSED] * 2)

    def test_gives_up_on_what_hangs_and_stops_calling_it(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            lines = self.fetch(silent.getsockname()[1])
        self.assertEqual(lines[3:], [REFUSED] * 2)
        self.assertEqual(lines[:3], ["time limit 'shop' ended before the call did"] * 3)

    def test_stops_calling_what_is_not_there(self):
        with socket.create_server(("127.0.0.1", 0)) as gone:
            port = gone.getsockname()[1]
        lines = self.fetch(port)
        self.assertEqual(lines, ["Connection refused"] * 3 + [REFUSED] * 2)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
