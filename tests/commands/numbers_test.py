"""Every option that is a number refuses what is none, or is not one it can have. Argument: BINARY"""
import re
import unittest

from binary import Case, commands, helped, run

WRONG = ["nan", "-nan", "inf", "-inf", "1e999", "-1", "18446744073709551616", "0x10", "1,5", "12a", " 7", ""]
OPTION = re.compile(r"^  (?:-\w,)?(--[a-z-]+)(?:,\S+)? (\S+?)(?:=\S+)?(?= |$)", re.MULTILINE)
KINDS = re.compile(r"\b(UINT|INT|FLOAT|NUMBER)\b")


class Numbers(Case):
    def options(self):
        for words in [*commands(), ["demo-service"]]:
            for name, kind in OPTION.findall(helped(words)[0]):
                if KINDS.search(kind):
                    yield words, name, kind

    def test_every_number_is_checked(self):
        found = list(self.options())
        names = {name for _, name, _ in found}
        self.assertLessEqual({"--seed", "--rate", "--cost-bad", "--doubtful-per-day", "--sample", "--most",
                              "--max-calls", "--port", "--admin-port", "--control-port"}, names)
        for words, name, kind in found:
            self.assertTrue(kind.endswith(":NUMBER"), f"{words} {name} {kind} has no check of app/shell/checks.hpp")
            for wrong in WRONG:
                with self.subTest(command=words, option=name, value=wrong):
                    ran = run([*words, f"{name}={wrong}"] if wrong else [*words, name, ""])
                    said = ran.stderr.decode()
                    self.assertEqual(ran.returncode, 2, said)
                    self.assertRegex(said, rf'^{name}: "{re.escape(wrong)}" is not a (whole )?number from \S+ to \S+\n')

    def test_the_greatest_and_the_least_are_taken(self):
        for seed in ("0", "18446744073709551615"):
            ran = run(["replay", "--config", self.policies, "--policy", "payment", "--seed", seed, self.trace])
            self.assertEqual(ran.returncode, 0, ran.stderr)
        ran = run(["prove", "--config", self.policies, "--rate", "1e-6"])
        self.assertNotEqual(ran.returncode, 2, ran.stderr)

    def test_names_between_commas_are_not_empty(self):
        for names in (",", "payment,", ",payment", "payment,,careful", ""):
            with self.subTest(names=names):
                compare = [f"--compare={names}"] if names else ["--compare", ""]
                ran = run(["replay", "--config", self.policies, *compare, self.trace])
                self.assertEqual(ran.returncode, 2)
                self.assertIn(f'--compare: "{names}" has an empty name; expected names of policies with a comma '
                              "between, as in a,b\n", ran.stderr.decode())
        ran = run(["replay", "--config", self.policies, "--compare", ",", self.trace])
        self.assertIn(b'--compare: "," has an empty name', ran.stderr)
        ran = run(["replay", "--config", self.policies, "--compare", "payment,careful", self.trace])
        self.assertEqual(ran.returncode, 0, ran.stderr)


if __name__ == "__main__":
    unittest.main()
