"""Many sounds made into WAVs at once: those that are done already are not made again."""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from fractions import Fraction
from operator import mul
from pathlib import Path
from typing import Any

from avm_otio.errors import MediaError, OutputError
from avm_otio.files import free_name, make_folder
from avm_otio.media.broadcast_wav import BYTES_A_SAMPLE, ORIGINATOR, Header, read_header
from avm_otio.media.naming import safe_name
from avm_otio.report import Report
from avm_otio.timeline.model import SAMPLE_RATE_HZ

_FORM = 2
"""Raised when files are made in another way, so that those of before are made again."""

_TICK_S = 0.2
"""How often progress is reported."""

_MOST_AT_ONCE = 8

_MUCH = 10**9
"""Bytes from which on a size is reported before it is written."""

_LEFT = 200 * 10**6
"""Bytes that are left to others on a disk that this run alone would fill."""


class _StoppedError(Exception):
    """Another conversion failed, or the user has had enough."""


@dataclass(frozen=True, slots=True)
class Conversion:
    """One sound to be made.

    Attributes:
        source: Any file with sound.
        name: What its file is to be called, without an ending.
        channels: Which channels, counted through all streams; ``None`` for all.
        first: Where to begin, in seconds of the file's own time.
        length: How much, in seconds; ``None`` to the end.
        time_reference: Samples since midnight at its first sample.
        description: What it is.
        split: One file a channel rather than one with all.
        expected: About how many seconds it is, for the progress; 0 where nobody knows.
        width: How many channels it comes to; 0 where nobody knows.
    """

    source: Path
    name: str
    channels: tuple[int, ...] | None = None
    first: Fraction = Fraction(0)
    length: Fraction | None = None
    time_reference: int = 0
    description: str = ""
    split: bool = False
    expected: Fraction = Fraction(0)
    width: int = 0

    @property
    def expected_bytes(self) -> int:
        """About how large it is going to be."""
        return round(self.expected * SAMPLE_RATE_HZ) * self.width * BYTES_A_SAMPLE

    @property
    def reference(self) -> str:
        """By what its file is known again: the file as it is now and what is wanted of it."""
        try:
            stat = self.source.stat()
        except OSError as error:
            raise MediaError(
                f"{self.source} cannot be read: {error.strerror}.", "Check that it is there."
            ) from error
        wanted_form = (
            _FORM,
            self.source.name,
            stat.st_size,
            stat.st_mtime_ns,
            self.channels,
            str(self.first),
            str(self.length),
            self.split,
        )
        return hashlib.blake2s(repr(wanted_form).encode(), digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True)
class Made:
    """What came of a conversion.

    Attributes:
        paths: Its file, or one a channel.
        samples: Samples a channel, at 48 kHz.
        channels: How many channels in all.
        quieter_db: By how many decibels all of it is quieter than its source: nothing is cut off at full
            scale.
    """

    paths: tuple[Path, ...]
    samples: int
    channels: int
    quieter_db: float = 0.0


def converted(
    wanted: Iterable[Conversion], folder: Path, taken: set[str], report: Report
) -> dict[Conversion, Made]:
    """Make sounds into WAVs, several at once; a file of an earlier run that is just the same is kept.

    No file that is something else is ever written over: the new one gets another name.

    Args:
        wanted: What to make, in the order in which names are given.
        folder: Where to; made where it is needed.
        taken: Case-folded names that may not be used; the files' are added.
        report: Receives progress, in seconds of sound.

    Returns:
        What came of each.

    Raises:
        MediaError: A sound cannot be read.
        OutputError: The disk is full, or the folder may not be written.
    """
    made: dict[Conversion, Made] = {}
    open_: list[tuple[Conversion, tuple[Path, ...]]] = []
    for one in dict.fromkeys(wanted):
        paths, there = _place(one, folder, taken)
        if there is None:
            open_.append((one, paths))
        else:
            made[one] = there
    if open_:
        make_folder(folder)
        _weigh([one for one, _ in open_], folder, report)
        made |= _run(open_, folder, report)
    return made


def _weigh(wanted: Sequence[Conversion], folder: Path, report: Report) -> None:
    """Say how large the files are going to be where that is much; a small FLAC can hold hours.

    Raises:
        OutputError: The disk has not as much left.
    """
    total, free = sum(one.expected_bytes for one in wanted), shutil.disk_usage(folder).free
    what = f"The sound that is made into WAV comes to about {total / 1e9:.1f} GB"
    if total > free:
        raise OutputError(
            f"{what}, and the disk of {folder} has {free / 1e9:.1f} GB left.",
            "Free up space, choose another disk, or leave the sound as it is (--media-format keep).",
        )
    if total >= _MUCH:
        report.warn(f"{what}.")


def _refuse_full(folder: Path, written: int) -> None:
    """Stop before a disk is filled by files that turn out longer than they say."""
    free = shutil.disk_usage(folder).free
    if written > _LEFT > free:
        raise OutputError(
            f"The disk of {folder} is nearly full ({free / 1e6:.0f} MB left) after {written / 1e9:.1f} GB "
            "of sound made into WAV.",
            "Free up space, or choose another disk, then run it again.",
        )


def _place(one: Conversion, folder: Path, taken: set[str]) -> tuple[tuple[Path, ...], Made | None]:
    """Where a conversion goes, and what is there of it already."""
    endings = _endings(one)
    while True:
        stem = free_name(safe_name(one.name), taken)
        paths = tuple(folder / f"{stem}{ending}" for ending in endings)
        there = [path for path in paths if path.exists()]
        if not there:
            return paths, None
        found = [_done(path, one) for path in paths]
        whole = [header for header in found if header is not None]
        if len(whole) == len(paths) and len({(header.samples, header.quieter_db) for header in whole}) == 1:
            channels = sum(header.channels for header in whole)
            return paths, Made(paths, whole[0].samples, channels, whole[0].quieter_db)
        if all(header is not None for path, header in zip(paths, found, strict=True) if path in there):
            return paths, None  # some channels of ours were taken away: all are made again


def _endings(one: Conversion) -> tuple[str, ...]:
    if not one.split or one.channels is None:
        return (".wav",)
    count = len(one.channels)
    if count == 2:
        return (".L.wav", ".R.wav")
    return tuple(f".{number}.wav" for number in range(1, count + 1)) if count > 1 else (".wav",)


def _done(path: Path, one: Conversion) -> Header | None:
    """The header of a file that is just what a conversion would make; ``None`` for any other."""
    header = read_header(path)
    if (
        header is None
        or header.originator != ORIGINATOR
        or header.reference != one.reference
        or header.time_reference != one.time_reference
        or (header.sample_rate_hz, header.bits) != (SAMPLE_RATE_HZ, 8 * BYTES_A_SAMPLE)
    ):
        return None
    return header


def _run(
    open_: Sequence[tuple[Conversion, tuple[Path, ...]]], folder: Path, report: Report
) -> dict[Conversion, Made]:
    is_measured = all(one.expected for one, _ in open_)
    total = max(1, round(sum(one.expected for one, _ in open_))) if is_measured else None
    stop = threading.Event()
    samples = [0] * len(open_)

    def work(at: int) -> Made:
        def advance(done: int) -> None:
            samples[at] = done
            if stop.is_set():
                raise _StoppedError

        return _convert(*open_[at], advance)

    pool = ThreadPoolExecutor(min(len(open_), _MOST_AT_ONCE, os.cpu_count() or 1))
    try:
        with report.step("Converting sound", total) as tell:
            futures = [pool.submit(work, at) for at in range(len(open_))]
            waiting: set[Future[Made]] = set(futures)
            while waiting:
                done, waiting = wait(waiting, _TICK_S, FIRST_EXCEPTION)
                for one in done:
                    one.result()
                widths = (max(1, one.width) * BYTES_A_SAMPLE for one, _ in open_)
                _refuse_full(folder, sum(map(mul, samples, widths)))
                seconds = sum(samples) // SAMPLE_RATE_HZ
                tell(seconds if total is None else min(seconds, total), total)
        return {open_[at][0]: future.result() for at, future in enumerate(futures)}
    finally:
        stop.set()
        pool.shutdown(cancel_futures=True)


def _convert(one: Conversion, paths: tuple[Path, ...], advance: Callable[[int], None]) -> Made:
    from avm_otio.media.wav import write_mono, write_wav

    wanted: dict[str, Any] = {
        "channels": one.channels,
        "first": one.first,
        "length": one.length,
        "time_reference": one.time_reference,
        "description": one.description,
        "reference": one.reference,
        "advance": advance,
    }
    if one.split:
        facts = write_mono(one.source, paths, **wanted)
        return Made(paths, facts.samples, len(paths), facts.quieter_db)
    facts = write_wav(one.source, paths[0], **wanted)
    return Made(paths, facts.samples, facts.channels, facts.quieter_db)
