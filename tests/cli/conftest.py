"""Fixtures for the verbs of the command line."""

from __future__ import annotations

from tests.conformance.conftest import endpoint, key, running

__all__ = ["endpoint", "key", "running"]
