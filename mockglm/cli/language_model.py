"""Opening the language model of `serve --improvise-with`."""

from __future__ import annotations

import os
from collections.abc import Iterable

from mockglm.cli.log import warn
from mockglm.errors import UsageError
from mockglm.language_model import LanguageModel
from mockglm.recorder import Upstream
from mockglm.urls import is_loopback

KEY_VARIABLE = "MOCKGLM_IMPROVISE_KEY"
"""The variable with the key. GLM's own key is not read, for another server would get it."""


def open_language_model(
    url: str, model: str, *, host: str, allowed: Iterable[str], ca: str | None
) -> LanguageModel:
    """Open a language model behind a base URL, with the key of the environment.

    `host` is the address that clients reach: if other machines can, they could spend the key, and
    it is not used. Raises UpstreamError for a base URL that is not allowed, and UsageError for a
    key that no header can have.
    """
    key = os.environ.get(KEY_VARIABLE, "").strip()
    if not (key.isascii() and (key.isprintable() or not key)):
        raise UsageError(f"the key in {KEY_VARIABLE} has characters that no key has: copy it again")
    if key and not is_loopback(host):
        warn(f"mockglm: other machines can reach {host}, so the key in {KEY_VARIABLE} is not used")
        key = ""
    return LanguageModel(Upstream(url, allowed=allowed, key=key, ca=ca), model)
