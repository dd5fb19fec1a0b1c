#!/usr/bin/env python3
"""TLS between the gateway and services. usage: upstream_test.py BINARY OPENSSL NGINX [TEST…]"""
import gzip
import http.client
import json
import os
import re
import socket
import ssl
import subprocess
import unittest

from peers import PATIENCE, Apache, Nginx, eventually
from processes import NGINX, OPENSSL, Processes


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

    def test_a_session_ends_with_the_certificate_that_the_service_has_shown(self):
        self.made.make_short("short", 12)
        gateways = []
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = self.made.server("short")
            context.maximum_version = version
            shop = self.service(context, answer_once=True)
            gateways.append(self.before(shop))
            for _ in range(4):
                self.assertEqual(gateways[-1].call("/shop"), (200, b"ok"))
            self.assertTrue(any(reused for _, _, reused in shop.connections))
        for gateway in gateways:
            # A thread that resumed its session would go on for as long as the service lets it.
            eventually(lambda gateway=gateway: gateway.call("/shop")[0] == 502, "it has expired")
            for _ in range(8):
                status, detail = gateway.call("/shop")
                self.assertEqual(status, 502)
                self.assertIn(b"the service's certificate has expired", detail)

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


class ChecksOfHealth(Processes):
    def checked(self, service, tls="", plain="", port=None):
        """A gateway that checks `service` all the time; returns a question for the check's status."""
        own = f", port: {port}" if port else ""
        check = f", health_check: {{http: {{path: /shop{plain}}}{own}, interval: 20ms, jitter: 0}}"
        gateway = self.before(service, tls, more=check)
        where = f'service="shop",address="localhost:{service.port}"'
        return lambda status: gateway.figure(f'switchgear_health_check_status{{{where},status="{status}"}}') == 1

    def test_a_service_that_is_called_by_https_is_checked_by_https_and_with_the_name_that_is_expected(self):
        self.made.make("inside", "DNS:shop.internal")
        shop = self.service(self.made.server("inside"))
        is_now = self.checked(shop, ", server_name: shop.internal")
        eventually(lambda: is_now("healthy"), "the check goes well")
        self.assertEqual(shop.connections[0][0], "shop.internal")

    def test_a_certificate_that_calls_would_refuse_is_a_bad_result(self):
        self.made.make("elsewhere", "DNS:elsewhere.test")
        shop = self.service(self.made.server("elsewhere"))
        is_now = self.checked(shop)
        eventually(lambda: is_now("unhealthy"), "the check goes badly")
        self.assertEqual(shop.requests, [])

    def test_a_port_of_its_own_can_be_asked_in_plain_text(self):
        shop = self.service(self.made.server())
        probe = self.service()
        is_now = self.checked(shop, plain=", plain: true", port=probe.port)
        eventually(lambda: is_now("healthy"), "the check goes well")
        self.assertEqual(shop.connections, [])


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

    def test_apache_serves_kept_connections_ranges_and_compressed_pages(self):
        apache = Apache(os.environ["APACHE"], self.made)
        self.addCleanup(apache.close)
        gateway = self.before(apache, policy="{timeout: 60s, circuit_breaker: {consecutive_failures: 1}}")
        large = bytes(range(256)) * 8192
        for _ in range(12):
            self.assertEqual(gateway.call("/shop/large"), (200, large))
        self.assertEqual(gateway.call("/shop/large", headers={"Range": "bytes=1000-2999"}), (206, large[1000:3000]))
        status, packed = gateway.call("/shop/page.html", headers={"Accept-Encoding": "gzip"})
        self.assertEqual((status, gzip.decompress(packed)), (200, b"<p>apples</p>\n" * 1000))
        self.assertEqual(gateway.call("/shop/large", method="HEAD"), (200, b""))
        self.assertEqual(gateway.call("/shop/none")[0], 404)
        for _ in range(5):
            self.assertIn(gateway.call("/shop/large", method="PURGE")[0], (405, 501))
        self.assertEqual(gateway.call("/shop/large"), (200, large), "the breaker is closed")

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
