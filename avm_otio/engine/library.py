"""A folder of sounds as a library: what each is called, what it is for, how it sounds."""

from __future__ import annotations

import gc
import hashlib
import os
import threading
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from avm_otio.engine.catalogue import Catalogue, keep_catalogue, kept_catalogue
from avm_otio.engine.index import Entry, Index
from avm_otio.engine.items import LibraryItem, item_of, shown
from avm_otio.engine.listing import is_named_sound, sounds_below
from avm_otio.engine.measuring import measured
from avm_otio.engine.sorting import Kind
from avm_otio.engine.starter import is_starter
from avm_otio.engine.workers import measure_all
from avm_otio.errors import InputError, OutputError
from avm_otio.licences import Licences
from avm_otio.report import UNSEEN, Step

__all__ = ["Kind", "Library", "LibraryItem"]

_NAMED = 3
"""How many of the sounds that cannot be used are named."""


class Library:
    """The sounds below a folder. Listed at once, measured when first needed, and only what has changed.

    Args:
        folder: The library; hidden files and folders are left out.
        index: A file that keeps the measurements between runs.
        tell: Told in a line what cannot be used, or kept.
        step: Shows how far measuring has come.

    Raises:
        InputError: There is no such folder, or no sound in it.
    """

    def __init__(
        self,
        folder: Path,
        index: Path,
        tell: Callable[[str], None] = lambda note: None,
        step: Step = UNSEEN,
    ) -> None:
        if not folder.is_dir():
            raise InputError(
                f"The library {folder} is not a folder that is there.", "Give --library a folder."
            )
        self.folder = folder.absolute()
        self.is_starter = is_starter(folder)
        self._index = index
        self._tell = tell
        self._step = step
        self._paths = _ids(sounds_below(self.folder))
        if not self._paths:
            raise InputError(
                f"The library {folder} holds no sounds.", "Put WAV, FLAC, MP3 or AIFF files in it."
            )
        self._lock = threading.Lock()
        self._items: tuple[LibraryItem, ...] | None = None

    def __len__(self) -> int:
        return len(self._paths)

    def path(self, item_id: int) -> Path | None:
        """The file of an item; ``None`` where there is none (any more)."""
        relative = self._paths.get(item_id)
        return None if relative is None else self.folder / relative

    def items(self, check: Callable[[], None] = lambda: None) -> tuple[LibraryItem, ...]:
        """All sounds that can be used; those that cannot are reported.

        Args:
            check: Called every few seconds of sound; may raise to break off. What was measured is kept.
        """
        with self._lock:
            if self._items is None:
                with Index(self._index, self._tell) as index:
                    self.index(index, check)
                    with _uncollected():
                        self._items = self._usable(index)
            return self._items

    def likeness(
        self, named: str, *, may_read: bool, check: Callable[[], None] = lambda: None
    ) -> dict[int, float]:
        """How like a piece each sound is, 0 to 1, by its id.

        Args:
            named: The piece: the id or the path of a sound of this library, or any file.
            may_read: Whether it may be a file outside the library.
            check: Called every few seconds of sound; may raise to break off.

        Raises:
            InputError: There is none, or it is silent.
            MediaError: It cannot be read.
        """
        place = Path(named).expanduser() if may_read else self.folder / named
        found = self.path(int(named)) if named.isascii() and named.isdecimal() else self.folder / named
        path = place if found is None or not found.is_file() else found
        is_ours = path.resolve().is_relative_to(self.folder.resolve())
        if not (path.is_absolute() and path.is_file() and (may_read or is_ours)):
            raise InputError(f"There is no piece {named}.", "Give a sound file of this machine.")
        signature = measured(path, check)["signature"]
        with Index(self._index, self._tell) as index:
            return self.catalogue(index).likeness(signature)

    def index(self, index: Index, check: Callable[[], None] = lambda: None) -> int:
        """Measure what is new or has changed, and forget what has gone.

        Returns:
            How many sounds were measured.
        """
        stamped = index.stamps()
        there = set(self._paths.values())
        index.forget([path for path in stamped if path not in there])
        stamps: dict[str, tuple[int, int]] = {}
        for relative in self._paths.values():
            try:
                facts = (self.folder / relative).stat()
            except OSError:
                continue
            stamp = facts.st_size, facts.st_mtime_ns
            if stamped.get(relative) != stamp:
                stamps[relative] = stamp
        if not stamps:
            return 0
        done = 0
        with self._step("Listening to the library", len(stamps)) as advance:
            sizes = {path: stamp[0] for path, stamp in stamps.items()}
            for path, answer in measure_all(self.folder, sizes, check):
                done += 1
                advance(done, len(stamps))
                refused = answer.get("refused", "")
                if refused and not os.access(self.folder / path, os.R_OK):
                    continue  # it may be there, and allowed, the next time
                try:
                    index.keep(path, Entry(stamps[path], answer.get("measured"), refused))
                except OutputError as error:
                    self._tell(str(error))
                    self._tell = lambda note: None
        return done

    def catalogue(self, index: Index) -> Catalogue:
        """What can be searched of all that is in the index: as it was kept, else made now and kept."""
        kept = kept_catalogue(index)
        if kept is not None:
            return kept
        ids = {path: item_id for item_id, path in self._paths.items()}
        licences = Licences(self.folder)
        with _uncollected():
            made = Catalogue.of(
                (item_of(ids[path], path, entry.facts, licences), path, entry.facts["signature"])
                for path, entry in sorted(index.entries().items())
                if entry.facts is not None and path in ids
            )
        try:
            keep_catalogue(index, made)
        except OutputError as error:
            self._tell(str(error))
        return made

    def _usable(self, index: Index) -> tuple[LibraryItem, ...]:
        entries = index.entries()
        licences = Licences(self.folder)
        self.tell_unusable(index)
        return tuple(
            item_of(item_id, relative, entry.facts, licences)
            for item_id, relative in self._paths.items()
            if (entry := entries.get(relative)) is not None and entry.facts is not None
        )

    def tell_unusable(self, index: Index) -> None:
        """Tell which sounds cannot be used, and why."""
        refused = index.refused()
        stamped = index.stamps()
        unusable = []
        for relative in self._paths.values():
            if relative not in stamped:
                unusable.append(f"{shown(relative)} (it cannot be read.)")
            elif relative in refused and is_named_sound(relative):
                unusable.append(f"{shown(relative)} ({refused[relative]})")
        if unusable:
            others = f"; and {len(unusable) - _NAMED} more" if len(unusable) > _NAMED else ""
            listed = "; ".join(unusable[:_NAMED]) + others
            self._tell(
                f"{len(unusable)} of {len(self._paths)} sounds of the library cannot be used: {listed}"
            )


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without looking for garbage: of a hundred thousand sounds that takes as long as all the rest."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _ids(paths: list[str]) -> dict[int, str]:
    """An id for each path: 31 bits of its hash; where two collide the later one in order is hashed again."""
    taken: dict[int, str] = {}
    for path in paths:
        text = unicodedata.normalize("NFC", path)
        number = 0
        while number == 0 or number in taken:
            digest = hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()
            number = int.from_bytes(digest[:4], "big") & 0x7FFFFFFF
            text += "\0"
        taken[number] = path
    return taken
