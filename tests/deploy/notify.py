"""The service manager's end of sd_notify(3)."""
import contextlib
import os
import socket
import tempfile

PATIENCE = 60  # seconds


class Manager:
    def __init__(self, listening, path):
        self.listening = listening
        self.path = path

    def next(self):
        """The next message, as a dictionary; a TimeoutError if it does not come."""
        return dict(line.split("=", 1) for line in self.listening.recv(4096).decode().splitlines())


@contextlib.contextmanager
def manager(folder=None):
    """One that listens on a socket at `path`, in a folder that every user may enter."""
    with tempfile.TemporaryDirectory(dir=folder) as directory, \
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        os.chmod(directory, 0o755)
        path = f"{directory}/notify"
        listening.bind(path)
        os.chmod(path, 0o777)
        listening.settimeout(PATIENCE)
        yield Manager(listening, path)
