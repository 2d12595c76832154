"""The probes: every request of a run, in the order they are sent."""

from __future__ import annotations

from collections.abc import Mapping

from mockglm.conformance.probes.chat import CHAT_PROBES, ECHO
from mockglm.conformance.probes.messages import MESSAGE_PROBES
from mockglm.conformance.probes.probe import WRONG_KEY, Credential, Probe

__all__ = ["CHAT_PROBES", "ECHO", "MESSAGE_PROBES", "PROBES", "WRONG_KEY", "Credential", "Probe"]

PROBES: Mapping[str, Probe] = {probe.name: probe for probe in (*CHAT_PROBES, *MESSAGE_PROBES)}
"""The probes of all surfaces by their names."""
