"""One sound of a library that cannot be read is one sound, whatever is wrong with it."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from avm_otio.engine.decoding import sound_blocks
from avm_otio.engine.library import Library
from tests.media import odd_files as odd
from tests.media.sounds import noise, wav

UNKNOWN = struct.pack("<HHIIHH", 0x5A5A, 2, 48000, 192000, 4, 16)
"""A ``fmt`` chunk of a codec that nobody has."""

ODD = {
    "unknown.ogg": b"RIFF"
    + struct.pack("<I", 4036)
    + b"WAVEfmt "
    + struct.pack("<I", 16)
    + UNKNOWN
    + b"data"
    + struct.pack("<I", 4000)
    + bytes(4000),
    "empty.wav": b"",
    "text.mp3": b"not a sound\n" * 50,
    "cut.flac": b"fLaC" + bytes(30),
    "noise.ogg": np.random.default_rng(1).bytes(5000),
}


def test_what_cannot_be_read_is_told_and_the_rest_is_used(tmp_path: Path) -> None:
    folder = tmp_path / "library"
    folder.mkdir()
    wav(folder / "good.wav", noise(1))
    for name, body in ODD.items():
        (folder / name).write_bytes(body)
    messages: list[str] = []
    items = Library(folder, tmp_path / "index.json", messages.append).items()
    assert [item.path for item in items] == ["good.wav"]
    assert messages[0].startswith(f"{len(ODD)} of {len(ODD) + 1} sounds of the library cannot be used")


@pytest.mark.parametrize(("count", "layout"), [(8, "7.1"), (16, "")])
def test_the_engine_hears_every_channel_of_many(tmp_path: Path, count: int, layout: str) -> None:
    path = odd.tones(tmp_path / "poly.wv", count, codec="wavpack", layout=layout)
    heard = np.concatenate([*sound_blocks(path)], axis=1)
    assert heard.shape[0] == count
    assert heard[:, 4800] == pytest.approx(np.minimum(np.arange(1, count + 1) / 20, 0.99), abs=0.005)


def test_the_engine_takes_channels_with_labels_of_their_own(tmp_path: Path) -> None:
    heard = np.concatenate([*sound_blocks(odd.labelled(tmp_path / "a.mov", (1, 2, 1, 2)))], axis=1)
    assert heard[:, 4800] == pytest.approx([0.05, 0.1, 0.15, 0.2], abs=0.001)
