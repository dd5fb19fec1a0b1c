"""Commands whose input is not what it should be end soon, say why, and harm nothing. Argument: BINARY"""
import os
import resource
import subprocess
import unittest

from binary import BINARY, PATIENCE, POLICIES, Case, commands, run

FILES = {
    "check": ["check", "{}"],
    "check --json": ["check", "--json", "{}"],
    "serve": ["serve", "{}"],
    "replay": ["replay", "--config", "gateway.yaml", "--policy", "payment", "{}"],
    "replay --config": ["replay", "--config", "{}", "--policy", "payment", "trace.jsonl"],
    "replay --compare": ["replay", "--config", "gateway.yaml", "--compare", "payment,careful", "{}"],
    "tune": ["tune", "--config", "gateway.yaml", "--policy", "payment", "--budget", "1ms", "{}"],
    "prove": ["prove", "--config", "{}"],
    "record": ["record", "--from-log", "json", "{}"],
    "record nginx": ["record", "--from-log", "nginx", "{}"],
    "chaos run": ["chaos", "run", "{}"],
    "shop": ["shop", "--scenario", "{}"],
    "shop --policies": ["shop", "--policies", "{}", "--for", "1s"],
    "import istio": ["import", "istio", "{}"],
    "import envoy": ["import", "envoy", "--json", "{}"],
    "export istio": ["export", "istio", "--config", "{}"],
    "export envoy": ["export", "envoy", "--config", "{}"],
}
HUGE = 1024 * 1024 * 1024  # bytes of a file without a line end
MOST_MEMORY = HUGE // 2


class Input(Case):
    def bad_files(self):
        with open(self.write("huge", ""), "wb") as huge:
            huge.truncate(HUGE)
        return {
            "missing": "No such file or directory",
            "dir": "is a directory; expected a file",
            self.write("binary", bytes(range(256)) * 20): None,
            self.write("utf8", b"version: 1\npolicies: {p\xff: {timeout: 1s}}\n"): None,
            self.write("nul", b"version: 1\0\n"): None,
            self.write("version", "version: 99\nkind: Nothing\n"): None,
            self.write("deep", "[" * 100000 + "\n"): None,
            "huge": None,
            "/proc/self/mem": "Input/output error",
            "": None,
        }

    def run_here(self, words, **more):
        return run(words, cwd=self.folder, **more)

    def test_a_file_that_is_not_what_it_should_be_is_named_with_what_is_wrong(self):
        os.mkdir(os.path.join(self.folder, "dir"))
        for file, why in self.bad_files().items():
            for command, words in FILES.items():
                with self.subTest(file=os.path.basename(file), command=command):
                    ran = self.run_here([each.replace("{}", file) for each in words])
                    said = (ran.stderr or ran.stdout).decode(errors="replace")
                    self.assertIn(ran.returncode, (1, 2), said)
                    self.assertNotIn("basic_", said)
                    self.assertNotIn("terminate", said)
                    self.assertLess(max(map(len, said.split("\n"))), 1000)
                    if file and ran.returncode == 1:
                        self.assertIn(os.path.basename(file), said)
                    if why:
                        self.assertIn(why, said)
        self.assertLess(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024, MOST_MEMORY)

    def test_standard_input_that_cannot_be_read_is_not_an_empty_file(self):
        for words in (["check", "-"], ["import", "istio", "-"], ["import", "envoy", "-"],
                      ["replay", "--config", "gateway.yaml", "--policy", "payment"],
                      ["tune", "--config", "gateway.yaml", "--policy", "payment"], ["record", "--from-log", "json"]):
            with self.subTest(words=words):
                folder = os.open(self.folder, os.O_RDONLY)
                ran = self.run_here(words, stdin=folder)
                os.close(folder)
                self.assertEqual(ran.returncode, 1)
                self.assertIn(b"cannot be read: Is a directory", ran.stderr)
                ran = subprocess.run([BINARY, *words], stdin=None, stderr=subprocess.PIPE, stdout=subprocess.PIPE,
                                     preexec_fn=lambda: os.close(0), cwd=self.folder, timeout=PATIENCE, check=False)
                self.assertEqual(ran.returncode, 1)
                self.assertIn(b"cannot be read: Bad file descriptor", ran.stderr)

    def test_an_output_does_not_take_the_place_of_an_input(self):
        os.symlink(self.trace, os.path.join(self.folder, "link"))
        proved = self.write("payment.opens.jsonl", POLICIES % "")
        record = ["record", "--from-log", "json", "--out"]
        compare = ["replay", "--config", "gateway.yaml", "--compare", "payment", "--svg"]
        for words, out, what, read in (
                ([*record, self.log, "access.log"], self.log, "log", "access.log"),
                ([*record, "./access.log", "access.log"], "./access.log", "log", "access.log"),
                ([*record, "access.log"], "access.log", "log", "access.log"),
                ([*compare, "link", "trace.jsonl"], "link", "trace", "trace.jsonl"),
                ([*compare, "trace.jsonl"], "trace.jsonl", "trace", "trace.jsonl"),
                ([*compare, "gateway.yaml", "trace.jsonl"], "gateway.yaml", "policy file", "gateway.yaml"),
                (["chaos", "run", "scenario.yaml", "--report", self.scenario], self.scenario, "scenario",
                 "scenario.yaml"),
                (["chaos", "run", self.scenario, "--report", "shop.yaml"], "shop.yaml", "policy file", "shop.yaml"),
                (["prove", "--config", proved, "--traces", "."], "./payment.opens.jsonl", "policy file", proved),
                (["record", "payment", "--ca", "ca.pem", "--out", "ca.pem"], "ca.pem", "file of --ca", "ca.pem"),
                (["report", "payment", "--ca", "ca.pem", "--html", "ca.pem"], "ca.pem", "file of --ca", "ca.pem")):
            self.write("ca.pem", "authorities\n")
            with self.subTest(words=words):
                path = os.path.join(self.folder, read)
                with open(path, "rb") as file:
                    before = file.read()
                with open(path, "rb") as standard_input:
                    ran = self.run_here(words, stdin=standard_input)
                option = next(each for each in words if each in ("--out", "--svg", "--report", "--traces", "--html"))
                self.assertEqual(ran.stderr.decode(), f"{option}: {out} is the {what} itself; expected another file\n")
                self.assertEqual(ran.returncode, 1)
                with open(path, "rb") as file:
                    self.assertEqual(file.read(), before)

    def test_an_output_may_be_the_terminal_or_nothing_that_is_an_input_too(self):
        ran = self.run_here(["record", "--from-log", "json", "--out", "/dev/null", "access.log"])
        self.assertEqual(ran.returncode, 0)
        ran = self.run_here(["replay", "--config", "gateway.yaml", "--compare", "payment", "--svg", "/dev/null"])
        self.assertEqual(ran.stderr.decode(), "<stdin>:1: the trace has no calls\n")

    def test_a_line_without_an_end_is_refused_at_once(self):
        for command, words in FILES.items():
            if command.split()[0] not in ("replay", "tune", "record") or command == "replay --config":
                continue
            with self.subTest(command=command):
                ran = self.run_here([each.replace("{}", "/dev/zero") for each in words])
                self.assertEqual(ran.returncode, 1)
                self.assertRegex(ran.stderr.decode(), "^/dev/zero:1: (the line is )?longer than 1 MiB\n")

    def test_an_empty_name_is_not_as_if_there_were_none(self):
        for option, words in (("--svg", ["replay", "--config", "gateway.yaml", "--compare", "payment", "trace.jsonl"]),
                              ("--policy", ["replay", "--config", "gateway.yaml", "trace.jsonl"]),
                              ("--policy", ["prove", "--config", "gateway.yaml"]),
                              ("--policy", ["tune", "--config", "gateway.yaml", "trace.jsonl"]),
                              ("--traces", ["prove", "--config", "gateway.yaml"]),
                              ("--report", ["chaos", "run", "scenario.yaml"]), ("--html", ["report", "payment"]),
                              ("--directory", ["man"]), ("--out", ["record", "--from-log", "json", "access.log"])):
            with self.subTest(option=option):
                ran = self.run_here([*words, option, ""])
                self.assertEqual(ran.returncode, 2)
                self.assertIn(f"{option}: must not be empty", ran.stderr.decode())

    def test_a_command_that_does_not_exist_is_named(self):
        for words, said in ((["chekc"], '"chekc"; did you mean "check"?'), (["nothing-of-ours"], '"nothing-of-ours"'),
                            (["import", "isto"], '"isto"; did you mean "istio"?')):
            ran = run(words)
            self.assertEqual(ran.stderr.decode(), f"switchgear: there is no command {said}; see --help\n")
            self.assertEqual(ran.returncode, 2)
        for words in ([], ["import"]):
            self.assertIn(b"A subcommand is required", run(words).stderr)

    def test_a_token_cannot_end_its_header(self):
        for words in (["status"], ["status", "--watch"], ["reset", "payment"], ["report", "payment"],
                      ["explain", "payment"], ["record", "payment"]):
            ran = run([*words, "--admin", "http://127.0.0.1:1", "--token", "a\r\nX-Evil: 1"])
            self.assertEqual(ran.stderr.decode(), "--token: the value of header 'Authorization' holds a line break or "
                             "another control character; encode it or leave it out\n")
            self.assertEqual(ran.returncode, 2)

    def test_a_file_without_policies_has_nothing_to_prove(self):
        ran = run(["prove", "--config", self.write("empty.yaml", "version: 1\n")])
        self.assertEqual((ran.returncode, ran.stdout), (0, b"there are no policies\n"))

    def test_the_table_above_has_every_command_that_reads_a_file(self):
        reading = {" ".join(words) for words in commands()} - {
            "status", "report", "explain", "top", "demo", "man", "completion", "reset", "force-open", "force-close",
            "disable", "metrics-only"}
        self.assertLessEqual(reading, set(FILES))


if __name__ == "__main__":
    unittest.main()
