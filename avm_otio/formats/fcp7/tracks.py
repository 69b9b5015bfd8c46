"""The exploded sound tracks of xmeml made whole again, and what belongs together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from avm_otio.formats.fcp7.items import Item
from avm_otio.timeline.model import Clip, Timeline, Track, Transition, trimmed


@dataclass(slots=True)
class Lane:
    """A ``<track>`` as read.

    Attributes:
        track: Its name, kind and switches; its clips stand in ``items``.
        items: Its items, in record order.
        transitions: Its transitions.
        part: Which half of a track it is, from 0, and of how many; ``None`` where the file does not say.
    """

    track: Track
    items: list[Item]
    transitions: list[Transition]
    part: tuple[int, int] | None = None


@dataclass(slots=True)
class Whole:
    """A track made whole: its clips, and by which ids each of them went."""

    track: Track
    clips: list[tuple[Clip, tuple[Item, ...]]]


def joined(lanes: Sequence[Lane], exploded: bool) -> list[Whole]:
    """The sound tracks of a sequence.

    Lanes that say which half of a track they are are joined; where nothing says, two neighbours are one
    stereo track if most of their items are the two channels of one clip.

    Args:
        lanes: The ``<track>``s, in order.
        exploded: Whether the file says that its tracks are exploded at all.
    """
    made: list[Whole] = []
    at = 0
    while at < len(lanes):
        lane = lanes[at]
        width = 1
        if lane.part is not None:
            while (
                width < lane.part[1]
                and at + width < len(lanes)
                and lanes[at + width].part == (width, lane.part[1])
                and lane.part[0] == 0
            ):
                width += 1
            group = lanes[at : at + width]
            made += _join(group, lane.part[1])
        elif at + 1 < len(lanes) and lanes[at + 1].part is None and _are_a_pair(lane, lanes[at + 1]):
            width = 2
            made += _join(lanes[at : at + 2], 2)
        else:
            made += _join([lane], 1)
        at += width
    if not exploded and all(lane.part is None for lane in lanes):
        made = _unexploded(made)
    return made


def _are_a_pair(left: Lane, right: Lane) -> bool:
    others = {item.place: item for item in right.items}
    pairs = sum(
        1
        for item in left.items
        if (match := others.get(item.place)) is not None and match.clip.channels != item.clip.channels
    )
    return pairs > 0 and 2 * pairs >= max(len(left.items), len(right.items))


def _join(group: Sequence[Lane], channels: int) -> list[Whole]:
    """The lanes of one track as one; as a track each where clips of theirs would lie over one another."""
    parts = [[item] for item in group[0].items]
    alone: list[Item] = []
    for lane in group[1:]:
        alone += _paired(parts, lane)
    clips = [(_whole(items), tuple(items)) for items in parts]
    clips += [(item.clip, (item,)) for item in alone]
    clips.sort(key=lambda clip: clip[0].start)
    if len(group) > 1 and any(clip[0].end > following[0].start for clip, following in pairwise(clips)):
        return [whole for lane in group for whole in _join([lane], 1)]
    first = group[0]
    track = replace(first.track, channels=channels, transitions=tuple(first.transitions))
    return [Whole(track, clips)]


def _paired(parts: Sequence[list[Item]], lane: Lane) -> list[Item]:
    """Add a lane's items to those that they are the other channel of; the rest is left."""
    by_place: dict[tuple[object, ...], list[Item]] = {}
    for item in lane.items:
        by_place.setdefault(item.place, []).append(item)
    by_name = {item.name: item for item in lane.items if item.name}
    taken: set[int] = set()
    late = []
    for mine in parts:
        waiting = by_place.get(mine[0].place)
        if waiting:
            mine.append(waiting.pop(0))
            taken.add(id(mine[-1]))
        elif mine[0].links:
            late.append(mine)
    for mine in late:
        # Under a transition of the picture, Premiere may write one half longer than the other [file].
        for name in mine[0].links:
            match = by_name.get(name)
            if match is not None and id(match) not in taken and _is_other_half(mine[0], match):
                mine.append(match)
                taken.add(id(match))
                break
    return [item for item in lane.items if id(item) not in taken]


def _is_other_half(first: Item, second: Item) -> bool:
    return (
        first.source == second.source
        and first.clip.start < second.clip.end
        and second.clip.start < first.clip.end
        and first.clip.channels != second.clip.channels
    )


def _whole(parts: Sequence[Item]) -> Clip:
    if len(parts) == 1:
        return parts[0].clip
    clip = next((part for part in parts if part.agrees), parts[0]).clip
    played = tuple(part.clip.channels[0] for part in parts)
    if isinstance(clip.content, Timeline) or len(set(played)) < len(played):
        # Halves that name the same source track: it counts streams there, not channels [3p]. Of a nest,
        # nothing says.
        stream = 0 if isinstance(clip.content, Timeline) else played[0]
        played = tuple(range(stream * len(parts), (stream + 1) * len(parts)))
    return replace(clip, channels=played)


def _unexploded(tracks: list[Whole]) -> list[Whole]:
    """What a program writes that knows no halves: one item for all channels of a file.

    So it is where no item of the whole sequence plays another channel than the first.
    """
    every = [item for whole in tracks for _, items in whole.clips for item in items]
    if any(item.clip.channels != (0,) for item in every) or any(
        len(i) > 1 for w in tracks for _, i in w.clips
    ):
        return tracks
    made = []
    for whole in tracks:
        clips = []
        for clip, items in whole.clips:
            media = clip.media
            count = media.channels if media is not None and items[0].counts_channels else 2
            clips.append((replace(clip, channels=tuple(range(max(1, count)))), items))
        channels = max((len(clip.channels) for clip, _ in clips), default=2)
        made.append(Whole(replace(whole.track, channels=channels), clips))
    return made


def linked(tracks: Iterable[Whole]) -> tuple[Track, ...]:
    """Tracks with their clips, numbered by what belongs together."""
    every = list(tracks)
    above: dict[str, str] = {}

    def top(name: str) -> str:
        while above.setdefault(name, name) != name:
            above[name] = above[above[name]]
            name = above[name]
        return name

    counted: dict[str, int] = {}
    for whole in every:
        for _, items in whole.clips:
            for item in items:
                for name in (*item.links, items[0].name):
                    if name and item.name:
                        above[top(name)] = top(item.name)
    for whole in every:
        for _, items in whole.clips:
            if items[0].name:
                group = top(items[0].name)
                counted[group] = counted.get(group, 0) + 1
    numbers: dict[str, int] = {}
    made = []
    for whole in every:
        clips = []
        for clip, items in whole.clips:
            group = top(items[0].name) if items[0].name else ""
            if counted.get(group, 0) > 1:
                clip = replace(clip, link=numbers.setdefault(group, len(numbers) + 1))
            clips.append(clip)
        kinds = {clip.stem for clip in clips}
        stem = kinds.pop() if len(kinds) == 1 else None
        made.append(replace(whole.track, clips=_apart(clips), stem=stem))
    return tuple(made)


def _apart(clips: list[Clip]) -> tuple[Clip, ...]:
    """Clips of which none lies over the next: the earlier one ends where the later begins."""
    done: list[Clip] = []
    for clip in clips:
        if done and done[-1].end > clip.start:
            if done[-1].start >= clip.start:
                continue
            done[-1] = trimmed(done[-1], done[-1].start, clip.start)
        done.append(clip)
    return tuple(done)
