"""What was laid dips where the mix would peak too high, and nowhere else."""

from __future__ import annotations

from fractions import Fraction as F
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avm_otio.mix.levels import Levelled, level
from avm_otio.mix.presets import PRESETS, preset_of, target_of
from avm_otio.services import EFFECTS, MUSIC
from avm_otio.timeline.model import Mix, Stem
from tests.mix.scenes import HZ, Scene, Sound, ebur128, gain, heard, noise, peak_dbtp, speech

OFF, STANDARD = PRESETS["off"], PRESETS["standard"]
DIP_S = (STANDARD.dip_attack_ms + STANDARD.dip_release_ms) / 1000 + 0.2 + 2 / 25
"""How long a dip for a moment lasts at most: it may lie in two steps of 100 ms; its ramps, and two frames."""


def own_with_peaks(seconds: float, *peaks: tuple[float, float]) -> Sound:
    """A soft sound with a short tone at some moments, whose true peak is so many dBTP."""
    own = noise(seconds, -50, 3)
    for at, level_dbtp in peaks:
        first, count = round(at * HZ), HZ // 50
        own[first : first + count] = _tone(count, level_dbtp)
    return own


def _tone(count: int, level_dbtp: float) -> Sound:
    shape = np.sin(np.linspace(0, np.pi, count)) ** 2
    return np.asarray(shape * np.sin(2 * np.pi * 997 * np.arange(count) / HZ) * 10 ** (level_dbtp / 20))


def over(own: Sound, seconds: int, *, preset: object = STANDARD, **more: Any) -> tuple[Scene, Levelled]:
    """Music through a film with that sound."""
    scene = Scene(F(seconds), own)
    scene.add(0, MUSIC, 1, noise(seconds, -18, 7), F(0), **more)
    return scene, held(scene)


def held(scene: Scene, **more: Any) -> Levelled:
    return level(
        scene.laid(),
        scene.film_map,
        scene.hear,
        own=scene.own_heard,
        speech=speech([]),
        true_peak=scene.true_peak,
        **more,
    )


def gains(done: Levelled, number: int = 0) -> Sound:
    """The gain of a clip every 10 ms of it, decibels."""
    clip = done.laid.clips[number].clip
    local = np.arange(0, float(clip.duration), 0.01)
    return np.asarray(20 * np.log10(gain(Mix(clip.mix.gain_db, keys=clip.mix.keys), local, 1e9)))


def test_where_the_own_sound_leaves_little_room_music_dips_for_a_moment_and_nowhere_else() -> None:
    scene, done = over(own_with_peaks(20, (8.0, -1.34)), 20)
    assert done.verdict.is_peak_met
    assert ebur128(scene.render(done.laid))[2] <= -1
    (clip,) = (one.clip for one in done.laid.clips)
    assert len(clip.mix.keys) == 4
    assert all((key.at * 25).denominator == 1 for key in clip.mix.keys)
    lowered = gains(done) < gains(done)[0] - 0.01
    assert 0 < lowered.sum() / 100 <= DIP_S
    assert lowered[round(8.01 * 100)]
    assert any("by short dips in gain: by" in note and "at 00:00:08" in note for note in done.notes)


def test_a_dip_is_as_deep_as_the_moment_needs_and_no_deeper() -> None:
    depths = []
    for level_dbtp in (-3.0, -1.6, -1.2, -1.0):
        scene, done = over(own_with_peaks(12, (8.0, level_dbtp)), 12)
        assert ebur128(scene.render(done.laid))[2] <= -0.95
        depths.append(gains(done).max() - gains(done).min())
    assert depths == sorted(depths)
    assert depths[0] == 0
    assert depths[-1] > 30


def test_where_the_own_sound_is_too_high_by_itself_nothing_is_added_and_it_is_told_where() -> None:
    own = own_with_peaks(20, (8.0, -0.3), (15.5, -0.6))
    scene, done = over(own, 20)
    verdict = done.verdict
    assert not verdict.is_peak_met
    assert peak_dbtp(scene.render(done.laid)) <= peak_dbtp(own) + 0.01
    assert verdict.own_peak_places == 2
    assert verdict.own_peak_raised_db <= 0.01
    assert verdict.lines[-1] == (
        "Your own sound decides: it peaks at −0.3 dBTP by itself at 00:00:08.000000, and is above −1.0 dBTP "
        "in 1 more place. What was laid adds nothing to that. Lower your sound there by 0.7 dB."
    )
    assert any("to silence" in note for note in done.notes)


def test_an_own_sound_that_is_too_high_throughout_does_not_take_the_music_away() -> None:
    own = np.asarray(noise(12, -30, 3) + 10 ** (-0.5 / 20) * np.sin(2 * np.pi * 50 * np.arange(12 * HZ) / HZ))
    scene, done = over(own, 12)
    verdict = done.verdict
    assert not verdict.is_peak_met
    assert gains(done).min() > -40
    raised = peak_dbtp(scene.render(done.laid)) - peak_dbtp(own)
    assert verdict.own_peak_raised_db == pytest.approx(raised, abs=0.5)
    assert f"raises such a peak by {verdict.own_peak_raised_db:.1f} dB at most" in verdict.lines[-1]


def test_overs_that_are_many_turn_the_piece_down_as_a_whole() -> None:
    own = own_with_peaks(12, *((at / 2, -1.5) for at in range(1, 23)))
    scene, done = over(own, 12)
    assert ebur128(scene.render(done.laid))[2] <= -1
    assert any("1 clip turned down" in note for note in done.notes)


@pytest.mark.parametrize("length", [1.0, 6.0])
def test_an_effect_dips_too_and_a_short_one_is_turned_down_by_clip_gain(length: float) -> None:
    scene = Scene(F(12), own_with_peaks(12, (5.0, -1.5)))
    scene.add(0, EFFECTS, 1, noise(length, -20, 7), F(9, 2), title="Hit")
    done = held(scene)
    assert ebur128(scene.render(done.laid))[2] <= -1
    assert bool(done.laid.clips[0].clip.mix.keys) is (length > 2)


def test_effects_go_first_and_music_only_where_that_is_not_enough() -> None:
    scene = Scene(F(12), own_with_peaks(12, (5.0, -6.0)))
    scene.add(0, MUSIC, 1, noise(12, -30, 8), F(0))
    scene.add(1, EFFECTS, 2, noise(6, -6, 7), F(4), title="Hit")
    done = held(scene)
    music, effect = done.laid.clips
    assert music.clip.mix.keys == ()
    assert effect.kind is Stem.EFFECTS
    assert ebur128(scene.render(done.laid))[2] <= -1


def test_a_dip_goes_on_across_a_join() -> None:
    scene = Scene(F(12), own_with_peaks(12, (6.02, -1.3)))
    piece = noise(30, -18, 7)
    scene.add(0, MUSIC, 1, piece, F(0), length=F(6))
    scene.add(0, MUSIC, 1, piece, F(6), length=F(6), media_in=F(20))
    done = held(scene)
    assert ebur128(scene.render(done.laid))[2] <= -1
    before, after = (one.clip.mix for one in done.laid.clips)
    assert before.keys[-1].gain_db == pytest.approx(after.keys[0].gain_db, abs=0.01)


def test_its_times_are_figures_of_the_mix() -> None:
    preset = preset_of("standard", {"dip_attack_ms": 400, "dip_release_ms": 2000})
    scene = Scene(F(20), own_with_peaks(20, (8.0, -1.2)))
    scene.add(0, MUSIC, 1, noise(20, -18, 7), F(0))
    falls, down, leaves, up = (key.at for key in held(scene, preset=preset).laid.clips[0].clip.mix.keys)
    assert (down - falls, up - leaves) == (F(2, 5), 2)
    assert down <= 8
    assert leaves >= F(802, 100)


_S = 6
_MUSIC, _HIT, _CALM = noise(_S, -16, 11), noise(3, -14, 12), own_with_peaks(_S)
_KNOWN = {"music 1": heard(_MUSIC), "effect 2": heard(_HIT)}
_CALM_HEARD = heard(_CALM)


@pytest.mark.parametrize(
    "count",
    [5, pytest.param(100, marks=pytest.mark.slow)],  # a second or two; half a minute
)
def test_laws_of_dips(count: int) -> None:
    """Whatever the own sound leaves room for is met; elsewhere the gain is as without its peaks."""

    @settings(max_examples=count, deadline=None)
    @given(
        st.lists(st.tuples(st.floats(0.2, _S - 0.3), st.floats(-8, -1.15)), min_size=1, max_size=5),
        st.sampled_from([F(24000, 1001), F(25), F(60)]),
        st.lists(st.integers(1, _S - 1), unique=True, max_size=2).map(sorted),
        st.sampled_from(["none", "web", "-12"]),
    )
    def hold(peaks: list[tuple[float, float]], rate: F, cuts: list[int], target: str) -> None:
        scene = Scene(F(_S), own_with_peaks(_S, *peaks), rate=rate)
        calm = Scene(F(_S), _CALM, rate=rate, own_known=_CALM_HEARD)
        for each in (scene, calm):
            each.known.update(_KNOWN)
            edges = [F(round(edge * rate), 1) / rate for edge in (0, *cuts)] + [F(_S)]
            for start, end in pairwise(edges):
                each.add(0, MUSIC, 1, _MUSIC, start, length=end - start, media_in=start)
            each.add(1, EFFECTS, 2, _HIT, F(5, 2), title="Hit")
        preset = STANDARD if target == "none" else OFF
        done = held(scene, preset=preset, target=target_of(target))
        rendered = ebur128(scene.render(done.laid))[2]
        assert rendered <= -1 + 0.05
        assert done.verdict.true_peak_dbtp == pytest.approx(rendered, abs=0.5)
        assert done.verdict.is_peak_met
        if target != "none" or any("turned down" in note for note in done.notes):
            return
        without = held(calm, preset=preset)
        for number, one in enumerate(done.laid.clips):
            now, before = gains(done, number), gains(without, number)
            assert (now <= before + 0.011).all()
            at = float(one.clip.start) + np.arange(len(now)) * 0.01
            near = np.zeros(len(now), bool)
            for moment, _ in peaks:
                near |= np.abs(at - moment) <= DIP_S
            assert np.abs(now - before)[~near].max(initial=0) <= 0.011

    hold()
