"""A saved answer with no timeline under it: tracks on a timeline of their own."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from avm_otio.mix.cues import Cues, Item
from avm_otio.mix.placement import Laid, lay
from avm_otio.mix.tracks import Origin, add_tracks
from avm_otio.request import Request
from avm_otio.timeline.model import Media, Timeline
from avm_otio.timeline.plan import FilmMap
from avm_otio.timeline.time import FilmTime, RecordTime, from_micros
from avm_otio.timeline.urls import name_in

DEFAULT_RATE = Fraction(24)
"""Frames a second of a timeline made from an answer alone, in which there are no frames."""


_UNKNOWN = Origin()
_AS_IT_COMES = Request()


def media_as_served(item: Item) -> Media:
    """An item's media by what the service says of it, where there is no file."""
    duration = None if not item.duration_us else from_micros(item.duration_us)
    url = item.url or ""
    return Media(name_in(url), url, duration=duration, channels=2, is_online=bool(url))


def film_length(cues: Cues) -> FilmTime:
    """How long the film was: as a Film says, else to the end of the last thing offered; at least a second."""
    if cues.film_us:
        return FilmTime(from_micros(cues.film_us))
    ends_us = [
        (cue.items[0].duration_us or 0) if cue.end_us is None else cue.end_us
        for offered in cues.by_service.values()
        for cue in offered
    ]
    return FilmTime(max(from_micros(max(ends_us, default=0)), Fraction(1)))


def lay_alone(
    cues: Cues,
    *,
    rate: Fraction = DEFAULT_RATE,
    media_of: Callable[[Item], Media] = media_as_served,
    request: Request = _AS_IT_COMES,
    origin: Origin = _UNKNOWN,
    name: str = "A.V. Mapping",
) -> tuple[Timeline, Laid]:
    """A timeline that holds nothing but what an answer offers.

    Args:
        cues: What the answer offers.
        rate: Frames a second of the new timeline.
        media_of: The media of an item.
        request: How to lay.
        origin: Where the answer comes from.
        name: The timeline's name.

    Raises:
        CueError: A cue makes no sense, or starts past the film's end, and ``layout`` does not skip such cues.
    """
    film_map = FilmMap(RecordTime(Fraction(0)), Fraction(1), film_length(cues))
    laid = lay(cues, film_map, rate, media_of, request)
    return add_tracks(Timeline(name, rate), laid, origin), laid
