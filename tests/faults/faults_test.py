#!/usr/bin/env python3
"""Instances behind a network that fails. usage: faults_test.py BINARY [SECONDS] [TEST…]

SECONDS: how long the load lasts, 12 unless given; `./dev faults` takes 60.
"""
import asyncio
import itertools
import re
import sys
import time
import unittest
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tls"))
from fault_proxy import Bandwidth, FaultProxy, HalfOpen, Latency, Loss, Refuse, ResetAt
from instance import CONTENT, Instance, client
from peers import Gateway, eventually

BINARY = sys.argv.pop(1)
SECONDS = float(sys.argv.pop(1)) if len(sys.argv) > 1 and re.fullmatch(r"[\d.]+", sys.argv[1]) else 12.0
POLICY = ("{timeout: 300ms, deadline: 8s, retry: {max_attempts: 4, base: 5ms, budget: {ratio: 1}},"
          " circuit_breaker: {window: {type: time, duration: 10s}, failure_rate: 0.95}}")
JUDGED = (", balance: round_robin, ejection: {consecutive_local: 3, consecutive_5xx: 3, interval: 500ms, base: 1s,"
          " max: 4s, max_ejected: 0.5}, health_check: {http: {path: /healthz}, interval: 500ms, timeout: 300ms}")
FAULTS = (None, Latency(1), Loss("to_client"), Refuse(), Loss("to_service"), ResetAt(20), None, HalfOpen(), Bandwidth(50))


def figures(gateway, name):
    """Every line of a metric: its labels, and its value."""
    lines = re.findall(rf"^{name}\{{(.*)\}} (\S+)$", gateway.admin("/metrics")[1], re.MULTILINE)
    return {tuple(re.findall(r'(\w+)="([^"]*)"', labels)): float(value) for labels, value in lines}


def by(label, lines):
    found = Counter()
    for labels, value in lines.items():
        found[dict(labels)[label]] += value
    return found


class Faults(unittest.IsolatedAsyncioTestCase):
    async def instances(self, count):
        made = [await Instance(f"i{n}").start() for n in range(count)]
        for each in made:
            self.addAsyncCleanup(each.close)
        return made

    async def behind(self, instance):
        proxy = await FaultProxy.start(("127.0.0.1", instance.port))
        self.addAsyncCleanup(proxy.close)
        return proxy

    def gateway(self, ports, policy=POLICY, more=JUDGED):
        upstreams = ", ".join(f"{{url: \"http://127.0.0.1:{port}\"}}" for port in ports)
        gateway = Gateway(BINARY, [("shop", f"[{upstreams}]", more)], policy=policy)
        self.addCleanup(gateway.close)
        return gateway

    async def load(self, gateway, seconds, clients=16, pause=0.02):
        answers = []
        until = time.monotonic() + seconds
        await asyncio.gather(*(client(gateway.port, until, pause, answers) for _ in range(clients)))
        return answers

    async def test_two_of_five_instances_misbehave_and_every_client_is_answered(self):
        instances = await self.instances(5)
        proxies = [await self.behind(each) for each in instances[3:]]
        gateway = self.gateway([each.port for each in instances[:3]] + [each.port for each in proxies])
        step = SECONDS / (len(FAULTS) + 2)

        async def disturb():
            for first, second in zip(FAULTS, FAULTS[3:] + FAULTS[:3]):
                proxies[0].fault, proxies[1].fault = first, second
                await asyncio.sleep(step)
            for fault in itertools.islice(itertools.cycle((Refuse(), None)), 8):  # they flap
                proxies[0].fault = proxies[1].fault = fault
                await asyncio.sleep(step / 8)
            proxies[0].fault = proxies[1].fault = None

        answers, _ = await asyncio.gather(self.load(gateway, SECONDS), disturb())

        statuses = Counter(each.status for each in answers)
        served = Counter(each.instance for each in answers if each.status == 200)
        print(f"{len(answers)} requests in {SECONDS:g} s: {dict(statuses)}; by {dict(sorted(served.items()))}; "
              f"the slowest took {max(each.seconds for each in answers):.2f} s")
        self.assertEqual(statuses[0], 0, "every client gets a whole answer")
        self.assertGreater(statuses[200], 0.99 * len(answers))
        healthy = {"i0", "i1", "i2"}
        self.assertGreater(sum(served[name] for name in healthy), 0.6 * statuses[200])

        # The figures are exact, once nothing is under way.
        await asyncio.to_thread(eventually, lambda: sum(figures(gateway, "switchgear_instance_calls_in_flight").values()) == 0,
                                "all calls have ended")
        requests = by("code_class", figures(gateway, "switchgear_gateway_requests_total"))
        told = Counter(f"{each.status // 100}xx" for each in answers)
        self.assertEqual({name: count for name, count in requests.items() if count}, dict(told))
        calls = by("instance", figures(gateway, "switchgear_instance_calls_total"))
        for each in instances[:3]:
            self.assertEqual(calls[f"127.0.0.1:{each.port}"], each.calls, each.name)
        results = by("result", figures(gateway, "circuit_breaker_calls_total"))
        self.assertEqual(sum(results.values()) - results["rejected"], sum(calls.values()), "each attempt is a call of the breaker")
        ejected = by("instance", figures(gateway, "switchgear_instance_ejections_total"))
        for proxy in proxies:
            self.assertGreater(ejected[f"127.0.0.1:{proxy.port}"], 0)
        for each in instances[:3]:
            self.assertEqual(ejected[f"127.0.0.1:{each.port}"], 0, "healthy instances stay")

    async def one(self, gateway):
        answers = []
        await client(gateway.port, time.monotonic() + 0.001, 0, answers)
        return answers[0]

    async def alone(self, fault, policy="{timeout: 500ms}"):
        """What a client gets of a single instance, and how the gateway counts it."""
        [instance] = await self.instances(1)
        proxy = await self.behind(instance)
        gateway = self.gateway([proxy.port], policy, "")
        self.assertEqual((await self.one(gateway)).status, 200)
        proxy.fault = fault
        answer = await self.one(gateway)
        failures = by("type", figures(gateway, "switchgear_failures_total"))
        return answer, {name for name, count in failures.items() if count}

    async def test_each_fault_has_its_status_and_its_type(self):
        for fault, status, failures in ((Latency(0.05), 200, set()),
                                        (Latency(2), 504, {"timeout"}),
                                        (Loss("to_client"), 504, {"timeout"}),
                                        (Loss("to_service"), 504, {"timeout"}),
                                        (HalfOpen(), 504, {"timeout"}),
                                        (ResetAt(10), 502, {"connection_error"}),
                                        (Bandwidth(20), 504, {"timeout"}),
                                        (Refuse(), 502, {"connection_error"})):
            with self.subTest(fault=fault):
                answer, types = await self.alone(fault)
                self.assertEqual((answer.status, types), (status, failures))

    async def test_an_answer_that_is_reset_in_its_content_is_never_taken_for_a_whole_one(self):
        head = len("HTTP/1.1 200 OK\r\nX-Instance: i0\r\nContent-Length: 200\r\n\r\n")
        answer, types = await self.alone(ResetAt(head + len(CONTENT) // 2))
        # 502 if the end had come with the head, so that nothing had been sent yet.
        self.assertIn(answer.status, (0, 502))
        self.assertEqual(types, {"connection_error"})


if __name__ == "__main__":
    unittest.main()
