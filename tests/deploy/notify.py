"""The service manager's end of sd_notify(3)."""
import contextlib
import os
import socket
import struct
import tempfile

PATIENCE = 60  # seconds


class Manager:
    def __init__(self, listening, path):
        self.listening = listening
        self.path = path

    def next(self):
        """The next message, as a dictionary; a TimeoutError if it does not come."""
        return self.next_with_sender()[0]

    def next_with_sender(self):
        """The same, and the process that has sent it."""
        size = struct.calcsize("3i")
        text, control, _, _ = self.listening.recvmsg(4096, socket.CMSG_SPACE(size))
        sender = struct.unpack("3i", control[0][2][:size])[0]  # SCM_CREDENTIALS: process, user, group
        return dict(line.split("=", 1) for line in text.decode().splitlines()), sender


@contextlib.contextmanager
def manager(folder=None):
    """One that listens on a socket at `path`, in a folder that every user may enter."""
    with tempfile.TemporaryDirectory(dir=folder) as directory, \
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        os.chmod(directory, 0o755)
        path = f"{directory}/notify"
        listening.bind(path)
        os.chmod(path, 0o777)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        listening.settimeout(PATIENCE)
        yield Manager(listening, path)
