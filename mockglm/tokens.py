"""Estimates of usage: how many tokens a text is, near enough to budget with."""

from __future__ import annotations

ASCII_A_TOKEN = 4.0
"""Characters of ASCII text a token holds; docs.bigmodel.cn counts 1 token as 1.6 Chinese ones."""
CHINESE_A_TOKEN = 1.6


def count(text: str) -> int:
    """The tokens of a text: at least one for any text, none for an empty one."""
    if text.isascii():
        return -(-len(text) // 4)
    wide = sum(map("\x7f".__lt__, text)) if len(text) < 64 else _wide(text)
    return max(1, round((len(text) - wide) / ASCII_A_TOKEN + wide / CHINESE_A_TOKEN))


def _wide(text: str) -> int:
    """Count the characters that are not ASCII, at the speed of the codec."""
    return len(text) - len(text.encode("ascii", "ignore"))
