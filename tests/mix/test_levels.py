"""Music sits below speech by what is set, effects by their role; what a mix comes to is known beforehand."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction as F
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avm_otio.errors import UsageError
from avm_otio.mix.heard import Section, Speech
from avm_otio.mix.levels import Levelled, level
from avm_otio.mix.presets import PRESETS, Preset, preset_of, target_of
from avm_otio.mix.roles import Role
from avm_otio.mix.spots import Change, UnderSpeech
from avm_otio.services import EFFECTS, MUSIC
from avm_otio.timeline.model import Mix, Stem, Transition
from avm_otio.timeline.time import RecordTime
from tests.mix.scenes import HZ, Scene, Sound, curve_of, ebur128, gain, grains_of, heard, noise, speech, talk

OFF, STANDARD = PRESETS["off"], PRESETS["standard"]
Spoken = list[tuple[float, float]]


def levelled(scene: Scene, spoken: Spoken, **more: object) -> Levelled:
    return level(scene.laid(), scene.film_map, scene.hear, own=scene.own_heard, speech=speech(spoken), **more)


def swelling(seconds: float, level_db: float, seed: int, by_db: list[float]) -> Sound:
    """Music that is now louder and now softer."""
    sound = noise(seconds, level_db, seed, 80, 8000)
    places = np.linspace(0, seconds, len(by_db))
    return np.asarray(sound * 10 ** (np.interp(np.arange(len(sound)) / HZ, places, by_db) / 20))


def below(scene: Scene, done: Levelled, *stretches: tuple[float, float]) -> list[float]:
    """How far the music is below speech in some stretches, by libavfilter's meter."""
    assert done.verdict.anchor_lufs is not None
    music = scene.render(done.laid, stem=Stem.MUSIC)
    heard_there = (music[round(start * HZ) : round(end * HZ)] for start, end in stretches)
    return [done.verdict.anchor_lufs - ebur128(one)[0] for one in heard_there]


def gains(done: Levelled, at: float) -> float:
    """The music's gain at a moment, in decibels."""
    for one in done.laid.clips:
        clip = one.clip
        if one.kind is Stem.MUSIC and clip.start <= F(at) < clip.end:
            return 20 * math.log10(float(gain(clip.mix, np.array([at - float(clip.start)]), 1e9)[0]))
    raise LookupError(at)


# Music around speech


@pytest.mark.parametrize(
    ("name", "seed"),
    [
        ("standard", 1),
        *(
            pytest.param(*each, marks=pytest.mark.slow)
            for each in (("gentle", 0), ("standard", 2), ("strong", 3))
        ),
    ],
)
def test_music_under_every_utterance_is_as_far_below_speech_as_is_set(name: str, seed: int) -> None:
    chance = np.random.default_rng(seed)
    spoken: Spoken = []
    at = 1.0
    while at < 18:
        length = float(chance.uniform(0.7, 4))
        spoken.append((at, at + length))
        at += length + float(chance.choice([0.3, 0.8, 1.2, 2.5, 5]))
    scene = Scene(F(24), talk(24, spoken, -30 + 3 * seed))
    swell = chance.uniform(-5, 5, 6).tolist()
    scene.add(0, MUSIC, 1, swelling(24, -16, seed, swell), F(0))
    done = levelled(scene, spoken, preset=PRESETS[name])
    assert below(scene, done, *spoken) == pytest.approx(
        [PRESETS[name].under_speech_lu] * len(spoken), abs=0.5
    )


@pytest.mark.parametrize(
    ("pause", "seed"), [(0.2, 21), *(pytest.param(0.13, seed, marks=pytest.mark.slow) for seed in range(12))]
)
def test_words_close_together_over_music_that_swells_are_each_at_their_distance(
    pause: float, seed: int
) -> None:
    chance = np.random.default_rng(seed)
    first, second = (float(each) for each in chance.uniform(0.6, 3, 2))
    spoken = [(3.0, 3 + first), (3 + first + pause, 3 + first + pause + second)]
    scene = Scene(F(11), talk(11, spoken, -25))
    music = swelling(11, -16, seed, chance.uniform(-7, 7, 11).tolist())
    scene.add(0, MUSIC, 1, music, F(0), known=heard(music, grains=grains_of(music)))
    done = levelled(scene, spoken)
    assert below(scene, done, *spoken) == pytest.approx([STANDARD.under_speech_lu] * 2, abs=0.5)


def test_music_is_down_before_the_first_word_and_rises_after_the_last_within_a_frame() -> None:
    spoken = [(5.013, 8.027), (13.3, 15.0)]
    scene = Scene(F(20), talk(20, spoken))
    scene.add(0, MUSIC, 1, noise(20, -18), F(0))
    done = levelled(scene, spoken)
    keys = done.laid.clips[0].clip.mix.keys
    assert len(keys) == 4 * len(spoken)
    for number, (start, end) in enumerate(spoken):
        falls, down, leaves, up = keys[4 * number : 4 * number + 4]
        assert falls.gain_db == up.gain_db > down.gain_db == leaves.gain_db
        wanted = (
            start - (STANDARD.lookahead_ms + STANDARD.attack_ms) / 1000,
            start - STANDARD.lookahead_ms / 1000,
            end + STANDARD.hold_ms / 1000,
            end + (STANDARD.hold_ms + STANDARD.release_ms) / 1000,
        )
        for key, at in zip((falls, down, leaves, up), wanted, strict=True):
            assert abs(float(key.at) - at) <= 1 / 25
            assert (key.at * 25).denominator == 1
        assert float(down.at) <= start - STANDARD.lookahead_ms / 1000
        assert float(leaves.at) >= end + STANDARD.hold_ms / 1000


@pytest.mark.parametrize("pause", [0.1, 0.5, 1.0, 1.49, 1.9])
def test_nothing_pumps_in_a_short_pause(pause: float) -> None:
    spoken = [(3.0, 6.0), (6.0 + pause, 9.0)]
    scene = Scene(F(15), talk(15, spoken))
    scene.add(0, MUSIC, 1, noise(15, -18), F(0))
    done = levelled(scene, spoken)
    assert len(done.laid.clips[0].clip.mix.keys) == 4


def test_in_a_long_pause_music_comes_up_to_what_is_set_between_words() -> None:
    spoken = [(2.0, 5.0), (14.0, 16.0)]
    scene = Scene(F(20), talk(20, spoken))
    scene.add(0, MUSIC, 1, noise(20, -18), F(0))
    done = levelled(scene, spoken)
    assert below(scene, done, (7, 13)) == pytest.approx([STANDARD.between_lu], abs=0.5)


def test_gain_goes_on_across_the_joins_of_a_piece() -> None:
    spoken = [(1.5, 4.0), (9.6, 14.0), (17.0, 17.9)]
    scene = Scene(F(20), talk(20, spoken))
    piece = swelling(44, -18, 3, [-4, 4, -2, 3])
    for start, end, media_in in ((0, 4, 3), (4, 10, 0), (10, 18, 31), (18, 20, 40)):
        scene.add(0, MUSIC, 1, piece, F(start), length=F(end - start), media_in=F(media_in))
    done = levelled(scene, spoken)
    for at in (4, 10, 18):
        assert gains(done, at - 1e-6) == pytest.approx(gains(done, at), abs=0.02)
    assert below(scene, done, *spoken) == pytest.approx([STANDARD.under_speech_lu] * 3, abs=0.5)


def test_a_part_that_is_far_from_the_piece_is_brought_nearer_and_changes_before_it_begins() -> None:
    sound = np.concatenate([noise(20, -30, 1), noise(20, -15, 2)])
    sections = (Section(0, 20_000_000, "A", -25.0), Section(20_000_000, 40_000_000, "B", -10.0))
    scene = Scene(F(40))
    scene.add(0, MUSIC, 1, sound, F(0), sections=sections)
    done = levelled(scene, [])
    keys = done.laid.clips[0].clip.mix.keys
    assert [float(key.at) for key in keys] == pytest.approx([19.48, 20.0], abs=0.05)
    assert keys[0].gain_db - keys[1].gain_db == pytest.approx(STANDARD.lift_db, abs=0.01)


def test_pieces_that_follow_each_other_are_each_at_their_level() -> None:
    scene = Scene(F(30), talk(30, [(0.5, 29.0)]))
    scene.add(0, MUSIC, 1, noise(15, -30, 1), F(0))
    scene.add(0, MUSIC, 2, noise(15, -9, 2), F(15))
    done = levelled(scene, [(0.5, 29.0)])
    assert below(scene, done, (1, 14), (16, 29)) == pytest.approx([STANDARD.under_speech_lu] * 2, abs=0.5)


@settings(max_examples=12, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0.1, 6), st.floats(0.05, 4)), max_size=8),
    st.lists(st.integers(1, 19), unique=True, max_size=3).map(sorted),
    st.sampled_from(["gentle", "standard", "strong"]),
    st.sampled_from([F(24), F(25), F(24000, 1001), F(60)]),
)
def test_laws_of_gain(gaps: list[tuple[float, float]], cuts: list[int], name: str, rate: F) -> None:
    """Few key frames, on frames, in order; one line of gain; never loud under a word."""
    spoken, at = [], 0.0
    for pause, length in gaps:
        at += pause
        spoken.append((at, min(at + length, 20)))
        at += length
    spoken = [(start, end) for start, end in spoken if start < min(end, 19.9)]
    scene = Scene(F(20), _TALK, rate=rate, own_known=_TALK_HEARD)
    edges = [F(round(edge * rate), 1) / rate for edge in (0, *cuts, 20)]
    for start, end in pairwise(edges):
        scene.known["music 1"] = _MUSIC_HEARD
        scene.add(0, MUSIC, 1, _MUSIC, start, length=end - start, media_in=start)
    done = levelled(scene, spoken, preset=PRESETS[name])
    clips = [one.clip for one in done.laid.clips]
    assert sum(len(clip.mix.keys) for clip in clips) <= 4 * max(1, len(spoken)) + 2 * len(clips)
    for clip in clips:
        assert all(-60 <= key.gain_db <= 12 for key in clip.mix.keys)
        assert all(0 <= key.at <= clip.duration for key in clip.mix.keys)
        assert all(before.at <= after.at for before, after in pairwise(clip.mix.keys))
        assert all(((clip.start + key.at) * rate).denominator == 1 for key in clip.mix.keys)
        assert not (clip.mix.keys and clip.mix.gain_db)
    for before, after in pairwise(clips):
        assert _end_gain(before.mix) == pytest.approx(_start_gain(after.mix), abs=0.02)
    if spoken:
        up_db = max(gains(done, at / 10) for at in range(0, 200, 4))
        for start, end in spoken:
            middle = gains(done, (start + end) / 2)
            assert middle <= up_db


_TALK, _MUSIC = talk(20, [(0, 20)]), noise(20, -18, 4)
_TALK_HEARD, _MUSIC_HEARD = heard(_TALK), heard(_MUSIC)


def _start_gain(mix: Mix) -> float:
    return mix.keys[0].gain_db if mix.keys else mix.gain_db


def _end_gain(mix: Mix) -> float:
    return mix.keys[-1].gain_db if mix.keys else mix.gain_db


# Effects


def spot(
    spoken: Spoken,
    start: float,
    *,
    title: str = "Hit",
    level_db: float = -6,
    seconds: float = 0.5,
    **more: object,
) -> tuple[Scene, Levelled]:
    end = more.pop("cue_end", None)
    scene = Scene(F(20), talk(20, spoken))
    cue_end = None if end is None else F(str(end))
    scene.add(0, EFFECTS, 1, noise(seconds, level_db, 7), F(str(start)), title=title, cue_end=cue_end)
    return scene, levelled(scene, spoken, **more)


def test_an_effect_is_as_loud_as_its_role_asks() -> None:
    found = {}
    for title in (
        "Big Impact 03",
        "whoosh_fast",
        "Riser – Airy",
        "Room Tone",
        "footsteps",
        "UI click",
        "S-12",
    ):
        _, done = spot([(1.0, 9.0)], 12, title=title, seconds=1.0)
        found[title] = done.laid.clips[0].clip.mix.gain_db
    roles = STANDARD.roles
    loudest = found["Big Impact 03"]
    assert found["whoosh_fast"] - loudest == pytest.approx(
        roles[Role.WHOOSH].level_lu - roles[Role.HIT].level_lu, abs=0.15
    )
    assert found["Room Tone"] < found["footsteps"] < found["S-12"] < loudest
    assert found["UI click"] == pytest.approx(found["footsteps"], abs=0.15)


def test_a_peaky_effect_is_held_by_its_peak() -> None:
    spoken = [(1.0, 9.0)]
    scene = Scene(F(20), talk(20, spoken))
    click = np.zeros(HZ)
    click[100:130] = 0.9
    scene.add(0, EFFECTS, 1, click, F(12), title="Hit")
    done = levelled(scene, spoken)
    peak = ebur128(scene.render(done.laid, stem=Stem.EFFECTS))[2]
    assert done.verdict.anchor_lufs is not None
    assert peak <= done.verdict.anchor_lufs + STANDARD.roles[Role.HIT].peak_db + 0.1


def test_over_a_word_an_effect_is_lowered_so_far_that_it_masks_none() -> None:
    _, done = spot([(1.0, 9.0)], 4)
    (change,) = done.changes
    assert change.change is Change.LOWERED
    assert done.notes[-1] == f"1 effect lowered by {change.by:.1f} dB, so that no word is masked."
    assert len(done.laid.clips) == 1
    _, alone = spot([(1.0, 9.0)], 12)
    assert alone.laid.clips[0].clip.mix.gain_db - done.laid.clips[0].clip.mix.gain_db == pytest.approx(
        change.by
    )


def test_one_that_would_have_to_be_lowered_much_is_moved_into_the_next_pause_within_its_cue() -> None:
    strong = preset_of("standard", {"most_lowered_db": 3})
    _, done = spot([(1.0, 5.0), (8.0, 9.0)], 4, cue_end=7, preset=strong)
    (change,) = done.changes
    clip = done.laid.clips[0].clip
    assert change.change is Change.MOVED
    assert 5.0 < clip.start < 5.0 + 0.05 + 2 / 25
    assert change.by == pytest.approx(float(clip.start) - 4)
    assert "“Hit” at 00:00:04.000000 moved" in done.notes[-1]


@pytest.mark.parametrize(("title", "cue_end"), [("Hit", 4.6), ("Riser", 7)])
def test_one_whose_cue_ends_first_or_that_belongs_to_a_stretch_is_lowered_instead(
    title: str, cue_end: float
) -> None:
    preset = preset_of("standard", {"most_lowered_db": 0, "riser_level_lu": 0})
    _, done = spot([(1.0, 5.0)], 4, title=title, cue_end=cue_end, preset=preset)
    assert [change.change for change in done.changes] == [Change.LOWERED]
    assert done.laid.clips[0].clip.start == 4


def test_with_drop_it_is_left_out_and_told() -> None:
    _, done = spot([(1.0, 9.0)], 4, under_speech=UnderSpeech.DROP)
    assert done.laid.clips == ()
    assert done.laid.lanes == ()
    assert "“Hit” at 00:00:04.000000 left out: it would mask a word." in done.notes


def test_ambience_under_speech_stays() -> None:
    _, done = spot([(1.0, 9.0)], 2, title="Forest ambience", seconds=6, under_speech=UnderSpeech.DROP)
    assert done.changes == ()


# What the whole comes to


def random_mix(seed: int) -> tuple[Scene, Spoken]:
    chance = np.random.default_rng(1000 + seed)
    spoken: Spoken = []
    at = float(chance.uniform(0, 3))
    while at < 11 and seed % 5:
        length = float(chance.uniform(0.5, 3))
        spoken.append((at, at + length))
        at += length + float(chance.uniform(0.3, 4))
    own = (
        None
        if seed % 7 == 0
        else talk(14, spoken, float(chance.uniform(-30, -16)), seed) + noise(14, -55, seed)
    )
    scene = Scene(F(14), own)
    for number in range(2):
        swell = chance.uniform(-8, 8, 5).tolist()
        piece = swelling(16, float(chance.uniform(-30, -8)), seed * 10 + number, swell)
        fades = Mix(fade_in_us=int(chance.integers(0, 10**6)), fade_out_us=2_000_000 * number)
        offset = F(int(chance.integers(0, 9 * HZ)), HZ)
        scene.add(0, MUSIC, number, piece, F(7 * number), length=F(7), media_in=offset, mix=fades)
    for number in range(int(chance.integers(0, 9))):
        hit = noise(float(chance.uniform(0.1, 2)), float(chance.uniform(-25, -3)), seed * 100 + number)
        hit *= np.exp(-np.arange(len(hit)) / HZ * float(chance.uniform(1, 12)))
        title = str(chance.choice(["Hit", "Whoosh", "Riser", "Room tone", "Step", "x"]))
        start = F(int(chance.integers(0, 13 * HZ)), HZ)
        length = min(F(len(hit), HZ), 14 - start)
        scene.add(1 + number, EFFECTS, 100 + number, hit, start, length=length, title=title)
    return scene, spoken


def range_by_the_standard(sound: Sound) -> float:
    """Loudness range as the reference in EBU Tech 3342 reckons it."""
    power = np.asarray(curve_of(sound).power)
    blocks = np.convolve(power, np.ones(30) / 30, "valid")
    blocks = blocks[blocks > 10 ** ((-70 + 0.691) / 10)]
    loud = np.sort(blocks[blocks > blocks.mean() / 100])
    low, high = (loud[math.floor((len(loud) - 1) * share + 0.5)] for share in (0.1, 0.95))
    return 10 * math.log10(high / low)


@pytest.mark.slow
def test_a_range_of_a_minute_and_more_is_what_every_meter_reads() -> None:
    own = talk(80, [(2, 20), (24, 41), (50, 70)])
    scene = Scene(F(80), own)
    scene.add(0, MUSIC, 1, swelling(80, -18, 3, [-12, 3, -6, 4, -9, 0]), F(0))
    done = levelled(scene, [(2, 20), (24, 41), (50, 70)], true_peak=scene.true_peak)
    assert not done.verdict.is_range_rough
    assert done.verdict.range_lu == pytest.approx(ebur128(scene.render(done.laid))[1], abs=0.3)


@pytest.mark.parametrize(
    "seed", [*range(1, 4), *(pytest.param(seed, marks=pytest.mark.slow) for seed in (0, *range(4, 50)))]
)
def test_what_is_predicted_is_what_a_render_comes_to(seed: int) -> None:
    scene, spoken = random_mix(seed)
    preset = list(PRESETS.values())[seed % 4]
    target = target_of(["none", "r128", "web", "a85", "-19"][seed % 5])
    done = levelled(scene, spoken, preset=preset, target=target, true_peak=scene.true_peak)
    loudness, spread, peak = ebur128(scene.render(done.laid))
    verdict = done.verdict
    assert verdict.integrated_lufs == pytest.approx(loudness, abs=0.3)
    assert verdict.true_peak_dbtp == pytest.approx(peak, abs=0.5)
    assert verdict.is_peak_exact
    assert verdict.range_lu == pytest.approx(range_by_the_standard(scene.render(done.laid)), abs=0.3)
    assert verdict.range_lu == pytest.approx(spread, abs=1)
    assert verdict.is_range_rough
    assert peak < target.peak_dbtp or verdict.own_peak_change_db < 0


@pytest.mark.parametrize(
    "seed", [0, 5, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(10, 50, 5))]
)
def test_without_a_renderer_the_peak_is_at_most_what_is_told(seed: int) -> None:
    scene, spoken = random_mix(seed)
    done = levelled(scene, spoken)
    peak = ebur128(scene.render(done.laid))[2]
    assert peak <= done.verdict.true_peak_dbtp + 0.1
    assert done.verdict.true_peak_dbtp <= -1 + 0.05


@pytest.mark.parametrize("text", ["r128", "a85", "web", "-18"])
def test_a_mix_without_speech_is_brought_to_what_is_asked(text: str) -> None:
    scene = Scene(F(20))
    scene.add(0, MUSIC, 1, noise(20, -25), F(0))
    scene.add(1, EFFECTS, 2, noise(0.5, -12, 3), F(7), title="Hit")
    done = levelled(scene, [], target=target_of(text), true_peak=scene.true_peak)
    assert done.verdict.is_met
    assert ebur128(scene.render(done.laid))[0] == pytest.approx(target_of(text).lufs, abs=0.2)


def test_where_the_own_sound_decides_its_figures_say_what_would_have_to_change() -> None:
    spoken = [(1.0, 19.0)]
    own = talk(20, spoken, -36)
    scene = Scene(F(20), own)
    scene.add(0, MUSIC, 1, noise(20, -25), F(0))
    done = levelled(scene, spoken, target=target_of("r128"))
    verdict = done.verdict
    assert not verdict.is_met
    assert verdict.own_change_db is not None
    assert f"Raise it by {verdict.own_change_db:.1f} dB" in verdict.lines[1]
    again = Scene(F(20), own * 10 ** (verdict.own_change_db / 20))
    again.add(0, MUSIC, 1, noise(20, -25), F(0))
    assert levelled(again, spoken, target=target_of("r128")).verdict.is_met


def test_an_own_sound_that_peaks_too_high_by_itself_is_told_and_not_touched() -> None:
    spoken = [(1.0, 19.0)]
    own = talk(20, spoken, -20)
    own *= 1.2 / np.abs(own).max()
    scene = Scene(F(20), own)
    scene.add(0, MUSIC, 1, noise(20, -25), F(0))
    done = levelled(scene, spoken, true_peak=scene.true_peak)
    assert not done.verdict.is_peak_met
    assert "Your own sound decides: it peaks at" in done.verdict.lines[-1]
    assert done.verdict.own_peak_change_db < -2


def test_a_loudness_that_peaks_leave_no_room_for_is_told() -> None:
    clicks = np.zeros(10 * HZ)
    clicks[::2400] = 0.9
    scene = Scene(F(10))
    scene.add(0, MUSIC, 1, clicks, F(0))
    done = levelled(scene, [], target=target_of("web"), true_peak=scene.true_peak)
    assert ebur128(scene.render(done.laid))[2] <= -1
    assert not done.verdict.is_met
    assert done.verdict.lines[1].startswith("Its peaks leave no room")


def test_gain_in_a_crossfade_is_that_of_the_piece() -> None:
    scene = Scene(F(20), talk(20, [(8.0, 12.0)]))
    piece = noise(44, -18, 3)
    scene.add(0, MUSIC, 1, piece, F(0), length=F(10))
    scene.add(0, MUSIC, 1, piece, F(10), length=F(10), media_in=F(20))
    laid = scene.laid()
    fade = Transition("Cross Fade 0 dB", RecordTime(F(10)), F(1, 5), F(1, 5))
    laid = replace(laid, lanes=(replace(laid.lanes[0], transitions=(fade,)),))
    done = level(laid, scene.film_map, scene.hear, own=scene.own_heard, speech=speech([(8.0, 12.0)]))
    assert done.laid.lanes[0].transitions == (fade,)
    assert gains(done, 9.999) == gains(done, 10)
    assert below(scene, done, (8.0, 12.0)) == pytest.approx([STANDARD.under_speech_lu], abs=0.5)


def test_effects_that_would_clip_together_are_turned_down_by_clip_gain() -> None:
    scene = Scene(F(10))
    hit = noise(0.5, -6, 3)
    for lane in range(6):
        scene.add(lane, EFFECTS, lane, hit, F(3), title="Hit", known=scene.known.get("effect 0"))
    done = levelled(scene, [], true_peak=scene.true_peak)
    assert ebur128(scene.render(done.laid))[2] <= -1
    assert any("turned down" in note for note in done.notes)
    assert {one.clip.mix.keys for one in done.laid.clips} == {()}


# Bad input


def test_off_leaves_every_level_as_it_came() -> None:
    spoken = [(1.0, 9.0)]
    scene = Scene(F(20), talk(20, spoken))
    scene.add(0, MUSIC, 1, noise(20, -25), F(0), mix=Mix(-6, 0, 2_000_000))
    scene.add(1, EFFECTS, 2, noise(0.5, -32, 3), F(4), title="Hit")
    assert levelled(scene, spoken, preset=OFF).laid == scene.laid()


def test_a_gain_that_was_asked_for_comes_on_top() -> None:
    mixes = []
    for gain_db in (0.0, -4.0):
        scene = Scene(F(20), talk(20, [(5.0, 9.0)]))
        scene.add(0, MUSIC, 1, noise(20, -25), F(0), mix=Mix(gain_db))
        scene.add(1, EFFECTS, 2, noise(0.5, -12, 3), F(14), title="Hit", mix=Mix(gain_db))
        mixes.append([one.clip.mix for one in levelled(scene, [(5.0, 9.0)]).laid.clips])
    music, effect = zip(*mixes, strict=True)
    assert [
        round(one.gain_db - other.gain_db, 2) for one, other in zip(*(m.keys for m in music), strict=True)
    ] == [4] * 4
    assert effect[0].gain_db - effect[1].gain_db == pytest.approx(4)


def test_a_film_without_sound_and_nothing_laid() -> None:
    done = level(Scene(F(5)).laid(), Scene(F(5)).film_map, lambda _: None)
    assert done.verdict.lines == ("The mix is silent.",)
    assert done.verdict.is_met


def test_silent_music_stays_as_it_is() -> None:
    scene = Scene(F(10), talk(10, [(1.0, 9.0)]))
    scene.add(0, MUSIC, 1, np.zeros(10 * HZ), F(0))
    scene.add(1, EFFECTS, 2, np.zeros(HZ), F(2))
    done = levelled(scene, [(1.0, 9.0)])
    assert [one.clip.mix for one in done.laid.clips] == [Mix(), Mix()]


def test_speech_throughout_keeps_music_down_without_a_key_frame() -> None:
    scene = Scene(F(20), talk(20, [(0.0, 20.0)]))
    scene.add(0, MUSIC, 1, noise(20, -25), F(0))
    done = levelled(scene, [(0.0, 20.0)])
    assert done.laid.clips[0].clip.mix.keys == ()
    assert below(scene, done, (0, 20)) == pytest.approx([STANDARD.under_speech_lu], abs=0.5)


def test_speech_that_cannot_be_heard_is_none() -> None:
    scene = Scene(F(10), np.zeros(10 * HZ))
    scene.add(0, MUSIC, 1, noise(10, -25), F(0))
    done = levelled(scene, [(1.0, 4.0), (8.0, 99.0)], true_peak=scene.true_peak)
    assert done.verdict.anchor_lufs is None
    assert done.laid.clips[0].clip.mix.keys == ()
    assert done.verdict.integrated_lufs == pytest.approx(-23, abs=0.2)


def test_sounds_that_nobody_listened_to_stay_as_they_came_and_are_counted() -> None:
    scene = Scene(F(10), talk(10, [(1.0, 9.0)]))
    scene.add(0, MUSIC, 1, noise(10, -25), F(0))
    done = level(scene.laid(), scene.film_map, lambda _: None, own=scene.own_heard, speech=Speech())
    assert done.laid == scene.laid()
    assert "1 sound could not be listened to: the level stays as it came." in done.notes


@pytest.mark.parametrize("text", ["loud", "", "-70", "0", "nan", "inf"])
def test_what_is_no_target_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no loudness to aim for"):
        target_of(text)


@pytest.mark.parametrize(
    ("name", "figures"),
    [
        ("loud", {}),
        ("gentle", {"under": 3}),
        ("gentle", {"attack_ms": -1}),
        ("gentle", {"stay_ms": 100}),
        ("gentle", {"hit_level_lu": math.nan}),
        ("gentle", {"drum_level_lu": 3}),
        ("standard", {"between_lu": 14}),
    ],
)
def test_what_is_no_preset_or_figure_is_refused(name: str, figures: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        preset_of(name, figures)


def test_every_figure_can_be_changed() -> None:
    changed = preset_of("standard", {"release_ms": 3000, "hit_level_lu": -3, "foley_peak_db": 6})
    assert changed.release_ms == 3000
    assert changed.roles[Role.HIT].level_lu == -3
    assert changed.roles[Role.FOLEY].peak_db == 6
    assert isinstance(changed, Preset)
