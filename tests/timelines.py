"""Timelines for tests, in few words."""

from __future__ import annotations

from fractions import Fraction

import opentimelineio as otio

from avm_otio.timeline.time import time_range

FILM = Fraction(24)


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
