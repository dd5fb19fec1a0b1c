#!/usr/bin/env python3
"""TLS on both sides of the gateway. usage: tls_test.py BINARY OPENSSL NGINX [TEST…]"""
import http.client
import json
import os
import re
import socket
import ssl
import subprocess
import sys
import threading
import unittest

from peers import PATIENCE, Certificates, Gateway, Nginx, Raw, Service, eventually

BINARY, OPENSSL, NGINX = (sys.argv.pop(1) for _ in range(3))
FAILED = "switchgear_gateway_tls_handshake_failures_total"
REQUEST = b"GET /shop HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


class Processes(unittest.TestCase):
    """What a test starts ends with it."""

    def setUp(self):
        self.made = Certificates(OPENSSL)
        self.addCleanup(self.made.remove)

    def service(self, context=None, **more):
        service = Service(context, **more)
        self.addCleanup(service.close)
        return service

    def raw(self, serve):
        raw = Raw(serve)
        self.addCleanup(raw.close)
        return raw

    def gateway(self, services, **more):
        gateway = Gateway(BINARY, services, **more)
        self.addCleanup(gateway.close)
        return gateway

    def secure(self, tls="", limits="", **more):
        """A gateway whose listener has TLS, before a plain service `shop`."""
        self.shop = self.service()
        return self.gateway([("shop", f"http://127.0.0.1:{self.shop.port}", "")],
                            gateway=f", tls: {{{self.made.identity()}{tls}}}{limits}", **more)

    def before(self, service, tls="", host="localhost", more="", **rest):
        """A plain gateway before a service that is called by https."""
        return self.gateway([("shop", f"https://{host}:{service.port}",
                              f", tls: {{{self.made.trusted()}{tls}}}{more}")], **rest)

    def s_client(self, gateway, *words, text=REQUEST):
        """What `openssl s_client` prints, and its exit code."""
        process = subprocess.run([OPENSSL, "s_client", "-connect", f"localhost:{gateway.port}", "-CAfile",
                                  self.made.file("ca.pem"), "-verify_return_error", "-ign_eof", *words], input=text,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE, check=False)
        return process.stdout.decode(errors="replace"), process.returncode

    def ends(self, connection):
        """Whether the peer closes; what it says before does not matter."""
        connection.settimeout(PATIENCE)
        try:
            while connection.recv(4096):
                pass
        except ConnectionResetError:
            pass
        return True


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

    def test_any_other_is_told_why_and_counted(self):
        for identity, reason, alert, words in (
                (None, "certificate_missing", "CERTIFICATE_REQUIRED", "it has shown no certificate"),
                ("late", "certificate_expired", "CERTIFICATE_EXPIRED", "its certificate has expired"),
                ("foreign", "certificate_untrusted", "UNKNOWN_CA", "is not signed by an authority of gateway.tls")):
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


class Upstream(Processes):
    def test_a_service_is_called_by_https(self):
        shop = self.service(self.made.server())
        gateway = self.before(shop)
        client = http.client.HTTPConnection("localhost", gateway.port, timeout=PATIENCE)
        self.addCleanup(client.close)
        for _ in range(3):
            client.request("GET", "/shop")
            self.assertEqual(client.getresponse().read(), b"ok")
        self.assertEqual(shop.connections, [("localhost", "http/1.1", False)], "one connection, kept")
        self.assertEqual(shop.requests[0]["x-forwarded-proto"], "http")

    def test_large_content_arrives_whole_through_both_sides(self):
        shop = self.service(self.made.server())
        gateway = self.gateway(
            [("shop", f"https://localhost:{shop.port}", f", tls: {{{self.made.trusted()}}}")],
            gateway=f", tls: {{{self.made.identity()}}}")
        content = os.urandom(12_345_678)
        self.assertEqual(gateway.call("/shop", method="POST", body=content, tls=self.made.client()), (200, content))

    def test_sessions_are_resumed(self):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = self.made.server()
            context.maximum_version = version
            shop = self.service(context, answer_once=True)
            gateway = self.before(shop)
            for _ in range(8):
                self.assertEqual(gateway.call("/shop"), (200, b"ok"))
            resumed = [reused for _, _, reused in shop.connections]
            self.assertEqual(len(resumed), 8)
            self.assertGreaterEqual(sum(resumed), 6, "each thread of the gateway has a session of its own")

    def test_a_service_that_ends_an_idle_connection_is_connected_to_again(self):
        def serve(connection):
            with self.made.server().wrap_socket(connection, server_side=True) as secure:
                secure.recv(4096)
                secure.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                secure.unwrap()
        gateway = self.before(self.raw(serve))
        idle = 'switchgear_gateway_pool_connections{service="shop",state="idle"}'
        for _ in range(10):
            self.assertEqual(gateway.call("/shop", method="POST", body=b"once"), (200, b"ok"))
            eventually(lambda: gateway.figure(idle) == 0, "the connection is dropped")

    def test_content_until_the_end_is_whole_only_if_the_end_is_told(self):
        def serve(connection):
            with self.made.server().wrap_socket(connection, server_side=True) as secure:
                told = b"/told" in secure.recv(4096)
                secure.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall of it")
                if told:
                    secure.unwrap()
                else:
                    secure.shutdown(socket.SHUT_RDWR)
        gateway = self.before(self.raw(serve))
        self.assertEqual(gateway.call("/shop/told"), (200, b"all of it"))
        with self.assertRaises((http.client.IncompleteRead, ConnectionResetError, http.client.HTTPException)):
            gateway.call("/shop/cut")
        gateway.logs("the service broke off its answer")

    def test_the_name_to_expect_can_be_given(self):
        self.made.make("inside", "DNS:shop.internal")
        shop = self.service(self.made.server("inside"))
        gateway = self.before(shop, ", server_name: shop.internal")
        self.assertEqual(gateway.call("/shop"), (200, b"ok"))
        self.assertEqual(shop.connections[0][0], "shop.internal")

    def test_an_address_is_expected_in_the_certificate_and_not_sent_as_a_name(self):
        shop = self.service(self.made.server())
        gateway = self.before(shop, host="127.0.0.1")
        self.assertEqual(gateway.call("/shop"), (200, b"ok"))
        self.assertEqual(shop.connections[0][0], None)

    def test_a_reload_that_trusts_another_authority_makes_new_connections(self):
        shop = self.service(self.made.server())
        gateway = self.before(shop)
        self.assertEqual(gateway.call("/shop"), (200, b"ok"))
        gateway.reload()
        self.assertEqual(gateway.call("/shop"), (200, b"ok"))
        self.assertLessEqual(len(shop.connections), 2, "one for each thread")
        self.made.authority("stranger")
        gateway.write([("shop", f"https://localhost:{shop.port}", f", tls: {{{self.made.trusted('stranger')}}}")])
        gateway.reload()
        self.assertEqual(gateway.call("/shop")[0], 502)

    def test_a_services_certificate_rotates_and_no_request_fails(self):
        shop = self.service(self.made.server(), answer_once=True)
        gateway = self.before(shop)
        for _ in range(5):
            self.made.make("server")
            shop.context.load_cert_chain(self.made.file("server.pem"), self.made.file("server.key"))
            for _ in range(5):
                self.assertEqual(gateway.call("/shop"), (200, b"ok"))


class BadUpstreams(Processes):
    def refused(self, gateway, status, error, detail):
        connection = http.client.HTTPConnection("localhost", gateway.port, timeout=PATIENCE)
        self.addCleanup(connection.close)
        connection.request("GET", "/shop")
        answer = connection.getresponse()
        text = answer.read()
        self.assertEqual(answer.status, status, text)
        self.assertIn(f"error={error}", answer.headers["Proxy-Status"])
        self.assertEqual(json.loads(text)["detail"], detail)
        gateway.logs(f"{status}: {detail}")
        self.assertEqual(gateway.figure('switchgear_failures_total{service="shop",type="connection_error"}') or
                         gateway.figure('switchgear_failures_total{service="shop",type="timeout"}'), 1)

    def test_each_bad_certificate_has_its_words(self):
        self.made.make("late", dates=("20200101000000Z", "20200201000000Z"))
        self.made.make("early", dates=("20990101000000Z", "21000101000000Z"))
        self.made.make("elsewhere", "DNS:elsewhere.test")
        self.made.authority("stranger")
        self.made.make("foreign", authority="stranger")
        for name, detail in (("late", "the service's certificate has expired"),
                             ("early", "the service's certificate is not valid yet"),
                             ("elsewhere", "the service's certificate is for another name"),
                             ("foreign", "the service's certificate is not signed by an authority that the gateway "
                                         "trusts")):
            with self.subTest(certificate=name):
                shop = self.service(self.made.server(name))
                self.refused(self.before(shop), 502, "tls_certificate_error", detail)
                self.assertEqual(shop.requests, [])

    def test_the_systems_authorities_do_not_know_a_certificate_of_ours(self):
        shop = self.service(self.made.server())
        gateway = self.gateway([("shop", f"https://localhost:{shop.port}", "")])
        self.refused(gateway, 502, "tls_certificate_error",
                     "the service's certificate is not signed by an authority that the gateway trusts")

    def test_nothing_is_verified_if_nothing_is_to_be(self):
        self.made.make("elsewhere", "DNS:elsewhere.test", dates=("20200101000000Z", "20200201000000Z"))
        shop = self.service(self.made.server("elsewhere"))
        self.assertEqual(self.before(shop, ", verify: none").call("/shop"), (200, b"ok"))

    def test_a_service_that_speaks_plain_text(self):
        self.refused(self.before(self.service()), 502, "tls_protocol_error",
                     "the service does not speak TLS: it answered in plain text")

    def test_a_service_that_says_nothing(self):
        silent = self.raw(lambda connection: silent.ended.wait(PATIENCE))
        gateway = self.before(silent, more=", connections: {connect_timeout: 300ms}")
        self.refused(gateway, 504, "connection_timeout",
                     "the service took the connection, and did not finish the TLS handshake in time")

    def test_a_service_that_closes(self):
        def close(connection):
            connection.recv(4096)
        self.refused(self.before(self.raw(close)), 502, "tls_protocol_error",
                     "the service closed the connection during the TLS handshake")

    def test_versions_without_an_overlap(self):
        context = self.made.server()
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        self.refused(self.before(self.service(context), ', minimum: "1.3"'), 502, "tls_protocol_error",
                     "the service and the gateway have no TLS version, cipher or protocol in common")

    def test_a_breaker_opens_because_of_them(self):
        gateway = self.before(self.service(), policy="{timeout: 60s, circuit_breaker: {consecutive_failures: 2, "
                                                     "open_duration: 1h}}")
        self.assertEqual([gateway.call("/shop")[0] for _ in range(3)], [502, 502, 503])
        _, text = gateway.admin("/circuit-breakers/shop")
        self.assertEqual(json.loads(text)["state"], "open")

    def test_a_retry_repeats_them(self):
        tries = []

        def serve(connection):
            tries.append(1)
            if len(tries) < 3:
                connection.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n")
                return
            with self.made.server().wrap_socket(connection, server_side=True) as secure:
                secure.recv(4096)
                secure.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                secure.unwrap()
        gateway = self.before(self.raw(serve), policy="{timeout: 60s, retry: {max_attempts: 3, base: 1ms}}")
        self.assertEqual(gateway.call("/shop"), (200, b"ok"))


class UpstreamClientCertificate(Processes):
    def setUp(self):
        super().setUp()
        self.made.make("gateway", "DNS:gateway.test")

    def contexts(self):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = self.made.server(client_ca="ca")
            context.maximum_version = version
            yield context

    def test_a_service_that_asks_gets_the_gateways(self):
        for context in self.contexts():
            gateway = self.before(self.service(context), f", {self.made.identity('gateway')}")
            self.assertEqual(gateway.call("/shop"), (200, b"ok"))

    def test_a_service_that_asks_and_gets_none_refuses(self):
        for context in self.contexts():
            gateway = self.before(self.service(context))
            status, text = gateway.call("/shop")
            self.assertEqual(status, 502)
            self.assertEqual(json.loads(text)["detail"],
                             "the service refused TLS with an alert; it may not accept the gateway's certificate")


class Peers(Processes):
    def test_nginx_serves_kept_connections_and_a_large_file(self):
        nginx = Nginx(NGINX, self.made)
        self.addCleanup(nginx.close)
        gateway = self.before(nginx)
        for _ in range(12):
            status, content = gateway.call("/shop/large")
            self.assertEqual((status, content), (200, bytes(range(256)) * 8192))
        self.assertEqual(gateway.call("/shop/none")[0], 404)

    def test_openssls_server_is_a_service(self):
        server = subprocess.Popen([OPENSSL, "s_server", "-accept", "127.0.0.1:0", "-www", "-cert",
                                   self.made.file("server.pem"), "-key", self.made.file("server.key")],
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            said = b""
            while not (accepts := re.search(rb"ACCEPT 127\.0\.0\.1:(\d+)\n", said)):
                said += os.read(server.stdout.fileno(), 4096)
            port = int(accepts[1])
            gateway = self.gateway([("shop", f"https://127.0.0.1:{port}", f", tls: {{{self.made.trusted()}}}")])
            status, text = gateway.call("/shop")
            self.assertEqual(status, 200)
            self.assertIn(b"TLSv1.3", text)
        finally:
            server.kill()
            server.wait()
            server.stdout.close()

    def test_a_gateway_is_a_service_of_a_gateway(self):
        back = self.secure(tls=f", client_ca: \"file:{self.made.file('ca.pem')}\"")
        self.made.make("front", "DNS:front.test")
        front = self.before(back, f", {self.made.identity('front')}")
        content = os.urandom(1_000_000)
        self.assertEqual(front.call("/shop", method="POST", body=content), (200, content))


if __name__ == "__main__":
    unittest.main()
