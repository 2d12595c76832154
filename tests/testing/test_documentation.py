"""The examples of docs/testing.md run as they are written, and its tables are complete."""

from __future__ import annotations

import re
import shutil
import socket
import ssl
import subprocess
import sys
from pathlib import Path
from textwrap import indent
from urllib.parse import urlsplit

import pytest

from mockglm.client_audit import KINDS
from mockglm.testing import Config
from tests.testing.inner_runs import ISOLATED

TEXT = (Path(__file__).parents[2] / "docs" / "testing.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)


@pytest.mark.usefixtures("one_server")
def test_python_blocks_pass(pytester: pytest.Pytester) -> None:
    first, *others = blocks("python")
    pytester.makepyfile(test_client=first)
    for number, code in enumerate(others):
        is_script = "def test_" not in code
        body = f"def test_script():\n{indent(code, '    ')}" if is_script else code
        pytester.makepyfile(**{f"test_block{number}": body})
    result = pytester.runpytest_inprocess(*ISOLATED)
    result.assert_outcomes(passed=6)


def test_table_of_findings_is_complete() -> None:
    assert set(re.findall(r"^\| `([\w-]+)` \| ", TEXT, re.MULTILINE)) == set(KINDS)


def test_list_of_configuration_keywords_is_complete() -> None:
    (named,) = re.findall(r"^`glm_config` and the marker take (.*?)\n\n", TEXT, re.DOTALL | re.M)
    assert set(re.findall(r"`(\w+)`(?=[ ,.\n])", named)) >= set(Config.__struct_fields__)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl")
def test_certificate_recipe_serves_the_real_hosts(tmp_path: Path) -> None:
    (recipe,) = (block for block in blocks("sh") if "openssl" in block)
    subprocess.run(["sh", "-eu", "-c", recipe], cwd=tmp_path, check=True, capture_output=True)
    files = ("--certfile", "host.pem", "--keyfile", "host.key")
    program = str(Path(sys.executable).with_name("mockglm"))
    command = [program, "serve", "--port", "0", *files]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        url = urlsplit(server.stdout.readline().split()[-1])
        for host in ("open.bigmodel.cn", "api.z.ai"):
            assert b'"code":1001' in models(host, int(url.port or 0), tmp_path / "ca.pem")
        server.terminate()


def models(host: str, port: int, authority: Path) -> bytes:
    """The response to a client that believes it speaks with the host, strict as Python 3.13."""
    context = ssl.create_default_context(cafile=authority)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    with (
        socket.create_connection(("127.0.0.1", port), timeout=60) as plain,
        context.wrap_socket(plain, server_hostname=host) as secure,
    ):
        request = f"GET /api/paas/v4/models HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        secure.sendall(request.encode())
        return b"".join(iter(lambda: secure.recv(65536), b""))
