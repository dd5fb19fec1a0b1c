#!/usr/bin/env python3
"""The container file: its very steps are carried out, in this machine's place of the build image and in a plain Debian,
and what they make is run as the image says.

usage: container_test.py BUILD       BUILD is build/release of the repository, up to date

Needs no network: the packages that the steps install are there, and apt knows of no source. Needs no container engine;
it leaves nothing behind: see roots.py.
"""
import re
import signal
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import containerfile  # noqa: E402
from notify import manager  # noqa: E402
from programs import ROOT, get, process  # noqa: E402
from roots import field, in_a_namespace, machine_root, memory, plain_root  # noqa: E402

BUILD = Path()
FILE = ROOT / "deploy/container/Containerfile"
IN_IMAGE = ROOT / "deploy/container/gateway.yaml"


class Container(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        space = memory()
        folder = space.__enter__()
        cls.addClassCleanup(space.__exit__, None, None, None)
        building, running = containerfile.stages_of(FILE)
        arguments = {"SOURCE": str(ROOT)}  # where the build is up to date
        machine = machine_root(folder, ROOT)
        cls.forget_sources(machine)
        built = containerfile.build(building, machine, ROOT, arguments, {})
        (deb,) = machine.at(BUILD).joinpath("packages").glob("switchgear_*.deb")
        plain = plain_root(folder, f"ca-certificates, {field(deb, 'Depends')}")
        cls.image = containerfile.build(running, plain, ROOT, arguments, {building.name: built})

    @staticmethod
    def forget_sources(root):
        for file in (root.at("/etc/apt/sources.list"), *root.at("/etc/apt/sources.list.d").iterdir()):
            file.unlink(missing_ok=True)

    def serving(self, systemd, *more):
        """The container's first process: in a space of processes of its own, as its user, with its command line."""
        image = self.image
        return process(["unshare", "--pid", "--fork", "--kill-child", *image.root.command(image.argv(), image.user), *more],
                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                       env=image.root.environment(systemd))

    def test_it_is_built_on_debian_and_says_how_it_is_run(self):
        for stage in containerfile.stages_of(FILE):
            self.assertEqual(stage.base, "debian:12-slim")
        image = self.image
        self.assertEqual(image.argv(), ["/usr/bin/switchgear", "serve", "--config", "/etc/switchgear/gateway.yaml"])
        self.assertRegex(image.user, r"^[1-9]\d+:[1-9]\d+$")
        self.assertEqual(image.stop_signal, "SIGTERM")
        text = IN_IMAGE.read_text(encoding="utf-8")
        self.assertEqual(image.ports, [int(port) for port in re.findall(r'(?:listen|admin): "\S+:(\d+)"', text)])

    def test_its_policy_file_is_valid_there(self):
        image = self.image
        self.assertEqual(image.root.at(image.command[-1]).read_text(encoding="utf-8"), IN_IMAGE.read_text(encoding="utf-8"))
        self.assertIn("valid", image.root.run(["switchgear", "check", image.command[-1]], image.user))

    def test_it_serves_is_found_healthy_and_ends_at_its_signal_as_the_first_process(self):
        image = self.image
        with manager(image.root.at("/tmp")) as systemd, \
                self.serving(systemd, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0") as running:
            gateway, admin = map(int, re.findall(r"127\.0\.0\.1:(\d+)", running.stdout.readline()))
            self.assertEqual(systemd.next()["MAINPID"], "1", "signals go to the gateway itself, not to a shell before it")
            self.assertIn(get(gateway, "/")[0], (502, 503, 504), "the example's service is not there")
            image.root.run([*image.healthcheck, "--admin", f"http://127.0.0.1:{admin}"], image.user)
            self.assertTrue(image.root.at("/var/lib/switchgear/history.db").exists())

            (child,) = subprocess.run(["ps", "-o", "pid=", "--ppid", str(running.pid)], capture_output=True, text=True,
                                      check=True).stdout.split()
            subprocess.run(["kill", f"-{signal.Signals[image.stop_signal]:d}", child], check=True)
            self.assertEqual(systemd.next()["STOPPING"], "1")
            self.assertEqual(running.wait(), 0)
            image.root.run([*image.healthcheck, "--admin", f"http://127.0.0.1:{admin}"], image.user, status=3)

    def test_what_it_was_built_with_is_not_in_it(self):
        for path in ("/usr/bin/g++", "/usr/bin/cmake", str(ROOT / "CMakeLists.txt"), "/packages"):
            self.assertFalse(self.image.root.at(path).exists(), path)
        self.image.root.run(["dpkg-query", "-W", "switchgear", "ca-certificates"])


if __name__ == "__main__":
    in_a_namespace()
    BUILD = Path(sys.argv.pop(1)).resolve()
    unittest.main()
