#!/usr/bin/env python3
"""Gateways that share what their breakers find, with a network to Redis that fails. usage: fleet_test.py BINARY [TEST…]"""
import asyncio
import json
import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tls"))
from fault_proxy import FaultProxy, HalfOpen, Latency, Refuse
from peers import Gateway
from redis_server import RedisServer

BINARY = sys.argv.pop(1)
FRESH = 2.0
POLICY = ("{timeout: 2s, circuit_breaker: {window: {type: count, size: 10}, minimum_calls: 4, failure_rate: 0.5,"
          " open_duration: 1s, half_open: {permitted_calls: 2}}}")


class Shop:
    """A service that works or does not."""

    def __init__(self):
        self.works = True
        self.calls = 0

    async def start(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def _serve(self, reader, writer):
        try:
            while True:
                await reader.readuntil(b"\r\n\r\n")
                self.calls += 1
                writer.write(b"HTTP/1.1 %s\r\nContent-Length: 0\r\n\r\n" % (b"200 OK" if self.works else b"500 Bad"))
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


class Fleet(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.redis = RedisServer()
        self.addCleanup(self.redis.close)
        self.shop = await Shop().start()
        self.proxies, self.gateways = [], []
        for _ in range(3):
            proxy = await FaultProxy.start(("127.0.0.1", self.redis.port))
            self.addAsyncCleanup(proxy.close)
            self.proxies.append(proxy)
            self.gateways.append(await asyncio.to_thread(self.gateway, proxy.port))
        for gateway in self.gateways:
            await self.until(lambda gateway=gateway: self.circuit(gateway)["fresh"])

    def gateway(self, redis_port, listen=("--listen", "127.0.0.1:0")):
        more = f"}}\nfleet: {{redis: \"redis://127.0.0.1:{redis_port}/0\", namespace: shop, fresh: {FRESH:g}s"
        gateway = Gateway(BINARY, [("shop", f"http://127.0.0.1:{self.shop.port}", more)], policy=POLICY, listen=listen)
        self.addCleanup(gateway.close)
        return gateway

    async def until(self, holds, patience=15.0):
        end = time.monotonic() + patience
        while not await asyncio.to_thread(holds):
            self.assertLess(time.monotonic(), end, "it did not come about in time")
            await asyncio.sleep(0.02)

    def fleet(self, gateway):
        status, text = gateway.admin("/fleet")
        self.assertEqual(status, 200, text)
        return json.loads(text)

    def circuit(self, gateway):
        circuits = self.fleet(gateway)["circuits"]
        return circuits[0] if circuits else {"fresh": False}

    def refused(self, gateway):
        return json.loads(gateway.admin("/circuit-breakers/shop")[1])["counters"]["rejected_by_reason"]["fleet_open"]

    def status(self, gateway):
        return gateway.call("/shop")[0]

    async def open_for_all(self):
        """The first two find the service down; the third has not called it."""
        self.shop.works = False

        def failing():
            for gateway in self.gateways[:2]:
                self.status(gateway)
            return self.circuit(self.gateways[2])["state"] == "open"
        await self.until(failing)

    async def test_third_gateway_refuses_without_a_failed_call_and_all_come_back(self):
        await self.open_for_all()
        self.assertEqual(await asyncio.to_thread(self.status, self.gateways[2]), 503)
        self.assertEqual(await asyncio.to_thread(self.refused, self.gateways[2]), 1)
        await asyncio.to_thread(self.assert_says_why, self.gateways[2])
        self.shop.works = True

        def all_well():
            return all(self.status(gateway) == 200 for gateway in self.gateways)
        await self.until(all_well, 10)
        self.assertIn("the fleet has opened it for all", self.gateways[2].log())
        await self.until(lambda: "the fleet has closed it: it has recovered" in self.gateways[2].log())

    def assert_says_why(self, gateway):
        """Its own breaker is closed, and every call is refused."""
        breaker = json.loads(gateway.admin("/circuit-breakers/shop")[1])
        self.assertEqual((breaker["state"], breaker["fleet_open"]), ("closed", True))
        self.assertLessEqual(breaker["health_score"], 50)
        status, text = gateway.admin("/health")
        self.assertEqual((status, json.loads(text)["status"], json.loads(text)["fleet_open"]), (503, "unhealthy", 1))
        status, text = gateway.admin("/health/circuits")
        self.assertEqual((status, json.loads(text)["all_closed"], json.loads(text)["fleet_open"]), (503, False, ["shop"]))
        whole = json.loads(gateway.admin("/status")[1])
        self.assertEqual((whole["health"], whole["system_health"]["fleet_open"]), ("unhealthy", 1))
        for command in ("explain", "status"):
            ran = subprocess.run([BINARY, command, "shop", "--admin", f"http://127.0.0.1:{gateway.admin_port}"],
                                 capture_output=True, text=True, timeout=30)
            self.assertIn("fleet_open", ran.stdout, ran.stderr)
            if command == "explain":
                self.assertIn("members with evidence find it down", ran.stdout)

    def assert_advises_the_release_for_all(self, gateway):
        ran = subprocess.run([BINARY, "explain", "shop", "--admin", f"http://127.0.0.1:{gateway.admin_port}"],
                             capture_output=True, text=True, timeout=30)
        self.assertIn("has forced the circuit open in the whole fleet", ran.stdout, ran.stderr)
        self.assertIn("`POST /fleet/shop/release`", ran.stdout)
        self.assertNotIn("force-close", ran.stdout)

    async def test_gateway_that_is_started_again_is_the_same_member(self):
        member = (await asyncio.to_thread(self.fleet, self.gateways[0]))["member"]
        self.gateways[0].process.kill()
        self.gateways[0].process.wait()
        again = await asyncio.to_thread(
            self.gateway, self.proxies[0].port, ("--listen", f"127.0.0.1:{self.gateways[0].port}"))
        self.assertEqual((await asyncio.to_thread(self.fleet, again))["member"], member)
        await self.until(lambda: self.circuit(again)["fresh"] and self.fleet(again)["members"] == 3)
        others = {(await asyncio.to_thread(self.fleet, each))["member"] for each in self.gateways[1:]}
        self.assertEqual(len(others | {member}), 3)

    async def test_gateway_that_is_cut_off_decides_alone_once_it_knows_nothing_fresh(self):
        for fault in (HalfOpen(), Latency(0.5), Refuse()):
            with self.subTest(fault=fault):
                await self.open_for_all()
                self.proxies[2].fault = fault
                self.shop.works = True
                cut = time.monotonic()
                slowest, status = 0.0, 503
                while status != 200 and time.monotonic() < cut + 10:
                    before = time.monotonic()
                    status = await asyncio.to_thread(self.status, self.gateways[2])
                    slowest = max(slowest, time.monotonic() - before)
                self.assertEqual(status, 200)
                self.assertLess(time.monotonic() - cut, FRESH + 1.5, "its refusals outlived what is fresh")
                self.assertLess(slowest, 0.9, "a request waited")
                self.proxies[2].fault = None
                await self.until(lambda: self.circuit(self.gateways[2])["fresh"] and
                                 all(self.status(gateway) == 200 for gateway in self.gateways))

    async def test_command_of_an_operator_reaches_all_and_ends_without_redis(self):
        status, text = await asyncio.to_thread(self.gateways[0].admin, "/fleet/shop/force-open?for=6s", "POST")
        self.assertEqual(status, 202, text)
        given = time.monotonic()
        await self.until(lambda: all(self.status(gateway) == 503 for gateway in self.gateways), 2)
        self.assertEqual((await asyncio.to_thread(self.circuit, self.gateways[1]))["forced_open"]["told_redis"], True)
        await asyncio.to_thread(self.assert_advises_the_release_for_all, self.gateways[1])
        self.redis.signal(signal.SIGSTOP)
        await self.until(lambda: all(self.status(gateway) == 200 for gateway in self.gateways), 12)
        self.assertGreater(time.monotonic() - given, 5.5, "it ended before its time")

    async def test_wrong_commands_are_told_why(self):
        gateway = self.gateways[0]
        for path, status in (("/fleet/shop/force-open", 400), ("/fleet/shop/force-open?for=soon", 400),
                             ("/fleet/other/force-open?for=1m", 404), ("/fleet/other/release", 404)):
            got, text = await asyncio.to_thread(gateway.admin, path, "POST")
            self.assertEqual(got, status, text)
            self.assertTrue(json.loads(text)["detail"])


if __name__ == "__main__":
    unittest.main()
