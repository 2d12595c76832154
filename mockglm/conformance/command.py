"""`mockglm check`: the kit run by pytest, with its report for an output and nothing else."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from mockglm.conformance.options import OPTIONS, PACKAGE
from mockglm.errors import UsageError, nearest

__all__ = ["arguments", "main"]


def main(
    targets: Sequence[str],
    options: Mapping[str, object] | None = None,
    pytest_arguments: Sequence[str] = (),
) -> int:
    """Judge an endpoint (one URL) or recordings (paths), and return the exit status.

    `options` are the kit's by their names without `--glm-`, such as `{"model": "glm-4.6",
    "plan": True}`, a tuple where one is given several times; `pytest_arguments` go to pytest as
    they are (`-k SSE`, `--junitxml FILE`).
    Raises UsageError where a target or an option does not fit.
    """
    import pytest  # imported here: no other verb needs it

    return int(pytest.main([*arguments(targets, options or {}), *pytest_arguments]))


def arguments(targets: Sequence[str], options: Mapping[str, object]) -> list[str]:
    """The arguments of pytest. The configuration and the plugins of whatever project the command
    is given in are left out: they are about other tests."""
    import pytest

    alone = (
        ["--disable-plugin-autoload"] if pytest.version_tuple >= (8, 4) else ["-p", "no:randomly"]
    )
    quiet = ["-qq", "--tb=no", "-rN", "--no-header", "--disable-warnings", "--glm-quiet"]
    return [
        *("-c", os.devnull, "--rootdir", str(Path.cwd()), "-p", "no:cacheprovider", *alone),
        *("-p", f"{PACKAGE}.options", *quiet, "--pyargs", PACKAGE),
        *_targets(targets),
        *_options(options),
    ]


def _targets(targets: Sequence[str]) -> Iterator[str]:
    urls = [target for target in targets if target.startswith(("http://", "https://"))]
    if len(urls) > 1 or (urls and len(targets) > 1):
        raise UsageError("one URL at a time, and no recordings beside it")
    for target in targets:
        if not urls and not Path(target).exists():
            raise UsageError(f"{target} is neither a URL (https://…) nor a recording that is there")
        yield f"--glm-url={target}" if urls else f"--glm-recording={target}"


def _options(options: Mapping[str, object]) -> Iterator[str]:
    known = {name.removeprefix("--glm-") for name, _ in OPTIONS}
    for name, value in options.items():
        if name not in known:
            near = nearest(name, known)
            raise UsageError(f"no option {name}" + (f", {near} was meant?" if near else ""))
        if value is True:
            yield f"--glm-{name}"
        elif isinstance(value, tuple):
            yield from (f"--glm-{name}={one}" for one in value)
        elif value is not None and value is not False:
            yield f"--glm-{name}={value}"
