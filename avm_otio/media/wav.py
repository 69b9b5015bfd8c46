"""Any sound → Broadcast WAV at 48 kHz and 24 bit, sample for sample where it should be.

What is louder than full scale, as floats and decoded MP3 and OGG can be, is not cut off: the whole file is
made quieter, and says by how much, so that a clip's gain can make up for it.

There is no dither: at 24 bit the rounding lies below -144 dB, under the noise of anything recorded, and
without it sound that has 24 bit or fewer at 48 kHz stays bit for bit the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import TypedDict, Unpack

import numpy as np
import numpy.typing as npt

from avm_otio.errors import MediaError, OutputError
from avm_otio.files import same_file, whole
from avm_otio.media import broadcast_wav
from avm_otio.media.broadcast_wav import ORIGINATOR, QUIETER, Origin
from avm_otio.media.channel_reader import ChannelReader
from avm_otio.media.decode import Doubles
from avm_otio.media.probe import MediaInfo, SoundFacts, probe
from avm_otio.timeline.model import SAMPLE_RATE_HZ
from avm_otio.timeline.time import nearest_frame

_RATE = Fraction(SAMPLE_RATE_HZ)
_BLOCK = 32_768
"""Samples that are worked on at a time; memory does not grow with the file."""

_PADDED_S = Fraction(1, 20)
"""How much silence makes up for a source that ends early: a frame, at any rate; more is no rounding."""

_FULL_SCALE = 1 << 23
_OVER = 1 + 2.0**-20
"""From here on a peak is above full scale: below, it is the rounding of an arithmetic that ends at 1."""

_HISTORY = {"mp3": "MPEG1L3", "mp2": "MPEG1L2"}

Advance = Callable[[int], None]
"""Called with the number of samples done; an exception of its own stops the work and leaves no file."""


class Part(TypedDict, total=False):
    """What is written of a sound, and what the file says of it.

    Attributes:
        first: Where to begin, in seconds of the file's own time (0 at its first frame, the default); silence
            before 0.
        length: How much, in seconds; ``None``, the default, to the end. Where the source ends up to a frame
            earlier, silence makes up for it; where it ends earlier still, so does the WAV.
        time_reference: Samples since midnight at the first sample; 0 by default.
        description: What it is.
        reference: The originator's reference, by which the file is recognised.
        advance: Called as it advances.
    """

    first: Fraction
    length: Fraction | None
    time_reference: int
    description: str
    reference: str
    advance: Advance | None


def write_wav(
    source: Path, target: Path, *, channels: tuple[int, ...] | None = None, **part: Unpack[Part]
) -> SoundFacts:
    """Write the sound of a file, or a part of it, as a Broadcast WAV.

    Args:
        source: Any file with sound.
        target: The WAV; appears whole or not at all.
        channels: Which of the source's channels, counted from 0 through all its sound streams in order;
            ``None`` for all.
        **part: As ``Part`` says.

    Returns:
        How much sound the WAV holds, and how much quieter it is than its source.

    Raises:
        MediaError: The source cannot be read, or has no such sound.
        OutputError: The target cannot be written, or is the source.
    """
    return _write(source, [target], channels, part, split=False)


def write_mono(
    source: Path,
    targets: Sequence[Path],
    *,
    channels: tuple[int, ...] | None = None,
    **part: Unpack[Part],
) -> SoundFacts:
    """Write channels of a file as WAVs of one channel each, in one pass.

    Args:
        source: Any file with sound.
        targets: One WAV a channel.
        channels: Which channels, as many as targets; ``None`` for the first ones.
        **part: As ``Part`` says, the same of each.

    Returns:
        How much sound each of them holds, and how much quieter all of them are than their source.

    Raises:
        MediaError: The source cannot be read, or has no such sound.
        OutputError: A target cannot be written, or is the source.
        ValueError: There are not as many channels as targets.
    """
    wanted = tuple(range(len(targets))) if channels is None else channels
    if len(wanted) != len(targets):
        raise ValueError(f"{len(wanted)} channels for {len(targets)} files")
    return _write(source, targets, wanted, part, split=True)


def _write(
    source: Path,
    targets: Sequence[Path],
    channels: tuple[int, ...] | None,
    part: Part,
    *,
    split: bool,
) -> SoundFacts:
    first, length, advance = part.get("first", Fraction(0)), part.get("length"), part.get("advance")
    origin = Origin(part.get("time_reference", 0), part.get("description", ""), part.get("reference", ""))
    for target in targets:
        if same_file(source, target):
            raise OutputError(f"{target} is the sound itself.", "Choose another folder.")
    info = probe(source)
    places = _places(info, channels)
    # Columns follow the streams; each target has the columns of its channels.
    streams = sorted({stream for stream, _ in places})
    columns = {stream: [column for at, column in places if at == stream] for stream in streams}
    flat = [(stream, column) for stream in streams for column in columns[stream]]
    order = [flat.index(place) for place in places]
    groups = [[column] for column in order] if split else [order]
    flat_order = list(range(len(flat)))
    start = nearest_frame(first, _RATE)
    count = None if length is None else nearest_frame(length, _RATE)
    layout = "" if split or len(streams) > 1 else _layout(info, streams[0], columns[streams[0]])
    made = datetime.now()
    with ExitStack() as stack:
        files = [stack.enter_context(stack.enter_context(whole(target)).open("wb")) for target in targets]

        def write(quieter_db: float) -> tuple[int, float]:
            """Write all of it; how many samples and the peak. From a peak above full scale on only look."""
            history = _history(info, streams[0], len(groups[0]), quieter_db)
            complete = replace(origin, history=history, layout=layout)
            for file, group in zip(files, groups, strict=True):
                file.seek(0)
                file.truncate()
                broadcast_wav.begin(file, len(group), complete, made)
            done, peak, scale = 0, 0.0, 10 ** (-quieter_db / 20)
            for block in _blocks(info, columns, start, count):
                peak = max(peak, float(np.abs(block).max()) * scale)
                if peak <= _OVER:
                    steps = packed(block * scale if quieter_db else block)
                    for file, group in zip(files, groups, strict=True):
                        file.write((steps if group == flat_order else steps[:, group]).tobytes())
                done += len(block)
                if advance is not None:
                    advance(done)
            return done, peak

        quieter_db = 0.0
        done, peak = write(quieter_db)
        if peak > _OVER:
            if not math.isfinite(peak):
                raise MediaError(f"{source} holds sound that is no number.", "Export it again.")
            quieter_db = math.ceil(200 * math.log10(peak)) / 10
            done, _ = write(quieter_db)
        if not done:
            raise MediaError(f"{source} has no sound from {float(first):g} s on.", "Check the clip's range.")
        for file, group in zip(files, groups, strict=True):
            broadcast_wav.finish(file, done, len(group))
    return SoundFacts(done, SAMPLE_RATE_HZ, len(groups[0]), quieter_db)


def _places(info: MediaInfo, channels: tuple[int, ...] | None) -> list[tuple[int, int]]:
    """Where channels lie, counted through all streams: stream and column."""
    places = info.channel_places
    if not places:
        raise MediaError(f"{info.path} holds no sound.", "Give a file with sound.")
    wanted = tuple(range(len(places))) if channels is None else channels
    missing = [channel + 1 for channel in wanted if not 0 <= channel < len(places)]
    if missing or not wanted:
        numbers = ", ".join(map(str, missing)) or "(none)"
        raise MediaError(f"{info.path} has {len(places)} channels, no channel {numbers}.", "Check the clip.")
    return [places[channel] for channel in wanted]


def _layout(info: MediaInfo, number: int, columns: list[int]) -> str:
    """Where the channels of a whole stream belong; empty for a part of one."""
    if columns != list(range(info.audio[number].channels)) or len(columns) < 3:
        return ""
    return info.audio[number].layout


def _history(info: MediaInfo, number: int, channels: int, quieter_db: float) -> str:
    """Coding history as EBU R 98 writes it: the sound before and after."""
    text = ORIGINATOR + (QUIETER.format(quieter_db) if quieter_db else "")
    audio = info.audio[number]
    names = {1: "mono", 2: "stereo"}
    before = "PCM" if audio.codec.startswith("pcm_") else _HISTORY.get(audio.codec)
    lines = [f"A=PCM,F={SAMPLE_RATE_HZ},W=24,M={names.get(channels, 'multichannel')},T={text}"]
    if before is not None:
        mode = names.get(audio.channels, "multichannel")
        lines.insert(0, f"A={before},F={audio.sample_rate_hz},M={mode},T={info.path.name.replace(',', ' ')}")
    return "".join(f"{line}\r\n" for line in lines)


def packed(block: Doubles) -> npt.NDArray[np.uint8]:
    """Samples as three bytes each, lowest first; full scale itself becomes the highest step there is."""
    whole_steps = np.rint(block * _FULL_SCALE)
    np.clip(whole_steps, -_FULL_SCALE, _FULL_SCALE - 1, out=whole_steps)
    steps = np.ascontiguousarray(whole_steps.astype("<i4"))
    return steps.view(np.uint8).reshape(*steps.shape, 4)[:, :, :3]


def _blocks(
    info: MediaInfo, columns: dict[int, list[int]], start: int, count: int | None
) -> Generator[Doubles, None, None]:
    """The sound at 48 kHz from a sample on, all streams side by side, in blocks."""
    with ExitStack() as stack:
        readers = [
            stack.enter_context(ChannelReader(info, number, chosen, start))
            for number, chosen in columns.items()
        ]
        done = 0
        while count is None or done < count:
            wanted = _BLOCK if count is None else min(_BLOCK, count - done)
            parts = [reader.read(wanted) for reader in readers]
            longest = max(map(len, parts))
            if longest < wanted and count is not None and count - done - longest <= _PADDED_S * _RATE:
                longest = count - done  # at most a frame more than was wanted
            if longest and (done or any(map(len, parts))):
                yield np.concatenate([_padded(part, longest) for part in parts], axis=1)
            done += longest
            if longest < wanted:
                return


def _padded(part: Doubles, count: int) -> Doubles:
    missing = count - len(part)
    return np.concatenate([part, np.zeros((missing, part.shape[1]))]) if missing > 0 else part
