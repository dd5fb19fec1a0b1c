#!/usr/bin/env python3
"""The Debian package: built, installed into a plain Debian, run as its unit runs it, upgraded and purged.

usage: package_test.py BUILD VERSION

Needs no network, and leaves nothing behind: see roots.py.
"""
import os
import re
import shlex
import signal
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
from notify import manager  # noqa: E402
from programs import get, process  # noqa: E402
from roots import field, in_a_namespace, machine_root, memory, mount, plain_root  # noqa: E402

BUILD, VERSION = Path(), ""
FOLDER, DEB = Path(), Path()
NOBODY = "65534:65534"
POLICY_FILE = "/etc/switchgear/gateway.yaml"
UNITS = ("switchgear.service", "switchgear@.service")


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False, **options)
    if done.returncode != 0:
        raise AssertionError(f"{command} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout


def built(folder, components):
    """Packages of these components, in `folder`."""
    run("cpack", "--config", BUILD / "CPackConfig.cmake", "-B", folder, "-D", f"CPACK_COMPONENTS_ALL={components}",
        "-D", "CPACK_DEBIAN_COMPRESSION_TYPE=gzip")
    return sorted(folder.glob("*.deb"))


def changed(deb, folder, version, change=None):
    """The same package as another version; `change` is given the folder that it is unpacked in."""
    tree, made = folder / f"tree-{version}", folder / f"switchgear_{version}.deb"
    run("dpkg-deb", "-R", deb, tree)
    control = tree / "DEBIAN/control"
    control.write_text(re.sub(r"^Version: .*$", f"Version: {version}", control.read_text(encoding="utf-8"), flags=re.MULTILINE),
                       encoding="utf-8")
    if change:
        change(tree)
    run("dpkg-deb", "-Znone", "-b", tree, made)
    return made


def setUpModule():
    global FOLDER, DEB
    space = memory()
    FOLDER = space.__enter__()
    unittest.addModuleCleanup(space.__exit__, None, None, None)
    (DEB,) = built(FOLDER / "packages", "bin;system")


class Package(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = plain_root(FOLDER, field(DEB, "Depends"))

    def setUp(self):
        for file in self.root.at("/tmp").iterdir():
            file.unlink()
        self.root.put(DEB, "/tmp/switchgear.deb")
        self.addCleanup(self.root.run, ["dpkg", "--purge", "switchgear"])

    def install(self, deb="/tmp/switchgear.deb", *options):
        return self.root.run(["dpkg", *options, "-i", deb])

    def unit(self, name="switchgear.service"):
        """Its settings; a repeated one has the last value."""
        text = self.root.at(f"/lib/systemd/system/{name}").read_text(encoding="utf-8")
        return dict(re.findall(r"^(\w+)=(.+)$", text, re.MULTILINE))

    def test_it_names_itself_and_what_it_needs(self):
        self.assertEqual((field(DEB, "Package"), field(DEB, "Version")), ("switchgear", VERSION))
        needed = field(DEB, "Depends")
        for name in ("libc6 (>=", "libssl3 (>=", "libboost-json1.81.0", "libfyaml0", "libsqlite3-0"):
            self.assertIn(name, needed)
        self.install()
        self.assertEqual(self.root.run(["switchgear", "--version"]), f"switchgear {VERSION}\n")
        self.assertIn("valid", self.root.run(["switchgear", "check", POLICY_FILE], user=NOBODY))

    def test_it_serves_as_its_unit_starts_it_and_drains_as_the_unit_stops_it(self):
        self.install()
        unit = self.unit()
        self.assertEqual((unit["Type"], unit["ExecReload"]), ("notify", "/bin/kill -HUP $MAINPID"))
        self.assertEqual(unit["NotifyAccess"], "all", "a process that takes over speaks for itself")
        command = shlex.split(unit["ExecStart"])
        self.assertEqual(command[3], POLICY_FILE)
        with manager(self.root.at("/tmp")) as systemd, \
                process(self.root.command([*command, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"], NOBODY),
                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                        env=self.root.environment(systemd)) as serving:
            self.assertEqual(systemd.next()["MAINPID"], str(serving.pid))
            gateway, admin = map(int, re.findall(r"127\.0\.0\.1:(\d+)", serving.stdout.readline()))
            self.assertEqual(get(gateway, "/")[0], 502, "the example's service is not there")
            status = self.root.run(["switchgear", "status", "--admin", f"http://127.0.0.1:{admin}"])
            self.assertIn("example", status)
            serving.send_signal(signal.SIGHUP)
            self.assertEqual(systemd.next()["RELOADING"], "1")
            self.assertEqual(systemd.next()["READY"], "1")
            serving.terminate()
            self.assertEqual(systemd.next()["STOPPING"], "1")
            self.assertEqual(serving.wait(), 0)

    def test_an_upgrade_keeps_an_edited_policy_file_and_asks_nobody(self):
        self.install()
        file = self.root.at(POLICY_FILE)
        edited = file.read_text(encoding="utf-8").replace("timeout: 2s", "timeout: 3s")
        file.write_text(edited, encoding="utf-8")

        self.root.put(changed(DEB, FOLDER, f"{VERSION}+1"), "/tmp/same.deb")
        self.install("/tmp/same.deb")
        self.assertEqual(file.read_text(encoding="utf-8"), edited)

        def another(tree):
            with open(tree / POLICY_FILE[1:], "a", encoding="utf-8") as at:
                at.write("# of the next version\n")

        self.root.put(changed(DEB, FOLDER, f"{VERSION}+2", another), "/tmp/other.deb")
        self.install("/tmp/other.deb", "--force-confdef", "--force-confold")  # as unattended-upgrades does
        self.assertEqual(file.read_text(encoding="utf-8"), edited)
        self.assertIn("# of the next version", file.with_name("gateway.yaml.dpkg-dist").read_text(encoding="utf-8"))

    def test_an_upgrade_takes_over_a_policy_file_that_is_as_it_was(self):
        self.install()
        self.root.put(changed(DEB, FOLDER, f"{VERSION}+3", lambda tree: (tree / POLICY_FILE[1:]).write_text(
            "version: 1\n", encoding="utf-8")), "/tmp/next.deb")
        self.install("/tmp/next.deb")
        self.assertEqual(self.root.at(POLICY_FILE).read_text(encoding="utf-8"), "version: 1\n")

    def test_removing_keeps_what_is_yours_and_purging_nothing(self):
        before = self.root.files()
        self.install()
        self.root.at("/var/lib/private/switchgear").mkdir(parents=True)
        self.root.at("/var/lib/private/switchgear/history.db").touch()
        self.root.at("/var/lib/switchgear").symlink_to("private/switchgear")
        self.root.run(["dpkg", "--remove", "switchgear"])
        self.assertFalse(self.root.at("/usr/bin/switchgear").exists())
        self.assertTrue(self.root.at(POLICY_FILE).exists())
        self.assertTrue(self.root.at("/var/lib/private/switchgear/history.db").exists())
        self.root.run(["dpkg", "--purge", "switchgear"])
        self.assertEqual(self.root.files() - before - {"./var/lib/private"}, set())
        self.assertFalse(self.root.at("/etc/systemd/system/switchgear.service").is_symlink(), "it is not masked any more")

    def test_apt_installs_it_where_nothing_but_a_plain_debian_is(self):
        text = self.root.run(["apt-get", "install", "-y", "--no-install-recommends", "/tmp/switchgear.deb"])
        self.assertIn("Setting up switchgear", text)

    def test_the_manual_and_completions_are_those_of_the_program(self):
        self.install()
        shown = self.root.run(["sh", "-c", "dpkg -L switchgear"])
        for path in ("/usr/share/man/man1/switchgear.1.gz", "/usr/share/man/man1/switchgear-import-istio.1.gz",
                     "/usr/share/bash-completion/completions/switchgear", "/usr/share/zsh/vendor-completions/_switchgear",
                     "/usr/share/fish/vendor_completions.d/switchgear.fish"):
            self.assertIn(path + "\n", shown)
        self.assertEqual(self.root.at("/usr/share/zsh/vendor-completions/_switchgear").read_text(encoding="utf-8"),
                         self.root.run(["switchgear", "completion", "zsh"]))


def calls_of(group):
    """The system calls of a group of systemd's, "@system-service"."""
    shown = run("systemd-analyze", "syscall-filter", "--no-pager", group)
    names = set(re.findall(r"^ {4}(\w+)$", shown, re.MULTILINE))
    return names.union(*map(calls_of, re.findall(r"^ {4}(@[\w-]+)$", shown, re.MULTILINE)))


PROGRAM = """
#include <switchgear/sync/call.hpp>
int main() {
  switchgear::CircuitBreaker breaker{"shop", {.consecutive_failures = 3}};
  const auto answer = switchgear::try_call(breaker, [] { return 42; });
  return answer && *answer == 42 ? 0 : 1;
}
"""


class OnThisMachine(unittest.TestCase):
    """With its compiler, and systemd's own judgement of the units."""

    @classmethod
    def setUpClass(cls):
        cls.root = machine_root(FOLDER)
        cls.root.put(DEB, "/tmp/switchgear.deb")
        mount("-t", "tmpfs", "tmpfs", cls.root.at("/run"))  # where this machine's systemd listens
        cls.root.run(["dpkg", "--no-triggers", "-i", "/tmp/switchgear.deb"])  # man-db would index every page
        cls.root.run(["install", "-d", "-o", "65534", "-g", "65534", "/var/lib/switchgear"])

    def test_a_program_is_built_with_the_library_of_its_package(self):
        (deb,) = built(FOLDER / "library", "dev;dev_system")
        self.root.put(deb, "/tmp/library.deb")
        self.root.run(["dpkg", "--no-triggers", "-i", "/tmp/library.deb"])
        self.root.at("/tmp/shop.cpp").write_text(PROGRAM, encoding="utf-8")
        self.root.run(["sh", "-c", "cd /tmp && g++ -std=c++20 shop.cpp -o shop $(pkg-config --cflags --libs switchgear-core) && ./shop"])

    def test_systemd_finds_no_fault_with_the_units(self):
        for unit in ("switchgear.service", "switchgear@edge.service"):
            self.assertEqual(self.root.run(["systemd-analyze", "verify", "--man=no", f"/lib/systemd/system/{unit}"]), "")

    def test_systemd_finds_the_units_exposed_to_little(self):
        for unit in UNITS:
            shown = self.root.run(["systemd-analyze", "security", "--offline=yes", "--threshold=25", "--no-pager",
                                   f"/lib/systemd/system/{unit}"])
            level = re.search(r"Overall exposure level for .*: ([\d.]+)", shown)[1]
            print(f"{unit}: exposure {level}", file=sys.stderr)
            self.assertLessEqual(float(level), 2.5)


    def test_the_units_allow_every_system_call_that_the_gateway_makes(self):
        text = self.root.at(f"/lib/systemd/system/{UNITS[0]}").read_text(encoding="utf-8")
        allowed, denied = re.findall(r"^SystemCallFilter=(.+)$", text, re.MULTILINE)
        allowed = set().union(*map(calls_of, allowed.split()))
        allowed -= set().union(*map(calls_of, denied.lstrip("~").split()))
        policies = self.root.at(POLICY_FILE)
        example = policies.read_text(encoding="utf-8")
        policies.write_text(example.replace("\ngateway:\n", "\ngateway:\n  takeover: /tmp/takeover.sock\n", 1), encoding="utf-8")
        self.assertIn("takeover", policies.read_text(encoding="utf-8"))
        self.addCleanup(policies.write_text, example, encoding="utf-8")
        command = ["strace", "-f", "-qqq", "-o", "/tmp/calls", "switchgear", "serve", "--config", POLICY_FILE, "--listen",
                   "127.0.0.1:0", "--admin", "127.0.0.1:0"]
        with manager(self.root.at("/tmp")) as systemd, \
                process(self.root.command(command, NOBODY), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                        env=self.root.environment(systemd)) as traced:
            serving = int(systemd.next()["MAINPID"])
            gateway, admin = map(int, re.findall(r"127\.0\.0\.1:(\d+)", traced.stdout.readline()))
            self.assertEqual(get(gateway, "/")[0], 502)
            self.assertEqual(get(admin, "/history")[0], 200)
            os.kill(serving, signal.SIGHUP)
            self.assertEqual([next(iter(systemd.next())) for _ in range(2)], ["RELOADING", "READY"])
            os.kill(serving, signal.SIGUSR2)
            self.assertIn("MAINPID", systemd.next())
            serving = int(systemd.next()["MAINPID"])
            os.kill(serving, signal.SIGTERM)
            self.assertEqual(traced.wait(), 0)
        made = set(re.findall(r"^\d+ +(\w+)\(", self.root.at("/tmp/calls").read_text(encoding="utf-8"), re.MULTILINE))
        self.assertIn("epoll_wait", made)
        self.assertTrue(self.root.at("/var/lib/switchgear/history.db").exists())
        self.assertEqual(made - allowed - {"execve"}, set())


if __name__ == "__main__":
    in_a_namespace()
    BUILD, VERSION = Path(sys.argv.pop(1)).resolve(), sys.argv.pop(1)
    unittest.main()
