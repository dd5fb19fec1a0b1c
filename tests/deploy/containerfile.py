"""Reads a container file and carries out its very steps in roots of its own (roots.py), as far as it uses them: FROM, ARG,
WORKDIR, COPY, RUN with --mount=type=bind, and the settings of the image. What it does not know is an error.
"""
import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

from roots import mount


class Stage:
    def __init__(self, base, name):
        self.base, self.name = base, name
        self.steps = []  # (instruction, text)


def stages_of(file):
    """The stages of a container file."""
    text = re.sub(r"^\s*#.*\n", "", Path(file).read_text(encoding="utf-8"), flags=re.MULTILINE)
    stages = []
    for line in text.replace("\\\n", " ").splitlines():
        if not line.strip():
            continue
        instruction, rest = line.split(None, 1)
        if instruction == "FROM":
            base, _, name = rest.partition(" AS ")
            stages.append(Stage(base.strip(), name.strip()))
        else:
            stages[-1].steps.append((instruction, rest.strip()))
    return stages


class Image:
    """What a stage came to: its root, and what the image says of itself."""

    def __init__(self, root):
        self.root = root
        self.directory = "/"
        self.user = None
        self.entrypoint, self.command, self.healthcheck = [], [], []
        self.stop_signal = "SIGTERM"
        self.ports = []

    def argv(self):
        return [*self.entrypoint, *self.command]


def build(stage, root, context, arguments, others):
    """Carries out the steps of `stage` in `root`, with `context` as the folder that COPY takes from. `arguments`: values in
    place of the defaults of ARG. `others`: the images of earlier stages."""
    image, values = Image(root), {}
    for instruction, text in stage.steps:
        if instruction == "ARG":
            name, _, default = text.partition("=")
            values[name] = arguments.get(name, default)
            continue
        text = re.sub(r"\$\{?(\w+)\}?", lambda use: values.get(use[1], use[0]), text)
        if instruction == "WORKDIR":
            image.directory = text
            root.at(text).mkdir(parents=True, exist_ok=True)
        elif instruction == "COPY":
            source, target = text.split()
            copy(context, source, root, (Path(image.directory) / target).as_posix())
        elif instruction == "RUN":
            run(image, text, others)
        elif instruction == "USER":
            image.user = text
        elif instruction == "EXPOSE":
            image.ports = [int(port) for port in text.split()]
        elif instruction == "STOPSIGNAL":
            image.stop_signal = text
        elif instruction == "ENTRYPOINT":
            image.entrypoint = json.loads(text)
        elif instruction == "CMD":
            image.command = json.loads(text)
        elif instruction == "HEALTHCHECK":
            image.healthcheck = json.loads(text[text.index("CMD") + 3:])
        else:
            raise AssertionError(f"{instruction} is not known here")
    return image


def copy(context, source, root, target):
    if source == ".":
        if root.at(target).joinpath("CMakeLists.txt").exists():
            return  # the context lies there already
        raise AssertionError("the whole context is copied onto itself only")
    root.at(target).parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(context / source, root.at(target))


def run(image, text, others):
    bound = []
    while option := re.match(r"--mount=type=bind,from=(\w+),source=([^,\s]+),target=(\S+)\s+", text):
        at = image.root.at(option[3])
        at.mkdir(parents=True)
        mount("--bind", others[option[1]].root.at(option[2]), at)
        bound.append(at)
        text = text[option.end():]
    try:
        image.root.run(["sh", "-c", f"cd {shlex.quote(image.directory)} && {text}"])
    finally:
        for at in bound:
            subprocess.run(["umount", at], check=True)
            at.rmdir()
