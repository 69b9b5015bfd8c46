"""A timeline's sound told the plain way: every clip is a sum of sines, and a mix their values at each sample.

Nothing here knows of plans, segments or readers.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction as F
from pathlib import Path
from typing import Any

import av
import numpy as np

from avm_otio.timeline.model import Clip, Media, Mix, Timeline, Track, TrackKind, Transition
from avm_otio.timeline.time import MediaTime, RecordTime

SECOND = 48_000

Times = np.ndarray
"""Moments in samples, as doubles."""

Tones = tuple[tuple[float, ...], ...]
"""Hertz, by channel."""


def tones(media: Media) -> Tones:
    """What a file made by ``tone_file`` holds, which its name says."""
    return tuple(tuple(map(float, channel.split("+"))) for channel in media.name.split("_")[1].split(","))


def values(held: Tones, at: Times) -> np.ndarray:
    """Samples of tones at moments of the file, shape (moments, channels)."""
    channels = [
        sum(0.1 * np.sin(2 * np.pi * hz * at / SECOND + number) for number, hz in enumerate(channel))
        for channel in held
    ]
    return np.stack(channels, axis=1)


def tone_file(folder: Path, held: Tones, seconds: float) -> Media:
    """A WAV of 32-bit floats."""
    named = ",".join("+".join(f"{hz:g}" for hz in channel) for channel in held)
    path = folder / f"a_{named}_.wav"
    samples = values(held, np.arange(round(seconds * SECOND), dtype=np.float64)).astype(np.float32)
    with av.open(str(path), "w") as file:
        layout = "mono" if len(held) == 1 else "stereo"
        stream = file.add_stream("pcm_f32le", rate=SECOND, layout=layout)
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="flt", layout=layout)
        frame.sample_rate, frame.pts, frame.time_base = SECOND, 0, F(1, SECOND)
        file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return Media(path.name, str(path), MediaTime(F(0)), F(seconds), channels=len(held))


def heard(timeline: Timeline) -> np.ndarray:
    """All of a timeline, (samples, 2)."""
    at = np.arange(round(timeline.duration * SECOND), dtype=np.float64)
    return timeline_at(timeline, at)


def timeline_at(
    timeline: Timeline, at: Times, only: Callable[[Track], bool] = lambda track: True
) -> np.ndarray:
    total = np.zeros((len(at), 2))
    for track in timeline.tracks:
        if track.kind is TrackKind.AUDIO and track.enabled and only(track):
            for clip in track.clips:
                if clip.enabled:
                    total += clip_at(clip, track, at)
    return total


def clip_at(clip: Clip, track: Track, at: Times) -> np.ndarray:
    start, end = float(clip.start * SECOND), float(clip.end * SECOND)
    into = next((one for one in track.transitions if one.at == clip.start), None)
    out_of = next((one for one in track.transitions if one.at == clip.end), None)
    lead = 0.0 if into is None else float(into.before * SECOND)
    trail = 0.0 if out_of is None else float(out_of.after * SECOND)
    inside = (at >= start - lead) & (at < end + trail)
    found = np.zeros((len(at), 2))
    if not inside.any():
        return found
    here = at[inside]
    source = float(clip.media_in * SECOND) + (here - start) * float(clip.speed)
    if isinstance(clip.content, Timeline):
        samples = timeline_at(clip.content, source)
    else:
        samples = sides(values(tones(clip.media), source), clip.channels)
    amplitude = gain(clip.mix, here - start)
    if into is not None:
        amplitude = amplitude * ramp(here, start - lead, start + float(into.after * SECOND))
    elif clip.mix.fade_in_us:
        amplitude = amplitude * ramp(here, start, start + clip.mix.fade_in_us * SECOND / 1e6)
    if out_of is not None:
        amplitude = amplitude * (1 - ramp(here, end - float(out_of.before * SECOND), end + trail))
    elif clip.mix.fade_out_us:
        amplitude = amplitude * (1 - ramp(here, end - clip.mix.fade_out_us * SECOND / 1e6, end))
    panned = [min(1.0, 1 - clip.mix.pan), min(1.0, 1 + clip.mix.pan)]
    found[inside] = samples * amplitude[:, None] * panned
    return found


def sides(samples: np.ndarray, channels: tuple[int, ...]) -> np.ndarray:
    chosen = samples[:, list(channels) or list(range(samples.shape[1]))]
    return np.repeat(chosen, 2, axis=1) if chosen.shape[1] == 1 else chosen


def gain(mix: Mix, since_head: Times) -> np.ndarray:
    if not mix.keys:
        return np.full(len(since_head), 10 ** (mix.gain_db / 20))
    moments = [float(key.at * SECOND) for key in mix.keys]
    return 10 ** (np.interp(since_head, moments, [key.gain_db for key in mix.keys]) / 20)


def ramp(at: Times, begin: float, end: float) -> np.ndarray:
    return np.clip((at - begin) / (end - begin), 0, 1)


def crossfade(at: F, before: F, after: F) -> Transition:
    return Transition("Cross fade", RecordTime(at), before, after)


FRAMES = 60


HELD = (((220.0, 997.0),), ((330.0,), (1250.0,)), ((441.0, 90.0), (700.0,)))
"""A mono file and two of stereo."""


def clip_of(media: Media | Timeline, rate: F, first: int, last: int, at: int = 100, **fields: Any) -> Clip:
    start, end = RecordTime(first / rate), RecordTime(last / rate)
    return Clip("clip", start, end, media, MediaTime(at / rate), **fields)


def timeline_of(rate: F, *tracks: Track, frames: int = FRAMES) -> Timeline:
    return Timeline("cut", rate, tracks, duration=frames / rate)


def audio(*clips: Clip, **fields: Any) -> Track:
    return Track(fields.pop("name", "A"), TrackKind.AUDIO, clips, **fields)
