"""What Final Cut Pro has in place of tracks and links: a role for each sound track, sound in its picture."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction

from avm_otio.formats.xml import holdable
from avm_otio.timeline.model import Clip, Media, Stem, Timeline, Track

_MAIN = {None: "dialogue", Stem.DIALOGUE: "dialogue", Stem.MUSIC: "music", Stem.EFFECTS: "effects"}
"""The built-in role of a stem; sound without a stem is dialogue, as in Final Cut Pro [file]."""

_DEFAULT_NAME = re.compile(r"(V\d*|Video( ?\d+)?)?", re.IGNORECASE)


def roles_of(tracks: Sequence[Track]) -> list[str]:
    """A role for each sound track, no two alike: the stem's role and a subrole with the track's name."""
    roles: list[str] = []
    taken: set[str] = set()
    for track in tracks:
        main = _MAIN[track.stem]
        name = _cleaned(track.name) or f"{main}-1"
        role, number = f"{main}.{name}", 1
        while role.lower() in taken:
            number += 1
            role = f"{main}.{name}-{number}"
        taken.add(role.lower())
        roles.append(role)
    return roles


def role_of(track: Track) -> str:
    """The role of an upper video track; empty where its name says nothing."""
    name = _cleaned(track.name)
    return "" if _DEFAULT_NAME.fullmatch(name) else f"video.{name}"


def _cleaned(name: str) -> str:
    """A name as a subrole: a full stop parts it from its role, a question mark a caption's format [file]."""
    return " ".join(holdable(name).replace(".", " ").replace("?", " ").split())


class Links:
    """Which sound goes into which picture.

    Args:
        videos: The video tracks.
        sounds: The sound tracks.
        rate: The timeline's.

    Attributes:
        broken: How many links Final Cut Pro cannot hold.
        nests: The number of the track that the sound of nests is on: nests have no role.
    """

    def __init__(self, videos: Sequence[Track], sounds: Sequence[Track], rate: Fraction) -> None:
        self.broken = 0
        self.nests: int | None = None
        # By identity: clips are values, and hashing thousands of them is slow. The tracks keep them alive.
        self._heard: dict[int, tuple[Clip, int]] = {}
        self._folded: set[int] = set()
        groups: dict[int, tuple[list[tuple[Clip, Track]], list[tuple[Clip, int]]]] = {}
        for track in videos:
            for clip in track.clips:
                if clip.link is not None:
                    groups.setdefault(clip.link, ([], []))[0].append((clip, track))
        for index, track in enumerate(sounds):
            for clip in track.clips:
                if clip.link is not None:
                    groups.setdefault(clip.link, ([], []))[1].append((clip, index))
        for seen, heard in groups.values():
            for clip, track in seen:
                for sound, index in heard:
                    free = id(sound) not in self._folded and track.enabled == sounds[index].enabled
                    if free and self._is_one_clip(clip, sound, index, rate):
                        self._heard[id(clip)] = (sound, index)
                        self._folded.add(id(sound))
                        break
            members = len(seen) + len(heard)
            whole = members == 2 and any(id(sound) in self._folded for sound, _ in heard)
            self.broken += members > 1 and not whole

    def heard(self, seen: Clip) -> tuple[Clip, int] | None:
        """The sound that is one clip with a picture, and the number of its track."""
        return self._heard.get(id(seen))

    def is_folded(self, clip: Clip) -> bool:
        """Whether a sound is written with its picture."""
        return id(clip) in self._folded

    def _is_one_clip(self, seen: Clip, heard: Clip, track: int, rate: Fraction) -> bool:
        """Whether picture and sound can be one clip."""
        if not _are_one(seen, heard, rate):
            return False
        if isinstance(seen.content, Timeline):
            if self.nests is None:
                self.nests = track
            return self.nests == track
        return True


def _are_one(seen: Clip, heard: Clip, rate: Fraction) -> bool:
    """Whether picture and sound are of the same content in sync; only the edges may differ."""
    content = seen.content
    if heard.content is not content and heard.content != content:
        return False
    if isinstance(content, Media):
        if not (content.has_picture and content.channels):
            return False
    elif not isinstance(content, Timeline) or not (content.video_tracks and content.audio_tracks):
        return False
    if (seen.name, seen.enabled, seen.speed) != (heard.name, heard.enabled, heard.speed):
        return False
    if heard.markers or heard.kept or seen.start * rate % 1 or seen.end * rate % 1:
        return False
    if (seen.start, seen.end) == (heard.start, heard.end):
        return seen.media_in == heard.media_in
    in_sync = seen.media_in - seen.start == heard.media_in - heard.start
    overlap = heard.start < seen.end and seen.start < heard.end
    return seen.speed == 1 and isinstance(content, Media) and in_sync and overlap
