"""Joins of real music that was cut to pictures: is there more new at a join than elsewhere in the piece?

    python benchmarks/music_joins.py FOLDER [PICTURE_SECONDS …]

The measure knows nothing of beats: spectral flux (how much louder each of 513 bands is than 10 ms before) of
the rendered cut within the crossfade, its highest step, as a percentile of the same over equally long
stretches of the piece as it is. A join that is not to be heard lies anywhere between 0 and 100; more than a
few over 99 are heard.
"""

from __future__ import annotations

import sys
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from avm_otio.errors import AvmError
from avm_otio.media.align import phases_of
from avm_otio.media.listening import hear
from avm_otio.media.probe import probe
from avm_otio.media.stereo_reader import StereoReader
from avm_otio.mix.fit import aligned, fit
from avm_otio.mix.fitted import Fitted
from avm_otio.timeline.time import FrameSpan

HZ, HOP, WINDOW = 48_000, 480, 1024
RATE = Fraction(25)
ENDINGS = {".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a", ".aif", ".aiff"}
Samples = NDArray[Any]


def main() -> None:
    folder = Path(sys.argv[1])
    pictures = [float(word) for word in sys.argv[2:]] or [45.0, 400.0]
    ranks: list[float] = []
    for path in sorted(path for path in folder.rglob("*") if path.suffix.lower() in ENDINGS):
        try:
            heard = hear(path, music=True)
        except AvmError as error:
            print(f"{path.name}: {error}")
            continue
        rhythm = heard.music.rhythm if heard.music else None
        beat = f"{rhythm.bpm:.1f} bpm, sure {rhythm.confidence:.2f}" if rhythm else "no beat"
        file = whole(path)
        usual = flux(file)
        found = []
        for seconds in pictures:
            plan = fit(heard, FrameSpan(0, round(seconds * RATE)), RATE)
            plan = aligned(
                plan, heard, phases_of(plan, lambda first, count, file=file: cut(file, first, count))
            )
            found += [rank(plan, number, file, usual) for number in range(len(plan.joins))]
        ranks += found
        print(f"{path.name}: {beat}; joins at {', '.join(f'{one:.0f}' for one in sorted(found)) or 'none'}")
    if ranks:
        shares = np.percentile(ranks, [10, 50, 90])
        over = sum(one > 99 for one in ranks)
        print(f"{len(ranks)} joins: percentiles 10/50/90 {shares.round(1)}, over the 99th {over}")


def whole(path: Path) -> Samples:
    reader = StereoReader(probe(path), ())
    try:
        return np.concatenate(list(reader.blocks(5 * HZ, lambda: None))).mean(axis=1)
    finally:
        reader.close()


def cut(file: Samples, first: int, count: int) -> Samples:
    taken = file[max(0, first) : max(0, first + count)]
    before = min(count, max(0, -first))
    return np.pad(taken, (before, count - before - len(taken)))


def flux(sound: Samples) -> Samples:
    frames = sliding_window_view(np.pad(sound, (WINDOW, 0)), WINDOW)[::HOP]
    parts = []
    last = np.zeros(WINDOW // 2 + 1)
    for first in range(0, len(frames), 2000):
        level = np.log1p(100 * np.abs(np.fft.rfft(frames[first : first + 2000] * np.hanning(WINDOW), axis=1)))
        parts.append(np.maximum(np.diff(level, axis=0, prepend=last[None]), 0).sum(axis=1))
        last = level[-1]
    return np.concatenate(parts)


def rank(plan: Fitted, number: int, file: Samples, usual: Samples) -> float:
    """The percentile of the highest flux in a join."""
    join = plan.joins[number]
    out, into = list(pairwise(plan.pieces))[number]
    count = round(float(join.before + join.after) * HZ)
    around = HZ // 2
    left = cut(file, round(float(out.media_out - join.before) * HZ) - around, count + 2 * around)
    right = cut(file, round(float(into.media_in - join.before) * HZ) - around, count + 2 * around)
    gain = np.clip((np.arange(len(left)) - around + 0.5) / max(count, 1), 0, 1)
    steps = max(1, count // HOP) + 4
    first = around // HOP
    top = flux(left * (1 - gain) + right * gain)[first : first + steps].max()
    everywhere = sliding_window_view(usual[1:], min(steps, len(usual) - 1)).max(axis=1)
    return float((everywhere < top).mean() * 100)


if __name__ == "__main__":
    main()
