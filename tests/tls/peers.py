"""The processes and the peers of a test: certificates, the gateway, services, clients. Each is ended by what started it."""
import http.client
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PATIENCE = 60  # seconds; a test that passes never comes near it
HERE = "DNS:localhost,IP:127.0.0.1"


def eventually(so, what):
    """Asks again and again until it is so, and gives what it was."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if (found := so()):
            return found
        time.sleep(0.02)
    raise AssertionError(f"never: {what}")


class Certificates:
    """In a folder of their own: NAME.pem and NAME.key."""

    KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]

    def __init__(self, openssl):
        self.openssl = openssl
        self.folder = tempfile.mkdtemp(prefix="switchgear-tls-")
        self.authority("ca")
        self.make("server")

    def file(self, name):
        return os.path.join(self.folder, name)

    def run(self, *words):
        subprocess.run([self.openssl, *words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def authority(self, name):
        self.run("req", "-x509", "-days", "3650", "-subj", f"/CN={name}", *self.KEY, "-addext", "keyUsage=keyCertSign",
                 "-keyout", self.file(f"{name}.key"), "-out", self.file(f"{name}.pem"))
        self.signs(name)

    def signs(self, name):
        with open(self.file(f"{name}.index"), "w", encoding="ascii"):
            pass
        with open(self.file(f"{name}.conf"), "w", encoding="ascii") as conf:
            conf.write(f"[ca]\ndefault_ca = a\n[a]\ndatabase = {self.file(name + '.index')}\n"
                       f"new_certs_dir = {self.folder}\ncertificate = {self.file(name + '.pem')}\n"
                       f"private_key = {self.file(name + '.key')}\ndefault_md = sha256\npolicy = p\n"
                       "unique_subject = no\nrand_serial = yes\ncopy_extensions = copy\n[p]\ncommonName = supplied\n")

    def make(self, name, names=HERE, authority="ca", dates=("20200101000000Z", "21000101000000Z"), more=()):
        self.run("req", "-new", "-subj", f"/CN={name}", *self.KEY, "-addext", f"subjectAltName={names}", *more,
                 "-keyout", self.file(f"{name}.new"), "-out", self.file(f"{name}.csr"))
        self.run("ca", "-batch", "-notext", "-config", self.file(f"{authority}.conf"), "-startdate", dates[0],
                 "-enddate", dates[1], "-in", self.file(f"{name}.csr"), "-out", self.file(f"{name}.pem"))
        os.replace(self.file(f"{name}.new"), self.file(f"{name}.key"))

    def make_short(self, name, seconds, **more):
        """Valid for so long from now."""
        end = time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + seconds))
        self.make(name, dates=("20200101000000Z", end), **more)

    def short_authority(self, name, seconds):
        """Between `ca` and those that it signs."""
        self.make_short(name, seconds, more=("-addext", "basicConstraints=critical,CA:TRUE"))
        self.signs(name)

    def identity(self, name="server"):
        return f"certificate: \"file:{self.file(name + '.pem')}\", key: \"file:{self.file(name + '.key')}\""

    def trusted(self, name="ca"):
        return f"ca: \"file:{self.file(name + '.pem')}\""

    def server(self, name="server", client_ca=None):
        """A context of Python's for a server."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.file(f"{name}.pem"), self.file(f"{name}.key"))
        if client_ca:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.file(f"{client_ca}.pem"))
        return context

    def client(self, ca="ca", identity=None, alpn=("http/1.1",)):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(self.file(f"{ca}.pem"))
        if identity:
            context.load_cert_chain(self.file(f"{identity}.pem"), self.file(f"{identity}.key"))
        if alpn:
            context.set_alpn_protocols(list(alpn))
        return context

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)


class Service:
    """Echoes the content of a request, or says `ok`; keeps its headers. Plain without a context."""

    def __init__(self, context=None, answer_once=False):
        self.requests = []
        self.connections = []  # of each: server name, protocol, resumed
        self.failed = 0
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                content = self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"ok"
                service.requests.append({name.lower(): value for name, value in self.headers.items()})
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                if answer_once:
                    self.send_header("Connection", "close")
                    self.close_connection = True
                self.end_headers()
                self.wfile.write(content)

            do_POST = do_PUT = do_GET

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def process_request_thread(self, request, client_address):
                if service.context is not None:
                    try:
                        request.settimeout(PATIENCE)
                        request = service.context.wrap_socket(request, server_side=True)
                    except OSError:
                        service.failed += 1
                        request.close()
                        return
                    service.connections.append((getattr(request, "asked_for", None), request.selected_alpn_protocol(),
                                                request.session_reused))
                super().process_request_thread(request, client_address)

            def handle_error(self, *_):  # a peer that has left
                pass

        self.context = context
        if context is not None:
            context.set_alpn_protocols(["http/1.1"])
            context.sni_callback = lambda connection, name, _: setattr(connection, "asked_for", name)
        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Raw:
    """A listener that gives each connection to `serve`, on a thread of its own."""

    def __init__(self, serve):
        self.serve = serve
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.ended = threading.Event()
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.one, args=(connection,), daemon=True).start()

    def one(self, connection):
        with connection:
            try:
                connection.settimeout(PATIENCE)
                self.serve(connection)
            except OSError:
                pass

    def close(self):
        self.ended.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


class Gateway:
    def __init__(self, binary, services, gateway="", policy="{timeout: 60s}", listen=("--listen", "127.0.0.1:0")):
        """`services`: (name, URL or list of `upstreams`, further keys). `listen`: empty if `gateway` says it, with one
        TCP port."""
        self.directory = tempfile.mkdtemp(prefix="switchgear-tls-")
        self.file = os.path.join(self.directory, "gateway.yaml")
        self.write(services, gateway, policy)
        self.log_file = open(os.path.join(self.directory, "log"), "w+", encoding="utf-8")
        self.process = subprocess.Popen([binary, "serve", "--config", self.file, *listen, "--admin",
                                         "127.0.0.1:0", "--no-watch"], stdout=subprocess.PIPE, stderr=self.log_file,
                                        text=True)
        self.greeting = self.process.stdout.readline()
        ports = re.findall(r"https?://127\.0\.0\.1:(\d+)", self.greeting)
        if len(ports) != 2:
            raise AssertionError(f"the gateway did not start: {self.greeting}{self.log()}")
        self.port, self.admin_port = map(int, ports)

    def write(self, services, gateway="", policy="{timeout: 60s}"):
        text = f"version: 1\ngateway: {{threads: 2{gateway}}}\npolicies:\n  p: {policy}\nservices:\n"
        for name, url, more in services:
            to = f"upstreams: {url}" if url.startswith("[") else f"url: \"{url}\""
            text += f"  {name}: {{{to}, policy: p, routes: [{{prefix: /{name}}}]{more}}}\n"
        with open(self.file + ".new", "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(self.file + ".new", self.file)

    def call(self, path, headers=None, method="GET", body=None, tls=None, port=None):
        """Status and content, on a connection of its own."""
        if tls:
            connection = http.client.HTTPSConnection("localhost", port or self.port, timeout=PATIENCE, context=tls)
        else:
            connection = http.client.HTTPConnection("localhost", port or self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def admin(self, path, method="GET"):
        connection = http.client.HTTPConnection("127.0.0.1", self.admin_port, timeout=PATIENCE)
        try:
            connection.request(method, path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def reload(self):
        status, text = self.admin("/reload", "POST")
        assert status == 200, text

    def figure(self, line):
        """The value of a line of /metrics; None if it is not there."""
        found = re.search(rf"^{re.escape(line)} (\S+)$", self.admin("/metrics")[1], re.MULTILINE)
        return None if found is None else float(found[1])

    def log(self):
        with open(self.log_file.name, encoding="utf-8") as file:
            return file.read()

    def logs(self, text):
        return eventually(lambda: text in self.log(), f"the log has {text!r}; it has:\n{self.log()}")

    def end(self):
        """Its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=PATIENCE)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.log_file.close()
        shutil.rmtree(self.directory, ignore_errors=True)


class Nginx:
    """With TLS; listens on a port of the system's choice, because it takes over the socket as at an upgrade."""

    def __init__(self, binary, certificates, more=""):
        self.directory = tempfile.mkdtemp(prefix="switchgear-nginx-")
        listener = socket.create_server(("127.0.0.1", 0))
        self.port = listener.getsockname()[1]
        os.makedirs(os.path.join(self.directory, "html/shop"))
        with open(os.path.join(self.directory, "html/shop/large"), "wb") as large:
            large.write(bytes(range(256)) * 8192)
        with open(os.path.join(self.directory, "nginx.conf"), "w", encoding="ascii") as conf:
            conf.write(
                "user root; daemon off; worker_processes 1; pid nginx.pid; error_log stderr notice;\nevents {}\nhttp {\n"
                "access_log off; client_body_temp_path b; proxy_temp_path p; fastcgi_temp_path f; uwsgi_temp_path u;\n"
                "scgi_temp_path s; keepalive_requests 5;\n"
                f"server {{ listen 127.0.0.1:{self.port} ssl; ssl_certificate {certificates.file('server.pem')};\n"
                f"ssl_certificate_key {certificates.file('server.key')}; {more}\nlocation / {{ root html; }} }} }}\n")
        os.set_inheritable(listener.fileno(), True)
        self.process = subprocess.Popen(
            [binary, "-p", self.directory, "-c", os.path.join(self.directory, "nginx.conf")], close_fds=False,
            env={**os.environ, "NGINX": f"{listener.fileno()};"}, stderr=subprocess.DEVNULL)
        listener.close()

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=PATIENCE)
        shutil.rmtree(self.directory, ignore_errors=True)


class Apache:
    """With TLS, compression and at most five requests on a connection. It cannot take over a socket, so it is started again
    if another program was given the port meanwhile."""

    MODULES = "/usr/lib/apache2/modules"

    def __init__(self, binary, certificates):
        self.directory = tempfile.mkdtemp(prefix="switchgear-apache-")
        os.chmod(self.directory, 0o755)  # its workers have a user of their own
        os.makedirs(os.path.join(self.directory, "html/shop"))
        with open(os.path.join(self.directory, "html/shop/large"), "wb") as large:
            large.write(bytes(range(256)) * 8192)
        with open(os.path.join(self.directory, "html/shop/page.html"), "w", encoding="ascii") as page:
            page.write("<p>apples</p>\n" * 1000)
        for _ in range(5):
            self.port = self.start(binary, certificates)
            if self.port:
                return
        raise AssertionError("Apache did not start: " + self.log())

    def start(self, binary, certificates):
        """Its port; None if that was taken."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        modules = ("mpm_event", "authz_core", "mime", "filter", "deflate", "socache_shmcb", "ssl")
        lines = [f"LoadModule {name}_module {self.MODULES}/mod_{name}.so" for name in modules]
        lines += [f"ServerRoot {self.directory}", f"DefaultRuntimeDir {self.directory}", "PidFile pid", "ServerName localhost",
                  "User nobody", "Group nogroup", "ErrorLog error.log", f"Listen 127.0.0.1:{port}", "StartServers 1",
                  f"DocumentRoot {self.directory}/html", "KeepAlive on", "MaxKeepAliveRequests 5", "TypesConfig /dev/null",
                  "AddType text/html .html", "AddOutputFilterByType DEFLATE text/html", "SSLEngine on",
                  f"SSLCertificateFile {certificates.file('server.pem')}",
                  f"SSLCertificateKeyFile {certificates.file('server.key')}"]
        with open(os.path.join(self.directory, "apache.conf"), "w", encoding="ascii") as conf:
            conf.write("\n".join(lines) + "\n")
        self.process = subprocess.Popen([binary, "-D", "FOREGROUND", "-f", os.path.join(self.directory, "apache.conf")],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        up = eventually(lambda: self.process.poll() is not None or self.listens(port), "Apache listens or ends")
        return port if up and self.process.poll() is None else None

    @staticmethod
    def listens(port):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return True
        except OSError:
            return False

    def log(self):
        try:
            with open(os.path.join(self.directory, "error.log"), encoding="utf-8") as log:
                return log.read()
        except FileNotFoundError:
            return "without a log"

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=PATIENCE)
        shutil.rmtree(self.directory, ignore_errors=True)
