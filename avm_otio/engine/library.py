"""A folder of sounds as a library: what each is called, how long, loud, fast and bright it is."""

from __future__ import annotations

import hashlib
import json
import threading
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from avm_otio.engine.decoding import checked, sound_blocks
from avm_otio.engine.listing import sounds_below
from avm_otio.engine.sound_analysis import analyse_sound
from avm_otio.engine.starter import is_starter
from avm_otio.engine.vocabulary import ROLES, Role, ids_in, words_of
from avm_otio.errors import AvmError, InputError, OutputError
from avm_otio.files import make_folder, write_text

_INDEX_VERSION = 1
_NAMED = 3
"""How many of the sounds that cannot be read are named."""
_MUSIC_FROM_US = 20_000_000
"""A sound whose folder does not say is music from this length on."""

_MUSIC_WORDS = frozenset(("music", "song", "songs", "score", "beds", "bgm"))
_EFFECT_WORDS = frozenset(("effect", "effects", "sfx", "fx", "foley", "ambience", "ambiences"))


class Kind(StrEnum):
    """What a sound of a library is used as."""

    MUSIC = "music"
    EFFECT = "effect"


@dataclass(frozen=True, slots=True)
class LibraryItem:
    """One sound.

    Attributes:
        id: From its path within the library: the same at each start.
        path: Its path within the library, with slashes.
        title: Its file's name without the ending.
        kind: Music or effect.
        roles: What an effect is good for by its name.
        duration_us: Its length.
        loudness_lufs: Integrated loudness; ``None`` for silence.
        tempo_bpm: The likeliest tempo, if any.
        brightness_hz: Where the middle of its energy lies.
    """

    id: int
    path: str
    title: str
    kind: Kind
    roles: tuple[int, ...]
    duration_us: int
    loudness_lufs: float | None
    tempo_bpm: float | None
    brightness_hz: float


class Library:
    """The sounds below a folder. Listed at once, measured when first needed, and only what has changed.

    Args:
        folder: The library; hidden files and folders are left out.
        index: A file that keeps the measurements between runs.
        tell: Told in a line what cannot be read, or kept.

    Raises:
        InputError: There is no such folder, or no sound in it.
    """

    def __init__(self, folder: Path, index: Path, tell: Callable[[str], None] = lambda note: None) -> None:
        if not folder.is_dir():
            raise InputError(
                f"The library {folder} is not a folder that is there.", "Give --library a folder."
            )
        self.folder = folder.absolute()
        self.is_starter = is_starter(folder)
        self._index = index
        self._tell = tell
        self._paths = _ids(sounds_below(self.folder))
        if not self._paths:
            raise InputError(
                f"The library {folder} holds no sounds.", "Put WAV, FLAC, MP3 or AIFF files in it."
            )
        self._lock = threading.Lock()
        self._items: tuple[LibraryItem, ...] | None = None

    def path(self, item_id: int) -> Path | None:
        """The file of an item; ``None`` where there is none (any more)."""
        relative = self._paths.get(item_id)
        return None if relative is None else self.folder / relative

    def items(self, check: Callable[[], None] = lambda: None) -> tuple[LibraryItem, ...]:
        """All sounds that can be read; those that cannot are reported.

        Args:
            check: Called every few seconds of sound; may raise to break off.
        """
        with self._lock:
            if self._items is None:
                self._items = self._measured(check)
            return self._items

    def _measured(self, check: Callable[[], None]) -> tuple[LibraryItem, ...]:
        indexed = _read_index(self._index)
        kept: dict[str, Any] = {}
        items, unread = [], []
        for item_id, relative in self._paths.items():
            try:
                facts = (self.folder / relative).stat()
                stamp = [facts.st_size, facts.st_mtime_ns]
                entry = indexed.get(relative)
                if not isinstance(entry, dict) or entry.get("stamp") != stamp:
                    entry = {"stamp": stamp, **_measure(self.folder / relative, check)}
            except (AvmError, OSError) as error:
                unread.append(f"{relative} ({error})")
                continue
            kept[relative] = entry
            items.append(_item(item_id, relative, entry))
        if unread:
            others = f"; and {len(unread) - _NAMED} more" if len(unread) > _NAMED else ""
            listed = "; ".join(unread[:_NAMED]) + others
            self._tell(f"{len(unread)} of {len(self._paths)} sounds of the library cannot be read: {listed}")
        if kept != indexed:
            self._save(kept)
        return tuple(items)

    def _save(self, entries: Mapping[str, Any]) -> None:
        try:
            make_folder(self._index.parent)
            write_text(self._index, json.dumps({"version": _INDEX_VERSION, "sounds": entries}))
        except OutputError as error:  # the next run measures again, and that is all
            self._tell(str(error))


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


def _measure(path: Path, check: Callable[[], None]) -> dict[str, Any]:
    traits = analyse_sound(checked(sound_blocks(path), check))
    if traits.duration_us == 0:
        raise InputError("it holds no sound that decodes.")
    measured = asdict(traits)
    del measured["onsets"]
    return measured


def _item(item_id: int, relative: str, entry: Mapping[str, Any]) -> LibraryItem:
    path = Path(relative)
    roles = ids_in(path.stem, ROLES) or ids_in(str(path.parent), ROLES)
    return LibraryItem(
        id=item_id,
        path=relative,
        title=path.stem,
        kind=_kind(path, roles, entry["duration_us"]),
        roles=roles,
        duration_us=entry["duration_us"],
        loudness_lufs=entry["loudness_lufs"],
        tempo_bpm=entry["tempo_bpm"],
        brightness_hz=entry["brightness_hz"],
    )


def _kind(path: Path, roles: tuple[int, ...], duration_us: int) -> Kind:
    folders = set(words_of(str(path.parent)))
    if folders & _EFFECT_WORDS:
        return Kind.EFFECT
    if folders & _MUSIC_WORDS:
        return Kind.MUSIC
    return Kind.MUSIC if duration_us >= _MUSIC_FROM_US and Role.AMBIENCE not in roles else Kind.EFFECT


def _read_index(path: Path) -> dict[str, Any]:
    try:
        saved = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(saved, dict) or saved.get("version") != _INDEX_VERSION:
        return {}
    sounds = saved.get("sounds")
    return sounds if isinstance(sounds, dict) else {}
