"""A TCP proxy that does to connections what networks and dying peers do.

    proxy = await FaultProxy.start(("127.0.0.1", port_of_the_service))
    proxy.fault = Latency(0.5)     # from now on, for connections that are there too

One event loop; nothing here is for threads.
"""
import asyncio
import socket
import struct
from dataclasses import dataclass

PIECE = 16 * 1024


@dataclass(frozen=True)
class Latency:
    """Each piece waits for so many seconds, both ways."""
    seconds: float


@dataclass(frozen=True)
class Loss:
    """What goes one way is taken and never arrives: `to_service` or `to_client`."""
    way: str


@dataclass(frozen=True)
class HalfOpen:
    """The service is gone without a word: connections are accepted and nothing ever comes back, not even their end."""


@dataclass(frozen=True)
class ResetAt:
    """The client sees a reset after so many bytes of each answer."""
    byte: int


@dataclass(frozen=True)
class Bandwidth:
    """Towards the client, so many bytes a second."""
    bytes_per_second: int


@dataclass(frozen=True)
class Refuse:
    """Connections end with a reset as soon as they are made, and those that are there at once."""


class FaultProxy:
    def __init__(self, service):
        self._service = service
        self._fault = None
        self._changed = asyncio.Event()  # replaced at each change
        self._server = None
        self._open = {}
        self.accepted = 0

    @classmethod
    async def start(cls, service):
        """`service`: host and port."""
        proxy = cls(service)
        proxy._server = await asyncio.start_server(proxy._serve, "127.0.0.1", 0)
        return proxy

    @property
    def port(self):
        return self._server.sockets[0].getsockname()[1]

    @property
    def fault(self):
        return self._fault

    @fault.setter
    def fault(self, fault):
        self._fault = fault
        self._changed.set()
        self._changed = asyncio.Event()
        if isinstance(fault, Refuse):
            for writer in list(self._open.values()):
                _reset(writer)

    async def close(self):
        self._server.close()
        for task, writer in list(self._open.items()):
            task.cancel()
            writer.close()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _serve(self, reader, writer):
        self.accepted += 1
        task = asyncio.current_task()
        self._open[task] = writer
        service = None
        try:
            if isinstance(self._fault, Refuse):
                return _reset(writer)
            from_service, service = await asyncio.open_connection(*self._service)
            ways = [asyncio.ensure_future(self._carry(reader, service, "to_service")),
                    asyncio.ensure_future(self._carry(from_service, writer, "to_client"))]
            try:
                await asyncio.gather(*ways)
            finally:
                for way in ways:
                    way.cancel()
        except OSError:
            _reset(writer)
        except asyncio.CancelledError:  # by close()
            pass
        finally:
            self._open.pop(task, None)
            for each in (writer, service):
                if each is not None:
                    each.close()

    async def _carry(self, reader, writer, way):
        passed = 0  # of the answer that is under way
        while True:
            piece = await reader.read(PIECE)
            fault = self._fault
            if isinstance(fault, HalfOpen) or (isinstance(fault, Loss) and fault.way == way):
                if not piece:  # its end is lost as well, until the network is whole again
                    await self._until_changed()
                    break
                continue
            if not piece:
                break
            if isinstance(fault, Latency):
                await asyncio.sleep(fault.seconds)
            if way == "to_client":
                passed = 0 if piece.startswith(b"HTTP/1.1 ") else passed
                if isinstance(fault, ResetAt) and passed + len(piece) > fault.byte:
                    writer.write(piece[:max(0, fault.byte - passed)])
                    await writer.drain()
                    return _reset(writer)
                passed += len(piece)
                if isinstance(fault, Bandwidth):
                    await self._slowly(writer, piece, fault)
                    continue
            writer.write(piece)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()

    async def _slowly(self, writer, piece, fault):
        for byte in range(len(piece)):
            if writer.is_closing():
                return
            if self._fault != fault:  # the rest goes at once
                writer.write(piece[byte:])
                break
            writer.write(piece[byte:byte + 1])
            await asyncio.sleep(1 / fault.bytes_per_second)
        await writer.drain()

    async def _until_changed(self):
        await self._changed.wait()


def _reset(writer):
    """Closes so that the peer sees a reset."""
    ours = writer.get_extra_info("socket")
    if ours is not None and ours.fileno() >= 0:
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
