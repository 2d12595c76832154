"""Estimates of usage: how many tokens a text is, near enough to budget with."""

from __future__ import annotations

ASCII_A_TOKEN = 4.0
"""Characters of ASCII text a token holds; docs.bigmodel.cn counts 1 token as 1.6 Chinese ones."""
CHINESE_A_TOKEN = 1.6


def count(text: str) -> int:
    """The tokens of a text: at least one for any text, none for an empty one."""
    if text.isascii():
        return -(-len(text) // 4)
    # The codec counts the characters that are not ASCII faster than Python does.
    wide = len(text) - len(text.encode("ascii", "ignore"))
    return max(1, round((len(text) - wide) / ASCII_A_TOKEN + wide / CHINESE_A_TOKEN))
