"""The specification of the cassette format: its schema, its fixtures, and what mockglm writes."""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from mockglm.cassettes import CassetteWriter
from mockglm.lint import LintLimits, lint_files
from mockglm.scenarios import load
from tests.cassettes.exchanges import exchange

FOLDER = Path(__file__).parents[2] / "docs" / "cassette-format"
VALID = sorted(FOLDER.glob("valid/*.yaml"))
INVALID = sorted(FOLDER.glob("invalid/*.yaml"))


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    schema = json.loads((FOLDER / "schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


class CoreLoader(yaml.SafeLoader):
    """A loader of YAML 1.2, whose core schema has no timestamps."""

    yaml_implicit_resolvers = {  # noqa: RUF012  as in the class above
        mark: [(tag, pattern) for tag, pattern in found if not tag.endswith(":timestamp")]
        for mark, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def read(path: Path) -> Any:
    return yaml.load(path.read_text("utf-8"), CoreLoader)


def wire(path: Path) -> list[dict[str, Any]]:
    """The exchanges of a cassette as bytes, in the form of NAME.wire.json."""
    found = []
    for interaction in load(path).interactions:
        request, response = interaction.request, interaction.steps[0].response
        assert request is not None
        assert response is not None
        found.append(
            {
                "method": request.method,
                "path": request.path,
                "query": request.query,
                "request": b64encode(request.body).decode(),
                "status": response.status,
                "headers": [list(pair) for pair in response.headers],
                "chunks": [[at, b64encode(piece).decode()] for at, piece in response.chunks],
                "end": response.end,
            }
        )
    return found


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_a_valid_cassette_fits_the_schema_and_has_its_bytes(
    path: Path, validator: jsonschema.Draft202012Validator
) -> None:
    validator.validate(read(path))
    assert lint_files([path], LintLimits(now=0)) == ()
    assert wire(path) == json.loads(path.with_suffix(".wire.json").read_text("utf-8"))


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
def test_an_invalid_cassette_is_refused_by_the_schema_and_by_lint(
    path: Path, validator: jsonschema.Draft202012Validator
) -> None:
    assert not validator.is_valid(read(path))
    assert lint_files([path], LintLimits(now=0)) != ()


def test_a_recorded_cassette_fits_the_schema_and_keeps_its_source(
    tmp_path: Path, validator: jsonschema.Draft202012Validator
) -> None:
    path, origin = tmp_path / "a.yaml", "https://open.bigmodel.cn/api/paas/v4"
    how = "mockglm record --mode once"
    writer = CassetteWriter(path, origin=origin, at="2026-11-30T08:00:00Z", how=how)
    writer.append([exchange("一"), exchange("二")])
    writer.close()
    document = read(path)
    validator.validate(document)
    provenance = load(path).provenance
    assert provenance is not None
    model = document["interactions"][0]["request"]["body"]["model"]
    assert (provenance.origin, provenance.model, provenance.how) == (origin, model, how)
