"""What the tests of TLS start. The programs are the first arguments: BINARY OPENSSL NGINX."""
import subprocess
import sys
import unittest

from peers import PATIENCE, Certificates, Gateway, Raw, Service

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
