"""Sentences that exist in Chinese and in English, kept side by side where they are used."""

from __future__ import annotations

import locale
import os
from typing import Literal, NamedTuple

Lang = Literal["zh", "en"]


class Words(NamedTuple):
    """One sentence in both languages of the product."""

    zh: str
    en: str

    def say(self, lang: Lang) -> str:
        """Return the sentence in `lang`."""
        return self.zh if lang == "zh" else self.en

    def fill(self, **parts: object) -> Words:
        """Put `parts` into the `{named}` places of both sentences."""
        return Words(self.zh.format(**parts), self.en.format(**parts))


def default_lang() -> Lang:
    """Return the language of the user's locale: `zh` for any Chinese locale, else `en`."""
    named = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG")
    name = named or locale.getlocale()[0] or ""
    return "zh" if name.lower().startswith(("zh", "chinese")) else "en"


def say_nothing(_: Words) -> None:
    """Take a sentence about progress when nobody listens."""
