"""What people say to what the shop wrote to them."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from random import Random

from .dialogues import LANGUAGES, fill, read, slots

_ASKED = {
    "size": re.compile(
        r"\bsize|größe|talla|taille|tamanho|taglia|beden|サイズ|尺码|码|مقاس|розмір|사이즈|साइज",
        re.IGNORECASE,
    ),
    "colour": re.compile(
        r"colou?r|farbe|couleur|\bcor\b|colore|renk|色|颜色|لون|кол[іь]|색|रंग", re.IGNORECASE
    ),
    "order": re.compile(
        r"order (no|num)|bestellnummer|pedido|commande|ordine|sipariş|注文番号|订单号|رقم|номер|주문번호|नंबर",
        re.IGNORECASE,
    ),
}
"""What a question is about, whichever language it is asked in."""
_QUESTION_MARKS = ("?", "？", "؟")


@cache
def _lines() -> dict[str, dict[str, list[str]]]:
    table: dict[str, dict[str, list[str]]] = tomllib.loads(read("answers.toml"))
    return table


def fitting(text: str | None, language: str, name: str | None, turns: int, random: Random) -> str:
    """An answer of a person who speaks `language` to `text` (`None` for a file without text).

    `turns` is how often they have answered before; every fourth time they have nothing more to ask.
    """
    spoken = language if language in LANGUAGES else "en"
    lines = _lines()[spoken]
    if text is None:
        choice = lines["picture"]
    elif any(mark in text for mark in _QUESTION_MARKS):
        choice = _to_question(lines["question"], text)
    elif turns % 4 == 3:
        choice = lines["closing"]
    else:
        choice = lines["followup" if random.random() < 0.35 else "news"]
    return fill(choice[(turns + random.randrange(2)) % len(choice)], slots(spoken, name or "you", random))


def _to_question(lines: list[str], text: str) -> list[str]:
    for subject, pattern in _ASKED.items():
        told = [line for line in lines if f"{{{subject}}}" in line]
        if told and pattern.search(text):
            return told
    return [line for line in lines if "{" not in line]
