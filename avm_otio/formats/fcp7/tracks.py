"""The exploded sound tracks of xmeml made whole again, and what belongs together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from avm_otio.formats.fcp7.heard import side_of_channel
from avm_otio.formats.fcp7.items import Item
from avm_otio.timeline.gain import pan_of, sides_of, through
from avm_otio.timeline.model import Clip, Timeline, Track, Transition
from avm_otio.timeline.parts import trimmed


@dataclass(slots=True)
class Lane:
    """A ``<track>`` as read.

    Attributes:
        track: Its name, kind and switches; its clips stand in ``items``.
        items: Its items, in record order.
        transitions: Its transitions.
        part: Which half of a track it is, from 0, and of how many; ``None`` where the file does not say.
        output: The output channel that it feeds, from 1; ``None`` where the file does not say.
        side: -1 where it is heard on the left alone, 1 on the right alone, though it be no half of another.
    """

    track: Track
    items: list[Item]
    transitions: list[Transition]
    part: tuple[int, int] | None = None
    output: int | None = None
    side: float | None = None


@dataclass(slots=True)
class Whole:
    """A track made whole: its clips, and by which ids each of them went."""

    track: Track
    clips: list[tuple[Clip, tuple[Item, ...]]]


def joined(lanes: Sequence[Lane], exploded: bool, notes: Counter[str]) -> list[Whole]:
    """The sound tracks of a sequence.

    Lanes that say which half of a track they are are joined; where nothing says, two neighbours are one
    stereo track if most of their items are the two channels of one clip. Either way only where all that they
    carry is equal; halves that differ stay tracks of their own, each heard on its side.

    Args:
        lanes: The ``<track>``s, in order.
        exploded: Whether the file says that its tracks are exploded at all.
        notes: What could not be read, counted.
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
            made += _join(lanes[at : at + width], lane.part[1], notes)
        elif at + 1 < len(lanes) and _are_a_pair(lane, lanes[at + 1]):
            width = 2
            made += _join(lanes[at : at + 2], 2, notes)
        else:
            made += [_alone(lane, lane.side)]
        at += width
    states_outputs = any(lane.output is not None for lane in lanes)
    if not exploded and not states_outputs and all(lane.part is None for lane in lanes):
        made = _unexploded(made, notes)
    return made


def _are_a_pair(left: Lane, right: Lane) -> bool:
    """Whether two lanes of which nothing says it are the halves of one track: by what most items play."""
    outputs = (left.output, right.output)
    if right.part is not None or (None not in outputs and outputs not in _PAIRS):
        return False
    others: dict[str, list[Item]] = {}
    for item in right.items:
        others.setdefault(item.source, []).append(item)
    pairs = sum(
        1 for item in left.items if any(_is_other_half(item, other) for other in others.get(item.source, ()))
    )
    return pairs > 0 and 2 * pairs >= max(len(left.items), len(right.items))


def _join(group: Sequence[Lane], channels: int, notes: Counter[str]) -> list[Whole]:
    """The lanes of one track as one where they say the same; as a track each where they do not."""
    if len(group) == 1 and channels == 1:
        return [_alone(group[0], group[0].side)]
    declared = group[0].part is not None
    parts = [[item] for item in group[0].items]
    alone: list[tuple[Item, Lane]] = []
    for lane in group[1:]:
        alone += [(item, lane) for item in _paired(parts, lane)]
    sided = [_sided(lane, number, channels) for number, lane in enumerate(group, 1)]
    side_of = {id(item): side for lane, side in zip(group, sided, strict=True) for item in lane.items}
    clips: list[tuple[Clip, tuple[Item, ...]]] = []
    agree = len(group) == channels and all(_same_switches(group[0], lane) for lane in group[1:])
    for items in [*parts, *([item] for item, _ in alone)]:
        if len(items) == 1:
            clips.append((_on_its_side(items[0], side_of[id(items[0])], declared), tuple(items)))
            continue
        if len({item.place for item in items}) > 1:
            notes["clip whose channels differ in length, read as the one that is as long as its media"] += 1
        pan = _pan_of_whole(items, declared)
        agree = agree and pan is not None
        clips.append((_whole(items, pan or 0.0), tuple(items)))
    clips.sort(key=lambda clip: clip[0].start)
    overlap = any(clip[0].end > following[0].start for clip, following in pairwise(clips))
    if channels > 2 and any(lane.items for lane in group) and (overlap or not agree):
        notes["surround track whose channels differ, read as mono tracks and heard in stereo"] += 1
    if len(group) > 1 and (overlap or not agree):
        return [
            Whole(
                replace(lane.track, channels=1, transitions=tuple(lane.transitions)),
                [(_on_its_side(item, side, declared), (item,)) for item in lane.items],
            )
            for lane, side in zip(group, sided, strict=True)
        ]
    first = group[0]
    track = replace(first.track, channels=channels, transitions=tuple(first.transitions))
    return [Whole(track, clips)]


def _alone(lane: Lane, side: float | None) -> Whole:
    """A lane that is a mono track; it may say itself which side it feeds."""
    track = replace(lane.track, channels=1, transitions=tuple(lane.transitions))
    return Whole(track, [(_on_its_side(item, side, False), (item,)) for item in lane.items])


_PAIRS = frozenset((odd, odd + 1) for odd in range(1, 64, 2))
"""Output channels of two neighbours that may be the halves of a stereo track."""


def _same_switches(first: Lane, other: Lane) -> bool:
    """Whether two lanes differ in nothing but their channel, as far as tracks go."""
    mine, theirs = (
        (lane.track.enabled, lane.track.locked, {(t.at, t.before, t.after, t.kind) for t in lane.transitions})
        for lane in (first, other)
    )
    return mine == theirs


_SURROUND = {3: 0.0, 4: 0.0, 5: -1.0, 6: 1.0}
"""Sides of the channels of 5.1 from the third on, in the order of film: centre, bass, and the surrounds."""


def _sided(lane: Lane, channel: int, channels: int) -> float:
    """Which side a channel of a track, from 1, feeds where it is heard by itself."""
    if lane.part is not None:
        channel = lane.part[0] + 1
    return _SURROUND[channel] if channels == 6 and channel in _SURROUND else side_of_channel(channel)


def _on_its_side(item: Item, side: float | None, declared: bool) -> Clip:
    """One channel by itself, panned to where its track and its own pan filter say.

    The pan filter of a declared half is its track's balance; of any other it is where the channel is heard.
    """
    clip = item.clip
    media = clip.media
    mono = item.is_mono or (item.is_mono is None and media is not None and media.channels == 1)
    if declared:
        sides = sides_of(0.0 if mono or side is None else side)
        sides = through(sides, sides_of(item.pan or 0.0))
        more_db, pan = pan_of(sides)
        mix = replace(clip.mix, pan=pan)
        if more_db:
            mix = replace(mix, gain_db=more_db, keys=())  # nothing is left of either side
        return replace(clip, mix=mix) if mix != clip.mix else clip
    pan = item.pan if item.pan is not None else side or 0.0
    return replace(clip, mix=replace(clip.mix, pan=pan)) if pan else clip


def _pan_of_whole(items: Sequence[Item], declared: bool) -> float | None:
    """The pan of a clip made of its channels; ``None`` where theirs are not those of one clip."""
    pans = [item.pan for item in items]
    if declared and len({pan or 0.0 for pan in pans}) == 1:
        return pans[0] or 0.0
    if all(pan is None for pan in pans) or pans == [-1.0, 1.0]:
        return 0.0
    return None


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


def _whole(parts: Sequence[Item], pan: float) -> Clip:
    clip = next((part for part in parts if part.agrees), parts[0]).clip
    played = tuple(part.clip.channels[0] for part in parts)
    if isinstance(clip.content, Timeline) or len(set(played)) < len(played):
        # Halves that name the same source track: it counts streams there, not channels [3p]. Of a nest,
        # nothing says.
        stream = 0 if isinstance(clip.content, Timeline) else played[0]
        played = tuple(range(stream * len(parts), (stream + 1) * len(parts)))
    markers = dict.fromkeys(marker for part in parts for marker in part.clip.markers)
    return replace(clip, channels=played, mix=replace(clip.mix, pan=pan), markers=tuple(markers))


def _unexploded(tracks: list[Whole], notes: Counter[str]) -> list[Whole]:
    """What a program writes that knows no halves: one item for all channels of a file.

    So it is where no item of the whole sequence plays another channel than the first, and no track says which
    output it feeds. Resolve writes so, and names the first channel all the same [3p].
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
            if count > 1 and items[0].names_channel:
                notes["sound clip that names the first channel of its file alone, read as all of them"] += 1
            clips.append((replace(clip, channels=tuple(range(max(1, count)))), items))
        channels = max((len(clip.channels) for clip, _ in clips), default=2)
        made.append(Whole(replace(whole.track, channels=channels), clips))
    return made


def linked(tracks: Iterable[Whole], notes: Counter[str]) -> tuple[Track, ...]:
    """Tracks with their clips, numbered by what belongs together.

    Args:
        tracks: The tracks.
        notes: Where clips that lie over one another are counted.
    """
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
        made.append(replace(whole.track, clips=_apart(clips, notes), stem=stem))
    return tuple(made)


def _apart(clips: list[Clip], notes: Counter[str]) -> tuple[Clip, ...]:
    """Clips of which none lies over the next: the earlier one ends where the later begins."""
    done: list[Clip] = []
    for clip in clips:
        if done and done[-1].end > clip.start:
            notes["clip over another on its track: the earlier one ends where it begins"] += 1
            if done[-1].start >= clip.start:
                continue
            done[-1] = trimmed(done[-1], done[-1].start, clip.start)
        done.append(clip)
    return tuple(done)
