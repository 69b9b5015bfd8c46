"""Words for people: amounts of money in their currency's own decimals, counts with their nouns."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

_NO_DECIMALS = [
    "BIF",
    "CLP",
    "DJF",
    "GNF",
    "ISK",
    "JPY",
    "KMF",
    "KRW",
    "PYG",
    "RWF",
    "UGX",
    "UYI",
    "VND",
    "VUV",
    "XAF",
    "XOF",
    "XPF",
]
_DECIMALS = dict.fromkeys(_NO_DECIMALS, 0) | dict.fromkeys(
    ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3
)
"""Digits after the point of currencies that do not have two (ISO 4217)."""


def priced(amount: object, currency: str) -> str:
    """An amount and its currency, ``49.90 EUR``, ``500 JPY``; what is finer than that is not rounded.

    Args:
        amount: As it was served: a number, or text that is one.
        currency: Its code; empty where unknown, then the amount stays as it is.
    """
    if not currency:
        return str(amount)
    try:
        number = Decimal(str(amount))
        whole = number.quantize(Decimal(1).scaleb(-_DECIMALS.get(currency.upper(), 2)))
    except InvalidOperation:  # no number, or one of more digits than any price has
        return f"{amount} {currency}"
    shown = whole if whole == number else number.normalize()
    return f"{shown:f} {currency}"


def counted(number: int, noun: str) -> str:
    """``1 effect``, ``2 effects``."""
    return f"{number} {noun}{'s' * (number != 1)}"
