"""A preview's clip that plays the licensed file: the same sound at every moment."""

from __future__ import annotations

from fractions import Fraction as F

from hypothesis import given
from hypothesis import strategies as st

from avm_otio.mix.answers import read_item
from avm_otio.mix.relinked import relinked
from avm_otio.services import MUSIC
from avm_otio.timeline.model import Clip, GainKey, Media, Mix, Stem
from avm_otio.timeline.time import MediaTime, RecordTime

BOUGHT = read_item(MUSIC, {"id": 7, "is_bought": True})
assert BOUGHT is not None
KEYS = Mix(keys=(GainKey(F(0), -6.0), GainKey(F(1), -12.0)), fade_out_us=40_000)


def clip(start: F, length: F, media_in: F) -> Clip:
    preview = Media("7.wav", "/p/7.wav", duration=F(30), sample_rate_hz=48_000, channels=2)
    end = RecordTime(start + length)
    return Clip("Bed", RecordTime(start), end, preview, MediaTime(media_in), mix=KEYS, stem=Stem.MUSIC)


def licensed(length: F = F(30)) -> Media:
    return Media("b.wav", "/l/b.wav", duration=length, sample_rate_hz=48_000, channels=2)


@given(
    st.integers(0, 100_000), st.integers(1, 400_000), st.integers(0, 900_000), st.integers(-90_000, 90_000)
)
def test_every_moment_plays_the_same_sound_as_before(first: int, length: int, into: int, offset: int) -> None:
    was = clip(F(first, 48_000), F(length, 48_000), F(into, 48_000))
    assert BOUGHT is not None
    now = relinked(was, licensed(), F(offset, 48_000), BOUGHT)
    if now is None:
        assert F(into + length + offset, 48_000) <= 0
        return
    assert now.media_in - now.start == was.media_in - was.start + F(offset, 48_000)
    assert was.start <= now.start < now.end <= was.end
    assert now.media_in >= 0
    assert now.media_in + now.duration <= 30
    if now.duration == was.duration:
        assert now.mix == was.mix


def test_where_the_licensed_file_has_nothing_the_clip_is_shorter() -> None:
    assert BOUGHT is not None
    late = relinked(clip(F(0), F(4), F(0)), licensed(), F(-1), BOUGHT)
    assert late is not None
    assert (late.start, late.end, late.media_in) == (1, 4, 0)
    short = relinked(clip(F(0), F(4), F(0)), licensed(F(3)), F(0), BOUGHT)
    assert short is not None
    assert (short.start, short.end) == (0, 3)
    assert relinked(clip(F(0), F(4), F(10)), licensed(F(3)), F(0), BOUGHT) is None
