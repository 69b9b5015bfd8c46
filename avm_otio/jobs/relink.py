"""Previews replaced by licensed files: what is bought by now is fetched and takes the preview's place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from pathlib import Path
from typing import Any

from avm_otio.delivery.deliver import Delivered, deliver
from avm_otio.errors import DownloadError, InputError, LinkExpiredError, MediaError
from avm_otio.formats import reading
from avm_otio.formats.reading import Opened
from avm_otio.jobs.conform.sources import file_of, jobs_at
from avm_otio.jobs.heard_again import Left, by_sound
from avm_otio.jobs.reels import Reel
from avm_otio.media.fetch import fetch
from avm_otio.media.naming import safe_stem
from avm_otio.media.offset import offset_between
from avm_otio.media.probe import sound_length
from avm_otio.mix.cues import Item
from avm_otio.mix.relinked import relinked
from avm_otio.mix.used import ServiceItem, stated_item
from avm_otio.report import Report
from avm_otio.request import Request
from avm_otio.service.client import Client
from avm_otio.timeline.model import SAMPLE_RATE_HZ, Clip, Media, Stem, Timeline, Track
from avm_otio.timeline.urls import name_in, url_of

LEAST_LIKENESS = 0.5
"""Below this a licensed file is not the sound of its preview, or the preview is mostly something else."""


class State(StrEnum):
    """What became of an item."""

    RELINKED = "relinked"
    NOT_BOUGHT = "not bought"
    NOT_OFFERED = "not offered any more"
    NOT_FETCHED = "could not be fetched"
    NOT_ALIKE = "not the same sound"
    NO_PREVIEW = "the preview is not there"


@dataclass(slots=True)
class Relink:
    """One item and what became of it.

    Attributes:
        item: The item, as the service says it now; as the timeline does where it offers it no more.
        state: What became of it.
        reason: Why, where it was left.
        file: The licensed file.
        offset_samples: By how many samples at 48 kHz the sound comes later in it.
        likeness: How alike both are, 0 to 1.
        longer_s: Seconds by which it is longer than the preview.
        clips: How many clips play it now.
        shortened: How many of them are shorter, because it has nothing there.
    """

    item: Item
    state: State
    reason: str = ""
    file: Path | None = None
    offset_samples: int = 0
    likeness: float = 0.0
    longer_s: Fraction = Fraction(0)
    clips: int = 0
    shortened: int = 0

    def as_dict(self) -> dict[str, Any]:
        """As an event says it."""
        return {
            "kind": self.item.kind,
            "id": self.item.id,
            "title": self.item.title,
            "state": str(self.state),
            "reason": self.reason,
            "file": None if self.file is None else str(self.file),
            "offset_samples": self.offset_samples,
            "likeness": round(self.likeness, 3),
            "longer_s": str(self.longer_s),
            "clips": self.clips,
            "shortened": self.shortened,
        }


@dataclass(frozen=True, slots=True)
class Relinked:
    """What was made.

    Attributes:
        opened: The timeline.
        items: Every item of ours on it, once for each file that plays it, and what became of it.
        delivered: What was written.
        left: Clips that may be ours, and were left as they are.
    """

    opened: Opened
    items: tuple[Relink, ...]
    delivered: Delivered
    left: tuple[Left, ...] = ()


def relink(reel: Reel, request: Request, client: Client, report: Report) -> Relinked:
    """Put licensed files in the place of previews, and write the timeline.

    Args:
        reel: The scored timeline.
        request: Complete: the output, and who opens it.
        client: The service that offered the items.
        report: Receives progress and warnings.

    Raises:
        InputError: It is not known for which film the items were offered.
        ServiceError: The service cannot be asked.
        OutputError: Something cannot be written.
    """
    reel, left = by_sound(reel, report)
    played = _played(reel)
    if not played:
        raise InputError(f"{reel.name} plays no sound of ours that is known.", "Give a scored timeline.")
    now = _offered_now(reel, client)
    folder = request.output.absolute().with_suffix(".licensed")
    found: dict[_Key, Relink] = {}
    with report.step("Fetching licensed files", len(played)) as advance:
        for number, (key, (offered, clip)) in enumerate(played.items(), 1):
            found[key] = _found(offered, clip, now.get(offered.item.name), reel, folder, client.base_url)
            advance(number, len(played))
    timeline = _with_licensed(reel.opened.timeline, reel, found)
    opened = replace(reel.opened, timeline=timeline)
    delivered = deliver(opened, request, report)
    for note in delivered.notes:
        report.warn(note)
    return Relinked(opened, tuple(found.values()), delivered, tuple(left))


def _item_of(clip: Clip, track: Track, reel: Reel) -> ServiceItem | None:
    stem: Stem | None = clip.stem or track.holds
    return stated_item(clip, stem) or reel.item_of(clip, stem)


def _walked(timeline: Timeline) -> Iterator[tuple[Track, Clip]]:
    for track in timeline.audio_tracks:
        for clip in track.clips:
            if isinstance(clip.content, Timeline):
                yield from _walked(clip.content)
            elif clip.media is not None:
                yield track, clip


_Key = tuple[str, str]
"""An item's name, and the file that plays it: an editor may have cut each clip a file of its own."""


def _key(offered: ServiceItem, clip: Clip) -> _Key:
    return offered.item.name, "" if clip.media is None else clip.media.path


def _played(reel: Reel) -> dict[_Key, tuple[ServiceItem, Clip]]:
    """Every item on a timeline by each file, and a clip that plays it, switched on or off."""
    played: dict[_Key, tuple[ServiceItem, Clip]] = {}
    for track, clip in _walked(reel.opened.timeline):
        offered = _item_of(clip, track, reel)
        if offered is not None:
            played.setdefault(_key(offered, clip), (offered, clip))
    return played


def _offered_now(reel: Reel, client: Client) -> dict[str, Item]:
    """Every item of the films that were asked about, as the service says it now.

    Raises:
        InputError: No film is known.
        ServiceError: The service cannot be asked.
    """
    films: dict[int, None] = {}
    for _, clip in _walked(reel.opened.timeline):
        if clip.offer is not None and clip.offer.film_id is not None:
            films[clip.offer.film_id] = None
    for job in jobs_at(reel.jobs):
        if job.journal.film is not None and job.journal.film.id is not None:
            films[job.journal.film.id] = None
    if not films:
        raise InputError(
            f"Nothing says for which film the sounds of {reel.name} were offered.",
            "Name the folder of its jobs with --jobs-dir.",
        )
    now: dict[str, Item] = {}
    for film_id in films:
        for cues in client.film(film_id).cues.by_service.values():
            for item in (item for cue in cues for item in cue.items):
                if item.name not in now or item.is_bought:
                    now[item.name] = item
    return now


def _found(
    offered: ServiceItem, clip: Clip, item: Item | None, reel: Reel, folder: Path, service_url: str
) -> Relink:
    """The licensed file of an item, and where the preview lies in it."""
    if item is None:
        return Relink(offered.item, State.NOT_OFFERED)
    if not item.is_bought:
        return Relink(item, State.NOT_BOUGHT)
    preview = file_of(clip.media, reel.opened.folder) or _same_file(clip, item, reel)
    if preview is None:
        return Relink(item, State.NO_PREVIEW, "Bring it back, or name its folder with --media-root.")
    stem = safe_stem(item.id, f"{item.kind} {item.title or offered.item.title}")
    try:
        if item.url is None:
            raise LinkExpiredError(f"{stem}: the service gave no address for it.")
        file = fetch(item.url, folder, stem, service_url=service_url)
        facts, before = sound_length(file), sound_length(preview)
        fits = offset_between(preview, file)
    except (DownloadError, MediaError) as error:
        return Relink(item, State.NOT_FETCHED, str(error))
    longer = Fraction(facts.samples, facts.sample_rate_hz) - Fraction(before.samples, before.sample_rate_hz)
    made = Relink(item, State.RELINKED, "", file, fits.offset_samples, fits.correlation, longer)
    if fits.correlation < LEAST_LIKENESS:
        made.state = State.NOT_ALIKE
        made.reason = f"its likeness is {fits.correlation:.2f}; it lies at {file}"
    return made


def _same_file(clip: Clip, item: Item, reel: Reel) -> Path | None:
    """The job's own file of an item, where a clip's file is gone that was a copy of it by its name."""
    kept = reel.job_sounds.preview_of(item.name)
    same = kept is not None and clip.media is not None and Path(name_in(clip.media.path)).stem == kept.stem
    return kept if same else None


def _with_licensed(timeline: Timeline, reel: Reel, found: Mapping[_Key, Relink]) -> Timeline:
    """The timeline with licensed files where there are any."""
    style = reading.url_style(reel.opened.timeline)

    def named(file: Path) -> str:
        return url_of(file, style, reel.opened.folder)

    tracks = tuple(
        replace(track, clips=tuple(_clip_now(clip, track, reel, found, named) for clip in track.clips))
        for track in timeline.tracks
    )
    return replace(timeline, tracks=tracks)


def _clip_now(
    clip: Clip, track: Track, reel: Reel, found: Mapping[_Key, Relink], named: Callable[[Path], str]
) -> Clip:
    if isinstance(clip.content, Timeline):
        return replace(clip, content=_with_licensed(clip.content, reel, found))
    offered = None if clip.media is None else _item_of(clip, track, reel)
    about = None if offered is None else found.get(_key(offered, clip))
    if about is None or about.state is not State.RELINKED or about.file is None:
        return clip
    facts, url = sound_length(about.file), named(about.file)
    media = Media(
        name_in(url),
        url,
        duration=Fraction(facts.samples, facts.sample_rate_hz),
        sample_rate_hz=facts.sample_rate_hz,
        channels=facts.channels,
    )
    made = relinked(clip, media, Fraction(about.offset_samples, SAMPLE_RATE_HZ), about.item)
    if made is None:
        about.reason = "of some clips it holds nothing, and they keep their preview"
        return clip
    about.clips += 1
    about.shortened += made.duration != clip.duration
    return made


def service_of_reel(reel: Reel) -> str:
    """The service that offered a timeline's sounds; empty where nothing says."""
    origin = str((reel.opened.timeline.origin or {}).get("service") or "")
    services = (
        sound.offered.service for sound in reel.sounds if sound.offered is not None and sound.offered.service
    )
    of_jobs = (
        each.service
        for job in (*reel.jobs, *(reel.job_sounds.all_jobs if reel.left else ()))
        for each in reel.job_sounds.answer(job).by_file.values()
    )
    return origin or next(services, "") or next(of_jobs, "")
