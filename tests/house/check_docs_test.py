#!/usr/bin/env python3
"""tools/check_docs.py catches a snippet that does not compile, a configuration that is refused and a dead link."""
import stat
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import check_docs  # noqa: E402

COMPILER = sys.argv.pop() if len(sys.argv) > 1 else "c++"


class CheckDocs(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = Path(directory.name)
        (self.root / "docs").mkdir()
        (self.root / "switchgear" / "core").mkdir(parents=True)
        (self.root / "switchgear/core/word.hpp").write_text("#include <chrono>\nnamespace switchgear { struct Word {}; }\n")

    def page(self, text):
        (self.root / "docs" / "page.md").write_text(text, encoding="utf-8")

    def test_compiles_whole_and_partial_snippets_and_nothing_else(self):
        self.page("```cpp\nWord word;\n```\n\n```cpp\n#include <string>\nint main() {}\n```\n\n```text\nno C++\n```\n")
        results = list(check_docs.check_cpp(self.root, COMPILER, "-std=c++20"))
        self.assertEqual(results, [("docs/page.md:2", None), ("docs/page.md:6", None)])

    def test_names_the_line_of_a_snippet_that_does_not_compile(self):
        self.page("Text.\n\n```cpp\nWord word;\nWrod typo;\n```\n")
        [(place, problem)] = check_docs.check_cpp(self.root, COMPILER, "-std=c++20")
        self.assertEqual(place, "docs/page.md:4")
        self.assertIn("page.md:5:", problem)

    def test_reports_what_the_binary_refuses(self):
        refuses = self.root / "refuses"
        refuses.write_text('#!/bin/sh\ngrep -q good "$2" || { echo "$2:1:1: bad" >&2; exit 1; }\n')
        refuses.chmod(refuses.stat().st_mode | stat.S_IXUSR)
        self.page("```yaml\nversion: 1 # good\n```\n```yaml\ntimeout: bad\n```\n")
        results = list(check_docs.check_yaml(self.root, str(refuses)))
        self.assertEqual([place for place, problem in results if problem], ["docs/page.md:5"])

    def test_puts_parts_of_a_file_where_they_belong(self):
        self.assertEqual(check_docs.as_whole_file("version: 1\n"), "version: 1\n")
        self.assertIn("\n    timeout: 2s\n", check_docs.as_whole_file("timeout: 2s\n"))
        self.assertIn("\n      consecutive_failures: 5\n      jitter: 0.1\n", check_docs.as_whole_file("jitter: 0.1\n"))
        self.assertIn("  slow: {circuit_breaker", check_docs.as_whole_file("services:\n  a: {policy: slow}\n"))

    def test_catches_a_link_that_leads_nowhere(self):
        self.page("[there](page.md) [out](https://example.org/) [gone](missing.md#part)\n")
        self.assertEqual(dict(check_docs.check_links(self.root)),
                         {"docs/page.md -> page.md": None, "docs/page.md -> missing.md#part": "is not there"})

    def test_catches_a_link_to_a_heading_that_is_not_there(self):
        self.page("# The `first` one, twice\n\n[up](#the-first-one-twice) [up](page.md#the-first) \n\n```text\n# the first\n```\n")
        self.assertEqual(dict(check_docs.check_links(self.root)),
                         {"docs/page.md -> #the-first-one-twice": None,
                          "docs/page.md -> page.md#the-first": "leads to a page without such a heading"})

    def test_catches_a_page_of_a_policy_in_another_shape(self):
        parts = ["# Retry\n\n`#include \"switchgear/policy/retry.hpp\"`\n", "Tries again.\n", "```text\na -> b\n```\n",
                 "## Options\n\n| key | meaning | unit | default |\n|---|---|---|---|\n", "## In C++\n\n```cpp\n```\n",
                 "## In YAML\n\n```yaml\n```\n", "## Telemetry\n\nCounts.\n", "## Pitfalls\n\n- One.\n",
                 "## Elsewhere\n\n**resilience4j**, **Polly**, **Envoy** differ.\n"]
        policies = self.root / "docs" / "policies"
        policies.mkdir()

        def problem_of(*some):
            (policies / "retry.md").write_text("\n".join(some), encoding="utf-8")
            [(_, problem)] = check_docs.check_shape(self.root)
            return problem
        self.assertIsNone(problem_of(*parts))
        for missing, (name, _) in enumerate(check_docs.PARTS):
            self.assertEqual(problem_of(*parts[:missing], *parts[missing + 1:]), f"lacks {name}, or has it in the wrong place")
        self.assertIn("pitfalls", problem_of(*parts[:6], parts[7], parts[6], parts[8]))

    def test_catches_a_copy_that_is_not_its_file(self):
        (self.root / "docs" / "a.txt").write_text("one\n")
        (self.root / "docs" / "b.txt").write_text("two\n")
        self.page("<!-- docs/a.txt -->\n```text\none\n```\n\n<!-- docs/b.txt -->\n```text\none\n```\n<!-- a remark -->\n")
        self.assertEqual(dict(check_docs.check_copies(self.root)),
                         {"docs/page.md <- docs/a.txt": None, "docs/page.md <- docs/b.txt": "is not that file"})


if __name__ == "__main__":
    unittest.main()
