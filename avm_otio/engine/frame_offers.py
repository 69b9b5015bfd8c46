"""What a moment of a film offers to a search: how it sounds there, and what the picture does.

What is *in* the picture is not seen; nothing is claimed of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from avm_otio.engine.signature import signature_of
from avm_otio.errors import InputError, TimeFormatError
from avm_otio.media.attack import shape_of
from avm_otio.media.containers import FAULTS, frames_in, opened, picture_stream
from avm_otio.media.features import Watcher
from avm_otio.media.loudness import Meter
from avm_otio.media.probe import MediaInfo, probe
from avm_otio.media.stereo_reader import StereoReader
from avm_otio.mix.heard import Heard
from avm_otio.mix.loudness import integrated
from avm_otio.timeline.model import SAMPLE_RATE_HZ
from avm_otio.timeline.time import parse_timecode

_AROUND_S = Fraction(3, 4)
"""So much before and after the moment is looked at and listened to."""

_SILENT_LUFS = -50.0
_STILL, _MOVES, _CUT = 0.6, 6.0, 28.0
"""Mean change of luma from frame to frame, of 255: a still picture, one that moves, another picture."""

_DARK = 40.0
_WIDTH, _HEIGHT = 64, 36


@dataclass(frozen=True, slots=True)
class Offers:
    """What a moment offers: a signature where something sounds there, words else, and why."""

    signature: tuple[int, ...]
    words: str
    reasons: tuple[str, ...]


def offers_of(film: Path, moment: str) -> Offers:
    """Look at and listen to a moment of a film.

    Args:
        film: The film.
        moment: Timecode, in the film's own or from its first frame on; or seconds.

    Raises:
        MediaError: The film cannot be read.
        InputError: It does not last that long.
        TimeFormatError: The moment is no time.
    """
    info = probe(film)
    at = _seconds(moment, info)
    if info.duration is not None and not 0 <= at < info.duration:
        raise InputError(
            f"{film} has no {moment}: it lasts {float(info.duration):.2f} s.", "Give a time within it."
        )
    reasons: list[str] = []
    signature: tuple[int, ...] = ()
    if info.audio:
        heard = _heard(info, at)
        if heard is not None:
            signature = heard
            reasons.append("it sounds there; sounds like it come first")
        else:
            reasons.append("it is silent there")
    words = "" if info.video is None or signature else _seen(info, at, reasons)
    return Offers(signature, words, tuple(reasons))


def _seconds(moment: str, info: MediaInfo) -> Fraction:
    """A moment as film time."""
    if ":" not in moment and ";" not in moment:
        try:
            return Fraction(moment)
        except (ValueError, ZeroDivisionError):
            raise TimeFormatError(f"{moment!r} is no time.", "Write HH:MM:SS:FF, or seconds.") from None
    rate = info.video.rate if info.video is not None else Fraction(25)
    at = Fraction(parse_timecode(moment, rate)) / rate
    return at - info.start if info.start is not None and at >= info.start else at


def _heard(info: MediaInfo, at: Fraction) -> tuple[int, ...] | None:
    """How the film sounds around a moment; ``None`` where it is silent."""
    start = max(0, round((at - _AROUND_S) * SAMPLE_RATE_HZ))
    reader = StereoReader(info, ())
    try:
        samples = np.array(reader.read(start, round(2 * _AROUND_S * SAMPLE_RATE_HZ)), np.float32)
    finally:
        reader.close()
    meter, watcher = Meter(2, peaks=False), Watcher()
    meter.add(samples)
    watcher.add(samples)
    curve, grains = meter.finish()
    if integrated(curve.power) < _SILENT_LUFS:
        return None
    shape = shape_of(grains, len(samples), lambda first, last: samples[first:last])

    def micros(place: int) -> int:
        return round(place * 1_000_000 / SAMPLE_RATE_HZ)

    features = watcher.finish()
    heard = Heard(
        micros(len(samples)), curve, micros(shape.begins), micros(shape.ends), shape.is_cut_off,
        micros(shape.attack), micros(shape.peak), micros(shape.tail), shape.is_rising,
    )  # its outline, in the order of its fields  # fmt: skip
    return tuple(signature_of(heard, features, watcher.spectrum))


def _seen(info: MediaInfo, at: Fraction, reasons: list[str]) -> str:
    """Words for a silent moment, by what its picture does."""
    frames = _frames(info, at)
    if len(frames) < 2:
        return "ambience"
    changes = np.abs(np.diff(frames.astype(np.float32), axis=0)).mean(axis=(1, 2))
    words = []
    if changes.max() >= _CUT:
        reasons.append("the picture cuts there: a hit or a whoosh")
        words.append("impact whoosh transition")
    elif float(np.median(changes)) >= _MOVES:
        reasons.append("much moves there: a whoosh")
        words.append("whoosh movement")
    else:
        still = float(np.median(changes)) < _STILL
        reasons.append("the picture is still: an ambience" if still else "little moves there: an ambience")
        words.append("ambience room tone")
    if frames.mean() < _DARK:
        reasons.append("it is dark")
        words.append("night dark")
    return " ".join(words)


def _frames(info: MediaInfo, at: Fraction) -> np.ndarray:
    """Frames around a moment, small and grey."""
    found: list[np.ndarray] = []
    with opened(info.path) as container:
        stream = picture_stream(container)
        if stream is None or not stream.time_base:
            return np.zeros((0, _HEIGHT, _WIDTH))
        first, last = at + info.zero - _AROUND_S, at + info.zero + _AROUND_S
        try:
            container.seek(max(0, int(first / stream.time_base)), stream=stream)
            for packet in container.demux(stream):
                for frame in frames_in(packet):
                    if frame.pts is None or frame.pts * stream.time_base < first:
                        continue
                    if frame.pts * stream.time_base > last:
                        return np.array(found)
                    small = frame.reformat(_WIDTH, _HEIGHT, format="gray", interpolation="AREA")
                    found.append(small.to_ndarray())
        except (*FAULTS, av.FFmpegError):
            pass  # what was seen so far is what it offers
    return np.array(found)
