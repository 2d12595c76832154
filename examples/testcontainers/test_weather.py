"""Tests against mockglm in a container, which `docker build -t mockglm .` has made."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import HttpWaitStrategy
from zai import ZhipuAiClient

PORT = 8600
KEY = "0123456789abcdef0123456789abcdef.mockglmmockglm00"
TOKEN = "the-token-of-the-control-api"
WEATHER = Path(__file__).parents[1] / "weather.yaml"


@pytest.fixture(scope="session")
def host() -> Iterator[str]:
    """The origin of one container for all tests; each test has a session of its own."""
    container = (
        DockerContainer("mockglm")
        .with_volume_mapping(WEATHER, "/work/weather.yaml")
        .with_command(["serve", "weather.yaml", "--host", "0.0.0.0", "--port", str(PORT)])
        .with_env("MOCKGLM_TOKEN", TOKEN)
        .with_exposed_ports(PORT)
        .waiting_for(HttpWaitStrategy(PORT, "/__mockglm__/ready"))
    )
    with container:
        yield f"http://{container.get_container_host_ip()}:{container.get_exposed_port(PORT)}"


def test_a_busy_service_gets_a_second_request(host: str) -> None:
    base = f"{host}/s/weather@busy/api/paas/v4"
    with ZhipuAiClient(api_key=KEY, base_url=base) as client:
        answer = client.chat.completions.create(
            model="glm-4.6", messages=[{"role": "user", "content": "天气?"}]
        )
    assert answer.choices[0].message.content == "北京今天晴，二十五度。"
    assert journal(host, "weather@busy") == ["1305", "stop"]


def journal(host: str, session: str) -> list[str]:
    """The codes and finish reasons that a session saw."""
    entries = httpx.get(
        f"{host}/__mockglm__/journal",
        params={"session": session},
        headers={"Authorization": f"Bearer {TOKEN}"},
    ).json()
    return [entry["code"] or entry["finish"] for entry in entries]
