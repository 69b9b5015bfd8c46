"""What belongs together in an xmeml document: the number of every clip item, and the links of each group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from avm_otio.timeline.model import Clip, Timeline, Track, TrackKind

_MOST = 64
"""Members of one group; every member lists all of them, so a file would grow with the square."""


@dataclass(slots=True)
class Member:
    """One clip item: a picture, or one channel of a sound.

    Attributes:
        number: Of its id.
        kind: Of its track.
        track: Number of its ``<track>`` among those of its kind, from 1.
        place: Its number on that track, from 1.
        channel: Which channel of the file it plays, from 0.
        links: The ``<link>`` list of its group; empty for one by itself.
    """

    number: int
    kind: TrackKind
    track: int
    place: int
    channel: int = 0
    links: str = ""


def members_of(timeline: Timeline, first: int) -> tuple[list[list[list[Member]]], list[tuple[int, int]]]:
    """The clip items of every clip of every track, and the links that were too many to write.

    Args:
        timeline: Whose.
        first: How many items the document has so far.
    """
    made: list[list[list[Member]]] = []
    groups: dict[int, list[Member]] = {}
    alone: list[list[Member]] = []
    lanes = {TrackKind.VIDEO: 0, TrackKind.AUDIO: 0}
    number = first
    for track in timeline.tracks:
        width = max(1, track.channels) if track.kind is TrackKind.AUDIO else 1
        filled = [0] * width
        of_track: list[list[Member]] = []
        for clip in track.clips:
            mine: list[Member] = []
            for at, channel in enumerate(_channels(clip, track)[:width]):
                number += 1
                filled[at] += 1
                mine.append(Member(number, track.kind, lanes[track.kind] + at + 1, filled[at], channel))
            of_track.append(mine)
            if clip.link is None:
                alone.append(mine)
            else:
                groups.setdefault(clip.link, []).extend(mine)
        made.append(of_track)
        lanes[track.kind] += width
    too_many = [(link, len(group)) for link, group in groups.items() if len(group) > _MOST]
    for group in alone:
        _link(group)
    for group in groups.values():
        if len(group) <= _MOST:
            _link(group)
    return made, too_many


def _channels(clip: Clip, track: Track) -> Sequence[int]:
    if track.kind is TrackKind.VIDEO:
        return (0,)
    return clip.channels or range(max(1, track.channels))


def _link(group: Sequence[Member]) -> None:
    if len(group) < 2:
        return
    text = "".join(
        f"<link><linkclipref>clipitem-{member.number}</linkclipref><mediatype>{member.kind}</mediatype>"
        f"<trackindex>{member.track}</trackindex><clipindex>{member.place}</clipindex>"
        f"{'<groupindex>1</groupindex>' if member.kind is TrackKind.AUDIO else ''}</link>\n"
        for member in group
    )
    for member in group:
        member.links = text
