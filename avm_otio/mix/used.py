"""What a timeline plays of what services offered: each sound where it lies, and whether it is heard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from avm_otio import services
from avm_otio.mix.answers import read_item
from avm_otio.mix.cues import Item
from avm_otio.services import Service
from avm_otio.timeline.model import Clip, Stem, Timeline, TrackKind
from avm_otio.timeline.placed import Placed, Placements
from avm_otio.timeline.playback import exact

INAUDIBLE_DB = -96.0
"""A clip that is nowhere louder is switched off by its fader: Final Cut Pro 7 writes −100 dB, we −144."""


@dataclass(frozen=True, slots=True)
class ServiceItem:
    """An item, and where it comes from.

    Attributes:
        item: The item.
        currency: What its price is in; empty where unknown.
        service: The service's origin, or ``local``; empty where unknown.
    """

    item: Item
    currency: str = ""
    service: str = ""


@dataclass(frozen=True, slots=True)
class Sound:
    """A sound of ours where it lies on a timeline.

    Attributes:
        placed: Where it lies, nests opened; ends at the cut where a crossfade reaches over it.
        stem: What it is of.
        offered: What it is; ``None`` where neither the timeline nor a job says.
    """

    placed: Placed
    stem: Stem
    offered: ServiceItem | None

    @property
    def is_heard(self) -> bool:
        """Whether it is switched on, with all that holds it, and not turned down to nothing."""
        return self.placed.enabled and loudest_db(self.placed) > INAUDIBLE_DB


def loudest_db(placed: Placed) -> float:
    """The highest gain that a clip has anywhere, with that of the nests around it; fades left out."""
    level = placed.level
    return level.gain_db + sum(max(key.gain_db for key in curve) for curve in level.curves if curve)


def sounds_on(
    timeline: Timeline, item_of: Callable[[Clip, Stem | None], ServiceItem | None]
) -> tuple[Sound, ...]:
    """Every sound of ours on a timeline, in order of where it lies.

    Args:
        timeline: The timeline.
        item_of: What a clip is that does not say so itself, of the stem that its track says, if it says one.
    """
    origins = {str(origin.get("service") or "") for origin in _origins(timeline)}
    service = origins.pop() if len(origins) == 1 else ""
    placements = Placements(exact(timeline), dissolves=False, heard=True)
    lying = placements.of(TrackKind.AUDIO)
    if all(track.is_ours for track in timeline.audio_tracks):  # as plan_playback hears nests of pictures
        lying += placements.of(TrackKind.AUDIO, inside=TrackKind.VIDEO)
    sounds = []
    for placed in lying:
        stem = placed.clip.stem or placed.stem
        offered = stated_item(placed.clip, stem, service) or item_of(placed.clip, stem)
        if stem is None and offered is not None:
            stem = stem_of(offered.item)
        if stem is not None:
            sounds.append(Sound(placed, stem, offered))
    return tuple(sorted(sounds, key=lambda sound: (sound.placed.start, sound.placed.track)))


def stated_item(clip: Clip, stem: Stem | None, service: str = "") -> ServiceItem | None:
    """The item that a clip says it holds; ``None`` where it says none that can be read."""
    if clip.offer is None or stem is None:
        return None
    item = read_item(service_of(stem), clip.offer.item)
    return None if item is None else ServiceItem(item, clip.offer.currency, service)


def service_of(stem: Stem) -> Service:
    """The first service whose tracks are of a stem."""
    return next(service for service in services.SERVICES if service.stem == stem)


def stem_of(item: Item) -> Stem:
    """The stem of which an item's tracks are."""
    return Stem(next(service for service in services.SERVICES if service.item == item.kind).stem)


def _origins(timeline: Timeline) -> Iterator[Any]:
    if timeline.origin is not None:
        yield timeline.origin
    for clip in timeline.clips():
        if isinstance(clip.content, Timeline):
            yield from _origins(clip.content)
