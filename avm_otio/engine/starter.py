"""The starter library: music and effects to hear on a fresh machine, synthesised here at first use."""

from __future__ import annotations

import os
import shutil
import tempfile
import wave
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np

from avm_otio.engine.decoding import SOUND_RATE_HZ
from avm_otio.engine.starter_effects import effect, effect_names
from avm_otio.engine.starter_music import bed, bed_names
from avm_otio.engine.synth import Wave, dice
from avm_otio.errors import InputError
from avm_otio.files import make_folder, unwritable
from avm_otio.report import Advance

VERSION = 2
"""Counts up when the sounds change, so that a cache never mixes two libraries."""

_CORES = 4
"""More make it no quicker: the longest bed takes as long as it takes."""

_ABOUT = "ABOUT.txt"
_ABOUT_TEXT = (
    "The starter library of avm-otio. Every sound here was synthesised by the program itself;\n"
    "there are no recordings in it, and you may use it as you like.\n"
)


def starter_library(cache_dir: Path, progress: Advance | None = None) -> Path:
    """The folder of the starter library, made at first use (some seconds) and then kept.

    It appears whole or not at all, and two programs may make it at once.

    Args:
        cache_dir: Where it is kept.
        progress: Told how many sounds are made, and of how many.

    Raises:
        OutputError: It cannot be written.
    """
    folder = starter_folder(cache_dir)
    if is_starter(folder):
        return folder
    make_folder(cache_dir)
    try:
        building = Path(tempfile.mkdtemp(prefix=".starter-", dir=cache_dir))
        try:
            _build(building, progress)
            _settle(building, folder)
        finally:
            shutil.rmtree(building, ignore_errors=True)
    except OSError as error:
        raise unwritable(folder, error) from error
    return folder


def starter_folder(cache_dir: Path) -> Path:
    """Where the starter library lies once it is made."""
    return cache_dir / f"starter-library-{VERSION}"


def is_starter(folder: Path) -> bool:
    """Whether a folder is a starter library rather than the user's own sounds."""
    about = folder / _ABOUT
    return about.is_file() and about.read_text(encoding="utf-8", errors="replace") == _ABOUT_TEXT


def _settle(building: Path, folder: Path) -> None:
    try:
        building.rename(folder)
    except OSError:
        if not is_starter(folder):  # else another program was faster, and made the same
            raise


def write_starter(folder: Path, progress: Advance | None = None) -> None:
    """Write the starter library into a folder of the user's, who may do with it what they like.

    Args:
        folder: A new or an empty one, or one with a starter library, which is made anew.
        progress: Told how many sounds are made, and of how many.

    Raises:
        InputError: There is something else in it.
        OutputError: It cannot be written.
    """
    try:
        if folder.exists() and (not folder.is_dir() or (any(folder.iterdir()) and not is_starter(folder))):
            raise InputError(f"There is something in {folder} already.", "Give a new or an empty folder.")
        make_folder(folder)
        _build(folder, progress)
    except OSError as error:
        raise unwritable(folder, error) from error


def _build(folder: Path, progress: Advance | None) -> None:
    """Make all sounds, on every core; the longest first, so that none is left over at the end."""
    for name in ("music", "effects"):
        (folder / name).mkdir(exist_ok=True)
    sounds = [*bed_names(), *effect_names()]
    sounds.sort(key=lambda name: name not in bed_names()[-8:])
    # Threads: nearly all of the time numpy works, and lets the others work.
    with ThreadPoolExecutor(min(_CORES, os.cpu_count() or 1)) as pool:
        for number, _ in enumerate(pool.map(partial(_make, folder), sounds), 1):
            if progress is not None:
                progress(number, len(sounds))
    (folder / _ABOUT).write_text(_ABOUT_TEXT, encoding="utf-8")


def _make(folder: Path, name: str) -> None:
    kind, make = ("music", bed) if name in bed_names() else ("effects", effect)
    _write(folder / kind / f"{name}.wav", make(name))


def _write(path: Path, sound: Wave) -> None:
    """16 bit, with triangular dither that is the same each time; the very ends stay at zero."""
    chance = dice(path.stem)
    dither = chance.random(sound.shape, dtype=np.float32) - chance.random(sound.shape, dtype=np.float32)
    scaled = np.rint(sound * np.float32(32_767) + dither)
    scaled[:, [0, -1]] = 0
    with wave.open(str(path), "wb") as file:
        file.setnchannels(sound.shape[0])
        file.setsampwidth(2)
        file.setframerate(SOUND_RATE_HZ)
        file.writeframes(np.clip(scaled, -32_768, 32_767).T.astype("<i2").tobytes())
