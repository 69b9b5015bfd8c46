"""Our own reader: what we wrote comes back as it was."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from functools import partial
from pathlib import Path

from avm_otio.formats.reading import read
from avm_otio.timeline.model import Mix, TrackKind
from tests.differential.events import (
    File,
    Files,
    Found,
    crossings_of,
    level_at,
    markers_of,
    wanted_of,
)


def _used(counted: Fraction, file: File, rate: Fraction) -> Fraction:
    """Seconds of a file before a time that a list counts, in frames of the file where they are alike."""
    alike = file.rate is not None and math.ceil(file.rate) == math.ceil(rate)
    used = counted * rate / (file.rate if file.rate and alike else rate) - file.start
    day = 86_400 * math.ceil(rate) / rate
    return used - day if used > day / 2 else used  # before timecode 0 it is the day before


def _level_at(mix: Mix, into: Fraction, at: Fraction) -> float:
    """The level of a clip that begins ``into`` its event."""
    return level_at(mix, at - into)


def own(paths: list[Path], rate: Fraction, files: Files) -> Found:
    found = Found(crossings=set(), markers=[])
    for path in paths:
        timeline = read(path, rate=rate).timeline
        assert timeline.rate == rate
        found.start, found.drop = timeline.start_frame, timeline.drop_frame
        found.crossings |= set(crossings_of(timeline))
        found.markers += [(at, name) for name, (at, _) in markers_of(timeline).items()]
        for one in wanted_of(timeline):
            event, media = one.event, one.clip.media
            assert media is not None
            assert event.used is not None
            if (
                media.duration is None and event.name in files
            ):  # an edit list does not say where a file begins
                event = replace(event, used=_used(event.used + media.start, files[event.name], rate))
            level = None
            if one.track.kind is TrackKind.AUDIO:
                level = partial(_level_at, one.clip.mix, one.clip.start - one.event.start)
            found.events.append(replace(event, level=level))
    return found
