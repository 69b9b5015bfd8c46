"""What a conform goes by: the same sources in both cuts, the film that was asked about, jobs' own sounds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from fractions import Fraction
from pathlib import Path, PurePath

from avm_otio.errors import AvmError
from avm_otio.jobs.folder import Job, read_journal
from avm_otio.jobs.reels import Reel
from avm_otio.timeline.model import Media, Timeline, TrackKind
from avm_otio.timeline.placed import Placements
from avm_otio.timeline.plan import FilmMap
from avm_otio.timeline.select import Selection, plan_film
from avm_otio.timeline.time import FilmTime, RecordTime, from_micros
from avm_otio.timeline.urls import paths_of

CONFORMED = "conformed"
"""In what a timeline notes of its scoring: its cues are placed by its own record, and no longer by a film."""


def file_of(media: Media | None, folder: Path) -> Path | None:
    """The file of a sound, where it is there."""
    if media is None:
        return None
    return next((path for path in paths_of(media.url, folder) if path.is_file()), None)


def jobs_at(paths: Iterable[Path]) -> list[Job]:
    """The jobs of some folders, those left out that cannot be read."""
    found = []
    for path in paths:
        with suppress(AvmError):
            found.append(Job(path, read_journal(path)))
    return found


def is_of(jobs: Sequence[Job], folder: Path) -> Callable[[str], bool]:
    """Tells the sounds of some jobs by their addresses."""
    places = {job.media.absolute() for job in jobs}
    return lambda url: any(path.absolute().parent in places for path in paths_of(url, folder))


def film_map_of(reel: Reel, users: Timeline) -> FilmMap | None:
    """Where the film lay that was asked about: as the job was asked, else as the music says."""
    timeline = reel.opened.timeline
    if (timeline.origin or {}).get(CONFORMED):
        return FilmMap(RecordTime(Fraction(0)), Fraction(1), FilmTime(max(timeline.duration, Fraction(1))))
    for path in reel.jobs:
        with suppress(AvmError):
            order = read_journal(path).order
            chosen = Selection(*(order.get(name) for name in ("clip", "track", "tc_in", "tc_out")))
            return plan_film(users, chosen).film_map
    for clip in timeline.clips():
        offer = clip.offer
        if offer is not None and offer.fitted is not None:
            with suppress(LookupError, TypeError, ValueError, ArithmeticError):
                start = Fraction(offer.fitted["record"][0]) - from_micros(offer.film_start_us)
                return FilmMap(RecordTime(start), Fraction(1), FilmTime(max(timeline.duration, Fraction(1))))
    return None


def sources_of(old: Timeline, new: Timeline) -> tuple[dict[Media, str], dict[Media, str]]:
    """What tells each source from all others in both cuts: its file; where that moved, its name.

    A file that one cut alone names is the one of the same name that the other alone names, if there is one
    such: rushes that were moved, copied, or are missing today.
    """
    sides = (_media_of(old), _media_of(new))
    places = [{_place(media): media for media in side} for side in sides]
    alone = [
        {key: media for key, media in side.items() if key not in other}
        for side, other in (places, places[::-1])
    ]
    names: dict[str, str] = {}
    for by in (lambda name: name.casefold(), lambda name: PurePath(name).stem.casefold()):
        listed: list[dict[str, list[str]]] = [{}, {}]
        for side, media_of in zip(listed, alone, strict=True):
            for key, media in media_of.items():
                if key not in names and (name := next(iter(media.names), "")):
                    side.setdefault(by(name), []).append(key)
        for name, keys in listed[0].items():
            others = listed[1].get(name, [])
            if len(keys) == len(others) == 1:
                names[others[0]] = names[keys[0]] = keys[0]
    found = tuple({media: names.get(_place(media), _place(media)) for media in side} for side in sides)
    return found[0], found[1]


def _media_of(timeline: Timeline) -> set[Media]:
    seen = Placements(timeline, dissolves=False).of(TrackKind.VIDEO)
    return {placed.media for placed in seen if placed.media is not None}


def _place(media: Media) -> str:
    prefix = "" if media.sequence is None else media.sequence.prefix
    return f"{media.path or next(iter(media.names), '')}\n{prefix}"
