"""A command whose output cannot be written says so and fails; one whose reader has gone is quiet. Argument: BINARY"""
import os
import signal
import subprocess
import unittest

from binary import BINARY, Case, Gateway, commands, run

LOST = b"switchgear: the output could not be written"
# They print into a terminal, run until they are stopped, or end with what they saw of it: tried below, or in rooms of
# their own (tests/terminal, tests/house).
OTHERS = {"serve", "top", "demo", "shop"}


class Output(Case):
    def words_of_all(self):
        gateway = self.serve()
        asks = ["--admin", gateway.url]
        of_policies = ["--config", self.policies]
        words = {
            "check": [self.policies, "--explain"],
            "replay": [*of_policies, "--policy", "payment", self.trace],
            "tune": [*of_policies, "--policy", "payment", "--budget", "1ms", self.trace],
            "prove": of_policies,
            "record": ["--from-log", "json", self.log],
            "chaos run": [self.scenario],
            "import istio": [self.mesh],
            "import envoy": [self.cluster],
            "export istio": of_policies,
            "export envoy": of_policies,
            "status": asks,
            "report": ["payment", *asks],
            "explain": ["payment", *asks],
            "man": [],
            "completion": ["bash"],
        }
        for command in ("reset", "force-open", "force-close", "disable", "metrics-only"):
            words[command] = ["payment", *asks]
        self.assertEqual({" ".join(each) for each in commands()} - OTHERS, set(words), "a command is missing here")
        return [[*command.split(), *rest] for command, rest in words.items()]

    def setUp(self):
        super().setUp()
        self.mesh = self.write("istio.yaml", "apiVersion: networking.istio.io/v1\nkind: DestinationRule\n"
                               "metadata: {name: shop}\nspec: {host: shop.example.com}\n")

    def test_every_command_fails_and_says_so_on_a_full_disk(self):
        more = [["--version"], ["--help"], ["check", "--help"]]
        for words in self.words_of_all() + more:
            with self.subTest(words=words[:2]):
                self.assertEqual(run(words, stdout=subprocess.DEVNULL).returncode, 0)
                with open("/dev/full", "wb") as full:
                    ran = run(words, stdout=full)
                self.assertRegex(ran.stderr, LOST + b"(: No space left on device)?\n")
                self.assertEqual(ran.stderr.count(b"could not be written"), 1)
                self.assertEqual(ran.returncode, 1)

    def test_json_and_errors_of_the_input_too(self):
        bad = self.write("bad.yaml", "version: 1\npolicys: {}\n")
        for words in (["check", bad, "--json"], ["check", self.policies, "--json"],
                      ["prove", "--config", self.policies, "--json"],
                      ["replay", "--config", self.policies, "--compare", "payment,careful", self.trace]):
            with self.subTest(words=words), open("/dev/full", "wb") as full:
                ran = run(words, stdout=full)
                self.assertIn(LOST, ran.stderr)
                self.assertEqual(ran.returncode, 1)

    def test_more_than_a_buffer_of_output_is_lost_as_a_little_is(self):
        calls = (f'{{"at":{each},"latency":0,"verdict":"success"}}\n' for each in range(20000))
        many = self.write("many.jsonl", "".join(calls))
        with open("/dev/full", "wb") as full:
            ran = run(["replay", "--config", self.policies, "--policy", "payment", "--json", many], stdout=full)
        self.assertIn(LOST, ran.stderr)
        self.assertEqual(ran.returncode, 1)

    def test_a_closed_standard_output_is_no_file_that_is_opened_later(self):
        out = os.path.join(self.folder, "out.jsonl")
        words = ["record", "--from-log", "json", "--out", out, self.log]
        ran = run(words, stdout=None, preexec_fn=lambda: os.close(1))
        self.assertEqual(ran.returncode, 0, ran.stderr)
        with open(out, encoding="utf-8") as file:
            self.assertEqual(file.read(), '{"at":0,"latency":0.01,"verdict":"success"}\n')
        ran = run(["check", self.policies], stdout=None, preexec_fn=lambda: os.close(1))
        self.assertTrue(ran.stderr.endswith(LOST + b": Bad file descriptor\n"), ran.stderr)
        self.assertEqual(ran.returncode, 1)

    def test_the_exit_code_stands_without_a_standard_error(self):
        words = [BINARY, "status", "--admin", "http://127.0.0.1:1"]
        with open("/dev/full", "wb") as full:
            self.assertEqual(subprocess.run(words, stderr=full, check=False).returncode, 3)
        self.assertEqual(subprocess.run(words, preexec_fn=lambda: os.close(2), check=False).returncode, 3)

    def test_a_reader_that_has_gone_is_not_an_error_to_talk_about(self):
        def ignore():
            signal.signal(signal.SIGPIPE, signal.SIG_IGN)

        def usual():
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)

        for words in self.words_of_all() + [["--help"]]:
            for prepare, code in ((usual, -signal.SIGPIPE), (ignore, 128 + signal.SIGPIPE)):
                with self.subTest(words=words[:2], code=code):
                    read, write = os.pipe()
                    os.close(read)
                    ran = run(words, stdout=write, preexec_fn=prepare)
                    os.close(write)
                    self.assertNotIn(b"could not be written", ran.stderr)
                    self.assertNotIn(b"Broken pipe", ran.stderr)
                    # It ends its processes and removes their folder first, so SIGPIPE cannot end it.
                    self.assertEqual(ran.returncode, 128 + signal.SIGPIPE if words[0] == "chaos" else code)

    def test_a_watch_fails_on_a_full_disk_and_ends_with_its_reader(self):
        gateway = self.serve()
        with open("/dev/full", "wb") as full:
            ran = run(["status", "--watch", "--admin", gateway.url], stdout=full)
        self.assertEqual(ran.stderr, LOST + b": No space left on device\n")
        self.assertEqual(ran.returncode, 1)
        read, write = os.pipe()
        os.close(read)
        ran = run(["status", "--watch", "--admin", gateway.url], stdout=write)
        os.close(write)
        self.assertEqual((ran.returncode, ran.stderr), (0, b""))

    def test_a_gateway_serves_without_a_place_for_its_line(self):
        with open("/dev/full", "wb") as full:
            gateway = Gateway(self.folder, stdout=full)
        try:
            gateway.log_with("standard output cannot be written; this is its line: serves ")
        finally:
            self.assertEqual(gateway.end(), 0)


if __name__ == "__main__":
    unittest.main()
