#!/usr/bin/python3
"""A mail server for tests: prints `listening PORT`, then each mail that it takes as a line of JSON and a line `end N`.

usage: smtp_sink.py plain | starttls CERTIFICATE KEY | smtps CERTIFICATE KEY

With TLS it wants the user `gw` with the password `s3cret`, and no word before STARTTLS. The recipient refused@… is
refused for good; for the first mail to later@… it has no time.
"""
import asyncio
import email
import email.policy
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

busy = set()


def say(text):
    print(text, flush=True)


class Handler:
    taken = 0

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("refused@"):
            return "550 no such mailbox"
        if address.startswith("later@") and address not in busy:
            busy.add(address)
            return "451 try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        say(json.dumps({"from": envelope.mail_from, "to": envelope.rcpt_tos, "tls": session.ssl is not None,
                        "subject": mail["Subject"], "id": mail["Message-ID"], "defects": len(mail.defects),
                        "body": mail.get_content()}))
        self.taken += 1
        say(f"end {self.taken}")
        return "250 OK"


def authenticate(server, session, envelope, mechanism, data):
    good = data.login == b"gw" and data.password == b"s3cret"
    return AuthResult(success=good)


async def main(mode, *files):
    context = None
    if files:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*files)
    handler = Handler()
    options = {"hostname": "localhost"}
    if mode != "plain":
        options |= {"authenticator": authenticate, "auth_required": True}
    if mode == "starttls":
        options |= {"tls_context": context, "require_starttls": True}
    if mode == "smtps":
        options |= {"auth_require_tls": False}  # it does not know that all of the connection is secure
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(handler, **options), "127.0.0.1", 0,
                                      ssl=context if mode == "smtps" else None)
    say(f"listening {server.sockets[0].getsockname()[1]}")
    await server.serve_forever()


asyncio.run(main(*sys.argv[1:]))
