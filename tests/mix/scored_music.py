"""A picture with music that is cut to it, as a timeline."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction as F

from avm_otio.mix.cues import Cue, Item
from avm_otio.mix.laid_music import laid_music
from avm_otio.mix.music_plan import MusicPlan, plan_music
from avm_otio.mix.placement import Laid, Lane
from avm_otio.mix.tracks import Origin, add_tracks
from avm_otio.services import MUSIC
from avm_otio.timeline.model import Clip, GainKey, Media, Timeline, Track, TrackKind
from avm_otio.timeline.plan import FilmMap
from avm_otio.timeline.time import FilmTime, FrameSpan, RecordTime
from tests.mix.heard_music import piece

RATE = F(24)
LENGTH = 150
DAWN = Item(7, "Dawn", "https://x/7", None, None, {"id": 7, "title": "Dawn"}, kind="music")
DUSK = Item(8, "Dusk", "https://x/8", None, None, {"id": 8, "title": "Dusk"}, kind="music")
KEYS = (GainKey(F(0), -6.0), GainKey(F(2), -18.0), GainKey(F(5), -6.0))


def planned() -> MusicPlan:
    """A minute of music under two and a half of picture."""
    return plan_music([piece(60.0, head_s=0.5)], FrameSpan(0, LENGTH * 24), RATE)


def lane(plan: MusicPlan, *, beat_markers: bool = False) -> Lane:
    """Its track."""
    media = Media("dawn.wav", "/media/dawn.wav", duration=F(60), sample_rate_hz=48_000, channels=2)
    film_map = FilmMap(RecordTime(F(0)), F(1), FilmTime(F(LENGTH)))
    cue = Cue(0, None, (DAWN, DUSK))
    return laid_music(
        MUSIC, cue, plan, [DAWN, DUSK], lambda _: media, film_map, gain_db=-6, beat_markers=beat_markers
    )


def scored(*, has_keys: bool = False, beat_markers: bool = False) -> Timeline:
    """The timeline."""
    made = lane(planned(), beat_markers=beat_markers)
    if has_keys:
        mixes = (
            replace(one.clip.mix, gain_db=0.0, keys=KEYS, fade_in_us=0, fade_out_us=0) for one in made.clips
        )
        clips = (
            replace(one, clip=replace(one.clip, mix=mix)) for one, mix in zip(made.clips, mixes, strict=True)
        )
        made = replace(made, clips=tuple(clips))
    shot = Media(
        "shot.mov", "/media/shot.mov", duration=F(200), rate=RATE, size=(1920, 1080), has_picture=True
    )
    picture = Clip("shot", RecordTime(F(0)), RecordTime(F(LENGTH)), shot)
    video = Track("V1", TrackKind.VIDEO, (picture,))
    base = Timeline("cut", RATE, (video,), duration=F(LENGTH), size=(1920, 1080))
    return add_tracks(base, Laid(RATE, (made,)), Origin("local"))
