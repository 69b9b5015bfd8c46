"""JSON of a service, read as far as it can be: an answer that is paid for is not lost for one odd field.

Strict is who wants to be: what a price or an id may look like is said here, and nothing is guessed of them.
"""

from __future__ import annotations

import json
import math
import re
from decimal import Decimal
from typing import Any

DEEPEST = 64
"""How deep values may lie in one another. The API's own lie six deep; what lies deeper is left out, since
neither JSON nor OTIO can be written without end."""

_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"|[\[{\]}]', re.DOTALL)
_SURROGATES = re.compile("[\ud800-\udfff]")
_DIGITS = re.compile(r"[+-]?[0-9]{1,18}(\.0+)?", re.ASCII)
_AMOUNT = re.compile(r"[0-9]{1,12}(\.[0-9]{1,12})?", re.ASCII)
_HIGHEST_PRICE = Decimal(10) ** 12
_TRUTHS = {"true": True, "1": True, "false": False, "0": False}


def parsed(body: bytes) -> Any:
    """The JSON of an answer, with what makes JSON fail softened.

    Bytes that are no text, half a character and control characters inside texts do not matter; ``NaN``,
    ``1e999`` and numbers of thousands of digits are texts.

    Raises:
        ValueError: It is no JSON.
    """
    text = body.decode(json.detect_encoding(body), "replace" if _is_utf8(body) else "surrogatepass")
    try:
        return _loaded(text)
    except RecursionError:
        return _loaded(_shallow(text))


def cleaned(value: Any) -> tuple[Any, int]:
    """A value of JSON that everything can be written with.

    Returns:
        It without half characters and without what lies deeper than ``DEEPEST``, which is ``None`` there; and
        how many values that are.
    """
    left_out = 0

    def clean(value: Any, depth: int) -> Any:
        nonlocal left_out
        if isinstance(value, str):
            return whole_text(value)
        if not isinstance(value, dict | list):
            return value
        if depth >= DEEPEST:
            left_out += 1
            return None
        if isinstance(value, list):
            return [clean(each, depth + 1) for each in value]
        return {whole_text(str(name)): clean(each, depth + 1) for name, each in value.items()}

    return clean(value, 0), left_out


def whole_text(text: str) -> str:
    """A text in which half a character, such as one half of an emoji, is the sign for an unknown one."""
    return text if text.isascii() else _SURROGATES.sub("\ufffd", text)


def whole_number(value: object) -> int | None:
    """An id: a whole number, be it written ``7``, ``7.0`` or ``"7"``; ``None`` for all else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 2**53 else None
    if isinstance(value, str) and _DIGITS.fullmatch(value.strip()):
        return int(value.strip().partition(".")[0])
    return None


def amount(value: object) -> Decimal | None:
    """A price: a number that is not negative, or the same in quotes; ``None`` for all else.

    Commas, signs of currencies and words are not guessed at: ``5,760`` is one price here and another there.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str):
        text = value.strip()
        return Decimal(text) if _AMOUNT.fullmatch(text) else None
    if not math.isfinite(value) if isinstance(value, float) else abs(value) > _HIGHEST_PRICE:
        return None
    price = Decimal(str(value))
    return price if 0 <= price <= _HIGHEST_PRICE else None


def truth(value: object) -> bool | None:
    """Whether something is so: a truth value, 0 or 1, or one of them as text; ``None`` for all else."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return bool(value) if value in (0, 1) else None
    return _TRUTHS.get(value.strip().lower()) if isinstance(value, str) else None


def _is_utf8(body: bytes) -> bool:
    return json.detect_encoding(body).startswith("utf-8")


def _loaded(text: str) -> Any:
    return json.loads(text, strict=False, parse_constant=str, parse_float=_float, parse_int=_int)


def _float(text: str) -> float | str:
    number = float(text)
    return number if math.isfinite(number) else text


def _int(text: str) -> int | str:
    try:
        return int(text)
    except ValueError:  # longer than Python reads at once
        return text


def _shallow(text: str) -> str:
    """A text of JSON with an empty list for what lies too deep; for texts that cannot be parsed otherwise."""
    kept: list[str] = []
    depth = begin = 0
    for token in _TOKENS.finditer(text):
        sign = token[0]
        if sign in "[{":
            depth += 1
            if depth == DEEPEST + 1:
                kept.append(text[begin : token.start()] + "[]")
        elif sign in "]}":
            if depth == DEEPEST + 1:
                begin = token.end()
            depth -= 1
    return "".join(kept) + text[begin:] if depth <= DEEPEST else ""
