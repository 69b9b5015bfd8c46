"""Byte-pair encoding: the pieces of a word that a vocabulary has, by the order in which pairs are joined."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

Ranks = Mapping[tuple[str, str], int]


def ranks_of(merges: Iterable[str | Sequence[str]]) -> Ranks:
    """What is joined before what, from a tokenizer's list of merges.

    Raises:
        ValueError: One of them is no pair.
    """
    pairs = (pair.split(" ") if isinstance(pair, str) else pair for pair in merges)
    return {(first, second): rank for rank, (first, second) in enumerate(pairs)}


def joined(parts: Sequence[str], ranks: Ranks) -> list[str]:
    """Pieces of a word, joined as far as there are merges: of all neighbours those that rank first."""
    parts = list(parts)
    while len(parts) > 1:
        first = min(pairwise(parts), key=lambda pair: ranks.get(pair, 1 << 30))
        if first not in ranks:
            break
        longer: list[str] = []
        at = 0
        while at < len(parts):
            is_pair = at + 1 < len(parts) and (parts[at], parts[at + 1]) == first
            longer.append(parts[at] + parts[at + 1] if is_pair else parts[at])
            at += 2 if is_pair else 1
        parts = longer
    return parts
