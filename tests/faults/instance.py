"""An instance of a service, and clients that check every byte of what they get. One event loop."""
import asyncio
import time
from dataclasses import dataclass

CONTENT = b"0123456789" * 20


class Instance:
    """Answers `200`, its name in `X-Instance`; counts calls and checks apart."""

    def __init__(self, name):
        self.name = name
        self.calls = 0
        self.checks = 0
        self._server = None
        self._open = set()

    async def start(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    @property
    def port(self):
        return self._server.sockets[0].getsockname()[1]

    async def close(self):
        self._server.close()
        for writer in list(self._open):
            writer.close()

    async def _serve(self, reader, writer):
        self._open.add(writer)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                if head.startswith(b"GET /healthz "):
                    self.checks += 1
                else:
                    self.calls += 1
                writer.write(b"HTTP/1.1 200 OK\r\nX-Instance: %s\r\nContent-Length: %d\r\n\r\n%s"
                             % (self.name.encode(), len(CONTENT), CONTENT))
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self._open.discard(writer)
            writer.close()


@dataclass(frozen=True)
class Answer:
    status: int  # 0: none came, or it was not whole
    instance: str
    seconds: float


async def client(port, until, pause, answers):
    """Asks again and again until the time is over, on a connection that is kept as long as the gateway keeps it."""
    reader = writer = None
    while time.monotonic() < until:
        begun = time.monotonic()
        try:
            if writer is None:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /shop HTTP/1.1\r\nHost: shop\r\n\r\n")
            head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)).decode("latin-1")
            fields = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if line)
            content = await asyncio.wait_for(reader.readexactly(int(fields["content-length"])), 30)
            status = int(head.split(" ", 2)[1])
            whole = status != 200 or content == CONTENT
            answers.append(Answer(status if whole else 0, fields.get("x-instance", ""), time.monotonic() - begun))
            kept = fields.get("connection") != "close"
        except (OSError, asyncio.IncompleteReadError, asyncio.TimeoutError, KeyError, ValueError):
            answers.append(Answer(0, "", time.monotonic() - begun))
            kept = False
        if not kept and writer is not None:
            writer.close()
            writer = None
        await asyncio.sleep(pause)
    if writer is not None:
        writer.close()
