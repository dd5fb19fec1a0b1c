#!/usr/bin/env python3
"""`switchgear top` as its users see it: a real gateway, a real pseudo-terminal, the screen as text."""
import os
import signal
import subprocess
import unittest

from screen import BINARY, Gateway, Puppet, Terminal


class TopTest(unittest.TestCase):
    def gateway(self, services=("inventory", "payment", "users"), **options):
        gateway = Gateway(services, **options)
        self.addCleanup(gateway.close)
        return gateway

    def top(self, gateway, *words, columns=80, rows=24, **environment):
        terminal = Terminal([BINARY, "top", "--admin", gateway.admin, *words], columns, rows, **environment)
        self.addCleanup(terminal.close)
        return terminal


class Screens(TopTest):
    def test_shows_the_breakers_in_eighty_columns(self):
        gateway = self.gateway()
        self.top(gateway).wait_for(
            (0, f"^ switchgear top  {gateway.admin} +live$"),
            (1, r"^ \[1 breakers\]  2 services   3 alerts +3 breakers, 0 refusing, healthy$"),
            (2, r"^  NAME +HEALTH +STATE▼ +CALLS/S +FAILED +REFUSED/S +RETRY IN$"),
            (3, r"^› inventory         ████████ closed             0\.0    0\.0%        0\.0$"),
            (5, r"^  users             ████████ closed             0\.0    0\.0%        0\.0$"),
            lambda it: it.lines[6:23] == [""] * 17,
            (23, r"^ Enter page .* q quit$"))

    def test_shows_that_a_breaker_has_opened(self):
        gateway = self.gateway()
        top = self.top(gateway).wait_for("live")
        gateway.fail(1)
        top.wait_for((1, "3 breakers, 1 refusing, degraded"), (3, r"^› payment +█▌░+ open .* 100\.0% .* \d+s$"))

    def test_fills_a_large_terminal(self):
        gateway = self.gateway()
        gateway.fail(1)
        self.top(gateway, columns=200, rows=50).wait_for(
            (2, "FOR .* LAST TRANSITION"), (3, "payment .* open by failure_rate"), (49, "q quit$"))

    def test_says_so_when_the_terminal_is_too_small_and_draws_again_when_it_is_larger(self):
        top = self.top(self.gateway(), columns=60, rows=20)
        top.wait_for("This terminal has 60 x 20", "switchgear top needs 80 x 24")
        top.resize(100, 30)
        top.wait_for("payment", (29, "q quit$"))
        top.resize(70, 30)
        top.wait_for("This terminal has 70 x 30")
        top.press("q")
        self.assertEqual(top.wait_for_end(), 0)

    def test_follows_the_size_of_the_terminal(self):
        top = self.top(self.gateway()).wait_for("live")
        for columns, rows in ((132, 43), (80, 24), (200, 50), (81, 25)):
            top.resize(columns, rows)
            top.wait_for((0, f"^.{{{columns - 5}}}live$"), (rows - 1, "q quit$"))

    def test_uses_colours_unless_it_is_told_not_to(self):
        gateway = self.gateway()
        gateway.fail(1)
        shown = ("1 refusing", (3, "payment .* open"), (23, "quit$"))
        self.top(gateway).wait_for(*shown, lambda it: it.colours() >= {"red", "green", "cyan"})
        for variables in ({"NO_COLOR": "1"}, {"TERM": "vt220"}):
            grey = self.top(gateway, **variables).wait_for(*shown)
            self.assertEqual(grey.colours(), set(), variables)
        self.top(gateway, NO_COLOR="").wait_for(*shown, lambda it: "red" in it.colours())

    def test_draws_with_ascii_where_the_locale_has_nothing_else(self):
        gateway = self.gateway(("payment", "決済"))
        top = self.top(gateway, LANG="C")
        top.wait_for((3, "^> payment +######## closed"), (4, r"^  \?\?\?\? +######## closed"), (23, "quit$"))
        self.assertTrue(top.raw.isascii())

    def test_keeps_wide_and_hostile_names_in_their_columns(self):
        names = ("決済サービス決済サービス".encode(), "e\u0301tage".encode(), b"\x1b[2J\x1b[31m",
                 b"\x1b]0;title\x07", b"\x9b31m", "\x9b31m".encode(), "x\u202ey".encode(), b"\xff\xfe\xc3",
                 b"e" + "\u0301".encode() * 40, b"a" * 500, b"plain")
        puppet = Puppet(names)
        self.addCleanup(puppet.close)
        rows = [(row, "████████ closed             0.0    0.0%        0.0$") for row in range(3, 14)]
        top = self.top(puppet).wait_for("live", (1, "11 breakers"), *rows, lambda it: it.lines[14:23] == [""] * 9,
                                        lambda it: {it.column_of(row, "█") for row in range(3, 14)} == {20})
        for number in range(len(names)):
            top.press("\r")
            top.wait_for("LAST TRANSITIONS", (0, "^ switchgear top"), (23, "^ Esc back .* quit$"))
            top.press("\x1b")
            top.wait_for("CALLS/S", (3 + number, "^›"))
            top.press("j")
        for steering in (b"\x1b]0", "\x9b".encode(), "\u202e".encode()):
            self.assertNotIn(steering, top.raw)

    def test_shows_a_thousand_breakers(self):
        gateway = self.gateway([f"service-{number:04}" for number in range(1000)])
        gateway.fail(777)
        top = self.top(gateway, columns=120, rows=40)
        top.wait_for("1000 breakers, 1 refusing", (3, "^› service-0777 .* open"), (4, "service-0000"))
        top.press("G")
        top.wait_for((37, "^› service-0999"))
        top.press("/service-05 closed")
        top.wait_for((3, "service-0500"))
        top.press("\r")
        top.wait_for("100 shown")


class Keys(TopTest):
    def test_filter_narrows_the_list_with_every_letter(self):
        top = self.top(self.gateway()).wait_for("live", "users")
        top.press("/pay")
        top.wait_for((3, "payment"), (4, "^$"), (22, "filter: pay_"))
        top.press("\x1b")
        top.wait_for("users")

    def test_sort_keys_turn_through_the_columns(self):
        gateway = self.gateway()
        gateway.fail(2)
        top = self.top(gateway).wait_for((3, "users"), "STATE▼")
        top.press("s")
        top.wait_for((3, "inventory"), "NAME▲")
        top.press("i")
        top.wait_for((3, "users"), "NAME▼")

    def test_a_breakers_page_shows_the_evidence_of_its_transitions(self):
        gateway = self.gateway()
        gateway.fail(1)
        top = self.top(gateway).wait_for("1 refusing")
        top.press("\r")
        top.wait_for("closed → open", "health ██░░░░░░░░ 20", "failure_rate 1 (limit 0.5)",
                     "4 calls, 4 failed, 0 slow; last failure connection_error")
        top.wait_for_line("calls/s", "[▁-█]")
        gateway.command("payment", "reset")
        top.wait_for("open → closed")
        top.press("G")
        top.wait_for("POLICY careful", "open_duration 60")
        top.press("\x1b")
        top.wait_for("CALLS/S")

    def test_a_command_is_done_after_a_confirmation_with_the_token(self):
        gateway = self.gateway(token="s3cret")
        top = self.top(gateway, "--token", "s3cret").wait_for("live", "payment")
        top.press("jo")
        top.wait_for("Refuse every call until the next command.", "y: do it")
        top.press("n")
        top.wait_for("not done", (4, "^› payment .* closed"))
        for key, command, state in (("o", "force-open", r"forced_open "), ("r", "reset", r"closed "),
                                    ("m", "metrics-only", r"closed \(m\) "), ("d", "disable", r"disabled "),
                                    ("c", "force-close", r"closed ")):
            top.press(key)
            top.wait_for("y: do it")
            top.press("y")
            top.wait_for(f"{command} of payment: done")
            top.wait_for_line("› payment", state)

    def test_a_command_without_the_token_says_what_is_missing(self):
        top = self.top(self.gateway(token="s3cret")).wait_for("live", "inventory")
        top.press("o")
        top.wait_for("y: do it")
        top.press("y")
        top.wait_for("force-open of inventory requires --token or SWITCHGEAR_ADMIN_TOKEN: the admin")

    def test_pages_of_services_and_alerts(self):
        top = self.top(self.gateway()).wait_for("live")
        top.press("\t")
        top.wait_for("BULKHEAD", (4, "payment .* 0/50"))
        top.press("j\r")
        top.wait_for("more line").press("G")
        top.wait_for("max_concurrent 50", "max_attempts 2")
        top.press("3")
        top.wait_for("no alerts: all is well")

    def test_a_services_page_shows_its_instances_and_why_one_is_left_out(self):
        gateway = self.gateway(more=", ejection: {consecutive_local: 2, max_ejected: 1, panic: 0, base: 600s, max: 600s}")
        gateway.fail(1)
        top = self.top(gateway, rows=40).wait_for("live")
        top.press("2")
        top.wait_for((4, "payment .* 0/50")).press("j\r")
        top.wait_for("in a row").wait_for_line("INSTANCE", "INSTANCE +STATE +CALLS +FAILED IN FLIGHT EJECTIONS")
        top.wait_for_line("127.0.0.1:1", r"left out for (10m00s|9m\d\ds) +\d +\d +0 +1$")

    def test_an_alert_is_acknowledged_after_a_confirmation(self):
        gateway = self.gateway(token="s3cret")
        gateway.fail(1)
        top = self.top(gateway, "--token", "s3cret").wait_for("1 refusing")
        top.press("3")
        top.wait_for((23, "a acknowledge")).wait_for_line("payment", "firing +payment +opened")
        top.press("a")
        top.wait_for("acknowledge", "opened of payment", "The alert is not repeated any more.", "y: do it")
        top.press("y")
        top.wait_for("acknowledge: opened of payment: done").wait_for_line("payment", "acked +payment +opened")
        top.press("a")
        top.wait_for("it was acknowledged by 127.0.0.1")

    def test_help_names_the_keys(self):
        top = self.top(self.gateway()).wait_for("live")
        top.press("?")
        top.wait_for("Any key closes this help.")
        top.press("x")
        top.wait_for(lambda it: "Any key" not in it.text)

    def test_arrows_and_page_keys_move(self):
        gateway = self.gateway([f"s{number:02}" for number in range(40)])
        top = self.top(gateway).wait_for("live", "s18")
        for key, row in (("\x1b[B", "s01"), ("\x1b[A", "s00"), ("\x1b[6~", "s19"), ("\x1b[4~", "s39"),
                         ("\x1b[1~", "s00")):
            top.press(key)
            top.wait_for_line("›", f"^› {row}")


class Connection(TopTest):
    def test_a_lost_connection_is_shown_with_the_age_of_the_data_and_comes_back(self):
        gateway = self.gateway()
        top = self.top(gateway).wait_for("live")
        gateway.end()
        top.wait_for((0, r"LOST, data \d\.\ds old: .*trying again$"), "payment")
        top.wait_for((0, r"LOST, data [2-9]"))
        gateway.start_again()
        top.wait_for("live")
        gateway.fail(1)
        top.wait_for("1 refusing")

    def test_a_gateway_that_is_not_there_yet_is_waited_for(self):
        gateway = self.gateway()
        gateway.end()
        top = self.top(gateway).wait_for("not connected: Connection refused, trying again")
        gateway.start_again()
        top.wait_for("live", "payment")

    def test_a_gateway_that_hangs_is_noticed(self):
        gateway = self.gateway()
        top = self.top(gateway).wait_for("live")
        os.kill(gateway.process.pid, signal.SIGSTOP)
        top.wait_for((0, "silent for"))
        os.kill(gateway.process.pid, signal.SIGCONT)
        top.wait_for("live")

    def test_a_server_that_is_not_an_admin_api_is_called_that(self):
        gateway = self.gateway()
        top = Terminal([BINARY, "top", "--admin", f"http://127.0.0.1:{gateway.port}"])
        self.addCleanup(top.close)
        top.wait_for("not connected: it answered 404")


class Leaving(TopTest):
    def leave(self, how):
        top = self.top(self.gateway()).wait_for("live", "payment")
        how(top)
        self.assertEqual(top.wait_for_end(), 0)
        self.assertTrue(top.is_restored())
        return top

    def test_q_leaves_the_terminal_as_it_was(self):
        self.leave(lambda top: top.press("q"))

    def test_ctrl_c_leaves_the_terminal_as_it_was(self):
        self.leave(lambda top: top.press("\x03"))

    def test_sigterm_and_sighup_leave_the_terminal_as_it_was(self):
        self.leave(lambda top: top.signal(signal.SIGTERM))
        self.leave(lambda top: top.signal(signal.SIGHUP))

    def test_leaves_from_within_a_question(self):
        def ask_and_end(top):
            top.press("o")
            top.wait_for("y: do it")
            top.signal(signal.SIGTERM)
        self.leave(ask_and_end)

    def test_leaves_while_the_connection_is_lost(self):
        gateway = self.gateway()
        top = self.top(gateway).wait_for("live")
        gateway.end()
        top.wait_for("LOST").press("q")
        self.assertEqual(top.wait_for_end(), 0)
        self.assertTrue(top.is_restored())

    def test_an_xterm_gets_its_own_screen_back(self):
        top = self.top(self.gateway(), TERM="screen").wait_for("live")
        top.press("q")
        self.assertEqual(top.wait_for_end(), 0)
        self.assertGreater(top.raw.rfind(b"\x1b[?1049l"), top.raw.rfind(b"\x1b[?1049h"))
        self.assertIn(b"\x1b[?1049h", top.raw)

    def test_ctrl_z_gives_the_terminal_to_the_shell_and_fg_draws_it_again(self):
        gateway = self.gateway()
        shell = Terminal(["/bin/bash", "--norc", "-i"], PS1="shell> ")
        self.addCleanup(shell.close)
        shell.wait_for("shell>").press(f"{BINARY} top --admin {gateway.admin}\r")
        shell.wait_for("live").press("\x1a")
        shell.wait_for("Stopped").press("echo $((6 * 7))\r")
        shell.wait_for("42").press("clear; fg\r")
        shell.wait_for("live", "payment").press("jq")
        shell.wait_for("shell>").press("exit 7\r")
        self.assertEqual(shell.wait_for_end(), 7)

    def test_ends_when_its_terminal_is_closed(self):
        top = self.top(self.gateway()).wait_for("live")
        os.close(top.master)
        _, status = os.waitpid(top.pid, 0)
        top.status = os.waitstatus_to_exitcode(status)
        top.master = os.open(os.devnull, os.O_RDONLY)
        self.assertEqual(top.status, 0)

    def test_says_what_is_wrong_without_a_terminal_or_with_an_unknown_one(self):
        gateway = self.gateway()
        ran = subprocess.run([BINARY, "top", "--admin", gateway.admin], capture_output=True, text=True, check=False)
        self.assertEqual(ran.returncode, 2)
        self.assertIn("not a terminal; `switchgear status --watch` prints lines instead", ran.stderr)
        top = self.top(gateway, TERM="nonsense", ASAN_OPTIONS="detect_leaks=0")  # newterm leaks when it fails
        self.assertEqual(top.wait_for_end(), 2)
        self.assertIn("'nonsense'", " ".join(top.lines))
        self.assertTrue(top.is_restored())
        for url in ("nonsense", "ftp://x"):
            top = Terminal([BINARY, "top", "--admin", url])
            self.addCleanup(top.close)
            self.assertEqual(top.wait_for_end(), 2)
            self.assertIn("--admin", top.text)


if __name__ == "__main__":
    unittest.main()
