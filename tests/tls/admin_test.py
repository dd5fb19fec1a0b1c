"""gateway.admin.tls: the admin server behind TLS, asked by curl, openssl, Python and the program's own commands."""
import fcntl
import http.client
import json
import os
import pty
import select
import shutil
import socket
import ssl
import struct
import subprocess
import termios
import threading
import unittest

from peers import PATIENCE, eventually
from processes import BINARY, OPENSSL, Processes

FAILED = "switchgear_admin_tls_handshake_failures_total"
CURL = shutil.which("curl")


class Admin(Processes):
    def guarded(self, tls="", certificates=None, more="", **rest):
        """A plain gateway whose admin server has TLS."""
        self.shop = self.service()
        self.services = [("shop", f"http://127.0.0.1:{self.shop.port}", "")]
        gateway = self.gateway(self.services, gateway=self.section(tls, certificates, more),
                               policy="{circuit_breaker: {consecutive_failures: 5}}", **rest)
        self.assertIn(f"admin https://127.0.0.1:{gateway.admin_port}/dashboard", gateway.greeting)
        return gateway

    def section(self, tls="", certificates=None, more=""):
        return f", admin: {{tls: {{{certificates or self.made.identity()}{tls}}}{more}}}"

    def ask(self, gateway, path, method="GET", tls=None, headers=None):
        status, body = gateway.call(path, headers, method, tls=tls or self.made.client(), port=gateway.admin_port)
        return status, body.decode()

    def figure(self, gateway, line, **more):
        for each in self.ask(gateway, "/metrics", **more)[1].splitlines():
            if each.startswith(line + " "):
                return float(each.rpartition(" ")[2])
        return None

    def command(self, *words, url=None, env=None):
        done = subprocess.run([BINARY, *words, "--admin", url], capture_output=True, text=True, timeout=PATIENCE, check=False,
                              env=env)
        return done.returncode, done.stdout, done.stderr

    def serial(self, gateway, **more):
        with socket.create_connection(("localhost", gateway.admin_port)) as plain:
            with self.made.client(**more).wrap_socket(plain, server_hostname="localhost") as client:
                return client.getpeercert()["serialNumber"]

    def url(self, gateway, host="localhost", scheme="https"):
        return f"{scheme}://{host}:{gateway.admin_port}"


    def s_client_at(self, words, served=True):
        done = subprocess.run([OPENSSL, "s_client", "-ign_eof", *words], capture_output=True, timeout=PATIENCE, check=False,
                              input=b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        self.assertEqual(b"HTTP/1.1 200 OK" in done.stdout, served)
        return done.stdout.decode(errors="replace")


class AdminListener(Admin):
    def test_everything_is_served_through_tls(self):
        gateway = self.guarded()
        for path in ("/livez", "/readyz", "/dashboard", "/metrics", "/status", "/openapi.json"):
            self.assertEqual(self.ask(gateway, path)[0], 200, path)
        self.assertEqual(self.ask(gateway, "/circuit-breakers/shop/force-open", "POST")[0], 200)
        self.assertEqual(json.loads(self.ask(gateway, "/circuit-breakers/shop")[1])["state"], "forced_open")

    def test_curl_is_served_and_refuses_a_certificate_that_it_does_not_trust(self):
        gateway = self.guarded()
        for version in ("--tlsv1.2", "--tlsv1.3"):
            done = subprocess.run([CURL, "-sS", version, "--cacert", self.made.file("ca.pem"), "-w", "%{http_code}",
                                   f"{self.url(gateway)}/livez", f"{self.url(gateway)}/metrics"], capture_output=True, text=True,
                                  timeout=PATIENCE, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("switchgear_build_info", done.stdout)
            self.assertTrue(done.stdout.endswith("200"))
        done = subprocess.run([CURL, "-sS", f"{self.url(gateway)}/livez"], capture_output=True, text=True, timeout=PATIENCE,
                              check=False)
        self.assertEqual(done.returncode, 60, "curl's code for a certificate that is not trusted")
        self.assertEqual(self.figure(gateway, FAILED + '{reason="alert"}'), 1)
        gateway.logs("admin: TLS with 127.0.0.1: it refused the handshake")

    def test_plain_text_is_told_so_and_counted(self):
        gateway = self.guarded()
        done = subprocess.run([CURL, "-sS", "-i", f"{self.url(gateway, scheme='http')}/livez"], capture_output=True, text=True,
                              timeout=PATIENCE, check=False)
        self.assertIn("HTTP/1.1 400 Bad Request", done.stdout)
        self.assertIn("this server speaks TLS; use https://", done.stdout)
        gateway.logs("admin: TLS with 127.0.0.1: it sent plain text where TLS is expected")
        self.assertEqual(self.figure(gateway, FAILED + '{reason="plain_text"}'), 1)

    def test_the_end_of_a_connection_is_told(self):
        gateway = self.guarded()
        with socket.create_connection(("localhost", gateway.admin_port)) as plain:
            with self.made.client().wrap_socket(plain, server_hostname="localhost", suppress_ragged_eofs=False) as client:
                client.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                got = b""
                while piece := client.recv(4096):  # without close_notify: an exception
                    got += piece
        self.assertTrue(got.startswith(b"HTTP/1.1 200 OK\r\n"), got)

    def test_the_name_chooses_the_certificate_and_is_a_good_host(self):
        self.made.make("ops", "DNS:ops.test,DNS:*.ops.test")
        gateway = self.guarded(certificates=f"certificates: [{{{self.made.identity()}}}, {{{self.made.identity('ops')}}}]")
        for name, status in (("ops.test", 200), ("a.ops.test", 200), ("localhost", 200), ("evil.test", 403)):
            with socket.create_connection(("localhost", gateway.admin_port)) as plain:
                context = self.made.client()
                context.check_hostname = False
                with context.wrap_socket(plain, server_hostname=name) as client:
                    names = dict(pair[0] for pair in client.getpeercert()["subject"])
                    client.sendall(f"GET /status HTTP/1.1\r\nHost: {name}:9090\r\nConnection: close\r\n\r\n".encode())
                    answer = http.client.HTTPResponse(client)
                    answer.begin()
                    self.assertEqual(answer.status, status, name)
                    answer.read()
            self.assertEqual(names["commonName"], "ops" if "ops" in name else "server")

    def test_silent_clients_are_closed_and_hold_up_no_other(self):
        gateway = self.guarded()
        with socket.create_connection(("localhost", gateway.admin_port)) as silent:
            self.assertEqual(self.ask(gateway, "/livez")[0], 200)
            self.assertTrue(self.ends(silent))
        self.assertEqual(self.figure(gateway, FAILED + '{reason="timeout"}'), 1)

    def test_sessions_are_resumed(self):
        gateway = self.guarded()
        words = ["-connect", f"localhost:{gateway.admin_port}", "-CAfile", self.made.file("ca.pem")]
        self.s_client_at(words + ["-sess_out", self.made.file("session")])
        self.assertEqual(self.ask(gateway, "/reload", "POST")[0], 200, "what has not changed stays")
        self.assertIn("Reused, TLSv1", self.s_client_at(words + ["-sess_in", self.made.file("session")]))
        self.assertEqual(self.figure(gateway, 'switchgear_admin_tls_handshakes_total{kind="resumed"}'), 1)
        self.made.make("server")
        self.assertEqual(self.ask(gateway, "/reload", "POST")[0], 200)
        self.assertIn("New, TLSv1", self.s_client_at(words + ["-sess_in", self.made.file("session")]))


class AdminClientCertificates(Admin):
    def setUp(self):
        super().setUp()
        self.made.make("operator", "DNS:operator.test")
        self.made.make("late", "DNS:late.test", dates=("20200101000000Z", "20200201000000Z"))
        self.made.authority("stranger")
        self.made.make("foreign", "DNS:foreign.test", "stranger")
        self.gate = self.guarded(tls=f", client_ca: \"file:{self.made.file('ca.pem')}\"")

    def test_only_clients_with_a_certificate_are_served(self):
        good = self.made.client(identity="operator")
        self.assertEqual(self.ask(self.gate, "/livez", tls=good)[0], 200)
        for identity, reason, words in (
                (None, "certificate_missing", "it has shown no certificate"),
                ("late", "certificate_expired", "its certificate has expired"),
                ("foreign", "certificate_untrusted", "its certificate is not signed by an authority of client_ca")):
            with self.subTest(identity=identity):
                with self.assertRaises((ssl.SSLError, ConnectionError)):
                    self.ask(self.gate, "/livez", tls=self.made.client(identity=identity))
                self.gate.logs(f"admin: TLS with 127.0.0.1: {words}")
                self.assertEqual(self.figure(self.gate, FAILED + f'{{reason="{reason}"}}', tls=good), 1)

    def test_a_session_ends_with_the_certificate_that_its_client_has_shown(self):
        self.made.make_short("short", 12, names="DNS:short.test")
        words = ["-connect", f"localhost:{self.gate.admin_port}", "-CAfile", self.made.file("ca.pem"),
                 "-cert", self.made.file("short.pem"), "-key", self.made.file("short.key")]
        for version in ("-tls1_2", "-tls1_3"):
            session = self.made.file(version)
            self.s_client_at([*words, version, "-sess_out", session])
            self.assertIn("Reused, TLSv1",
                          self.s_client_at([*words, version, "-sess_in", session, "-sess_out", session]))

        def refused():
            try:
                self.ask(self.gate, "/livez", tls=self.made.client(identity="short"))
                return False
            except (ssl.SSLError, ConnectionError):
                return True
        eventually(refused, "it has expired")
        for version in ("-tls1_2", "-tls1_3"):
            said = self.s_client_at([*words, version, "-sess_in", self.made.file(version)], served=False)
            self.assertNotIn("Reused, TLSv1", said)

    def test_commands_show_theirs(self):
        url = self.url(self.gate)
        trusted = ["--ca", self.made.file("ca.pem")]
        shown = ["--cert", self.made.file("operator.pem"), "--key", self.made.file("operator.key")]
        code, said, wrong = self.command("status", "shop", *trusted, *shown, url=url)
        self.assertEqual((code, wrong), (0, ""))
        self.assertIn("closed", said)
        code, _, wrong = self.command("status", "shop", *trusted, url=url)
        self.assertEqual(code, 3)
        self.assertEqual(wrong, f"no admin server at {url}: TLS: it refused TLS with an alert; it may require a certificate, "
                                "or not accept the one it was shown; --cert FILE and --key FILE show one\n")
        code, _, wrong = self.command("status", *trusted, "--cert", self.made.file("operator.pem"), url=url)
        self.assertEqual(code, 2, wrong)
        self.assertIn("--cert requires --key", wrong)


class AdminCommands(Admin):
    def test_each_works_through_tls(self):
        gateway = self.guarded()
        url, trusted = self.url(gateway), ["--ca", self.made.file("ca.pem")]
        for words in (["status"], ["report", "shop"], ["explain", "shop"], ["force-open", "shop"], ["reset", "shop"],
                      ["status", "--json"]):
            code, said, wrong = self.command(*words, *trusted, url=url)
            self.assertEqual((code, wrong), (0, ""), words)
            self.assertIn("shop", said, words)

    def test_the_authority_may_come_from_the_environment(self):
        gateway = self.guarded()
        code, said, _ = self.command("status", url=self.url(gateway), env={"SWITCHGEAR_ADMIN_CA": self.made.file("ca.pem")})
        self.assertEqual(code, 0)
        self.assertIn("shop", said)

    def test_events_come_through_tls_and_go_on_for_long(self):
        gateway = self.guarded()
        watch = subprocess.Popen([BINARY, "status", "--watch", "--json", "--admin", self.url(gateway), "--ca",
                                  self.made.file("ca.pem")], stdout=subprocess.PIPE, text=True)
        try:
            self.assertEqual(json.loads(watch.stdout.readline())["event"], "breaker")
            for command, state in (("force-open", "forced_open"), ("reset", "closed")):
                self.ask(gateway, f"/circuit-breakers/shop/{command}", "POST")
                self.assertEqual(json.loads(watch.stdout.readline())["circuit_breaker"]["state"], state)
            eventually(lambda: self.figure(gateway, "switchgear_events_clients") == 1, "it is connected")
            watch.terminate()
            watch.wait()
            eventually(lambda: self.figure(gateway, "switchgear_events_clients") == 0, "its leaving is noticed")
        finally:
            watch.kill()
            watch.wait()
            watch.stdout.close()

    def test_top_shows_the_breakers(self):
        gateway = self.guarded()
        pid, terminal = pty.fork()
        if pid == 0:
            try:
                os.execve(BINARY, [BINARY, "top", "--admin", self.url(gateway), "--ca", self.made.file("ca.pem")],
                          {"TERM": "linux", "LANG": "C.UTF-8", "LINES": "24", "COLUMNS": "80"})
            finally:
                os._exit(127)
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        screen = b""
        try:
            while b"shop" not in screen:
                self.assertTrue(select.select([terminal], [], [], PATIENCE)[0], screen)
                screen += os.read(terminal, 65536)
            os.write(terminal, b"q")
            while select.select([terminal], [], [], PATIENCE)[0]:
                try:
                    if not os.read(terminal, 65536):
                        break
                except OSError:  # the other side is closed
                    break
        finally:
            os.close(terminal)
            self.assertEqual(os.waitpid(pid, 0)[1], 0)

    def test_what_is_wrong_is_said(self):
        self.made.make("named", "DNS:another.test")
        self.made.make("late", dates=("20200101000000Z", "20200201000000Z"))
        trusted = ["--ca", self.made.file("ca.pem")]
        for identity, options, words in (
                ("server", [], "TLS: its certificate is not signed by an authority that is trusted here; --ca FILE names its authority"),
                ("named", trusted, "TLS: its certificate is for another name"),
                ("late", trusted, "TLS: its certificate has expired")):
            gateway = self.guarded(certificates=self.made.identity(identity))
            url = self.url(gateway)
            with self.subTest(identity=identity):
                code, _, wrong = self.command("status", *options, url=url)
                self.assertEqual((code, wrong), (3, f"no admin server at {url}: {words}\n"))
                code, _, wrong = self.command("status", "--watch", *options, url=url)
                self.assertEqual((code, wrong), (3, f"no event stream at {url}/events: {words}\n"))

    def test_https_to_plain_text_and_the_other_way_round(self):
        secure = self.guarded()
        url = self.url(secure, scheme="http")
        self.assertEqual(self.command("status", url=url),
                         (1, "", f"{url} answered 400: this server speaks TLS; use https://\n"))
        self.assertEqual(self.command("status", "--watch", url=url),
                         (3, "", f"no event stream at {url}/events: it answered 400; if it serves TLS, use https://\n"))
        plain = self.gateway(self.services)
        url = self.url(plain)
        words = "TLS: it does not speak TLS: it answered in plain text; use http://"
        self.assertEqual(self.command("status", url=url), (3, "", f"no admin server at {url}: {words}\n"))
        self.assertEqual(self.command("status", "--watch", url=url), (3, "", f"no event stream at {url}/events: {words}\n"))

    def test_a_file_that_cannot_be_used_is_named(self):
        url = "https://localhost:1"
        for words in (["status"], ["report", "shop"], ["status", "--watch"], ["top"]):
            code, _, wrong = self.command(*words, "--ca", "/does/not/exist", url=url)
            self.assertEqual(code, 2, words)
            self.assertIn("--ca: '/does/not/exist' cannot be used: No such file or directory", wrong)
        code, _, wrong = self.command("status", "--cert", self.made.file("ca.pem"), "--key", self.made.file("server.key"), url=url)
        self.assertEqual(code, 2)
        self.assertIn(f"--key: '{self.made.file('server.key')}' cannot be used: ", wrong)


class AdminReload(Admin):
    def reload(self, gateway):
        status, text = self.ask(gateway, "/reload", "POST")
        self.assertEqual(status, 200, text)

    def test_certificates_rotate_under_load_and_no_request_fails(self):
        gateway = self.guarded()
        serials = {self.serial(gateway)}
        ended = threading.Event()
        answers, troubles = [], []

        def load(kept):
            context, connection = self.made.client(), None
            while not ended.is_set():
                try:
                    if connection is None:
                        connection = http.client.HTTPSConnection("localhost", gateway.admin_port, timeout=PATIENCE,
                                                                 context=context)
                    connection.request("GET", "/circuit-breakers")
                    answer = connection.getresponse()
                    answer.read()
                    answers.append(answer.status)
                    if not kept:
                        connection.close()
                        connection = None
                except Exception as trouble:  # pylint: disable=broad-except
                    troubles.append(repr(trouble))
                    return
            if connection is not None:
                connection.close()

        threads = [threading.Thread(target=load, args=(kept,)) for kept in (True, False, False)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(5):
                seen = len(answers)
                self.made.make("server")
                self.reload(gateway)
                serials.add(self.serial(gateway))
                eventually(lambda seen=seen: len(answers) > seen + 20 or troubles, "requests go on")
        finally:
            ended.set()
            for thread in threads:
                thread.join()
        self.assertEqual(troubles, [])
        self.assertEqual(set(answers), {200})
        self.assertEqual(len(serials), 6, "each reload showed the new certificate")
        self.assertEqual(gateway.end(), 0, gateway.log())

    def test_a_bad_certificate_is_refused_and_the_old_one_stays(self):
        gateway = self.guarded()
        before = self.serial(gateway)
        with open(self.made.file("server.pem"), "w", encoding="ascii") as file:
            file.write("not a certificate\n")
        status, text = self.ask(gateway, "/reload", "POST")
        self.assertEqual(status, 422)
        self.assertIn("gateway.admin.tls.certificate: file ", text)
        self.assertIn("holds no certificate in PEM form", text)
        self.assertEqual(self.serial(gateway), before)

    def test_tls_is_taken_away_and_added_and_kept_connections_go_on(self):
        gateway = self.guarded()
        kept = http.client.HTTPSConnection("localhost", gateway.admin_port, timeout=PATIENCE, context=self.made.client())
        kept.request("GET", "/livez")
        kept.getresponse().read()
        gateway.write(self.services)
        self.reload(gateway)
        self.assertEqual(gateway.admin("/livez")[0], 200, "in plain text")
        kept.request("GET", "/livez")
        self.assertEqual(kept.getresponse().status, 200)
        kept.close()
        gateway.write(self.services, gateway=self.section())
        gateway.reload()
        self.assertEqual(self.ask(gateway, "/livez")[0], 200)


if __name__ == "__main__":
    unittest.main()
