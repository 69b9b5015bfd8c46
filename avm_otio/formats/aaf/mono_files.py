"""Sounds of an AAF whose channels lie in a mono file each: a track for each of them.

A clip of ours plays one file. So the stereo track of Pro Tools, whose left and right are two files, becomes
two mono tracks, panned; a track of more channels becomes as many, named after their speakers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from avm_otio.formats.aaf.elements import Notes
from avm_otio.timeline.model import Clip, Media, Mix, Track
from avm_otio.timeline.parts import heard_through

_SPEAKERS = ("L", "R", "C", "LFE", "Ls", "Rs", "Lss", "Rss", "Lsr", "Rsr", "Lc", "Rc", "Cs")
"""What Pro Tools calls the mono files of a sound [file]; in the order of the tracks."""

_BY_COUNT = {2: ("L", "R"), 6: ("L", "C", "R", "Ls", "Rs", "LFE")}
"""Which speaker each channel of an AAF is for where no name says it [file]."""


def speakers_of(names: Sequence[str], notes: Notes) -> tuple[str, ...]:
    """Which speaker each channel of a sound is for: by the clips' names, or as so many usually are.

    Args:
        names: Of the channels' clips, in order.
        notes: Where it is told that nothing says so.
    """
    ends = tuple(name.rpartition(".")[2] for name in names)
    if set(ends) <= set(_SPEAKERS) and len(set(ends)) == len(ends):
        return ends
    if len(names) not in _BY_COUNT:
        notes.add(f"which speaker each of {len(names)} channels is for is not read")
    return _BY_COUNT.get(len(names)) or tuple(str(number) for number in range(1, len(names) + 1))


def parted(track: Track, speakers: dict[tuple[str, ...], tuple[str, ...]], notes: Notes) -> list[Track]:
    """A track of sound, as one for each channel where its sounds are mono files.

    Args:
        track: The track.
        speakers: Paths of the mono files of a sound → what each is for.
        notes: Where what becomes of it is told.
    """
    heard = [
        clip.media.mono for clip in track.clips if clip.media is not None and clip.media.mono in speakers
    ]
    if not heard:
        return [track]
    called = sorted({one for paths in heard for one in speakers[paths]}, key=_rank)
    notes.add(
        f"the sounds of track “{track.name}” are several mono files each:"
        f" read as a mono track for each channel ({', '.join(called)})"
    )
    made = []
    for speaker in called:
        clips = []
        for clip in track.clips:
            media = clip.media
            if media is None or media.mono not in speakers:
                if speaker == called[0]:
                    clips.append(clip)
            elif speaker in speakers[media.mono]:
                clips.append(_one_channel(clip, media, speaker, speakers[media.mono].index(speaker)))
        cuts = {edge for clip in clips for edge in (clip.start, clip.end)}
        made.append(
            replace(
                track,
                name=f"{track.name} {speaker}",
                clips=tuple(clips),
                channels=max((len(clip.channels) for clip in clips), default=1),
                transitions=tuple(one for one in track.transitions if one.at in cuts),
            )
        )
    return made


def _one_channel(clip: Clip, media: Media, speaker: str, at: int) -> Clip:
    path = media.mono[at]
    pan = 0.0 if speaker == "LFE" else {"L": -1.0, "R": 1.0}.get(speaker[0], 0.0)
    return replace(
        clip,
        name=f"{clip.name}.{speaker}",
        content=replace(media, path=path, mono=(), channels=1, is_online=bool(path)),
        channels=(0,),
        mix=heard_through(clip.mix, Mix(pan=pan), clip.duration) if pan else clip.mix,
    )


def _rank(speaker: str) -> tuple[int, str]:
    return (_SPEAKERS.index(speaker) if speaker in _SPEAKERS else len(_SPEAKERS), speaker.zfill(4))
