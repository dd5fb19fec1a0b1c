#!/usr/bin/env python3
"""tools/check_keys.py catches a key that does not exist, wherever it is named."""
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import check_keys  # noqa: E402

BINARY = sys.argv.pop()


class CheckKeys(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = Path(directory.name)
        (self.root / "docs").mkdir()
        (self.root / "README.md").write_text("Nothing.\n", encoding="utf-8")

    def unknown(self):
        return [(where, name) for where, name, found in check_keys.check(self.root, BINARY) if not found]

    def test_catches_a_key_of_a_page_that_does_not_exist(self):
        (self.root / "docs" / "page.md").write_text(
            "`gateway.token`, `gateway.admin_token`, `slow_call.rate`, `policies.yaml`\n\n```yaml\na.b: 1\n```\n", encoding="utf-8")
        self.assertEqual(self.unknown(), [("docs/page.md", "gateway.admin_token")])

    def test_catches_a_key_of_a_message_that_does_not_exist(self):
        (self.root / "app").mkdir()
        (self.root / "app" / "serve.cpp").write_text(
            'log.warn("gateway.listen, token, admin_origins and "\n"open_duration take effect later");\n'
            'void admin_token();  // "admin_token" of C++\nfind("admin_token");\n', encoding="utf-8")
        self.assertEqual(self.unknown(), [("app/serve.cpp", "admin_origins")])

    def test_knows_keys_below_keys_and_none_below_a_plain_value(self):
        for name in ("policies.p.circuit_breaker.half_open.max_wait", "half_open.max_wait", "max_wait", "retry.budget.ratio"):
            self.assertTrue(check_keys.exists(BINARY, name), name)
        for name in ("policies.p.deadline.max", "half_open.maximum_wait", "services.s.port"):
            self.assertFalse(check_keys.exists(BINARY, name), name)


if __name__ == "__main__":
    unittest.main()
