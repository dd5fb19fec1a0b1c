"""Roots of file systems to install into, made from this machine without network, and gone with the test's process.

`in_a_namespace()` starts the test again with mounts and processes of its own. There:

    machine = machine_root(folder)                   this machine, whose changes stay in memory
    root = plain_root(folder, "libssl3 (>= 3)")      Debian's essential packages, apt, and these with what they need
    root.run(["dpkg", "-i", "/tmp/x.deb"])           within it, as chroot(8) does it
"""
import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

INSIDE = "SWITCHGEAR_TEST_NAMESPACE"
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8",
               "DEBIAN_FRONTEND": "noninteractive"}
LEFT_OUT = ("/usr/share/doc/", "/usr/share/man/", "/usr/share/locale/", "/usr/share/info/")  # as Debian's slim images do


def in_a_namespace():
    """Mounts made from here on are seen by this process alone and end with it, as do the processes it starts."""
    if INSIDE in os.environ:
        return
    user = [] if os.geteuid() == 0 else ["--map-root-user", "--map-auto"]
    os.environ[INSIDE] = "1"
    os.execvp("unshare", ["unshare", *user, "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
                          sys.executable, *sys.argv])


@contextlib.contextmanager
def memory():
    """A folder in memory, that needs no cleaning up."""
    folder = Path(tempfile.mkdtemp(prefix="switchgear-deploy-"))
    try:
        mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", folder)
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)
        folder.rmdir()


def mount(*arguments):
    subprocess.run(["mount", *map(str, arguments)], check=True)


class Root:
    def __init__(self, path):
        self.path = path
        for name in ("dev", "proc", "tmp"):
            (path / name).mkdir(exist_ok=True)
        mount("--rbind", "/dev", path / "dev")
        mount("-t", "proc", "proc", path / "proc")
        mount("-t", "tmpfs", "tmpfs", path / "tmp")

    def command(self, command, user=None):
        """The command line that runs it within, for Popen."""
        return ["chroot", *([f"--userspec={user}"] if user else []), str(self.path), *map(str, command)]

    def run(self, command, user=None, status=0, **options):
        """Its output and errors, in one; an AssertionError if it ends with another status."""
        done = subprocess.run(self.command(command, user), env=ENVIRONMENT, stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, **options)
        if done.returncode != status:
            raise AssertionError(f"{command} ended with {done.returncode}:\n{done.stdout}")
        return done.stdout

    def put(self, file, to):
        """Copies a file or a folder into it."""
        target = self.path / to.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, target)

    def environment(self, manager):
        """Of a program within that tells a service manager (notify.py), whose socket lies within too."""
        return {**ENVIRONMENT, "NOTIFY_SOCKET": "/" + str(Path(manager.path).relative_to(self.path))}

    def at(self, path):
        return self.path / str(path).lstrip("/")

    def files(self):
        """Every path within, but of what the system keeps for itself."""
        found = subprocess.run(["find", ".", "-xdev", "-not", "-path", "./tmp/*", "-not", "-path", "./var/lib/dpkg/*",
                                "-not", "-path", "./var/cache/*", "-not", "-path", "./var/log/*", "-not", "-path",
                                "./var/lib/systemd/deb-systemd-helper*"],
                               cwd=self.path, capture_output=True, text=True, check=True)
        return set(found.stdout.splitlines())


def overlay(over, at, changes):
    """`over` seen at `at`; what is changed there is kept in `changes`."""
    for name in ("upper", "work"):
        (changes / name).mkdir(parents=True)
    mount("-t", "overlay", "-o", f"lowerdir={over},upperdir={changes}/upper,workdir={changes}/work", "overlay", at)


def machine_root(folder, sources=None):
    """This machine, and the folder `sources` at its own path, which may be on another file system."""
    path = folder / "machine"
    path.mkdir()
    overlay("/", path, folder / "machine-changes")
    root = Root(path)
    if sources:
        root.at(sources).mkdir(parents=True, exist_ok=True)
        overlay(sources, root.at(sources), folder / "source-changes")
    return root


# --- a plain Debian ---------------------------------------------------------------------------------------------------

class Installed:
    """The packages of this machine."""

    def __init__(self):
        self.paragraphs = {}
        self.providers = {}
        for paragraph in Path("/var/lib/dpkg/status").read_text(encoding="utf-8").split("\n\n"):
            fields = dict(re.findall(r"^([A-Za-z-]+): (.*)$", paragraph, re.MULTILINE))
            if fields.get("Status") != "install ok installed":
                continue
            self.paragraphs[fields["Package"]] = (paragraph, fields)
            for (name, *_) in names_in(fields.get("Provides", "")):
                self.providers.setdefault(name, fields["Package"])

    def closure(self, wanted):
        """`wanted`, the essential packages, and all that these depend on."""
        names, found = list(wanted), set()
        names += [name for name, (_, fields) in self.paragraphs.items() if fields.get("Essential") == "yes"]
        while names:
            name = names.pop()
            if name in found:
                continue
            found.add(name)
            fields = self.paragraphs[name][1]
            for kind in ("Pre-Depends", "Depends"):
                names += [self.choice(alternatives) for alternatives in names_in(fields.get(kind, ""))]
        return found

    def choice(self, alternatives):
        for name in alternatives:
            if name in self.paragraphs:
                return name
            if name in self.providers:
                return self.providers[name]
        raise AssertionError(f"none of {alternatives} is installed here")


def names_in(relation):
    """[["a", "b"], ["c"]] of "a (>= 1) | b, c:any"."""
    return [[re.sub(r"[\s(:].*", "", name.strip()) for name in alternatives.split("|")]
            for alternatives in relation.split(",") if alternatives.strip()]


def field(deb, name):
    """A field of a .deb, such as Depends."""
    return subprocess.run(["dpkg-deb", "-f", deb, name], capture_output=True, text=True, check=True).stdout.strip()


def plain_root(folder, packages):
    """Debian as `debootstrap --variant=minbase` makes it and `packages`, as Depends lists them, put together from this
    machine's files."""
    installed = Installed()
    names = installed.closure([installed.choice(alternatives) for alternatives in names_in(f"apt, {packages}")])
    path = folder / "plain"
    dpkg = path / "var/lib/dpkg"
    for name in ("etc/apt/apt.conf.d", "etc/apt/preferences.d", "root", "run", "var/lib/dpkg/info", "var/lib/dpkg/updates",
                 "var/lib/dpkg/triggers", "var/lib/apt/lists/partial", "var/cache/apt/archives/partial", "var/log/apt",
                 "usr/bin", "usr/sbin", "usr/lib", "usr/lib64"):
        (path / name).mkdir(parents=True, exist_ok=True)
    for name in ("bin", "sbin", "lib", "lib64"):
        (path / name).symlink_to(f"usr/{name}")

    lists = []
    for name in sorted(names):
        lists += [file for file in Path("/var/lib/dpkg/info").glob(f"{name}.*")] + [
            file for file in Path("/var/lib/dpkg/info").glob(f"{name}:*.*")]
    files = {line for file in lists if file.suffix == ".list" for line in file.read_text(encoding="utf-8").splitlines()
             if not line.startswith(LEFT_OUT) and os.path.lexists(line)}
    files |= {str(file) for file in Path("/etc/alternatives").iterdir()}
    files |= {str(file) for file in Path("/usr/bin").iterdir()
              if file.is_symlink() and os.readlink(file).startswith("/etc/alternatives/")}
    files |= {"/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow"}
    files = sorted(file for file in files if not os.path.isdir(file) or os.path.islink(file))
    copy_to(path, "\n".join(f".{file}" for file in files if file not in ("/bin", "/sbin", "/lib", "/lib64", "/lib32", "/libx32")))

    copy_to(path, "\n".join(f".{file}" for file in lists))
    (dpkg / "status").write_text("\n\n".join(installed.paragraphs[name][0].strip("\n") for name in sorted(names)) + "\n\n",
                                 encoding="utf-8")
    for name in ("arch", "available", "diversions", "statoverride", "info/format", "triggers/File", "triggers/Unincorp"):
        if Path("/var/lib/dpkg", name).exists():
            shutil.copy(Path("/var/lib/dpkg", name), dpkg / name)
    # No other user for downloads: nothing is downloaded.
    (path / "etc/apt/apt.conf.d/test").write_text('APT::Sandbox::User "root";\n', encoding="utf-8")
    root = Root(path)
    root.run(["ldconfig"])
    return root


def copy_to(path, names):
    packing = subprocess.Popen(["tar", "-C", "/", "--no-recursion", "-cf", "-", "--files-from", "-"], text=False,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    unpacking = subprocess.Popen(["tar", "-C", path, "--keep-directory-symlink", "-xpf", "-"], stdin=packing.stdout)
    packing.stdout.close()
    packing.stdin.write(names.encode())
    packing.stdin.close()
    if packing.wait() != 0 or unpacking.wait() != 0:
        raise AssertionError("could not copy this machine's files")
