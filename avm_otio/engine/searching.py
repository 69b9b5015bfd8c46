"""Searching a library that lies on the disk: what the command line and the engine's addresses do alike."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avm_otio.engine.catalogue import NO_FILTER, Catalogue, Filter, Hit, kept_catalogue
from avm_otio.engine.index import Index
from avm_otio.engine.items import LibraryItem, item_of
from avm_otio.errors import InputError, UsageError
from avm_otio.licences import Licences
from avm_otio.report import UNSEEN, Step

ALL = 1 << 31
_MANY, _FRESH_S = 5000, 30.0
"""A catalogue of so many sounds takes a while to make: while the index grows it counts for so long."""


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for.

    Attributes:
        words: What sounds should speak of.
        like: A sound that they should sound like: a file, or a path within the library.
        signature: How they should sound, instead of ``like``.
        without: The path of the sound that this signature is of, if it lies in the library.
        where: What they must be.
        most: How many at most.
    """

    words: str = ""
    like: Path | None = None
    signature: tuple[int, ...] = ()
    without: str | None = None
    where: Filter = NO_FILTER
    most: int = 20


@dataclass(frozen=True, slots=True)
class Found:
    """A sound that was found.

    Attributes:
        item: The sound.
        file: Where it lies.
        score: How well it fits, 0 to 1; 1 where nothing was asked for.
        facts: All that was measured.
    """

    item: LibraryItem
    file: Path
    score: float
    facts: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        """What scripts read."""
        item, category = self.item, self.item.category
        return {
            "id": item.id,
            "path": item.path,
            "file": str(self.file).encode("utf-8", "replace").decode(),
            "title": item.title,
            "score": self.score,
            "kind": item.kind.value,
            "roles": [role.name.lower() for role in item.roles],
            "category": None if category is None else category.cat_id,
            "category_words": None if category is None else category.words,
            "duration_us": item.duration_us,
            "channels": item.channels,
            "sample_rate_hz": self.facts["sample_rate_hz"],
            "loudness_lufs": item.loudness_lufs,
            "tempo_bpm": item.tempo_bpm,
            "key": item.key,
            "brightness_hz": item.brightness_hz,
            "attack_us": self.facts["attack_us"],
            "peak_us": self.facts["peak_us"],
            "tail_us": self.facts["tail_us"],
            "is_rising": item.is_rising,
            "licence": item.licence,
        }


class Searcher:
    """A library's index, searched; safe to use from several threads.

    Args:
        folder: The library.
        index: The file of its index.
        tell: Told in a line what cannot be used, or kept.
        step: Shows how far listening has come.
    """

    def __init__(
        self, folder: Path, index: Path, tell: Callable[[str], None] = lambda note: None, step: Step = UNSEEN
    ) -> None:
        self._folder = folder.absolute()
        self._index = index
        self._tell = tell
        self._step = step
        self._lock = threading.Lock()
        self._held: tuple[float, int, Catalogue] | None = None

    def refresh(self, check: Callable[[], None] = lambda: None) -> tuple[int, int]:
        """Listen to what is new or has changed.

        Args:
            check: Called often; may raise to break off. What was measured is kept.

        Returns:
            How many sounds were listened to, and how many the library has that can be used.

        Raises:
            InputError: There is no such folder, or no sound in it.
        """
        from avm_otio.engine.library import Library  # FFmpeg comes with it, which is not needed to search

        library = Library(self._folder, self._index, self._tell, self._step)
        with Index(self._index, self._tell) as index:
            listened = library.index(index, check)
            library.tell_unusable(index)
            return listened, len(library.catalogue(index))

    def search(self, search: Search) -> list[Found]:
        """The sounds that fit, best first. A library that was never indexed is indexed first.

        Raises:
            InputError: There is no such folder, no sound in it, or the sound to be like cannot be used.
        """
        with Index(self._index, self._tell) as index:
            catalogue = self._catalogue(index)
            signature, without = search.signature or None, search.without
            if search.like is not None:
                signature, without = self._signature_of(search.like, index)
            hits = catalogue.find(search.words, signature, search.where, search.most, without)
            return list(self._found(hits, index))

    def sound(self, name: str) -> Found:
        """One sound.

        Args:
            name: Its path within the library or its id.

        Raises:
            UsageError: There is no such sound.
        """
        with Index(self._index, self._tell) as index:
            for hit in self._catalogue(index).find(most=ALL):
                if name in (str(hit.id), hit.path):
                    return next(self._found([hit], index))
        raise UsageError(f"There is no sound {name!r}.", "Give its path; avm-otio library search finds it.")

    def named(self, name: str) -> Found:
        """One sound, as a person calls it.

        Args:
            name: Its path within the library or on the disk, its id, or a part of its path that no other has.

        Raises:
            UsageError: There is no such sound, or more than one.
        """
        with Index(self._index, self._tell) as index:
            catalogue = self._catalogue(index)
            hits = [hit for hit in catalogue.find(most=ALL) if self._is_called(hit, name)]
            exact = [hit for hit in hits if hit.path == name]
            hits = exact or hits
            if len(hits) != 1:
                some = ", ".join(hit.path for hit in hits[:3])
                what = (
                    f"{len(hits)} sounds are called {name!r}: {some} …"
                    if hits
                    else f"There is no sound {name!r}."
                )
                raise UsageError(what, "Give its path; avm-otio library search finds it.")
            return next(self._found(hits, index))

    def _is_called(self, hit: Hit, name: str) -> bool:
        return name.lower() in hit.path.lower() or name == str(hit.id) or name == str(self._folder / hit.path)

    def _catalogue(self, index: Index) -> Catalogue:
        with self._lock:
            generation = index.generation()
            if self._held is not None:
                made_at, held_generation, held = self._held
                is_fresh = len(held) > _MANY and time.monotonic() < made_at + _FRESH_S
                if held_generation == generation or is_fresh:
                    return held
            found = kept_catalogue(index)
            if found is None:
                from avm_otio.engine.library import Library  # as above

                library = Library(self._folder, self._index, self._tell, self._step)
                if not generation:
                    library.index(index)
                    library.tell_unusable(index)
                found = library.catalogue(index)
            self._held = time.monotonic(), index.generation(), found
            return found

    def _signature_of(self, like: Path, index: Index) -> tuple[tuple[int, ...], str | None]:
        """How a sound sounds, and its path within the library where it lies there."""
        for place in (self._folder / like, like.absolute()):
            if place.is_relative_to(self._folder):
                path = place.relative_to(self._folder).as_posix()
                entry = index.entry(path)
                if entry is not None and entry.facts is not None:
                    return tuple(entry.facts["signature"]), path
        if not like.is_file():
            raise InputError(f"There is no sound {like}.", "Give a file, or a path within the library.")
        from avm_otio.engine.measuring import measured  # as above

        return tuple(measured(like)["signature"]), like.name

    def _found(self, hits: list[Hit], index: Index) -> Iterator[Found]:
        licences = Licences(self._folder)
        for hit in hits:
            entry = index.entry(hit.path)
            if entry is not None and entry.facts is not None:
                item = item_of(hit.id, hit.path, entry.facts, licences)
                yield Found(item, self._folder / hit.path, hit.score, dict(entry.facts))
