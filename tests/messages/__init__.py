"""Tests of the Anthropic surface."""
