"""`mockglm doctor` names what is wrong with a set-up."""

from __future__ import annotations

import json
import os
import re
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from importlib import metadata
from pathlib import Path
from urllib.parse import urlsplit

import click
from msgspec import Struct
from msgspec.structs import asdict

from mockglm._version import __version__
from mockglm.api_keys import KEY_FORM, KEY_VARIABLES, is_real_key
from mockglm.cli.display import print_line
from mockglm.cli.options import DEFAULT_HOST, examples, json_option, port_option, upstream_option
from mockglm.errors import nearest
from mockglm.urls import is_loopback

PROBLEMS_FOUND = 1
MAX_CLOCK_ERROR = 60.0
"""Seconds; a JWT of zai-sdk and zhipuai lives three minutes."""

TIMEOUT = 2.0
OWN_VARIABLES = ("MOCKGLM_TOKEN",)


class Diagnosis(Struct, frozen=True):
    """One thing that was looked at: its subject, a message, and if it is a problem."""

    subject: str
    message: str
    is_problem: bool = False


@click.command(
    epilog=examples(
        "mockglm doctor", "mockglm doctor --upstream https://open.bigmodel.cn/api/paas/v4"
    )
)
@port_option
@upstream_option(is_required=False, purpose="Also compare the clock with the one of this service.")
@json_option
def doctor_command(*, port: int, upstream: str | None, as_json: bool) -> None:
    """Look at versions, the port, proxies, API keys, the clock, and the variables that lead clients
    elsewhere. Keys are never shown, and nothing is sent unless --upstream names a service.

    Exits with 1 if there are problems."""
    found = [
        *check_versions(),
        check_port(port),
        *check_proxies(os.environ),
        *check_keys(os.environ),
        *check_base_urls(os.environ),
        *check_variables(os.environ),
        *([check_clock(upstream)] if upstream else []),
    ]
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found], ensure_ascii=False, indent=2))
    else:
        for one in found:
            verdict, style = ("problem", "red") if one.is_problem else ("ok", "")
            print_line(f"{verdict:<8} {one.subject}: {one.message}", style)
    sys.exit(PROBLEMS_FOUND if any(one.is_problem for one in found) else 0)


def check_versions() -> Iterator[Diagnosis]:
    """Compare the installed dependencies with what this version needs."""
    yield Diagnosis("mockglm", f"{__version__} in {Path(__file__).parents[1]}")
    yield Diagnosis("Python", sys.version.partition(" ")[0])
    for line in metadata.requires("mockglm") or ():
        if "extra ==" in line:
            continue
        name, bound = _parse_requirement(line)
        version = _installed(name)
        if version is None:
            yield Diagnosis(name, f"not installed; {line.partition(';')[0]} is needed", True)
        elif bound and _as_numbers(version) < _as_numbers(bound):
            yield Diagnosis(name, f"{version} is older than {bound}", True)


def check_port(port: int) -> Diagnosis:
    """Look if the port of `mockglm serve` is free."""
    subject = f"port {port}"
    with socket.socket() as probe:
        if sys.platform != "win32":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((DEFAULT_HOST, port))
        except OSError as error:
            if _is_mockglm(port):
                return Diagnosis(subject, "a mockglm serves there")
            message = f"{error.strerror}; --port 0 picks a free port"
            return Diagnosis(subject, message, True)
    return Diagnosis(subject, "free")


def check_proxies(environment: Mapping[str, str]) -> Iterator[Diagnosis]:
    """Look if a proxy comes between clients and this machine."""
    from mockglm.testing.environment import PROXY_VARIABLES

    names = [
        name
        for variable in PROXY_VARIABLES
        for name in (variable, variable.lower())
        if environment.get(name)
    ]
    exempt = f"{environment.get('NO_PROXY', '')},{environment.get('no_proxy', '')}".split(",")
    if names and not {"*", DEFAULT_HOST, "127.0.0.0/8"} & {host.strip() for host in exempt}:
        message = f"clients send requests for 127.0.0.1 to it: add NO_PROXY={DEFAULT_HOST}"
        yield Diagnosis(", ".join(names), message, True)


def check_keys(environment: Mapping[str, str]) -> Iterator[Diagnosis]:
    """Look at the form of the keys; their values are never part of a message."""
    for name in KEY_VARIABLES:
        if value := environment.get(name):
            fault = _find_key_fault(value)
            what = "a key" if is_real_key(value) else "a dummy, which mockglm accepts"
            yield Diagnosis(name, fault or what, bool(fault))


def check_base_urls(environment: Mapping[str, str]) -> Iterator[Diagnosis]:
    """Look where the variables lead the clients that read them."""
    from mockglm.testing.environment import (
        ANTHROPIC_URL_VARIABLES,
        BASE_URL_VARIABLES,
        CHAT_URL_VARIABLES,
    )

    for name in (*BASE_URL_VARIABLES, *ANTHROPIC_URL_VARIABLES, *CHAT_URL_VARIABLES):
        if value := environment.get(name):
            yield _check_base_url(name, value)


def check_variables(environment: Mapping[str, str]) -> Iterator[Diagnosis]:
    """Look for variables of mockglm that no option has."""
    from mockglm.cli.verbs import VERBS, verb_group

    known = set(OWN_VARIABLES)
    for verb in VERBS:
        command = verb_group.get_command(click.Context(verb_group), verb)
        parameters = command.params if command else ()
        names = (parameter.name or "" for parameter in parameters)
        known |= {f"MOCKGLM_{verb}_{name}".upper() for name in names}
    for name in environment:
        if name.startswith("MOCKGLM_") and name not in known:
            near = nearest(name, sorted(known))
            hint = f"; did you mean {near}?" if near else ""
            yield Diagnosis(name, f"no option has this variable{hint}", True)


def check_clock(upstream: str) -> Diagnosis:
    """Compare the clock with the date of a response of the service, which needs no key."""
    import httpx

    try:
        response = httpx.get(f"{upstream}/models", timeout=TIMEOUT * 5)
        date = parsedate_to_datetime(response.headers["date"]).timestamp()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return Diagnosis(upstream, f"cannot be reached: {error}", True)
    except (KeyError, ValueError):
        return Diagnosis(upstream, "its responses have no date to compare the clock with")
    error_of_clock = time.time() - date
    if abs(error_of_clock) > MAX_CLOCK_ERROR:
        message = f"off by {error_of_clock:+.0f} s: signed keys will be refused with 1003"
        return Diagnosis("clock", message, True)
    return Diagnosis("clock", f"within {MAX_CLOCK_ERROR:.0f} s of {urlsplit(upstream).hostname}")


def _check_base_url(name: str, value: str) -> Diagnosis:
    try:
        url = urlsplit(value)
        port = url.port or (443 if url.scheme == "https" else 80)
    except ValueError:
        return Diagnosis(name, "its value is no URL", True)
    if url.scheme not in ("http", "https") or not url.hostname:
        return Diagnosis(name, "its value is no URL", True)
    if not is_loopback(url.hostname):
        return Diagnosis(name, f"leads clients to {url.hostname}")
    try:
        socket.create_connection((url.hostname, port), timeout=TIMEOUT).close()
    except OSError as error:
        message = f"nothing answers at {url.hostname}:{port} ({error.strerror or error})"
        return Diagnosis(name, message, True)
    return Diagnosis(name, f"leads clients to {url.hostname}:{port}, where a server listens")


def _find_key_fault(key: str) -> str:
    """Describe what is wrong with the form of a key; "" if nothing is."""
    if key != key.strip():
        return "white space before or behind the key"
    if key[0] in "'\"" or key[-1] in "'\"":
        return "quotation marks belong to the value"
    if re.match(r"bearer\b", key, re.IGNORECASE):
        return "the value begins with Bearer, which clients add"
    if "\n" in key or "\r" in key:
        return "more than one line"
    if not (key.isascii() and key.isprintable()):
        return f"characters that no key has; a key is {KEY_FORM}"
    if re.fullmatch(r"[0-9a-f]{32}", key, re.IGNORECASE):
        return f"the part behind the dot is missing; a key is {KEY_FORM}"
    return ""


def _is_mockglm(port: int) -> bool:
    import httpx

    try:
        url = f"http://{DEFAULT_HOST}:{port}/__mockglm__/sessions"
        response = httpx.get(url, timeout=TIMEOUT, trust_env=False)
    except httpx.HTTPError:
        return False
    return bool(response.headers.get("content-type", "").startswith("application/json"))


def _parse_requirement(line: str) -> tuple[str, str]:
    """The name and the lower bound of a requirement."""
    name = re.split(r"[\s<>=!~;\[(]", line, maxsplit=1)[0]
    bound = re.search(r">=\s*([0-9.]+)", line)
    return name, bound[1] if bound else ""


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _as_numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:4])
