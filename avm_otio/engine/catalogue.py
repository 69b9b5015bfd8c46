"""Searching a library: by words, by how a sound sounds, by what it is; all sounds at once, in memory.

It is made of the index and kept with it, so that a search begins at once: a hundred thousand sounds are some
columns of numbers, and their words by word.
"""

from __future__ import annotations

import io
import json
import os
import zlib
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avm_otio.engine.embedding import embedding_name
from avm_otio.engine.index import Index
from avm_otio.engine.items import LibraryItem
from avm_otio.engine.place import place_of
from avm_otio.engine.signature import SIZE
from avm_otio.engine.sorting import Kind
from avm_otio.engine.sound_words import LEAST, fields_of
from avm_otio.engine.vocabulary import Role
from avm_otio.engine.word_index import WordIndex

_NAME, _VERSION = "catalogue", 2

_ALIKE = 18.0
"""At this distance of two signatures a sound is half as like: takes of one sound lie nearer."""

_TAKE = 0.5
"""What it counts at least that a sound is called as another take of it."""

_KINDS = tuple(Kind)


@dataclass(frozen=True, slots=True)
class Filter:
    """What a sound must be; what is empty or ``None`` lets all through.

    Attributes:
        kind: Its kind, or ``"ambience"``: an effect that is an ambience first of all.
        role: What it does first of all.
        category: A UCS id, the start of one, or a category's name.
        licence: Part of its licence, in either case.
        channels: How many channels it has.
        min_us: Its shortest length.
        max_us: Its longest length.
        min_bpm: Its slowest tempo.
        max_bpm: Its fastest tempo.
    """

    kind: str = ""
    role: str = ""
    category: str = ""
    licence: str = ""
    channels: int | None = None
    min_us: int | None = None
    max_us: int | None = None
    min_bpm: float | None = None
    max_bpm: float | None = None


NO_FILTER = Filter()


@dataclass(frozen=True, slots=True)
class Hit:
    """A sound that was found: its id, its path in the library as the system gives it, its score, 0 to 1."""

    id: int
    path: str
    score: float


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All sounds of a library, to be searched. Rows are in the order of their paths.

    Attributes:
        paths: Where each lies.
        numbers: Its id, length (µs), channels, kind, role (0 is none), category, licence, by column; the last
            is the same for names that differ in a number at their end alone.
        bpm: Its tempo; 0 where it has none.
        categories: The categories that occur: id, name, subcategory.
        licences: The licences that occur.
        signatures: How each sounds.
        words: What each is called.
    """

    paths: Sequence[bytes]
    numbers: NDArray[np.int64]
    bpm: NDArray[np.float32]
    categories: Sequence[tuple[str, str, str]]
    licences: Sequence[str]
    signatures: NDArray[np.float32]
    words: WordIndex

    @classmethod
    def of(cls, sounds: Iterable[tuple[LibraryItem, str, Sequence[int]]]) -> Catalogue:
        """Make it of sounds: each with its path as the system gives it, and its signature."""
        paths: list[bytes] = []
        numbers, bpm, signatures = array("q"), array("f"), array("f")
        categories: dict[tuple[str, str, str], int] = {("", "", ""): 0}
        licences: dict[str, int] = {"": 0}

        def fields() -> Iterable[Any]:
            for item, path, signature in sounds:
                paths.append(os.fsencode(path))
                named = item.category
                category = (
                    ("", "", "") if named is None else (named.cat_id, named.category, named.subcategory)
                )
                numbers.extend(
                    (
                        item.id,
                        item.duration_us,
                        item.channels,
                        _KINDS.index(item.kind),
                        item.roles[0] if item.roles else 0,
                        categories.setdefault(category, len(categories)),
                        licences.setdefault(item.licence, len(licences)),
                        _take_of(path),
                    )
                )
                bpm.append(item.tempo_bpm or 0.0)
                signatures.extend(value / 100 for value in signature)
                yield fields_of(item.path, item.tags)

        words = WordIndex.of(fields())
        return cls(
            paths=paths,
            numbers=np.array(numbers, np.int64).reshape(-1, 8),
            bpm=np.array(bpm, np.float32),
            categories=list(categories),
            licences=list(licences),
            signatures=np.array(signatures, np.float32).reshape(-1, SIZE),
            words=words,
        )

    def __len__(self) -> int:
        return len(self.paths)

    def find(
        self,
        words: str = "",
        like: Sequence[int] | None = None,
        where: Filter = NO_FILTER,
        most: int = 20,
        without: str | None = None,
    ) -> list[Hit]:
        """The sounds that fit, best first.

        Args:
            words: What they should speak of; without a word that chooses something all do.
            like: A signature that they should be near to; where words are given, too, both count.
            where: What they must be.
            most: How many at most.
            without: The path of the sound that others should be like: it is not meant itself, and what is
                called as it is but for a number counts as another take of it.
        """
        scores = np.ones(len(self), np.float32)
        if words.strip():
            scores = self.words.scores(words)
            scores[scores < LEAST] = 0
        if like is not None:
            likeness = self._likeness(like)
            if without is not None and (take := _take_of(without)):
                takes = self.numbers[:, -1] == take
                likeness[takes] = _TAKE + (1 - _TAKE) * likeness[takes]
            scores = scores * likeness
        scores[~self._lets_through(where)] = 0
        if without is not None:
            scores[[row for row, path in enumerate(self.paths) if path == os.fsencode(without)]] = 0
        found = np.flatnonzero(scores > 0)
        if len(found) > 4 * most:
            found = found[scores[found] >= np.partition(scores[found], -most)[-most]]
        order = found[np.argsort(-scores[found], kind="stable")][:most]
        return [
            Hit(int(self.numbers[row, 0]), os.fsdecode(self.paths[row]), round(float(scores[row]), 4))
            for row in order
        ]

    def likeness(self, signature: Sequence[int]) -> dict[int, float]:
        """How near each sound is to a signature, 0 to 1, by its id."""
        near = self._likeness(signature)
        return {
            int(number): round(float(value), 4)
            for number, value in zip(self.numbers[:, 0], near, strict=True)
        }

    def _likeness(self, like: Sequence[int]) -> NDArray[np.float32]:
        wanted = np.array(like, np.float32) / 100
        squares = np.einsum("ij,ij->i", self.signatures, self.signatures)
        away = np.sqrt(np.maximum(squares + wanted @ wanted - 2 * (self.signatures @ wanted), 0))
        likeness: NDArray[np.float32] = (1 / (1 + (away / _ALIKE) ** 2)).astype(np.float32)
        return likeness

    def _lets_through(self, where: Filter) -> NDArray[np.bool_]:
        _, length_us, channels, kind, role, category, licence, _ = self.numbers.T
        through = np.ones(len(self), np.bool_)
        if where.kind == Role.AMBIENCE.name.lower():
            through &= (kind == _KINDS.index(Kind.EFFECT)) & (role == Role.AMBIENCE)
        elif where.kind:
            through &= kind == _KINDS.index(Kind(where.kind))
        if where.role:
            through &= role == Role[where.role.upper()]
        if where.category:
            through &= np.isin(category, self._categories_called(where.category))
        if where.licence:
            asked = where.licence.lower()
            fitting = [number for number, name in enumerate(self.licences) if asked in name.lower()]
            through &= np.isin(licence, fitting)
        if where.channels is not None:
            through &= channels == where.channels
        for limit, values, is_least in (
            (where.min_us, length_us, True),
            (where.max_us, length_us, False),
            (where.min_bpm, self.bpm, True),
            (where.max_bpm, np.where(self.bpm > 0, self.bpm, np.inf), False),
        ):
            if limit is not None:
                through &= values >= limit if is_least else values <= limit
        return through

    def _categories_called(self, asked: str) -> list[int]:
        wanted = asked.lower()
        return [
            number
            for number, (cat_id, name, sub) in enumerate(self.categories)
            if cat_id
            and (cat_id.lower().startswith(wanted) or wanted in (name, f"{name} {sub}", f"{name}-{sub}"))
        ]

    def packed(self) -> bytes:
        """All of it as bytes."""
        body = io.BytesIO()
        names = json.dumps({"categories": self.categories, "licences": self.licences}).encode()
        np.savez(
            body,
            paths=np.frombuffer(b"\0".join(self.paths), np.uint8),
            names=np.frombuffer(names, np.uint8),
            numbers=self.numbers,
            bpm=self.bpm,
            signatures=self.signatures,
            words=np.frombuffer(self.words.packed(), np.uint8),
        )
        return body.getvalue()

    @classmethod
    def unpacked(cls, body: bytes) -> Catalogue:
        """The same again."""
        with np.load(io.BytesIO(body)) as kept:
            names = json.loads(kept["names"].tobytes())
            paths = kept["paths"].tobytes()
            return cls(
                paths=paths.split(b"\0") if len(kept["numbers"]) else [],
                numbers=kept["numbers"],
                bpm=kept["bpm"],
                categories=[tuple(each) for each in names["categories"]],
                licences=names["licences"],
                signatures=kept["signatures"],
                words=WordIndex.unpacked(kept["words"].tobytes()),
            )


def _take_of(path: str) -> int:
    """A number for all names that differ in their last number alone; 0 for those that have little else."""
    stem = place_of(path).stem.rstrip("0123456789_- ().#").lower()
    return zlib.crc32(stem.encode("utf-8", "surrogateescape")) if len(stem) > 2 else 0


def kept_catalogue(index: Index) -> Catalogue | None:
    """The catalogue that was made of an index as it is now; ``None`` where it has to be made."""
    body = index.derived(_NAME, _stamp(index))
    return None if body is None else Catalogue.unpacked(body)


def keep_catalogue(index: Index, catalogue: Catalogue) -> None:
    """Keep a catalogue with the index that it was made of.

    Raises:
        OutputError: The disk is full.
    """
    index.keep_derived(_NAME, _stamp(index), catalogue.packed())


def _stamp(index: Index) -> str:
    vectors = embedding_name()
    return f"{index.generation()}:{_VERSION}:{vectors}"
