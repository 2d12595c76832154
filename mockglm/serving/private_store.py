"""A Redis or Valkey server of a supervisor's own: on a unix socket, in memory alone."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mockglm.errors import UsageError

EXECUTABLES = ("valkey-server", "redis-server")

START = 10.0
"""Seconds that the server has to start."""

STOP = 5.0
"""Seconds that it has to stop before it is killed."""

# The shell ends the server when its input ends: when the supervisor does, even if that is killed.
_GUARD = '"$@" & server=$!; cat >/dev/null; kill $server; wait $server'


@contextmanager
def run_private_store() -> Iterator[str]:
    """Run a server, and yield the URL of its socket.

    Nobody but this user can reach it, and nothing is written to disk. Raises UsageError if neither
    Valkey nor Redis is installed, or if it does not start.
    """
    executable = next(filter(None, map(shutil.which, EXECUTABLES)), None)
    if executable is None or sys.platform == "win32":
        raise UsageError(
            "--workers needs a store that they share: install valkey-server or redis-server, "
            "or give --state URL"
        )
    with tempfile.TemporaryDirectory(prefix="mockglm-") as folder:
        path = Path(folder) / "store.sock"
        command = [executable, "--port", "0", "--unixsocket", str(path), "--unixsocketperm", "600"]
        command += ["--save", "", "--appendonly", "no", "--dir", folder]
        process = subprocess.Popen(
            ["/bin/sh", "-c", _GUARD, "sh", *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            _wait_for(path, process)
            yield f"unix://{path}"
        finally:
            assert process.stdin is not None, "it is a pipe"
            process.stdin.close()
            try:
                process.wait(STOP)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_for(path: Path, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError), socket.socket(socket.AF_UNIX) as sock:
            sock.connect(str(path))
            return
        time.sleep(0.01)
    raise UsageError("the store of the workers did not start")
