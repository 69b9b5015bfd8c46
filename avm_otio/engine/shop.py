"""Purchases: what is bought, and the preview that stands for what is not.

Nothing costs money here: an engine sells so that the whole way can be tried, from previews to licensed files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np

from avm_otio.engine.decoding import SOUND_RATE_HZ, sound_blocks
from avm_otio.engine.library import Library
from avm_otio.engine.store import Store
from avm_otio.errors import UsageError
from avm_otio.files import whole

_PREVIEW = ".mp3"
_PREVIEW_BITS_A_SECOND = 96_000
"""Plainly less than the file, and good enough to cut with."""


class Shop:
    """What of a library is bought.

    Args:
        store: Keeps what was bought.
        library: What is sold.
        sells: Whether what is not bought is heard as a preview, be the library the user's own or not.
            Otherwise a user's own sounds are theirs already, and all are served as they are.
    """

    def __init__(self, store: Store, library: Library, *, sells: bool) -> None:
        self._store = store
        self._library = library
        self._sells = sells

    def is_bought(self, kept: Mapping[str, Any]) -> bool:
        """Whether an item, as it is stored with what was found, is the caller's."""
        if kept["id"] in self._store.bought():
            return True
        return bool(kept["is_bought"]) and not self._sells

    def place(self, item_id: int, suffix: str) -> tuple[str, str]:
        """What is served for an item now, and its file's name."""
        if self._sells and item_id not in self._store.bought():
            return "preview", f"{item_id}{_PREVIEW}"
        return "item", f"{item_id}{suffix}"

    def preview(self, item_id: int) -> Path | None:
        """The preview of an item, made at first use; ``None`` where there is no such item.

        Raises:
            MediaError: The sound cannot be read.
            OutputError: It cannot be written.
        """
        source = self._library.path(item_id)
        if source is None or not source.is_file():
            return None
        path = self._store.previews / f"{item_id}-{source.stat().st_mtime_ns}{_PREVIEW}"
        if not path.exists():
            _write_preview(source, path)
        return path


@dataclass(frozen=True, slots=True)
class Purchase:
    """An item that was bought.

    Attributes:
        id: Its id.
        title: What it is called.
        service: The request key of the service that offered it.
        price_twd: What it would cost, in New Taiwan dollars.
        is_new: Whether it was bought just now, and not before.
    """

    id: int
    title: str
    service: str
    price_twd: int
    is_new: bool


def buy(data_dir: Path, item_ids: Sequence[int]) -> list[Purchase]:
    """Buy items that were offered; all of them, or none.

    Args:
        data_dir: Where the engine keeps its data.
        item_ids: The items.

    Raises:
        UsageError: One was never offered for a film of this engine, or there is no engine's data.
        OutputError: The folder cannot be written.
    """
    if not (data_dir / "films").is_dir():
        raise UsageError(f"No engine has kept anything in {data_dir}.", "Name its folder with --data.")
    with closing(Store(data_dir)) as store:
        return _bought(store, item_ids)


def _bought(store: Store, item_ids: Sequence[int]) -> list[Purchase]:
    wanted = set(item_ids)
    before = store.bought()
    found: dict[int, Purchase] = {}
    for session in store.sessions():
        for key, cues in session.results.items():
            for kept in (kept for cue in cues or () for kept in cue.get("items", [cue])):
                if kept["id"] in wanted - found.keys() and "price_twd" in kept:
                    is_new = kept["id"] not in before
                    found[kept["id"]] = Purchase(kept["id"], kept["title"], key, kept["price_twd"], is_new)
        if wanted <= found.keys():
            break
    unknown = [item_id for item_id in dict.fromkeys(item_ids) if item_id not in found]
    if unknown:
        raise UsageError(
            f"No film of this engine was offered {' or '.join(map(str, unknown))}.",
            "`avm-otio cost SCORED` lists the items of a timeline. --data names an engine's folder.",
        )
    store.buy(found)
    return [found[item_id] for item_id in dict.fromkeys(item_ids)]


def _write_preview(source: Path, path: Path) -> None:
    with whole(path, lasting=False) as temporary, av.open(str(temporary), "w", format="mp3") as container:
        stream = container.add_stream("libmp3lame", rate=SOUND_RATE_HZ, layout="stereo")
        stream.bit_rate = _PREVIEW_BITS_A_SECOND
        at = 0
        for block in sound_blocks(source):
            sides = np.repeat(block[:1], 2, axis=0) if len(block) == 1 else block[:2]
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sides, np.float32), "fltp", "stereo")
            frame.sample_rate, frame.pts = SOUND_RATE_HZ, at
            at += sides.shape[1]
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
