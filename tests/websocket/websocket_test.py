#!/usr/bin/env python3
"""WebSocket through the gateway, with peers that others wrote. usage: websocket_test.py BINARY OPENSSL NGINX NODE [TEST…]"""
import asyncio
import http
import json
import os
import signal
import subprocess
import sys
import threading
import unittest

import websockets

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "tls"))
from peers import PATIENCE, Certificates, Gateway, Nginx, eventually  # noqa: E402

BINARY, OPENSSL, NGINX, NODE = (sys.argv.pop(1) for _ in range(4))
PEER = os.path.join(HERE, "peer.mjs")
UPGRADED = 'switchgear_gateway_upgraded_connections{service="shop"}'


class UpgradingGateway(Gateway):
    """All of its routes take upgrades to WebSocket."""

    def write(self, services, gateway="", policy="{timeout: 60s}"):
        super().write(services, gateway, policy)
        with open(self.file, encoding="utf-8") as file:
            text = file.read()
        with open(self.file, "w", encoding="utf-8") as file:
            file.write(text.replace("routes: [{prefix: /shop}]", "routes: [{prefix: /shop, upgrade: [websocket]}]"))


class NodeServer:
    def __init__(self, *certificate_and_key):
        self.process = subprocess.Popen([NODE, PEER, "server", *certificate_and_key], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=PATIENCE)
        self.process.stdout.close()


class PythonServer:
    """Runs on a thread of its own."""

    def __init__(self, context=None):
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.server = self.run(self.listen(context))
        self.port = self.server.sockets[0].getsockname()[1]

    def run(self, work):
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(timeout=PATIENCE)

    async def listen(self, context):
        return await websockets.serve(self.talk, "127.0.0.1", 0, ssl=context, subprotocols=["chat"], max_size=None,
                                      process_request=self.decide, ping_interval=None)

    async def decide(self, path, _):
        return (http.HTTPStatus.UNAUTHORIZED, [], b"locked") if path.endswith("/locked") else None

    async def talk(self, connection):
        try:
            async for message in connection:
                words = message.split(" ") if isinstance(message, str) else [""]
                if words[0] == "close":
                    await connection.close(int(words[1]), words[2])
                    return
                await connection.send(message)
        except websockets.ConnectionClosed:
            pass

    def close(self):
        async def end():
            self.server.close()
            await self.server.wait_closed()
        self.run(end())
        self.loop.call_soon_threadsafe(self.loop.stop)


async def python_talk(url, context):
    options = {"ssl": context, "subprotocols": ["chat"], "max_size": None, "ping_interval": None}
    seen = {}
    async with websockets.connect(url, **options) as connection:
        large = os.urandom(3_000_000)
        seen["protocol"] = connection.subprotocol
        seen["deflate"] = any(each.name == "permessage-deflate" for each in connection.extensions)

        async def echo(message):
            await connection.send(message)
            return await connection.recv()
        seen["text"] = await echo("grüß dich")
        seen["large"] = await echo(large) == large
        seen["many"] = sum([await echo(str(i)) == str(i) for i in range(200)])
        await (await connection.ping(b"are you there"))
        seen["pong"] = "are you there"
        await connection.close(4001, "done")
        seen["closed"] = connection.close_code
    async with websockets.connect(url, **options) as connection:
        await connection.send("close 4002 enough")
        await connection.wait_closed()
        seen["closed_by_server"] = [connection.close_code, connection.close_reason]
    try:
        async with websockets.connect(url + "/locked", ssl=context):
            pass
    except websockets.InvalidStatusCode as refusal:
        seen["refused"] = refusal.status_code
    return seen


WHOLE = {"protocol": "chat", "deflate": True, "text": "grüß dich", "large": True, "many": 200, "pong": "are you there",
         "closed": 4001, "closed_by_server": [4002, "enough"], "refused": 401}


class Peers(unittest.TestCase):
    """What a test starts ends with it."""

    def setUp(self):
        self.made = Certificates(OPENSSL)
        self.addCleanup(self.made.remove)

    def started(self, peer):
        self.addCleanup(peer.close)
        return peer

    def gateway(self, url, more="", **rest):
        return self.started(UpgradingGateway(BINARY, [("shop", url, more)], **rest))

    def node_talks(self, url, *words):
        return json.loads(subprocess.run([NODE, PEER, "client", url, *words], capture_output=True, text=True,
                                         timeout=PATIENCE, check=True).stdout)

    def expect_ended(self, gateway):
        """All connections are, and were, orderly on both sides."""
        eventually(lambda: gateway.figure(UPGRADED) == 0, "no connection is open")
        ended = 'switchgear_gateway_upgrades_ended_total{service="shop",reason="closed"}'
        self.assertEqual(gateway.figure(ended), gateway.figure('switchgear_gateway_upgrades_total{service="shop"}'))


class Conversations(Peers):
    def test_in_plain_text_are_whole_for_every_client_and_server(self):
        for server in (self.started(NodeServer()), self.started(PythonServer())):
            gateway = self.gateway(f"http://127.0.0.1:{server.port}")
            url = f"ws://127.0.0.1:{gateway.port}/shop"
            self.assertEqual(self.node_talks(url), WHOLE)
            self.assertEqual(asyncio.run(python_talk(url, None)), WHOLE)
            self.expect_ended(gateway)

    def test_through_tls_on_both_sides_are_too(self):
        servers = (self.started(NodeServer(self.made.file("server.pem"), self.made.file("server.key"))),
                   self.started(PythonServer(self.made.server())))
        for server in servers:
            gateway = self.gateway(f"https://localhost:{server.port}", f", tls: {{{self.made.trusted()}}}",
                                   gateway=f", tls: {{{self.made.identity()}}}")
            url = f"wss://localhost:{gateway.port}/shop"
            self.assertEqual(self.node_talks(url, self.made.file("ca.pem")), WHOLE)
            self.assertEqual(asyncio.run(python_talk(url, self.made.client())), WHOLE)
            eventually(lambda gateway=gateway: gateway.figure(UPGRADED) == 0, "no connection is open")

    def test_go_on_until_the_drain_is_over(self):
        server = self.started(PythonServer())
        gateway = self.gateway(f"http://127.0.0.1:{server.port}", gateway=", limits: {drain_timeout: 1s}")

        async def talk():
            async with websockets.connect(f"ws://127.0.0.1:{gateway.port}/shop", ping_interval=None) as connection:
                gateway.process.send_signal(signal.SIGTERM)
                await asyncio.to_thread(gateway.logs, "draining")
                await connection.send("still here")
                self.assertEqual(await connection.recv(), "still here")
                await connection.wait_closed()
                self.assertEqual(connection.close_code, 1006, "cut off")
        asyncio.run(talk())
        self.assertEqual(gateway.process.wait(timeout=PATIENCE), 0, gateway.log())


class Proxies(Peers):
    def location(self, port):
        return (f"location /shop {{ proxy_pass http://127.0.0.1:{port}; proxy_http_version 1.1; proxy_set_header Upgrade "
                "$http_upgrade; proxy_set_header Connection upgrade; proxy_set_header Host $host; }")

    def test_nginx_behind_the_gateway(self):
        server = self.started(NodeServer())
        nginx = self.started(Nginx(NGINX, self.made, self.location(server.port)))
        gateway = self.gateway(f"https://localhost:{nginx.port}", f", tls: {{{self.made.trusted()}}}")
        self.assertEqual(asyncio.run(python_talk(f"ws://127.0.0.1:{gateway.port}/shop", None)), WHOLE)

    def test_nginx_in_front_of_the_gateway(self):
        server = self.started(PythonServer())
        gateway = self.gateway(f"http://127.0.0.1:{server.port}")
        nginx = self.started(Nginx(NGINX, self.made, self.location(gateway.port)))
        self.assertEqual(self.node_talks(f"wss://localhost:{nginx.port}/shop", self.made.file("ca.pem")), WHOLE)

    def test_two_gateways_one_behind_the_other(self):
        server = self.started(NodeServer())
        inner = self.gateway(f"http://127.0.0.1:{server.port}")
        outer = self.gateway(f"http://127.0.0.1:{inner.port}")
        self.assertEqual(self.node_talks(f"ws://127.0.0.1:{outer.port}/shop"), WHOLE)
        self.expect_ended(inner)


class Crowd(Peers):
    def test_of_200_clients_is_served_at_once_and_counted_exactly(self):
        server = self.started(PythonServer())
        gateway = self.gateway(f"http://127.0.0.1:{server.port}", ", connections: {max: 300}")
        clients, messages = 200, 20
        everyone = asyncio.Event()
        inside = 0

        async def one(number):
            nonlocal inside
            async with websockets.connect(f"ws://127.0.0.1:{gateway.port}/shop", compression=None, ping_interval=None,
                                          open_timeout=PATIENCE) as connection:
                inside += 1
                if inside == clients:
                    self.assertEqual(await asyncio.to_thread(gateway.figure, UPGRADED), clients)
                    everyone.set()
                await everyone.wait()
                for i in range(messages):
                    await connection.send(f"{number}:{i}")
                    self.assertEqual(await connection.recv(), f"{number}:{i}")

        async def all_of_them():
            await asyncio.gather(*[one(number) for number in range(clients)])
        asyncio.run(all_of_them())
        self.expect_ended(gateway)
        self.assertEqual(gateway.figure('switchgear_gateway_upgrades_total{service="shop"}'), clients)


class Chromium(Peers):
    def test_talks_to_a_server_from_a_page_that_came_the_same_way(self):
        server = self.started(NodeServer())
        gateway = self.gateway(f"http://127.0.0.1:{server.port}")
        said = subprocess.run([NODE, PEER, "chromium", f"http://127.0.0.1:{gateway.port}/shop"], capture_output=True,
                              text=True, timeout=2 * PATIENCE, check=True).stdout
        self.assertEqual(json.loads(said), {key: value for key, value in WHOLE.items() if key not in ("pong", "refused")})
        eventually(lambda: gateway.figure(UPGRADED) == 0, "no connection is open")


if __name__ == "__main__":
    unittest.main(verbosity=2)
