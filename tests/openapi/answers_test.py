#!/usr/bin/env python3
"""GET /openapi.json says the truth: every answer that an admin server gives in our tests is one that it describes.

Runs test programs whose admin servers' answers are recorded (switchgear/admin/answer_record_fixture.hpp), validates each
answer against the schema of its path, method and status, and finds what is described and was never answered. What the
programs themselves find is not looked at here: they are tests of their own.

usage: answers_test.py DOCUMENT PROGRAM[:FILTER]...      FILTER: of GoogleTest
"""
import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import jsonschema

DOCUMENT = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
PROGRAMS = [each.partition(":") for each in sys.argv[2:]]
METHODS = ("get", "post", "put", "delete", "patch")


def resolved(part):
    while "$ref" in part:
        at = DOCUMENT
        for step in part["$ref"].removeprefix("#/").split("/"):
            at = at[step.replace("~1", "/").replace("~0", "~")]
        part = at
    return part


def template_of(target):
    """The described path of a request target, or None; one without a `{name}` wins."""
    wanted = target.partition("?")[0].split("/")
    found = None
    for template in DOCUMENT["paths"]:
        steps = template.split("/")
        fits = len(steps) == len(wanted) and all(
            step == given or (step.startswith("{") and given) for step, given in zip(steps, wanted))
        if fits and (found is None or "{" not in template):
            found = template
    return found


def validator(schema):
    return jsonschema.Draft202012Validator({**schema, "components": DOCUMENT["components"]})


def response_for(answer):
    """(path, method, status as described) and the description; or a sentence that says what is missing."""
    method = {"HEAD": "get"}.get(answer["method"], answer["method"].lower())
    template = template_of(answer["target"])
    operation = DOCUMENT["paths"].get(template, {}).get(method)
    status = str(answer["status"])
    if operation is None:
        if answer["status"] < 400:
            return None, "is not described"
        return (None, None, "default"), resolved(DOCUMENT["components"]["responses"]["Refused"])
    if status not in operation["responses"]:
        if answer["status"] < 400:
            return None, "has a status that is not described"
        status = "default"
    return (template, method, status), resolved(operation["responses"][status])


def problem_with(answer):
    """What is wrong with one answer, or None."""
    key, described = response_for(answer)
    if key is None:
        return described
    content = described.get("content", {})
    kind = answer["content_type"].partition(";")[0].strip()
    if not content:
        return f"has content of {kind!r}, and none is described" if answer["body"] else None
    if kind not in content:
        return f"is {kind!r}; described: {', '.join(content)}"
    if not kind.endswith("json"):
        return None
    document = json.loads(answer["body"])
    if kind == "application/problem+json" and document.get("status") != answer["status"]:
        return "is a problem document with another status"
    errors = sorted(validator(content[kind]["schema"]).iter_errors(document), key=lambda error: list(error.path))
    return f"at {errors[0].json_path}: {errors[0].message[:300]}" if errors else None


def recorded():
    answers = {}
    with tempfile.TemporaryDirectory() as directory:
        record = Path(directory) / "answers"
        for program, _, only in PROGRAMS:
            subprocess.run([program, "--gtest_brief=1", *([f"--gtest_filter={only}"] if only else [])],
                           env={**os.environ, "SWITCHGEAR_ADMIN_ANSWERS": str(record)}, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL, check=False)
        for line in record.read_text(encoding="utf-8").splitlines():
            answers[line] = None  # each once
    return [json.loads(line) for line in answers]


class OpenApi(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.answers = recorded()

    def test_is_a_document_whose_parts_exist_and_are_schemas(self):
        self.assertTrue(DOCUMENT["openapi"].startswith("3.1."))
        jsonschema.Draft202012Validator.check_schema({"$defs": DOCUMENT["components"]["schemas"]})

        def look(part):
            if isinstance(part, dict):
                if "$ref" in part:
                    resolved(part)
                for each in part.values():
                    look(each)
            elif isinstance(part, list):
                for each in part:
                    look(each)

        look(DOCUMENT)
        for path, item in DOCUMENT["paths"].items():
            named = {step[1:-1] for step in path.split("/") if step.startswith("{")}
            for method in METHODS:
                if method in item:
                    given = {resolved(each)["name"] for each in item.get("parameters", []) + item[method].get("parameters", [])
                             if resolved(each)["in"] == "path"}
                    self.assertEqual(given, named, path)
                    self.assertIn("default", item[method]["responses"], path)

    def test_describes_every_answer_of_the_tests(self):
        self.assertGreater(len(self.answers), 50, "too few answers were recorded")
        wrong = [f'{answer["method"]} {answer["target"]} {answer["status"]} {problem}'
                 for answer in self.answers if (problem := problem_with(answer)) is not None]
        self.assertEqual(wrong[:20], [])

    def test_describes_nothing_that_is_never_answered(self):
        seen = {response_for(answer)[0] for answer in self.answers}
        described = {(path, method, status) for path, item in DOCUMENT["paths"].items() for method in METHODS
                     if method in item for status in item[method]["responses"] if status != "default"}
        self.assertEqual(sorted(described - seen), [])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
