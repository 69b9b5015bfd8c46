"""Finding sounds by words: which of many texts speak of what is asked for. Pure.

A text is a bag of weighted words. A word of the query counts by the best that a text has for it: the word
itself, one that means the same (in any language of the thesaurus), a case of it, or one that its vector is
near to. Rare words count more than common ones. All is looked up by word, so that a hundred thousand texts
take some milliseconds.
"""

from __future__ import annotations

import io
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avm_otio.engine.embedding import Embedding, embedding
from avm_otio.engine.thesaurus import Word, read, stems, wider_things

SAME, MEANS, CASE, WIDER = 1.0, 0.9, 0.7, 0.4
"""What a text's word is worth: the query's own, one of its meaning, a case of it, what it is a case of."""

_NEAR, _NEAREST, _MOST_NEAR = 0.5, 0.75, 40
"""From this likeness of vectors on words are related; the most that it is worth, and how many are taken."""

_FULL = 0.2
"""How much better a text is that says nothing else than what is asked for."""

_QUALITIES = frozenset(
    """
    big small large little tiny huge soft hard heavy light fast slow quick long short old new near close far
    distant loud quiet deep high low single double multiple many random good nice best real designed thick
    thin wide sharp dull gentle strong weak clean dirty wet dry full empty going coming making made one two
    three
    """.split()
)
"""Words that say how a sound is, not what it is, and what each counts."""

_ACTIONS = frozenset(
    """
    open opens opening close closes closing closed shut shuts start starts starting stop stops move moves
    moving pull push turn turns turning put take takes get use using play plays playing work working hold
    """.split()
)
"""What can be done with nearly anything."""

_QUALITY, _ACTION, _HEAD = 0.3, 0.6, 1.25
"""What such words count, and the one that all others only describe: the last before a preposition."""

_AGAIN = 0.08
"""What it adds that a text says the same with another word, too."""

_JOINTS = re.compile(r"\b(?:of|in|on|at|from|with|under|over|into|through|for|and|or)\b", re.IGNORECASE)

Floats = NDArray[np.float32]
Fields = Sequence[tuple[str, float]]
"""Texts of one sound, each with its weight, 0 to 1."""


@dataclass(frozen=True, slots=True)
class WordIndex:
    """Many texts, by their words.

    Attributes:
        terms: Every word that some text has.
        things: The terms that speak of each thing, by number.
        starts: Where each term's rows begin in ``rows``; one more than there are terms.
        rows: The texts that have each term, one after the other.
        weights: How much the term says of each of these.
        length: The sum of all weights of each text's words.
        vectors: What each term means, if vectors are installed; else without columns.
    """

    terms: Sequence[str]
    things: Mapping[str, Sequence[int]]
    starts: NDArray[np.int64]
    rows: NDArray[np.int32]
    weights: Floats
    length: Floats
    vectors: NDArray[np.float16]

    @classmethod
    def of(cls, sounds: Iterable[Fields]) -> WordIndex:
        """Index texts; rows are numbered in their order."""
        terms: dict[str, int] = {}
        things: dict[str, list[int]] = defaultdict(list)
        found: list[tuple[int, int, float]] = []
        lengths: list[float] = []
        for row, fields in enumerate(sounds):
            bag: dict[int, float] = {}
            for text, weight in fields:
                for word in read(text):
                    number = terms.get(word.text)
                    if number is None:
                        number = terms[word.text] = len(terms)
                        for thing in word.things:
                            things[thing].append(number)
                    bag[number] = max(bag.get(number, 0.0), weight)
            found.extend((number, row, weight) for number, weight in bag.items())
            lengths.append(sum(bag.values()))
        found.sort()
        table = np.array(found, np.float64).reshape(-1, 3)
        starts = np.searchsorted(table[:, 0], np.arange(len(terms) + 1)).astype(np.int64)
        vectors = embedding()
        return cls(
            terms=tuple(terms),
            things=dict(things),
            starts=starts,
            rows=table[:, 1].astype(np.int32),
            weights=table[:, 2].astype(np.float32),
            length=np.array(lengths, np.float32),
            vectors=_vectors(vectors, tuple(terms)),
        )

    def __len__(self) -> int:
        return len(self.length)

    def scores(self, query: str) -> Floats:
        """How well each text fits a query: 0 not at all, 1 as well as can be."""
        words = list(dict.fromkeys(read(query)))
        head = _head_of(query, words)
        total: Floats = np.zeros(len(self), np.float32)
        if not words or not len(self):
            return total
        numbers = {term: number for number, term in enumerate(self.terms)}
        near = self._near(words)
        explained = np.zeros(len(self), np.float32)
        sum_of_weights = 0.0
        for place, word in enumerate(words):
            worth = self._worth(word, numbers, near[place])
            best: Floats = np.zeros(len(self), np.float32)
            every = np.zeros(len(self), np.float32)
            for number, value in worth.items():
                span = slice(self.starts[number], self.starts[number + 1])
                rows = self.rows[span]
                weighted = value * self.weights[span]
                best[rows] = np.maximum(best[rows], weighted)
                every[rows] += weighted
            best += np.float32(_AGAIN) * np.minimum(every - best, np.float32(1))
            weight = self._rarity(best) * _weight_of(word, is_head=word is head)
            total += np.float32(weight) * best
            explained += best
            sum_of_weights += weight
        total /= np.float32(sum_of_weights)
        alone = np.minimum(explained / np.maximum(self.length, np.float32(1)), np.float32(1))
        return (total * (1 - _FULL + _FULL * alone)).astype(np.float32)

    def _worth(self, word: Word, numbers: Mapping[str, int], near: Mapping[int, float]) -> dict[int, float]:
        """What terms are worth to a word of the query."""
        worth: dict[int, float] = dict(near)

        def add(found: Iterable[int], value: float) -> None:
            for number in found:
                worth[number] = max(worth.get(number, 0.0), value)

        for thing in word.things:
            for wider in wider_things(thing):
                add(self.things.get(wider, ()), WIDER)
        for thing, found in self.things.items():
            if not set(word.things).isdisjoint(wider_things(thing)):
                add(found, CASE)
        for thing in word.things:
            add(self.things.get(thing, ()), MEANS)
        add((numbers[stem] for stem in stems(word.text) if stem in numbers), MEANS)
        add((numbers[word.text],) if word.text in numbers else (), SAME)
        return worth

    def _near(self, words: Sequence[Word]) -> list[dict[int, float]]:
        """Terms that are near to each word by their vectors, and what they are worth."""
        vectors = embedding() if self.vectors.size else None
        if vectors is None:
            return [{} for _ in words]
        alike = self.vectors.astype(np.float32) @ vectors.vectors([word.text for word in words]).T
        found = []
        for column in alike.T:
            top = np.argsort(column)[-_MOST_NEAR:]
            worth = _NEAREST * (column[top] - _NEAR) / (1 - _NEAR)
            found.append(
                {int(number): float(value) for number, value in zip(top, worth, strict=True) if value > 0}
            )
        return found

    def _rarity(self, best: Floats) -> float:
        """What a word of the query counts: a rare one more than one that many texts speak of."""
        having = float((best >= 0.5 * CASE).sum())
        return float(np.log1p(len(self) / (having + 0.5))) + 0.3

    def packed(self) -> bytes:
        """All of it as bytes."""
        body = io.BytesIO()
        words = json.dumps({"terms": self.terms, "things": self.things}).encode()
        np.savez(
            body,
            words=np.frombuffer(words, np.uint8),
            starts=self.starts,
            rows=self.rows,
            weights=self.weights.astype(np.float16),
            length=self.length,
            vectors=self.vectors,
        )
        return body.getvalue()

    @classmethod
    def unpacked(cls, body: bytes) -> WordIndex:
        """The same again."""
        with np.load(io.BytesIO(body)) as kept:
            words: dict[str, Any] = json.loads(kept["words"].tobytes())
            return cls(
                terms=words["terms"],
                things=words["things"],
                starts=kept["starts"],
                rows=kept["rows"],
                weights=kept["weights"].astype(np.float32),
                length=kept["length"],
                vectors=kept["vectors"],
            )


def _head_of(query: str, words: Sequence[Word]) -> Word | None:
    """The word of a query that the others describe: in "big dog on a leash" the dog."""
    first = _JOINTS.split(query, maxsplit=1)[0]
    phrase = read(first) or words
    return next((word for word in words if word == phrase[-1]), None) if phrase else None


def _weight_of(word: Word, *, is_head: bool) -> float:
    if word.text in _QUALITIES:
        return _QUALITY
    return _HEAD if is_head else _ACTION if word.text in _ACTIONS else 1.0


def _vectors(vectors: Embedding | None, terms: Sequence[str]) -> NDArray[np.float16]:
    if vectors is None or not terms:
        return np.zeros((len(terms), 0), np.float16)
    return vectors.vectors(terms).astype(np.float16)
