#!/usr/bin/env python3
"""The manual and the completions that the program prints, in man, mandoc, bash, zsh and fish.

usage: shells_test.py SWITCHGEAR
"""
import os
import pty
import re
import select
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

SWITCHGEAR = ""
PATIENCE = 60  # seconds
COMMANDS = {"serve", "status", "check", "import", "export", "replay", "prove", "completion", "man", "top", "demo"}


def output_of(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=PATIENCE, **options).stdout


class InAFolder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        for name in ("gateway.yaml", "gate way.yaml", "other.txt"):
            (self.folder / name).touch()


class Manual(InAFolder):
    def setUp(self):
        super().setUp()
        subprocess.run([SWITCHGEAR, "man", "--directory", self.folder], check=True,
                       env={**os.environ, "SOURCE_DATE_EPOCH": "86400"})
        self.pages = sorted(self.folder.glob("*.1"))

    def test_every_command_has_its_page_and_mandoc_finds_no_fault_with_them(self):
        names = {page.stem for page in self.pages}
        self.assertLessEqual({f"switchgear-{command}" for command in COMMANDS} | {"switchgear", "switchgear-import-istio"}, names)
        done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", *self.pages], capture_output=True, text=True, check=False)
        # Pages that are not installed yet are no fault of theirs.
        faults = [line for line in done.stdout.splitlines() if "referenced manual not found" not in line]
        self.assertEqual(faults, [], done.stderr)

    def test_man_shows_what_the_command_line_takes_without_a_warning(self):
        for page in self.pages:
            words = page.stem.split("-") if page.stem.startswith(("switchgear-import-", "switchgear-export-", "switchgear-chaos-")) else \
                page.stem.split("-", 1)
            done = subprocess.run(["man", "--warnings", "-l", page], capture_output=True, text=True, check=True,
                                  env={**os.environ, "MANWIDTH": "200", "LC_ALL": "C.UTF-8", "MAN_KEEP_FORMATTING": ""})
            self.assertEqual(done.stderr, "", page)
            usage = output_of(SWITCHGEAR, *words[1:], "--help")
            for option in set(re.findall(r"--[a-z][a-z-]*", re.sub(r"Only.*|Excludes.*|Needs.*", "", usage))):
                self.assertIn(option, done.stdout, page)

    def test_the_date_is_the_builders(self):
        self.assertIn(" 1970-01-02 ", self.pages[0].read_text(encoding="utf-8"))

    def test_of_a_command_that_does_not_exist_there_is_none(self):
        done = subprocess.run([SWITCHGEAR, "man", "import", "nginx"], capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("there is no command 'import nginx'", done.stderr)


class Bash(InAFolder):
    """By the function that bash calls, with the words as bash splits them."""

    def complete(self, *words):
        script = """
          source <("$1" completion bash); shift
          COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}
          _switchgear switchgear "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
          ((${#COMPREPLY[@]})) && printf '%s\\n' "${COMPREPLY[@]}"; true"""
        return output_of("bash", "--norc", "-c", script, "bash", SWITCHGEAR, "switchgear", *words,
                         cwd=self.folder).splitlines()

    def test_it_completes_commands_and_those_below_them(self):
        self.assertLessEqual(COMMANDS, set(self.complete("")))
        self.assertEqual(self.complete("impo"), ["import"])
        self.assertEqual(sorted(self.complete("import", "")), ["envoy", "istio"])

    def test_it_completes_the_options_of_the_command(self):
        self.assertEqual(self.complete("serve", "--conf"), ["--config"])
        self.assertLessEqual({"--config", "--watch", "--no-watch", "--help", "-h"}, set(self.complete("serve", "-")))
        self.assertNotIn("--config", self.complete("status", "--"))
        self.assertIn("--json", self.complete("import", "istio", "--"))

    def test_it_completes_values(self):
        files = ["gate way.yaml", "gateway.yaml"]
        self.assertEqual(sorted(self.complete("serve", "--config", "gate")), files)
        self.assertEqual(sorted(self.complete("serve", "--config", "=", "gate")), files, "--config=gate")
        self.assertEqual(sorted(self.complete("check", "gate")), files)
        self.assertEqual(self.complete("demo", "--fault", "re"), ["refuse", "reset"])
        self.assertEqual(sorted(self.complete("demo", "--fault", "=")), ["errors", "hang", "latency", "refuse", "reset"])
        self.assertEqual(self.complete("completion", "z"), ["zsh"])
        self.assertEqual(self.complete("serve", "--listen", ""), [], "an address is not known here")

    def test_it_takes_the_value_of_an_option_for_no_command(self):
        self.assertEqual(self.complete("export", "envoy", "--config", "serve", "--conf"), ["--config"])


class Fish(InAFolder):
    def complete(self, line):
        (self.folder / "switchgear.fish").write_text(output_of(SWITCHGEAR, "completion", "fish"), encoding="utf-8")
        lines = output_of("fish", "--no-config", "-c", f"source switchgear.fish; complete -C '{line}'", cwd=self.folder,
                          env={**os.environ, "HOME": str(self.folder), "LC_ALL": "C.UTF-8"}).splitlines()
        return {line.split("\t")[0]: line.partition("\t")[2] for line in lines}

    def test_it_completes_commands_with_their_meanings(self):
        found = self.complete("switchgear ")
        self.assertLessEqual(COMMANDS, set(found))
        self.assertEqual(found["check"], "Validate a policy file; errors as FILE:LINE:COL: message")
        self.assertEqual(set(self.complete("switchgear import ")), {"envoy", "istio"})

    def test_it_completes_the_options_of_the_command(self):
        self.assertEqual(set(self.complete("switchgear serve --conf")), {"--config"})
        self.assertNotIn("--config", self.complete("switchgear status --"))
        self.assertIn("--json", self.complete("switchgear import istio --"))

    def test_it_completes_values(self):
        self.assertLessEqual({"gateway.yaml"}, set(self.complete("switchgear serve --config gate")))
        self.assertIn("gateway.yaml", self.complete("switchgear check gate"))
        self.assertEqual(set(self.complete("switchgear demo --fault re")), {"refuse", "reset"})
        self.assertEqual(set(self.complete("switchgear completion ")), {"bash", "fish", "zsh"})
        self.assertEqual(set(self.complete("switchgear serve --listen ")), set())


class Zsh(InAFolder):
    """Typed at a terminal: completion of zsh exists nowhere else."""

    def setUp(self):
        super().setUp()
        (self.folder / "functions").mkdir()
        (self.folder / "functions/_switchgear").write_text(output_of(SWITCHGEAR, "completion", "zsh"), encoding="utf-8")
        (self.folder / ".zshrc").write_text("""
          fpath=($ZDOTDIR/functions $fpath); autoload -U compinit; compinit -u -d $ZDOTDIR/dump
          PROMPT='READY> '; unsetopt beep zle_bracketed_paste prompt_sp; zstyle ':completion:*' list-prompt ''
          show() { compadd() { [[ $@ == *-[OAD]* ]] && { builtin compadd "$@"; return }; local -a found; builtin compadd -O found "$@"
            print -rl -- $found >> $ZDOTDIR/found; builtin compadd "$@"; }; _main_complete; unfunction compadd; print END >> $ZDOTDIR/found }
          zle -C show list-choices show; bindkey '^T' show
        """, encoding="utf-8")
        pid, self.terminal = pty.fork()
        if pid == 0:
            os.chdir(self.folder)
            os.execvpe("zsh", ["zsh", "-i"], {"PATH": os.environ["PATH"], "ZDOTDIR": str(self.folder), "HOME": str(self.folder),
                                              "TERM": "dumb", "LC_ALL": "C.UTF-8"})
        self.addCleanup(self.end, pid)
        self.read_until(lambda text: "READY> " in text)

    def end(self, pid):
        os.close(self.terminal)
        os.waitpid(pid, 0)

    def read_until(self, holds):
        text, end = "", time.monotonic() + PATIENCE
        while not holds(text):
            if not select.select([self.terminal], [], [], max(0, end - time.monotonic()))[0]:
                raise AssertionError(f"zsh shows {text!r}")
            text += os.read(self.terminal, 65536).decode(errors="replace")
        return text

    def complete(self, line):
        found = self.folder / "found"
        found.unlink(missing_ok=True)
        os.write(self.terminal, b"\x15" + line.encode() + b"\x14")
        self.read_until_found(found)
        words = found.read_text(encoding="utf-8").splitlines()
        return {word.partition(":")[0].rstrip("=") for word in words if word and word != "END"}

    def read_until_found(self, found):
        end = time.monotonic() + PATIENCE
        while not (found.exists() and found.read_text(encoding="utf-8").endswith("END\n")):
            if time.monotonic() > end:
                raise AssertionError("zsh completes nothing")
            if select.select([self.terminal], [], [], 0.05)[0]:
                os.read(self.terminal, 65536)

    def test_it_completes_what_the_command_line_takes(self):
        self.assertLessEqual(COMMANDS, self.complete("switchgear "))
        self.assertEqual(self.complete("switchgear import "), {"envoy", "istio"})
        self.assertIn("--config", self.complete("switchgear serve --"))
        self.assertNotIn("--config", self.complete("switchgear status --"))
        self.assertIn("gateway.yaml", self.complete("switchgear serve --config gate"))
        self.assertIn("gateway.yaml", self.complete("switchgear check gate"))
        self.assertEqual(self.complete("switchgear demo --fault re"), {"refuse", "reset"})
        self.assertEqual(self.complete("switchgear completion "), {"bash", "fish", "zsh"})


if __name__ == "__main__":
    SWITCHGEAR = str(Path(sys.argv.pop(1)).resolve())
    unittest.main()
