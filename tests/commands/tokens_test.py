"""Commands for a running gateway say which token is missing, and how it is given. Argument: BINARY"""
import unittest
import urllib.error
import urllib.request

from binary import Case, run

ADMIN, READ = "s3cret-admin", "s3cret-read"
GIVE = "--token or SWITCHGEAR_ADMIN_TOKEN"
TO_READ = "the read token or the admin token"
READS = (["status"], ["status", "--json"], ["status", "payment"], ["status", "--watch"], ["report", "payment"],
         ["explain", "payment"])
CHANGES = tuple([each, "payment"] for each in ("reset", "force-open", "force-close", "disable", "metrics-only")) + (
    ["record", "payment", "--for", "1s"],)


class Tokens(Case):
    def expect(self, words, said, env=None):
        with self.subTest(words=words, env=env):
            ran = run(words, env=env or {})
            self.assertEqual(ran.stderr.decode(), said)
            self.assertEqual(ran.returncode, 1)

    def test_all_commands_say_the_same(self):
        url = self.serve(f', token: "{ADMIN}", read_token: "{READ}"').url
        at = ["--admin", url]
        for words in READS:
            self.expect([*words, *at], f"{url} requires {GIVE}: {TO_READ}\n")
            self.expect([*words, *at, "--token", "wrong"],
                        f"{url} refuses the token of {GIVE}: it requires {TO_READ}\n")
        for words in CHANGES:
            self.expect([*words, *at], f"{url} requires {GIVE}: the admin token\n")
            self.expect([*words, *at], f"{url} refuses the token of {GIVE}: it requires the admin token\n",
                        env={"SWITCHGEAR_ADMIN_TOKEN": READ})
        self.assertEqual(run(["status", *at, "--token", READ]).returncode, 0)
        self.assertEqual(run(["reset", "payment", *at], env={"SWITCHGEAR_ADMIN_TOKEN": ADMIN}).returncode, 0)

    def test_chaos_says_so_too(self):
        url = self.serve(f', token: "{ADMIN}", read_token: "{READ}"').url
        scenario = self.write("running.yaml", f"""version: 1
scenario: of a running gateway
chaos: {{enabled: true}}
target: {{url: "http://127.0.0.1:9", admin: "{url}"}}
load: {{rate: 1, path: /x, duration: 1s}}
expect: [{{breaker: payment, never_opens: true}}]
""")
        ran = run(["chaos", "run", scenario])
        self.assertIn(f"{url} requires {GIVE}: {TO_READ}", ran.stderr.decode())

    def test_an_address_that_serves_only_probes_is_told_as_one(self):
        url = self.serve().probes
        for words in (["status"], ["status", "payment"], ["reset", "payment"], ["report", "payment"],
                      ["explain", "payment"]):
            self.expect([*words, "--admin", url],
                        f"{url} answered 404: this address serves only health probes: /livez and /readyz\n")
        ran = run(["status", "--watch", "--admin", url])
        self.assertEqual(ran.stderr.decode(), f"no event stream at {url}/events: it answered 404; is this the address "
                         "of the health probes, or of a gateway?\n")

    def test_a_breaker_that_does_not_exist_is_still_told_as_one(self):
        url = self.serve().url
        for words in (["status", "paymnet"], ["reset", "paymnet"], ["report", "paymnet"], ["explain", "paymnet"],
                      ["status", "--watch", "paymnet"]):
            self.expect([*words, "--admin", url], f"circuit breaker 'paymnet' does not exist at {url}\n")

    def test_without_the_read_token_nothing_is_learnt_and_each_try_is_logged(self):
        gateway = self.serve(f', token: "{ADMIN}", read_token: "{READ}"')

        def status_of(method, path, token=None):
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            request = urllib.request.Request(gateway.url + path, method=method, headers=headers)
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:
                    return answer.status
            except urllib.error.HTTPError as refused:
                with refused:
                    return refused.code

        paths = ("/status", "/circuit-breakers/payment", "/circuit-breakers/none", "/nothing", "/reports/none",
                 "/alerts", "/dashboard", "/openapi.json", "/metrics", "/traces", "/a/b/c")
        for path in paths:
            for method in ("GET", "HEAD", "PUT", "DELETE"):
                with self.subTest(method=method, path=path):
                    self.assertEqual(status_of(method, path), 401)
                    self.assertEqual(status_of(method, path, "wrong"), 401)
        self.assertEqual(status_of("GET", "/nothing", READ), 404)
        self.assertEqual(status_of("PUT", "/status", READ), 405)
        for path in ("/livez", "/readyz"):
            self.assertEqual(status_of("GET", path), 200)
        gateway.log_with('admin: "GET /status" by 127.0.0.1: refused: no token\n')
        text = gateway.log_with('admin: "GET /status" by 127.0.0.1: refused: a wrong token\n')
        self.assertLessEqual(text.count(": refused: "), 2 * 101, "100 in 10 s")


if __name__ == "__main__":
    unittest.main()
