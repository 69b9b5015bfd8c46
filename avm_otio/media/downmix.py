"""How channels are heard on two sides: by their labels, or as so many usually are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import av
import numpy as np

from avm_otio.media.containers import FAULTS
from avm_otio.media.decode import Doubles
from avm_otio.media.probe import MediaInfo
from avm_otio.timeline.model import SAMPLE_RATE_HZ

_LAYOUTS = {3: "3.0", 4: "4.0", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}
"""What channels are that no file labels: FFmpeg's guess by their number, but for three. Its 2.1 would leave
the third one out, and three microphones are more likely than a subwoofer."""

_EACH = math.sqrt(0.5)
"""A channel among many, 3 dB down: two that differ come to one's level."""

_CENTRE = ("FC", "BC", "TC", "TFC", "TBC", "BFC", "TTR")
_SUBWOOFERS = ("LFE", "LFE2")
_MIDDLE = np.array([0.5, 0.5])

Weights = Doubles
"""How much of each channel (row) is heard on each side (column); one column stands for both sides."""


def sides(info: MediaInfo, heard: Sequence[tuple[int, int] | None]) -> Weights:
    """How much of each of some channels, by stream and column, is heard on each side.

    One is heard on both sides, two are left and right, more are mixed down by their labels or number.
    A subwoofer is heard only where nothing else is chosen, as FFmpeg has it.
    """
    if len(heard) == 1:
        return np.ones((1, 1))
    if len(heard) == 2:
        return np.eye(2)
    streams = {None if place is None else place[0] for place in heard}
    stream = streams.pop() if len(streams) == 1 else None
    layout = "" if stream is None else info.audio[stream].layout
    labelled = None if layout.endswith(" channels") else by_labels(layout)
    if labelled is not None:
        return labelled[[place[1] for place in heard if place is not None]]
    usual = by_labels(_LAYOUTS[len(heard)]) if len(heard) in _LAYOUTS else None
    return usual if usual is not None else _alternating(len(heard))


def by_ffmpeg(layout: str) -> bool:
    """Whether FFmpeg can bring a layout to stereo by itself, and rightly."""
    return not _is_listed(layout) and "ambisonic" not in layout and by_labels(layout) is not None


@lru_cache
def by_labels(layout: str) -> Weights | None:
    """How a layout is mixed down to stereo, shape (channels, 2); ``None`` where its name does not tell."""
    if _is_listed(layout):
        return _by_list(layout)
    try:
        count = av.AudioLayout(layout).nb_channels
        if layout.startswith("ambisonic"):
            return _of_ambisonics(count)
        each_alone = np.eye(count, dtype=np.float32)
        frame = av.AudioFrame.from_ndarray(each_alone.reshape(1, -1), "flt", layout)
        frame.sample_rate = SAMPLE_RATE_HZ
        frames = av.AudioResampler("fltp", "stereo", SAMPLE_RATE_HZ).resample(frame)
        return np.concatenate([part.to_ndarray().T for part in frames]).astype(np.float64)
    except FAULTS:
        return None


def _is_listed(layout: str) -> bool:
    """Whether channels are labelled one by one: "4 channels (FL+FR+FL+FR)", for which FFmpeg has no mix."""
    return " (" in layout


def _by_list(layout: str) -> Weights | None:
    labels = [label.partition("@")[0] for label in layout.partition(" (")[2].rstrip(")").split("+")]
    rows = [_side_of(label) for label in labels]
    if all(row is None for row in rows):
        return None
    weights = np.array([_MIDDLE if row is None else row for row in rows]) * _EACH
    return weights if weights.any() else _alternating(len(labels))


def _side_of(label: str) -> Doubles | None:
    """Left and right of one of FFmpeg's names of channels; ``None`` for those without a place."""
    if label in _SUBWOOFERS:
        return np.zeros(2)
    if label in _CENTRE:
        return np.full(2, _EACH)
    if label.startswith(("UN", "USR")) or not label:
        return None
    # FL, SL, BL, WL, FLC, TFL, TSL, SDL, DL …: the last L or R tells, a C after it is "of centre"
    side = label.removesuffix("C")[-1:]
    return {"L": np.array([1.0, 0.0]), "R": np.array([0.0, 1.0])}.get(side)


def _of_ambisonics(count: int) -> Weights:
    """Two cardioids, to the left and to the right: of ambiX's W, Y, Z, X … half of W, half of ±Y."""
    weights = np.zeros((count, 2))
    weights[0] = 0.5
    if count > 1:
        weights[1] = 0.5, -0.5
    return weights


def _alternating(count: int) -> Weights:
    return np.asarray(np.eye(2)[np.arange(count) % 2] * _EACH)
