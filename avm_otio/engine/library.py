"""A folder of sounds as a library: what each is called, what it is for, how it sounds."""

from __future__ import annotations

import hashlib
import os
import re
import threading
import unicodedata
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from avm_otio.engine.catalogue import STAMP, Catalogue
from avm_otio.engine.index import Entry, Index
from avm_otio.engine.licences import Licences
from avm_otio.engine.listing import is_named_sound, sounds_below
from avm_otio.engine.sorting import Kind, category_of_sound, kind_of, roles_of
from avm_otio.engine.starter import is_starter
from avm_otio.engine.tags import NO_TAGS, Tags
from avm_otio.engine.traits import Outline
from avm_otio.engine.ucs import Category, ucs_name
from avm_otio.engine.vocabulary import Role
from avm_otio.engine.workers import measure_all
from avm_otio.errors import InputError, OutputError
from avm_otio.report import Advance, Silent

__all__ = ["UNSEEN", "Kind", "Library", "LibraryItem", "Step", "index_of", "item_of", "shown"]

_NAMED = 3
"""How many of the sounds that cannot be used are named."""

_BPM = re.compile(r"(?<![\d.])(\d{2,3}(?:[.,]\d{1,2})?)[ _-]?bpm|bpm[ _-]?(\d{2,3})(?![\d.])", re.I)

Step = Callable[[str, int | None], AbstractContextManager[Advance]]
UNSEEN: Step = Silent().step


@dataclass(frozen=True, slots=True)
class LibraryItem:
    """One sound.

    Attributes:
        id: From its path within the library: the same at each start.
        path: Its path within the library, with slashes.
        title: What it is called: its file's name without the ending, or the FXName of a UCS name.
        kind: Music, effect or dialogue.
        roles: What an effect is good for, the main thing first; empty where nothing says so.
        duration_us: Its length.
        loudness_lufs: Integrated loudness; ``None`` for silence.
        tempo_bpm: The tempo that it states, else the likeliest, if any.
        brightness_hz: Where the middle of its energy lies.
        channels: How many channels it has.
        outline: Where it begins, strikes and ends; ``None`` where nobody listened.
        tail_us: From where on it only rings out.
        is_rising: Whether it swells up to its peak.
        key: Its key, as in ``F#m``, if it has one.
        energy_db: Of music, how loud each part of it is against its loudest, all parts of one length.
        category: Its UCS category, if its name or its tags say one.
        licence: What it may be used for, as far as that is stated; empty where it is not.
        tags: What the file says of itself.
        suffix: Its ending, or that of its format where its name has none.
    """

    id: int
    path: str
    title: str
    kind: Kind
    roles: tuple[Role, ...]
    duration_us: int
    loudness_lufs: float | None
    tempo_bpm: float | None
    brightness_hz: float
    channels: int = 2
    outline: Outline | None = None
    tail_us: int = 0
    is_rising: bool = False
    key: str | None = None
    energy_db: tuple[float, ...] = ()
    category: Category | None = None
    licence: str = ""
    tags: Tags = NO_TAGS
    suffix: str = ""


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
                    self._items = self._known(index)
            return self._items

    def index(self, index: Index, check: Callable[[], None] = lambda: None) -> int:
        """Measure what is new or has changed, and forget what has gone.

        Returns:
            How many sounds were measured.
        """
        known = index.stamps()
        there = set(self._paths.values())
        index.forget([path for path in known if path not in there])
        stamps: dict[str, tuple[int, int]] = {}
        for relative in self._paths.values():
            try:
                facts = (self.folder / relative).stat()
            except OSError:
                continue
            stamp = facts.st_size, facts.st_mtime_ns
            if known.get(relative) != stamp:
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
        stamp = f"{index.generation()}:{STAMP}"
        body = index.derived("catalogue", stamp)
        if body is not None:
            return Catalogue.unpacked(body)
        ids = {path: item_id for item_id, path in self._paths.items()}
        licences = Licences(self.folder)
        made = Catalogue.of(
            (item_of(ids[path], path, entry.facts, licences), entry.facts["signature"])
            for path, entry in index.entries().items()
            if entry.facts is not None and path in ids
        )
        try:
            index.keep_derived("catalogue", stamp, made.packed())
        except OutputError as error:
            self._tell(str(error))
        return made

    def _known(self, index: Index) -> tuple[LibraryItem, ...]:
        entries = index.entries()
        licences = Licences(self.folder)
        items, unusable = [], []
        for item_id, relative in self._paths.items():
            entry = entries.get(relative)
            if entry is None:
                unusable.append(f"{shown(relative)} (it cannot be read.)")
            elif entry.facts is not None:
                items.append(item_of(item_id, relative, entry.facts, licences))
            elif is_named_sound(relative):
                unusable.append(f"{shown(relative)} ({entry.refused})")
        if unusable:
            others = f"; and {len(unusable) - _NAMED} more" if len(unusable) > _NAMED else ""
            listed = "; ".join(unusable[:_NAMED]) + others
            self._tell(
                f"{len(unusable)} of {len(self._paths)} sounds of the library cannot be used: {listed}"
            )
        return tuple(items)


def item_of(item_id: int, relative: str, facts: Mapping[str, Any], licences: Licences) -> LibraryItem:
    """A sound, of what the index keeps of it.

    Args:
        item_id: Its id.
        relative: Its path within the library, as the system gives it.
        facts: What was measured.
        licences: What its folders say.
    """
    path = shown(relative)
    place = PurePosixPath(path)
    tags = Tags(**facts["tags"])
    duration_us = facts["duration_us"]
    category = category_of_sound(path, tags)
    roles = roles_of(path, tags, category, duration_us)
    named = ucs_name(place.stem)
    tempo = _BPM.search(place.stem)
    stated = float((tempo[1] or tempo[2]).replace(",", ".")) if tempo else None
    kind = kind_of(path, tags, category, roles, duration_us, has_beat=facts["tempo_bpm"] is not None)
    return LibraryItem(
        id=item_id,
        path=path,
        title=(named.fx_name if named is not None else "") or place.stem,
        kind=kind,
        roles=roles,
        duration_us=duration_us,
        loudness_lufs=facts["loudness_lufs"],
        tempo_bpm=stated or facts["tempo_bpm"],
        brightness_hz=facts["brightness_hz"],
        channels=facts["channels"],
        outline=Outline(*(facts[name] for name in Outline.__slots__)),
        tail_us=facts["tail_us"],
        is_rising=facts["is_rising"],
        key=facts["key"],
        energy_db=tuple(facts["energy_db"]) if kind is Kind.MUSIC else (),
        category=category,
        licence=tags.licence or licences.of(relative),
        tags=tags,
        suffix=place.suffix or facts["suffix"],
    )


def shown(path: str) -> str:
    """A path as text: what is not UTF-8 is taken for Western European, as most such names are."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return os.fsencode(path).decode("cp1252", "replace")
    return path


def index_of(folder: Path, data_dir: Path) -> Path:
    """The file that keeps what is known of a library.

    Args:
        folder: The library.
        data_dir: Where the engine keeps its data.
    """
    key = hashlib.sha256(str(folder.absolute()).encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return data_dir / "libraries" / f"{key}.sqlite"


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
