"""The steps of the Dockerfile, read from it and run in a root of their own, without Docker.

The root is a minimal Debian of the release that `python:3.13-slim` is made of, with Debian's own
Python 3.13. The network namespace of the server has loopback alone.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

__all__ = ["Instruction", "Step", "parse", "plan", "read_words"]

PROJECT = Path(__file__).parents[1]
SUITE, MIRROR = "trixie", "http://deb.debian.org/debian"
PACKAGES = ("python3", "python3-venv", "ca-certificates")
BASE = "python:3.13-slim"
"""The base image that the root stands for."""

HOST_FILES = ("/etc/resolv.conf", "/etc/hosts", "/etc/ssl/certs/ca-certificates.crt")
"""Files that pip needs in the root; Docker brings the first two, too."""

CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
PATIENCE = 60

ASK = """
import httpx
body = {"model": "glm-4.6", "messages": [{"role": "user", "content": "hi"}]}
key = "0123456789abcdef0123456789abcdef.SecretSecret1234"
url = "http://127.0.0.1:8600/s/hello/api/paas/v4/chat/completions"
answer = httpx.post(url, json=body, headers={"Authorization": f"Bearer {key}"}).raise_for_status()
print(answer.json()["choices"][0]["message"]["content"])
"""


@dataclass(frozen=True, slots=True)
class Instruction:
    """A line of a Dockerfile: its name, and the text behind it with its lines joined."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction of the Dockerfile: a shell command, or files to copy into a folder."""

    folder: str
    user: str = "0"
    command: str = ""
    copied: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Image:
    """The steps, and what a container runs: its command, user and folder, and its health check."""

    steps: tuple[Step, ...]
    command: tuple[str, ...]
    health: tuple[str, ...]
    user: str
    folder: str


def parse(text: str) -> Iterator[Instruction]:
    """Yield the instructions of a Dockerfile."""
    lines = (line for line in text.splitlines() if not line.lstrip().startswith("#"))
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        name, _, rest = line.strip().partition(" ")
        if name:
            yield Instruction(name.upper(), " ".join(rest.split()))


def plan(instructions: Sequence[Instruction]) -> Image:
    """Make steps of instructions. Raises ValueError for one that cannot be run here."""
    folder, user, steps = "/", "0", list[Step]()
    found: dict[str, tuple[str, ...]] = {}
    for one in instructions:
        match one.name:
            case "FROM" if one.text == BASE:
                pass
            case "WORKDIR":
                folder = one.text
                steps.append(Step("/", command=f"mkdir -p {shlex.quote(folder)}"))
            case "COPY":
                *copied, target = one.text.split()
                is_folder = target.endswith("/") or len(copied) > 1
                path = f"{Path(folder, target)}{'/' * is_folder}"
                steps.append(Step(path, copied=tuple(copied)))
            case "RUN":
                steps.append(Step(folder, user, one.text))
            case "USER":
                user = one.text
            case "ENTRYPOINT" | "CMD":
                found[one.name] = read_words(one.text)
            case "HEALTHCHECK":
                found[one.name] = read_words(re.sub(r"^(--\S+ )*CMD ", "", one.text))
            case "EXPOSE":
                pass
            case _:
                raise ValueError(f"{one.name} {one.text} cannot be run without Docker")
    command = (*found["ENTRYPOINT"], *found["CMD"])
    return Image(tuple(steps), command, found["HEALTHCHECK"], user, folder)


def read_words(text: str) -> tuple[str, ...]:
    """The words of a command in the form of JSON."""
    return tuple(json.loads(text))


def build(image: Image, root: Path) -> None:
    """Run the steps in a root."""
    for step in image.steps:
        if step.copied:
            _tell(f"COPY {' '.join(step.copied)}")
            _copy(step, root)
        else:
            _tell(f"RUN {step.command}")
            command = f"cd {shlex.quote(step.folder)} && {step.command}"
            subprocess.run([*_chroot(root, step.user), "sh", "-c", command], check=True)


def prove(image: Image, root: Path) -> str:
    """Start the container's command with loopback alone, and return the text of a chat.

    Raises CalledProcessError if the health check never passes, or the chat fails.
    """
    inside = (*_chroot(root, image.user), "env", f"HOME={image.folder}")
    start, check, ask = (
        shlex.join((*inside, "sh", "-c", f'cd "{image.folder}" && exec "$@"', "sh", *words))
        for words in (image.command, image.health, ("python", "-c", ASK))
    )
    script = (
        f"ip link set lo up\n{start} & server=$!\n"
        f"for _ in $(seq {PATIENCE}); do {check} 2>/dev/null && break; sleep 1; done\n"
        f"{check} && {ask}; status=$?\nkill $server; wait $server\nexit $status\n"
    )
    command = ["unshare", "--net", "--pid", "--fork", "--kill-child", "sh", "-c", script]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout


def _copy(step: Step, root: Path) -> None:
    target = root / step.folder.lstrip("/")
    for name in step.copied:
        source = PROJECT / name
        if source.is_dir():
            # Docker copies the contents of a folder, not the folder.
            ignore = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, target, dirs_exist_ok=True, ignore=ignore)
        else:
            copy = target / name if step.folder.endswith("/") else target
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, copy)


def _chroot(root: Path, user: str) -> tuple[str, ...]:
    path = "/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin"
    variables = (f"PATH={path}", "LANG=C.UTF-8", f"PIP_CERT={CERTIFICATES}")
    return ("chroot", f"--userspec={user}", str(root), "env", "-i", *variables)


def make_root(root: Path) -> None:
    """Make a minimal Debian with Python."""
    include = f"--include={','.join(PACKAGES)}"
    command = ["debootstrap", "--variant=minbase", include, SUITE, str(root), MIRROR]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    for name in HOST_FILES:
        shutil.copyfile(name, root / name.lstrip("/"))
    # The image has its Python and pip in /usr/local, apart from packages of Debian.
    subprocess.run([*_chroot(root, "0"), "python3", "-m", "venv", "/usr/local"], check=True)


def find_gap() -> str:
    """The reason why the steps cannot be run on this machine; "" if they can."""
    tools = ("debootstrap", "chroot", "unshare", "ip")
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if missing:
        return f"{', '.join(missing)} not installed"
    return "" if os.geteuid() == 0 else "only root can change the root"


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    if gap := find_gap():
        sys.exit(f"not tried: {gap}")
    image = plan(tuple(parse((PROJECT / "Dockerfile").read_text("utf-8"))))
    with TemporaryDirectory(prefix="mockglm-image-") as folder:
        root = Path(folder) / "root"
        _tell(f"FROM {BASE}, here Debian {SUITE} by debootstrap")
        make_root(root)
        build(image, root)
        _tell(prove(image, root).rstrip())


if __name__ == "__main__":
    main()
