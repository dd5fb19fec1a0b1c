"""Real proxies in front of the gateway, and beside it. Arguments: BINARY OPENSSL NGINX STREAM_MODULE HAPROXY [TOPIC]"""
import http.client
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import unittest

from peers import PATIENCE, Certificates, Gateway, Service, eventually

BINARY, OPENSSL, NGINX, STREAM, HAPROXY = (sys.argv.pop(1) for _ in range(5))
TRUSTING = ", trusted_proxies: [\"127.0.0.0/8\"]"
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
V1 = b"PROXY TCP4 203.0.113.9 192.0.2.2 56324 443\r\n"
IPV4 = socket.inet_aton("203.0.113.9") + socket.inet_aton("192.0.2.2") + struct.pack(">HH", 56324, 443)
IPV6 = (socket.inet_pton(socket.AF_INET6, "2001:db8::7") + socket.inet_pton(socket.AF_INET6, "2001:db8::1") +
        struct.pack(">HH", 56324, 443))


def v2(command, family, rest=b""):
    return SIGNATURE + bytes([command, family]) + struct.pack(">H", len(rest)) + rest


def field(kind, value):
    return bytes([kind]) + struct.pack(">H", len(value)) + value


class Proxy:
    """nginx or HAProxy with a configuration in a folder of its own. It inherits its listener, so the system chooses the port."""

    def __init__(self, command, name, text, env):
        self.directory = tempfile.mkdtemp(prefix="switchgear-proxy-")
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        os.set_inheritable(self.listener.fileno(), True)
        file = os.path.join(self.directory, name)
        with open(file, "w", encoding="ascii") as conf:
            conf.write(text(self.listener.fileno(), self.port))
        self.log = open(os.path.join(self.directory, "log"), "w+", encoding="utf-8")
        self.process = subprocess.Popen(command(self.directory, file), close_fds=False, stderr=self.log,
                                        stdout=self.log, env={**os.environ, **env(self.listener.fileno())})
        self.listener.close()

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=PATIENCE)
        self.log.close()
        shutil.rmtree(self.directory, ignore_errors=True)


def haproxy(frontend, rest=""):
    def text(descriptor, _):
        return ("global\n  maxconn 100\ndefaults\n  timeout connect 60s\n  timeout client 60s\n  timeout server 60s\n"
                f"frontend f\n  bind fd@{descriptor} {frontend}\n{rest}")
    return Proxy(lambda _, file: [HAPROXY, "-db", "-f", file], "haproxy.cfg", text, lambda _: {})


def nginx(section):
    def text(_, port):
        return (f"load_module {STREAM};\nuser root; daemon off; worker_processes 1; pid nginx.pid; error_log stderr notice;\n"
                f"events {{}}\n{section.replace('LISTEN', f'127.0.0.1:{port}')}\n")
    return Proxy(lambda folder, file: [NGINX, "-p", folder, "-c", file], "nginx.conf", text,
                 lambda descriptor: {"NGINX": f"{descriptor};"})


PATHS = ("access_log off; client_body_temp_path b; proxy_temp_path p; fastcgi_temp_path f; uwsgi_temp_path u; "
         "scgi_temp_path s;")


class Proxies(unittest.TestCase):
    def started(self, one):
        self.addCleanup(one.close)
        return one

    def gateway(self, keys):
        self.shop = self.started(Service())
        return self.started(Gateway(BINARY, [("shop", f"http://127.0.0.1:{self.shop.port}", "")], gateway=keys))

    def get(self, port, headers=None, source="127.0.0.1", tls=None):
        """What the service gets of a request that is sent to the port."""
        if tls:
            connection = http.client.HTTPSConnection("localhost", port, timeout=PATIENCE, context=tls,
                                                     source_address=(source, 0))
        else:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE, source_address=(source, 0))
        try:
            connection.request("GET", "/shop", headers=headers or {})
            answer = connection.getresponse()
            answer.read()
            self.assertEqual(answer.status, 200)
        finally:
            connection.close()
        return self.shop.requests[-1]


class UnixSockets(Proxies):
    """Proxies that reach the gateway through a Unix socket."""

    def setUp(self):
        folder = tempfile.mkdtemp(prefix="switchgear-unix-")
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        self.path = os.path.join(folder, "s.sock")

    def gateway(self, keys):
        self.shop = self.started(Service())
        return self.started(Gateway(BINARY, [("shop", f"http://127.0.0.1:{self.shop.port}", "")], listen=(),
                                    gateway=f", listen: [\"127.0.0.1:0\", {{address: \"unix:{self.path}\", "
                                            f"mode: \"0666\"}}]{keys}"))

    def test_nginx_is_believed_and_passes_on_who_the_client_is(self):
        gateway = self.gateway(", trusted_proxies: [unix]")
        proxy = self.started(nginx(f"http {{ {PATHS} server {{ listen LISTEN; location / {{\n"
                                   f"proxy_pass http://unix:{self.path}:; proxy_set_header Host $http_host;\n"
                                   "proxy_set_header X-Forwarded-Proto https;\n"
                                   "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; } } }"))
        seen = self.get(proxy.port, {"X-Forwarded-For": "6.6.6.6"}, source="127.0.0.9")
        self.assertEqual(seen["x-forwarded-for"], "6.6.6.6, 127.0.0.9", "the socket has no address to be added")
        self.assertEqual(seen["x-forwarded-proto"], "https")
        seen = self.get(gateway.port, {"X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "https"})
        self.assertEqual((seen["x-forwarded-for"], seen["x-forwarded-proto"]), ("127.0.0.1", "http"),
                         "who connects to the port is a stranger")

    def test_haproxy_names_its_clients_in_a_header_of_the_protocol(self):
        self.gateway(", trusted_proxies: [unix], proxy_protocol: true")
        for how in ("send-proxy", "send-proxy-v2"):
            with self.subTest(how=how):
                proxy = self.started(haproxy("", "  mode tcp\n  default_backend b\nbackend b\n  mode tcp\n"
                                                 f"  server s unix@{self.path} {how}\n"))
                seen = self.get(proxy.port, {"X-Forwarded-For": "6.6.6.6"}, source="127.0.0.9")
                self.assertEqual(seen["x-forwarded-for"], "127.0.0.9", "a client of HAProxy's is a stranger")


class HaproxyInFront(Proxies):
    def passing(self, gateway, how, mode="tcp"):
        return self.started(haproxy("", f"  mode {mode}\n  default_backend b\nbackend b\n  mode {mode}\n"
                                        f"  server s 127.0.0.1:{gateway.port} {how}\n"))

    def test_its_clients_are_known_by_both_versions_of_the_protocol(self):
        gateway = self.gateway(TRUSTING + ", proxy_protocol: true")
        for how in ("send-proxy", "send-proxy-v2", "send-proxy-v2 proxy-v2-options crc32c,unique-id"):
            with self.subTest(how=how):
                proxy = self.passing(gateway, how)
                seen = self.get(proxy.port, {"X-Forwarded-Port": "1"}, source="127.0.0.9")
                # 127.0.0.9 is a trusted proxy as well, so what it says is believed.
                self.assertEqual((seen["x-forwarded-for"], seen["x-forwarded-port"]), ("127.0.0.9", "1"))
        self.assertEqual(gateway.figure("switchgear_gateway_proxy_headers_total"), 3)

    def test_a_stranger_behind_it_is_not_believed(self):
        gateway = self.gateway(", trusted_proxies: [127.0.0.1], proxy_protocol: true")
        proxy = self.passing(gateway, "send-proxy-v2")
        seen = self.get(proxy.port, {"X-Forwarded-For": "6.6.6.6", "X-Forwarded-Port": "1"}, source="127.0.0.9")
        self.assertEqual((seen["x-forwarded-for"], seen["x-forwarded-port"]), ("127.0.0.9", str(proxy.port)))

    def test_its_header_comes_before_tls(self):
        made = Certificates(OPENSSL)
        self.addCleanup(made.remove)
        gateway = self.gateway(f", trusted_proxies: [127.0.0.1], proxy_protocol: true, tls: {{{made.identity()}}}")
        for how in ("send-proxy", "send-proxy-v2"):
            with self.subTest(how=how):
                proxy = self.passing(gateway, how)
                seen = self.get(proxy.port, source="127.0.0.9", tls=made.client())
                self.assertEqual((seen["x-forwarded-for"], seen["x-forwarded-proto"]), ("127.0.0.9", "https"))

    def test_its_health_checks_speak_for_itself(self):
        gateway = self.gateway(", trusted_proxies: [127.0.0.1], proxy_protocol: true")
        for how in ("send-proxy", "send-proxy-v2"):
            with self.subTest(how=how):
                before = gateway.figure("switchgear_gateway_proxy_headers_total")
                self.passing(gateway, f"{how} check check-send-proxy inter 100ms")
                eventually(lambda: gateway.figure("switchgear_gateway_proxy_headers_total") >= before + 3,
                           "three checks are taken")
        self.assertIsNone(gateway.figure('switchgear_gateway_proxy_header_failures_total{reason="malformed"}'))

    def test_its_fields_are_believed(self):
        gateway = self.gateway(", trusted_proxies: [127.0.0.1]")
        proxy = self.started(haproxy("", "  mode http\n  option forwardfor\n  http-request set-header X-Forwarded-Proto https\n"
                                         "  default_backend b\nbackend b\n  mode http\n"
                                         f"  server s 127.0.0.1:{gateway.port}\n"))
        seen = self.get(proxy.port, {"X-Forwarded-For": "6.6.6.6"}, source="127.0.0.9")
        self.assertEqual(seen["x-forwarded-for"], "6.6.6.6, 127.0.0.9, 127.0.0.1", "HAProxy adds a line of its own")
        self.assertEqual(seen["x-forwarded-proto"], "https")


class NginxInFront(Proxies):
    def test_its_clients_are_known_by_the_protocol(self):
        gateway = self.gateway(", trusted_proxies: [127.0.0.1], proxy_protocol: true")
        proxy = self.started(nginx("stream { access_log off; server { listen LISTEN; "
                                   f"proxy_pass 127.0.0.1:{gateway.port}; proxy_protocol on; }} }}"))
        self.assertEqual(self.get(proxy.port, source="127.0.0.9")["x-forwarded-for"], "127.0.0.9")

    def test_its_fields_are_believed(self):
        gateway = self.gateway(", trusted_proxies: [127.0.0.1]")
        proxy = self.started(nginx(f"http {{ {PATHS} server {{ listen LISTEN; location / {{ "
                                   f"proxy_pass http://127.0.0.1:{gateway.port}; "
                                   "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; "
                                   "proxy_set_header X-Forwarded-Proto https; proxy_set_header X-Forwarded-Host $host; } } }"))
        seen = self.get(proxy.port, {"X-Forwarded-For": "6.6.6.6", "Host": "shop.example"}, source="127.0.0.9")
        self.assertEqual(seen["x-forwarded-for"], "6.6.6.6, 127.0.0.9, 127.0.0.1")
        self.assertEqual((seen["x-forwarded-proto"], seen["x-forwarded-host"]), ("https", "shop.example"))


class BesideOthers(Proxies):
    """The same bytes to the gateway, nginx and HAProxy."""

    GOOD = {
        "v1, IPv4": (V1, "203.0.113.9"),
        "v1, IPv6": (b"PROXY TCP6 2001:db8::7 2001:db8::1 56324 443\r\n", "2001:db8::7"),
        "v2, IPv4": (v2(0x21, 0x11, IPV4), "203.0.113.9"),
        "v2, IPv6": (v2(0x21, 0x21, IPV6), "2001:db8::7"),
        "v2, with fields": (v2(0x21, 0x11, IPV4 + field(1, b"http/1.1") + field(4, b"\0" * 9)), "203.0.113.9"),
    }
    BAD = {
        "none": b"",
        "v1, lower case": V1.lower(),
        "v1, no port": b"PROXY TCP4 203.0.113.9 192.0.2.2 56324\r\n",
        "v1, too long": b"PROXY TCP4 " + b"1" * 200 + b"\r\n",
        "v1, no address": b"PROXY TCP4 localhost 192.0.2.2 56324 443\r\n",
        "v1, port out of range": b"PROXY TCP4 203.0.113.9 192.0.2.2 56324 65536\r\n",
        "v2, version 3": v2(0x31, 0x11, IPV4),
        "v2, too short": v2(0x21, 0x11, IPV4[:-1]),
        "TLS": b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03",
    }

    def setUp(self):
        gateway = self.gateway(", trusted_proxies: [127.0.0.1], proxy_protocol: true")
        nginx_peer = self.started(nginx(f"http {{ {PATHS} server {{ listen LISTEN proxy_protocol; "
                                        "location / { return 200 $proxy_protocol_addr; } } }"))
        haproxy_peer = self.started(haproxy("accept-proxy", "  mode http\n  http-request return status 200 "
                                                            "content-type text/plain lf-string \"%[src]\"\n"))
        self.ports = {"gateway": gateway.port, "nginx": nginx_peer.port, "haproxy": haproxy_peer.port}

    def client_seen(self, name, header):
        """Whom the receiver takes for the client; None if it refuses."""
        with socket.create_connection(("127.0.0.1", self.ports[name]), timeout=PATIENCE) as connection:
            try:
                connection.sendall(header + b"GET /shop HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                answer = b""
                while part := connection.recv(4096):
                    answer += part
            except (ConnectionResetError, BrokenPipeError):
                answer = b""
        if not answer.startswith(b"HTTP/1.1 200"):
            return None
        return self.shop.requests[-1]["x-forwarded-for"] if name == "gateway" else re.split(rb"\r\n\r\n", answer)[1].decode()

    def test_all_three_name_the_same_client(self):
        for what, (header, client) in self.GOOD.items():
            with self.subTest(what=what):
                self.assertEqual({name: self.client_seen(name, header) for name in self.ports},
                                 dict.fromkeys(self.ports, client))

    def test_the_gateway_takes_nothing_that_one_of_the_others_refuses(self):
        for what, header in self.BAD.items():
            with self.subTest(what=what):
                seen = {name: self.client_seen(name, header) for name in self.ports}
                self.assertIsNone(seen["gateway"])
                self.assertIn(None, (seen["nginx"], seen["haproxy"]), "or it is not malformed")


if __name__ == "__main__":
    unittest.main()
