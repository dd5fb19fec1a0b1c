#!/usr/bin/env python3
"""tools/check_includes.py catches every kind of violation, and nothing else."""
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import check_includes  # noqa: E402

CLEAN = {
    "switchgear/core/time.hpp": "#include <chrono>\n",
    "switchgear/policy/breaker.hpp": '#include "switchgear/core/time.hpp"\n',
    "switchgear/policy/breaker_test.cpp": '#include <gtest/gtest.h>\n#include "switchgear/testing/manual_time.hpp"\n',
    "switchgear/policy/breaker_fixture.hpp": "",
    "switchgear/registry/registry.hpp": '#include "switchgear/policy/breaker.hpp"\n',
    "switchgear/pipeline/layer.hpp": "",
    "switchgear/pipeline/layers/retry.hpp": '#include "switchgear/pipeline/layer.hpp"\n',
    "switchgear/pipeline/layers.hpp": '#include "switchgear/pipeline/layers/retry.hpp"\n',
    "switchgear/testing/manual_time.hpp": '#include "switchgear/core/time.hpp"\n',
    "switchgear/http/client.cpp": '#include <boost/asio.hpp>\n#include "switchgear/policy/breaker.hpp"\n',
    "switchgear/config/config.hpp": '#include "switchgear/core/time.hpp"\n',
    "app/gateway/gateway.hpp": '#include "switchgear/config/config.hpp"\n#include "switchgear/http/client.cpp"\n',
    "app/gateway/call/call.hpp": '#include "app/gateway/service/service.hpp"\n#include "app/gateway/call/attempt.hpp"\n',
    "app/gateway/call/attempt.hpp": "",
    "app/gateway/call/call_test.cpp": '#include "app/gateway/connection/connection.hpp"\n',
    "app/gateway/service/service.hpp": "",
    "app/gateway/connection/connection.hpp": '#include "app/gateway/call/call.hpp"\n',
    "app/gateway/worker.hpp": '#include "app/gateway/connection/connection.hpp"\n',
    "app/admin/admin.hpp": '#include <fmt/format.h>\n',
    "app/serve/server.cpp": '#include "app/admin/admin.hpp"\n#include "app/gateway/gateway.hpp"\n',
    "app/serve/serve_command.hpp": "",
    "app/control/client.hpp": "",
    "app/top/session.hpp": '#include "app/control/client.hpp"\n',
    "app/main.cpp": '#include "app/admin/admin.hpp"\n#include "app/serve/serve_command.hpp"\n',
    "tests/model/model.hpp": "",
}


class CheckIncludes(unittest.TestCase):
    def found_with(self, changes):
        with tempfile.TemporaryDirectory() as directory:
            root = Path(directory)
            for path, text in {**CLEAN, **changes}.items():
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_text(text, encoding="utf-8")
            return check_includes.check(root)[1]

    def catches(self, path, text, words):
        found = self.found_with({path: text})
        self.assertEqual(len(found), 1, found)
        self.assertTrue(found[0].startswith(f"{path}:1: "), found)
        self.assertIn(words, found[0])

    def catches_circle(self, files, places):
        found = sorted(self.found_with(files))
        self.assertEqual([line.split(": ")[0] for line in found], places, found)
        for line in found:
            self.assertIn("in turn", line)

    def test_lets_a_tree_in_order_pass(self):
        self.assertEqual(self.found_with({}), [])

    def test_catches_a_lower_room_that_includes_a_higher_one(self):
        self.catches("switchgear/core/word.hpp", '#include "switchgear/policy/breaker.hpp"\n', "core is not above room policy")

    def test_catches_rooms_beside_each_other(self):
        self.catches("switchgear/http/watch.hpp", '#include "switchgear/registry/registry.hpp"\n', "not above room registry")

    def test_catches_the_library_including_the_binary(self):
        self.catches("switchgear/http/pool.hpp", '#include "app/admin/admin.hpp"\n', "never includes the binary")

    def test_catches_one_room_of_the_binary_including_another(self):
        self.catches("app/admin/page.cpp", '#include "app/gateway/gateway.hpp"\n', "meet in app/serve/")
        self.catches("app/admin/page.cpp", '#include "app/serve/serve_command.hpp"\n', "meet in app/serve/")
        self.catches("app/top/draw.cpp", '#include "app/admin/admin.hpp"\n', "meet in app/serve/")
        self.catches("app/control/watch.cpp", '#include "app/top/session.hpp"\n', "meet in app/serve/")

    def test_catches_a_subfolder_that_includes_a_higher_one(self):
        self.catches("app/gateway/call/client.hpp", '#include "app/gateway/connection/connection.hpp"\n', "nothing runs upwards")
        self.catches("app/gateway/connection/list.hpp", '#include "app/gateway/worker.hpp"\n', "nothing runs upwards")

    def test_catches_a_subfolder_that_is_above_and_below_a_file_beside_it(self):
        self.catches_circle({"switchgear/pipeline/layers/hedge.hpp": '#include "switchgear/pipeline/layers.hpp"\n'},
                            ["switchgear/pipeline/layers.hpp:1", "switchgear/pipeline/layers/hedge.hpp:1"])

    def test_catches_a_circle_of_subfolders_in_a_room_without_an_order(self):
        self.catches_circle({
            "app/serve/logs/log.hpp": '#include "app/serve/signals/signals.hpp"\n',
            "app/serve/signals/signals.hpp": '#include "app/serve/drain.hpp"\n',
            "app/serve/drain.hpp": '#include "app/serve/logs/log.hpp"\n',
        }, ["app/serve/drain.hpp:1", "app/serve/logs/log.hpp:1", "app/serve/signals/signals.hpp:1"])

    def test_catches_a_circle_inside_a_subfolder(self):
        self.catches_circle({
            "app/gateway/call/retry/plan.hpp": '#include "app/gateway/call/attempts.hpp"\n',
            "app/gateway/call/attempts.hpp": '#include "app/gateway/call/retry/plan.hpp"\n',
        }, ["app/gateway/call/attempts.hpp:1", "app/gateway/call/retry/plan.hpp:1"])

    def test_catches_two_files_that_include_each_other_whichever_of_their_parts_does(self):
        self.catches_circle({
            "switchgear/http/pool.hpp": '#include "switchgear/http/connection.hpp"\n',
            "switchgear/http/connection.hpp": "",
            "switchgear/http/connection.cpp": '#include "switchgear/http/pool.hpp"\n',
        }, ["switchgear/http/connection.cpp:1", "switchgear/http/pool.hpp:1"])

    def test_catches_a_subfolder_nobody_knows_in_a_room_with_an_order(self):
        self.catches("app/gateway/misc/strings.hpp", "", "not in its room's order")

    def test_catches_boost_and_fmt_in_a_standard_only_room(self):
        self.catches("switchgear/policy/rule.cpp", "#include <boost/json.hpp>\n", "standard library")
        self.catches("switchgear/core/text.cpp", "  #  include <fmt/format.h>\n", "standard library")

    def test_catches_product_code_that_includes_test_code(self):
        self.catches("switchgear/policy/rule.cpp", '#include "switchgear/policy/breaker_fixture.hpp"\n', "belongs to tests")
        self.catches("app/admin/page.cpp", '#include "tests/model/model.hpp"\n', "only tests")

    def test_catches_testing_in_product_code(self):
        self.catches("switchgear/policy/rule.cpp", '#include "switchgear/testing/manual_time.hpp"\n', "not above room testing")

    def test_catches_paths_that_do_not_start_at_the_root(self):
        self.catches("switchgear/policy/rule.cpp", '#include "breaker.hpp"\n', "from its root")
        self.catches("app/admin/page.cpp", "#include <switchgear/config/config.hpp>\n", "in quotes")

    def test_catches_a_room_nobody_knows(self):
        self.catches("switchgear/util/strings.hpp", "", "not in the order")


if __name__ == "__main__":
    unittest.main()
