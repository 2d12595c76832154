"""The checks as pytest items, with node ids that never change: `glm-v4::SSE-05`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mockglm.conformance.catalogue import Check
from mockglm.conformance.checks import CHECKS
from mockglm.conformance.probes import PROBES
from mockglm.conformance.report.lines import failure

if TYPE_CHECKING:
    from mockglm.conformance.kit import Kit

__all__ = ["GROUP", "Broken", "CheckItem", "KitDirectory"]

GROUP = "glm-v4"
_FAILING = ("fail", "not_testable", "stale", "error")


class Broken(Exception):  # noqa: N818
    """A check that did not pass; `entry` is what the report says of it."""

    def __init__(self, entry: dict[str, Any]) -> None:
        self.entry = entry
        super().__init__(entry["requirement"])


class KitDirectory(pytest.Directory):
    """The package of the kit: its items are the checks, whatever files it has."""

    kit: Kit

    @classmethod
    def of(cls, parent: pytest.Collector, path: Path, kit: Kit) -> KitDirectory:
        directory: KitDirectory = cls.from_parent(parent, path=path)
        directory.kit = kit
        return directory

    def collect(self) -> Iterator[CheckItem]:
        for check in CHECKS.values():
            is_disruptive = any(PROBES[name].disruptive for name in check.probes)
            if self.kit.settings.disruptive or not is_disruptive:
                yield CheckItem.of(self, check)


class CheckItem(pytest.Item):
    """One check. It fails, is skipped or passes as its verdict says."""

    check: Check
    kit: Kit
    entry: dict[str, Any] | None = None

    @classmethod
    def of(cls, parent: KitDirectory, check: Check) -> CheckItem:
        item: CheckItem = cls.from_parent(parent, name=check.id, nodeid=f"{GROUP}::{check.id}")
        item.check = check
        item.kit = parent.kit
        item.add_marker(check.level.lower())
        item.add_marker(pytest.mark.xdist_group(GROUP))
        item.user_properties += [
            ("level", check.level),
            ("probe", ", ".join(check.probes)),
            ("source", "; ".join(map(str, check.sources))),
        ]
        return item

    def runtest(self) -> None:
        self.entry = self.kit.entry(self.check)
        self.user_properties.append(("verdict", self.entry["verdict"]))
        if self.entry["verdict"] in _FAILING:
            raise Broken(self.entry)
        if self.entry["verdict"] == "expected":
            pytest.xfail(self.entry["reason"])
        if self.entry["verdict"] in ("not_exercised", "not_applicable"):
            pytest.skip(self.entry["cause"])

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """A broken requirement as the kit tells it; what else is raised as pytest does."""
        if not isinstance(excinfo.value, Broken):
            return super().repr_failure(excinfo, style)
        entry = excinfo.value.entry
        head = f"{entry['id']} {entry['level']} {entry['requirement']}"
        return "\n".join((head, *(f"    {text}" for text, _ in failure(entry))))

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, None, f"{self.check.id} {self.check.title}"
