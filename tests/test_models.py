"""The models: which there are, and what recordings and refusals say of them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mockglm.clock import Pace
from mockglm.models import (
    DOCUMENTED_CEILINGS,
    MEASURED,
    MODELS,
    SHUTDOWNS,
    TABLE,
    TEXT_ENUM,
    VISION_ENUM,
    like,
    measured_pace,
)

TODAY = """
    glm-5.3 glm-5.3-flash glm-5.3-flashx glm-5.2 glm-5.1 glm-5-turbo glm-5 glm-5v-turbo
    glm-4.7 glm-4.7-flash glm-4.7-flashx glm-4.6 glm-4.6v glm-4.6v-flash glm-4.6v-flashx
    glm-4.5 glm-4.5-air glm-4.5-airx glm-4.5-flash glm-4.5v glm-4.1v-thinking-flash
    glm-4.1v-thinking-flashx glm-4-flash-250414 glm-4-flashx-250414 glm-4-long glm-4v-flash
    glm-4-voice glm-4-32b-0414-128k autoglm-phone autoglm-phone-multilingual charglm-4 emohaa
"""
BEFORE = """
    glm-4.5-x glm-4-plus glm-4-air-250414 glm-4-airx glm-4-flashx glm-z1-air glm-z1-airx
    glm-z1-flash glm-z1-flashx codegeex-4 charglm-3 glm-4-assistant glm-4-alltools glm-4v-plus
    glm-4v-plus-0111
"""


def test_every_id_is_in_the_table_once() -> None:
    assert len(TABLE) == len(MODELS)


def test_all_documented_chat_models_are_known() -> None:
    documented = (TODAY + BEFORE).split()
    assert [MODELS[id].id for id in documented] == documented


def test_the_enums_of_2026_10_are_models_of_their_kind() -> None:
    assert not any(MODELS[id].is_vision for id in TEXT_ENUM)
    assert all(MODELS[id].is_vision for id in VISION_ENUM)
    assert not {"glm-4.5", "glm-4-long"} & set(TEXT_ENUM)


def test_models_announced_for_shutdown_still_answer_and_name_another() -> None:
    assert SHUTDOWNS.keys() <= MODELS.keys()
    assert set(SHUTDOWNS.values()) <= set(TEXT_ENUM)


def test_conflicting_ceilings_are_kept_and_the_measured_one_counts() -> None:
    conflicts = {
        id: (documented, MODELS[id].ceiling)
        for id, documented in DOCUMENTED_CEILINGS.items()
        if documented != MODELS[id].ceiling
    }
    assert conflicts == {
        "glm-4.5": (98_304, 131_072),
        "glm-4.1v-thinking-flash": (32_768, 16_384),
        "glm-4-flash-250414": (32_768, 16_384),
    }


def test_a_measured_latency_has_three_figures_and_a_spread() -> None:
    assert MEASURED.keys() <= MODELS.keys()
    for pace in MEASURED.values():
        assert 0 < pace.every < pace.first
        assert pace.prompt > 0
        assert pace.spread > 1
    assert measured_pace(MODELS["glm-4.7"]) == Pace(3.0, 0.021, 0, 0.15, 4.5)
    assert measured_pace(MODELS["glm-5"]) == MODELS["glm-5"].pace


@pytest.mark.parametrize("id", ["embedding-3", "GLM-5", "glm-5 ", "glm-9", ""])
def test_an_id_is_matched_exactly_and_chat_models_only(id: str) -> None:
    assert id not in MODELS


def test_the_listing_of_2026_07_is_as_recorded() -> None:
    """SamyRai/go-z-ai, bigmodel_same_key.yaml; the 5.3 family came after it."""
    listed = [(m.id, m.created) for m in MODELS.values() if m.is_listed and m.family != "glm-5.3"]
    assert listed == [
        ("glm-4.5", 1753632000),
        ("glm-4.5-air", 1753632000),
        ("glm-4.6", 1759276800),
        ("glm-4.7", 1766332800),
        ("glm-5", 1770739200),
        ("glm-5-turbo", 1773504000),
        ("glm-5.1", 1774620000),
        ("glm-5.2", 1781625600),
    ]


def test_eleven_models_are_listed_the_newest_last() -> None:
    listed = [model for model in MODELS.values() if model.is_listed]
    assert [model.id for model in listed[8:]] == ["glm-5.3", "glm-5.3-flash", "glm-5.3-flashx"]
    assert [model.created for model in listed] == sorted(model.created for model in listed)


def test_a_model_that_is_not_listed_has_no_date() -> None:
    assert {model.created for model in MODELS.values() if not model.is_listed} == {0}


@pytest.mark.parametrize(
    ("ceiling", "ids"),
    [
        (131072, "glm-5.3 glm-5.3-flash glm-5.3-flashx glm-5.2 glm-5.1 glm-5 glm-5-turbo glm-4.7"),
        (131072, "glm-4.7-flash glm-4.7-flashx glm-4.6 glm-5v-turbo glm-4.5"),
        (98304, "glm-4.5-air glm-4.5-airx glm-4.5-flash"),
        (32768, "glm-4.6v glm-4.6v-flash glm-4.6v-flashx"),
        (16384, "glm-4.5v glm-4.1v-thinking-flash glm-4.1v-thinking-flashx"),
        (16384, "glm-4-flash-250414 glm-4-flashx-250414"),
        (4095, "glm-4-long"),
        (1024, "glm-4v-flash"),
    ],
)
def test_a_ceiling_is_the_one_its_refusal_names(ceiling: int, ids: str) -> None:
    assert {MODELS[id].ceiling for id in ids.split()} == {ceiling}


def test_thinking_cannot_be_switched_off_in_these() -> None:
    assert {model.family for model in MODELS.values() if model.thinking == "always"} == {
        "glm-5.4",
        "glm-5.3",
        "glm-4.1v",
        "glm-z1",
    }


def test_a_thought_in_tags_is_for_z1_and_the_thinking_eye() -> None:
    tags = {model.family for model in MODELS.values() if model.thought == "tags"}
    assert tags == {"glm-4.1v", "glm-z1"}


def test_only_the_newest_heed_the_effort() -> None:
    heeding = {model.family: model.efforts for model in MODELS.values() if model.efforts}
    assert heeding == {
        "glm-5.2": ("none", "minimal", "low", "medium", "high", "xhigh", "max"),
        "glm-5.3": ("low", "high", "max"),
        "glm-5.4": ("low", "high", "max"),
    }


@pytest.mark.parametrize(
    ("temperature", "ids"),
    [
        (1.0, "glm-5.3 glm-5 glm-4.7 glm-4.6"),
        (0.6, "glm-4.5 glm-4.5-air"),
        (0.75, "glm-4-plus glm-4-flash-250414"),
        (0.8, "glm-4.6v glm-4.5v glm-4v-flash"),
        (0.95, "charglm-4 emohaa"),
        (0.0, "autoglm-phone"),
    ],
)
def test_the_default_temperature_is_its_familys(temperature: float, ids: str) -> None:
    assert {MODELS[id].temperature for id in ids.split()} == {temperature}


@pytest.mark.parametrize(
    ("id", "cached", "reasoning"),
    [
        ("glm-5.3", True, True),
        ("glm-5", True, False),
        ("glm-4.7-flash", True, True),
        ("glm-4.6", True, True),
        ("glm-4.5", True, True),
        ("glm-4.5v", True, True),
        ("glm-4.5-air", True, False),
        ("glm-4.5-flash", True, False),
        ("glm-4-flash-250414", False, False),
        ("glm-4.1v-thinking-flash", False, False),
    ],
)
def test_usage_details_are_those_of_2026(id: str, cached: bool, reasoning: bool) -> None:
    assert (MODELS[id].reports_cached, MODELS[id].reports_reasoning) == (cached, reasoning)


def test_only_the_assistant_refuses_a_plain_answer() -> None:
    assert [model.id for model in MODELS.values() if not model.is_sync] == ["glm-4-assistant"]


def test_no_ceiling_is_above_the_context_and_every_pace_is_a_pace() -> None:
    for model in MODELS.values():
        assert 0 < model.ceiling <= model.context
        assert 0 < model.pace.every < model.pace.first


def test_a_like_model_differs_in_its_id_and_is_not_listed() -> None:
    mine = like("my-glm", MODELS["glm-5.3"])
    assert (mine.id, mine.is_listed, mine.created) == ("my-glm", False, 0)
    assert (mine.family, mine.thinking) == ("glm-5.3", "always")


@pytest.mark.skipif("GLM_SAMPLES" not in os.environ, reason="GLM_SAMPLES names no recordings")
def test_the_recorded_listing_is_the_tables() -> None:
    folder = Path(os.environ["GLM_SAMPLES"])
    recorded = (folder / "go-z-ai-cassettes/bigmodel_same_key.yaml").read_text("utf-8")
    for model in MODELS.values():
        if model.is_listed and model.family != "glm-5.3":
            row = f'{{"id":"{model.id}","object":"model","created":{model.created},'
            assert row in recorded
