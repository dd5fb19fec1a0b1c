#!/usr/bin/env python3
"""TLS between clients and the gateway. usage: listener_test.py BINARY OPENSSL NGINX [TEST…]"""
import http.client
import os
import re
import select
import socket
import ssl
import subprocess
import threading
import time
import unittest

from peers import PATIENCE, eventually
from processes import FAILED, OPENSSL, Processes, REQUEST


class Records:
    """A client that has its records in hand before they are sent."""

    def __init__(self, port, context):
        self.plain = socket.create_connection(("localhost", port), timeout=PATIENCE)
        self.came, self.to_send = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.text = b""
        self.tls = context.wrap_bio(self.came, self.to_send, server_hostname="localhost")
        while True:
            try:
                self.tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self.plain.sendall(self.to_send.read())
                self.came.write(self.plain.recv(65_536))
        self.plain.sendall(self.to_send.read())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.plain.close()

    def encrypt(self, text):
        self.tls.write(text)
        return self.to_send.read()

    def send(self, text):
        self.plain.sendall(self.encrypt(text))

    def has_answer(self, seconds):
        """Of plain text, or the end; what belongs to TLS alone is taken."""
        if select.select([self.plain], [], [], seconds)[0]:
            self.came.write(self.plain.recv(65_536))
        try:
            self.text += self.tls.read(65_536)
            return True
        except ssl.SSLWantReadError:
            return False

    def receive(self):
        """All that comes, to the end."""
        text = self.text
        while True:
            try:
                more = self.tls.read(65_536)
            except ssl.SSLWantReadError:
                came = self.plain.recv(65_536)
                self.came.write(came) if came else self.came.write_eof()
                continue
            except ssl.SSLError:
                return text
            if not more:
                return text
            text += more


class Listener(Processes):
    def test_a_client_is_served_and_the_service_is_told_how_it_came(self):
        gateway = self.secure()
        self.assertIn("serves https://", gateway.greeting)
        self.assertEqual(gateway.call("/shop", tls=self.made.client()), (200, b"ok"))
        self.assertEqual(self.shop.requests[0]["x-forwarded-proto"], "https")
        self.assertEqual(gateway.end(), 0, gateway.log())

    def test_large_content_arrives_whole_both_ways(self):
        gateway = self.secure()
        content = os.urandom(12_345_678)
        self.assertEqual(gateway.call("/shop", method="POST", body=content, tls=self.made.client()), (200, content))

    def test_a_connection_is_kept_for_the_next_request(self):
        gateway = self.secure()
        connection = http.client.HTTPSConnection("localhost", gateway.port, timeout=PATIENCE,
                                                 context=self.made.client())
        for _ in range(20):
            connection.request("GET", "/shop")
            self.assertEqual(connection.getresponse().read(), b"ok")
        self.assertEqual(gateway.figure("switchgear_gateway_connections_accepted_total"), 1)
        self.assertEqual(gateway.end(), 0, gateway.log())
        self.assertEqual(connection.sock.recv(1), b"", "an orderly end")
        connection.close()

    def test_a_record_that_takes_long_to_arrive_is_part_of_an_upload_that_moves(self):
        gateway = self.secure(limits=", limits: {body_timeout: 2s, min_body_rate: 500}")
        with Records(gateway.port, self.made.client()) as client:
            client.send(b"POST /shop HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 16000\r\n\r\n")
            record = client.encrypt(b"x" * 16_000)
            for at in range(0, len(record), 400):  # 4,000 bytes a second
                client.plain.sendall(record[at:at + 400])
                time.sleep(0.1)
            answer = client.receive()
        self.assertTrue(answer.startswith(b"HTTP/1.1 200"), answer[:100])
        self.assertTrue(answer.endswith(b"x" * 16_000))

    def test_a_byte_now_and_then_keeps_no_upload_alive_however_it_is_wrapped(self):
        gateway = self.secure(limits=", limits: {body_timeout: 1s, min_body_rate: 1000}")
        with Records(gateway.port, self.made.client()) as client:
            client.send(b"POST /shop HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n")
            end = time.monotonic() + PATIENCE
            while not client.has_answer(0.1) and time.monotonic() < end:
                client.send(b"x")
            answer = client.receive()
        self.assertTrue(answer.startswith(b"HTTP/1.1 408"), answer[:100])

    def test_openssls_client_speaks_both_versions(self):
        gateway = self.secure()
        for version in ("-tls1_2", "-tls1_3"):
            said, code = self.s_client(gateway, version, "-alpn", "h2,http/1.1")
            self.assertEqual(code, 0, said)
            self.assertIn("HTTP/1.1 200 OK", said)
            self.assertIn("ALPN protocol: http/1.1", said)
            self.assertIn("Verify return code: 0 (ok)", said)

    def test_a_session_is_resumed(self):
        gateway = self.secure()
        for version in ("-tls1_2", "-tls1_3"):
            said, _ = self.s_client(gateway, version, "-sess_out", self.made.file("session"))
            self.assertIn("New, TLSv1", said)
            said, _ = self.s_client(gateway, version, "-sess_in", self.made.file("session"))
            self.assertIn("Reused, TLSv1", said)
            self.assertIn("HTTP/1.1 200 OK", said)
        self.assertEqual(gateway.figure('switchgear_gateway_tls_handshakes_total{kind="full"}'), 2)
        self.assertEqual(gateway.figure('switchgear_gateway_tls_handshakes_total{kind="resumed"}'), 2)

    def test_the_name_that_a_client_asks_for_chooses_the_certificate(self):
        self.made.make("pay", "DNS:pay.test,DNS:*.pay.test")
        shop = self.service()
        gateway = self.gateway([("shop", f"http://127.0.0.1:{shop.port}", "")],
                               gateway=f", tls: {{certificates: [{{{self.made.identity()}}}, "
                                       f"{{{self.made.identity('pay')}}}]}}")
        for name, subject in (("localhost", "server"), ("PAY.test", "pay"), ("a.pay.test", "pay"), ("other", "server")):
            said, _ = self.s_client(gateway, "-servername", name)
            self.assertIn(f"subject=CN = {subject}", said, name)
        said, _ = self.s_client(gateway, "-noservername")
        self.assertIn("subject=CN = server", said)

    def test_many_pieces_arrive_though_a_client_reads_slowly(self):
        gateway = self.secure()
        with socket.create_connection(("localhost", gateway.port)) as plain:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            with self.made.client().wrap_socket(plain, server_hostname="localhost") as client:
                content = os.urandom(400_000)
                client.sendall(b"POST /shop HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 400000\r\n\r\n")
                client.sendall(content)
                got = b""
                while piece := client.recv(1000):
                    got += piece
        self.assertEqual(got.split(b"\r\n\r\n", 1)[1], content)


class Handshakes(Processes):
    def test_plain_text_is_closed_counted_and_logged(self):
        gateway = self.secure()
        with socket.create_connection(("localhost", gateway.port)) as client:
            client.sendall(REQUEST)
            self.assertTrue(self.ends(client))
        gateway.logs("a client: TLS: it sent plain text where TLS is expected")
        self.assertEqual(gateway.figure(FAILED + '{reason="plain_text"}'), 1)
        self.assertEqual(gateway.call("/shop", tls=self.made.client())[0], 200)

    def test_a_client_that_says_nothing_or_half_a_hello_is_closed(self):
        gateway = self.secure(limits=", limits: {handshake_timeout: 300ms}")
        silent = socket.create_connection(("localhost", gateway.port))
        slow = socket.create_connection(("localhost", gateway.port))
        with silent, slow:
            slow.sendall(b"\x16\x03\x01\x02\x00\x01\x00")
            self.assertTrue(self.ends(silent))
            self.assertTrue(self.ends(slow))
        gateway.logs("a client: TLS: its handshake was not done in time")
        self.assertEqual(gateway.figure(FAILED + '{reason="timeout"}'), 2)
        self.assertEqual(gateway.figure("switchgear_gateway_connections"), 0)

    def test_silent_clients_hold_no_place_for_others(self):
        gateway = self.secure(limits=", limits: {connections: 3, handshake_timeout: 1h}")
        crowd = [socket.create_connection(("localhost", gateway.port)) for _ in range(20)]
        try:
            self.assertEqual(gateway.call("/shop", tls=self.made.client())[0], 200)
        finally:
            for one in crowd:
                one.close()

    def test_an_older_version_is_refused(self):
        gateway = self.secure(tls=', minimum: "1.3"')
        said, _ = self.s_client(gateway, "-tls1_2")
        self.assertIn("alert protocol version", said)
        said, _ = self.s_client(gateway, "-tls1_3")
        self.assertIn("HTTP/1.1 200 OK", said)
        gateway.logs("it has no version, cipher or protocol in common with the gateway")
        self.assertEqual(gateway.figure(FAILED + '{reason="protocol"}'), 1)

    def test_a_client_that_speaks_only_http2_is_told_so(self):
        gateway = self.secure()
        said, _ = self.s_client(gateway, "-alpn", "h2")
        self.assertIn("no application protocol", said)
        self.assertEqual(gateway.figure(FAILED + '{reason="protocol"}'), 1)

    def test_a_client_that_does_not_trust_the_certificate_is_counted(self):
        self.made.authority("stranger")
        gateway = self.secure()
        with self.assertRaises(ssl.SSLCertVerificationError):
            gateway.call("/shop", tls=self.made.client(ca="stranger"))
        gateway.logs("it refused the handshake: most likely it does not accept the gateway's certificate")
        self.assertEqual(gateway.figure(FAILED + '{reason="alert"}'), 1)

    def test_renegotiation_is_refused(self):
        gateway = self.secure()
        process = subprocess.Popen([OPENSSL, "s_client", "-connect", f"localhost:{gateway.port}", "-tls1_2"],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            said = b""
            while b"Verify return code" not in said:
                piece = os.read(process.stdout.fileno(), 4096)
                self.assertTrue(piece, said)
                said += piece
            process.stdin.write(b"R\n")
            process.stdin.flush()
            said += process.communicate(timeout=PATIENCE)[0]
        finally:
            process.kill()
            process.wait()
        self.assertIn(b"no renegotiation", said)
        self.assertEqual(gateway.call("/shop", tls=self.made.client())[0], 200)

    def test_a_gateway_that_ends_does_not_wait_for_a_silent_client(self):
        gateway = self.secure(limits=", limits: {handshake_timeout: 1h, drain_timeout: 60s}")
        with socket.create_connection(("localhost", gateway.port)):
            eventually(lambda: gateway.figure("switchgear_gateway_connections") == 1, "it is connected")
            self.assertEqual(gateway.end(), 0, gateway.log())


class ClientCertificates(Processes):
    def setUp(self):
        super().setUp()
        self.made.make("caller", "DNS:caller.test")
        self.made.make("late", "DNS:late.test", dates=("20200101000000Z", "20200201000000Z"))
        self.made.authority("stranger")
        self.made.make("foreign", "DNS:foreign.test", "stranger")
        self.gate = self.secure(tls=f", client_ca: \"file:{self.made.file('ca.pem')}\"")

    def test_a_client_with_the_wanted_certificate_is_served(self):
        client = self.made.client(identity="caller")
        self.assertEqual(self.gate.call("/shop", tls=client), (200, b"ok"))
        for version in ("-tls1_2", "-tls1_3"):
            said, _ = self.s_client(self.gate, version, "-cert", self.made.file("caller.pem"), "-key",
                                    self.made.file("caller.key"), "-sess_out", self.made.file("session"))
            self.assertIn("HTTP/1.1 200 OK", said)
            said, _ = self.s_client(self.gate, version, "-sess_in", self.made.file("session"))
            self.assertIn("Reused, TLSv1", said)
            self.assertIn("HTTP/1.1 200 OK", said)

    def resumed(self, gateway, version, identity, session):
        """Whether `gateway` goes on with the session in that file, and serves. The file gets the next ticket."""
        file = self.made.file(session)
        said, _ = self.s_client(gateway, version, *self.shown(identity), "-sess_in", file, "-sess_out", file)
        self.assertEqual("Reused, TLSv1" in said, "HTTP/1.1 200 OK" in said, said)
        return "Reused, TLSv1" in said

    def shown(self, identity):
        above = ("-cert_chain", self.made.file("middle.pem")) if identity == "below" else ()
        return "-cert", self.made.file(f"{identity}.pem"), "-key", self.made.file(f"{identity}.key"), *above

    def test_a_session_ends_with_the_first_certificate_by_which_its_client_was_trusted(self):
        self.made.make_short("short", 15, names="DNS:short.test")
        self.made.short_authority("middle", 15)
        self.made.make("below", "DNS:below.test", "middle")
        sessions = [(version, identity, version + identity)
                    for version in ("-tls1_2", "-tls1_3") for identity in ("short", "below")]
        for version, identity, session in sessions:
            said, _ = self.s_client(self.gate, version, *self.shown(identity), "-sess_out", self.made.file(session))
            self.assertIn("HTTP/1.1 200 OK", said)
            self.assertLessEqual(int(re.search(r"ticket lifetime hint: (\d+)", said)[1]), 15)
            self.assertTrue(self.resumed(self.gate, version, identity, session))
            self.assertTrue(self.resumed(self.gate, version, identity, session), "by the ticket of a resumed session")
        for identity in ("short", "below"):
            eventually(lambda identity=identity: "200 OK" not in self.s_client(self.gate, *self.shown(identity))[0],
                       "it has expired")
        for version, identity, session in sessions:
            self.assertFalse(self.resumed(self.gate, version, identity, session))
        self.gate.logs("a client: TLS: its certificate has expired")

    def test_a_session_ends_with_the_authority_that_its_client_was_trusted_by(self):
        self.made.authority("next")
        for version in ("-tls1_2", "-tls1_3"):
            self.s_client(self.gate, version, *self.shown("caller"), "-sess_out", self.made.file(version))
            self.assertTrue(self.resumed(self.gate, version, "caller", version))
        self.gate.write([("shop", f"http://127.0.0.1:{self.shop.port}", "")],
                        f", tls: {{{self.made.identity()}, client_ca: \"file:{self.made.file('next.pem')}\"}}")
        self.gate.reload()
        for version in ("-tls1_2", "-tls1_3"):
            self.assertFalse(self.resumed(self.gate, version, "caller", version))
        self.gate.logs("is not signed by an authority of client_ca")

    def test_any_other_is_told_why_and_counted(self):
        for identity, reason, alert, words in (
                (None, "certificate_missing", "CERTIFICATE_REQUIRED", "it has shown no certificate"),
                ("late", "certificate_expired", "CERTIFICATE_EXPIRED", "its certificate has expired"),
                ("foreign", "certificate_untrusted", "UNKNOWN_CA", "is not signed by an authority of client_ca")):
            with self.subTest(identity=identity):
                with self.assertRaisesRegex(ssl.SSLError, alert):
                    self.gate.call("/shop", tls=self.made.client(identity=identity))
                self.gate.logs("a client: TLS: ")
                self.gate.logs(words)
                self.assertEqual(self.gate.figure(FAILED + f'{{reason="{reason}"}}'), 1)
        self.assertEqual(self.shop.requests, [])


class ListenerReload(Processes):
    def serial(self, gateway, context):
        with socket.create_connection(("localhost", gateway.port)) as plain:
            with context.wrap_socket(plain, server_hostname="localhost") as client:
                return client.getpeercert()["serialNumber"]

    def test_certificates_rotate_under_load_and_no_request_fails(self):
        gateway = self.secure()
        serials = {self.serial(gateway, self.made.client())}
        ended = threading.Event()
        answers, troubles = [], []

        def load(kept):
            context = self.made.client()
            connection = None
            while not ended.is_set():
                try:
                    if connection is None:
                        connection = http.client.HTTPSConnection("localhost", gateway.port, timeout=PATIENCE,
                                                                 context=context)
                    connection.request("POST", "/shop", body=b"x" * 5000)
                    answer = connection.getresponse()
                    answers.append((answer.status, len(answer.read())))
                    if not kept:
                        connection.close()
                        connection = None
                except Exception as trouble:  # pylint: disable=broad-except
                    troubles.append(repr(trouble))
                    return
            if connection is not None:
                connection.close()

        threads = [threading.Thread(target=load, args=(kept,)) for kept in (True, True, False, False)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(5):
                seen = len(answers)
                self.made.make("server")
                gateway.reload()
                serials.add(self.serial(gateway, self.made.client()))
                eventually(lambda seen=seen: len(answers) > seen + 40 or troubles, "requests go on")
        finally:
            ended.set()
            for thread in threads:
                thread.join()
        self.assertEqual(troubles, [])
        self.assertEqual(set(answers), {(200, 5000)})
        self.assertEqual(len(serials), 6, "each reload showed the new certificate")
        self.assertEqual(gateway.end(), 0, gateway.log())

    def test_a_reload_that_changes_nothing_keeps_sessions(self):
        gateway = self.secure()
        self.s_client(gateway, "-sess_out", self.made.file("session"))
        gateway.reload()
        said, _ = self.s_client(gateway, "-sess_in", self.made.file("session"))
        self.assertIn("Reused, TLSv1", said)
        self.made.make("server")
        gateway.reload()
        said, _ = self.s_client(gateway, "-sess_in", self.made.file("session"))
        self.assertIn("New, TLSv1", said)

    def test_a_bad_certificate_is_refused_and_the_old_one_stays(self):
        gateway = self.secure()
        before = self.serial(gateway, self.made.client())
        with open(self.made.file("server.pem"), "w", encoding="ascii") as file:
            file.write("not a certificate\n")
        status, text = gateway.admin("/reload", "POST")
        self.assertNotEqual(status, 200)
        self.assertIn("holds no certificate in PEM form", text)
        self.assertEqual(self.serial(gateway, self.made.client()), before)

    def test_tls_can_be_taken_away_and_kept_connections_go_on(self):
        gateway = self.secure()
        kept = http.client.HTTPSConnection("localhost", gateway.port, timeout=PATIENCE, context=self.made.client())
        kept.request("GET", "/shop")
        self.assertEqual(kept.getresponse().read(), b"ok")
        gateway.write([("shop", f"http://127.0.0.1:{self.shop.port}", "")])
        gateway.reload()
        self.assertEqual(gateway.call("/shop"), (200, b"ok"))
        kept.request("GET", "/shop")
        self.assertEqual(kept.getresponse().read(), b"ok")
        kept.close()
        self.assertEqual([each["x-forwarded-proto"] for each in self.shop.requests], ["https", "http", "https"])


if __name__ == "__main__":
    unittest.main()
