"""Timelines for tests, in few words."""

from __future__ import annotations

from fractions import Fraction

import opentimelineio as otio

from avm_otio.timeline.time import exact_value, snap_rate

FILM = Fraction(24)


def time_range(start: int | Fraction, frames: int | Fraction, rate: Fraction) -> otio.opentime.TimeRange:
    """A start and a length in frames at an exact rate as OTIO's range."""
    start_time, duration = (
        otio.opentime.RationalTime(float(count), float(rate)) for count in (start, frames)
    )
    return otio.opentime.TimeRange(start_time, duration)


def seconds_of(time: otio.opentime.RationalTime) -> Fraction:
    """OTIO's time as exact seconds, without the dust of its doubles."""
    return exact_value(time.value) / snap_rate(time.rate)


def clip(
    name: str,
    start: int = 0,
    frames: int = 24,
    *,
    rate: Fraction = FILM,
    url: str | None = None,
    available: tuple[int, int] | None = None,
    speed: float | None = None,
    enabled: bool = True,
) -> otio.schema.Clip:
    made = otio.schema.Clip(
        name,
        otio.schema.ExternalReference(
            target_url=url or f"media/{name}.mp4",
            available_range=time_range(*(available or (0, 100_000)), rate),
        ),
        time_range(start, frames, rate),
    )
    made.enabled = enabled
    if speed is not None:
        made.effects.append(otio.schema.LinearTimeWarp(time_scalar=speed))
    return made


def gap(frames: int, rate: Fraction = FILM) -> otio.schema.Gap:
    return otio.schema.Gap(source_range=time_range(0, frames, rate))


def track(*children: otio.core.Composable, kind: str = "Video", name: str = "") -> otio.schema.Track:
    made = otio.schema.Track(name, kind=kind)
    made.extend(children)
    return made


def timeline(
    *tracks: otio.core.Composable, start: int | None = None, rate: Fraction = FILM
) -> otio.schema.Timeline:
    made = otio.schema.Timeline("cut")
    made.tracks.extend(tracks)
    if start is not None:
        made.global_start_time = otio.opentime.RationalTime(start, float(rate))
    return made
