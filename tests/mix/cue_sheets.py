"""Reels with sounds of ours from frame to frame, and their cue sheets."""

from __future__ import annotations

from fractions import Fraction as F

from avm_otio.mix.cue_sheet import CueSheet, Header, ScoredReel, cue_sheet
from avm_otio.mix.used import sounds_on
from avm_otio.timeline.model import Clip, Media, Mix, Offer, Stem, Timeline, Track, TrackKind, Transition
from avm_otio.timeline.time import RecordTime

_AS_IT_IS = Mix()


def sound(
    first: int,
    last: int,
    item: int = 1,
    rate: F = F(25),
    *,
    stem: Stem = Stem.MUSIC,
    mix: Mix = _AS_IT_IS,
    on: bool = True,
) -> Clip:
    """A clip of ours from frame to frame."""
    return Clip(
        f"item {item}",
        RecordTime(first / rate),
        RecordTime(last / rate),
        Media(f"{item}.wav", f"/media/{item}.wav", duration=F(900), sample_rate_hz=48_000, channels=2),
        stem=stem,
        mix=mix,
        enabled=on,
        offer=Offer({"id": item, "title": f"Piece {item}", "price": 1.0}, (), 0, 0, currency="EUR"),
    )


def reel(
    *tracks: list[Clip],
    rate: F = F(25),
    start: int = 0,
    drop: bool = False,
    joins: tuple[Transition, ...] = (),
) -> ScoredReel:
    made = tuple(
        Track(f"AVM Music {number}", TrackKind.AUDIO, tuple(clips), joins, stem=clips[0].stem)
        for number, clips in enumerate(tracks, 1)
    )
    length = max((clip.end for track in made for clip in track.clips), default=F(0))
    timeline = Timeline("reel", rate, made, start, drop, length)
    return ScoredReel("reel", timeline, sounds_on(timeline, lambda clip, stem: None))


def sheet_of(*reels: ScoredReel, effects: bool = False) -> CueSheet:
    return cue_sheet(reels, Header("Film"), {}, effects=effects)
