"""What the verdict predicts is what the preview measures, also where a film is not what plays there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction as F
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import opentimelineio as otio
import pytest

from avm_otio.cli.main import run
from tests.jobs.soundtracks import Event, cut, done
from tests.media.numbered import movie
from tests.media.sounds import wav, wav_bytes
from tests.media.tunes import tune
from tests.media.voices import utterance
from tests.mix.scenes import ebur128
from tests.scripted_service import ScriptedService, effect, film_service, music, result_of, sound
from tests.timelines import time_range

RATE, SECONDS, HZ = F(24), 6, 48_000


def voice(*places: float, seconds: float = 1.2) -> np.ndarray:
    """A voice that speaks at some moments, over faint hiss."""
    found = np.random.default_rng(3).normal(0, 0.002, SECONDS * HZ)
    for number, at in enumerate(places):
        speech = utterance(seconds, number + 5)
        found[round(at * HZ) : round(at * HZ) + len(speech)] += 0.5 * speech
    return np.repeat(found[:, None], 2, axis=1)


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("media")
    spoken = voice(0.8, 2.6, 4.5)
    return {
        "shot": movie(folder / "shot.mp4", SECONDS * 24, RATE, sound=spoken),
        "other": movie(folder / "other.mp4", SECONDS * 24, RATE, sound=np.roll(spoken, HZ, axis=0)),
        "talk": wav(folder / "talk.wav", voice(0.5, 2.2, 4.0)),
        "cleaned": wav(folder / "cleaned.wav", 0.5 * spoken),
    }


@pytest.fixture(scope="module")
def service(media: dict[str, Path]) -> Iterator[ScriptedService]:
    with film_service(result_of()) as found:
        piece = music(found, 7, wav_bytes(tune(120, seconds=8).sound))
        hit = effect(found.url, start="00:00:01", end="00:00:02")
        cleaned = {"id": 2, "price": 1.0, "url": f"{found.url}/items/2", "title": "Cleaned"}
        found.result = result_of(hit, musics=[piece]) | {
            "noise_reduction_service": {"is_done": True, "noise_reduce_audios": [cleaned]}
        }
        found.files["/items/1"] = sound(wav_bytes(np.random.default_rng(2).normal(0, 0.2, (9_600, 2))))
        found.files["/items/2"] = sound(media["cleaned"].read_bytes())
        yield found


def clip(path: Path, frames: int, *, speed: float | None = None, frozen: bool = False) -> otio.schema.Clip:
    whole = time_range(0, SECONDS * 24, RATE)
    made = otio.schema.Clip(
        path.stem, otio.schema.ExternalReference(str(path), whole), time_range(0, frames, RATE)
    )
    if speed is not None:
        made.effects.append(otio.schema.LinearTimeWarp(time_scalar=speed))
    if frozen:
        made.effects.append(otio.schema.FreezeFrame())
    return made


def rendered(stems: Path) -> np.ndarray:
    """The mix, (samples, 2): its stems added."""
    parts = []
    for path in sorted(stems.glob("*.wav")):
        if not path.stem.endswith("_ME"):
            raw = path.read_bytes()
            data = np.frombuffer(raw[raw.index(b"data") + 8 :], np.uint8)
            whole = data[: len(data) // 6 * 6].reshape(-1, 3).astype(np.int32)
            value = (whole[:, 0] << 8 | whole[:, 1] << 16 | whole[:, 2] << 24) >> 8
            parts.append(value.reshape(-1, 2) / 2**23)
    return np.asarray(sum(parts))


SPED = {
    name: pytest.param(*more, id=name, marks=() if name == "double" else pytest.mark.slow)
    for name, more in {
        "double": ({"speed": 2.0}, ("--clip", "1")),
        "half": ({"speed": 0.5}, ("--clip", "1")),
        "slightly": ({"speed": 1.04}, ("--clip", "1")),
        "backwards": ({"speed": -1.0}, ("--clip", "1")),
        "backwards and double": ({"speed": -2.0}, ("--clip", "1")),
        "freeze": ({"frozen": True}, ("--clip", "1")),
        "a range of it": ({}, ("--in", "01:00:00:06", "--out", "01:00:05:18")),
        "noise reduced": ({"speed": 2.0}, ("--clip", "1", "--services", "music,effects,denoise")),
    }.items()
}


@pytest.mark.slow
@pytest.mark.parametrize(("change", "asked"), SPED.values())
def test_the_mix_of_a_clip_at_another_speed_comes_to_what_is_predicted(
    tmp_path: Path,
    media: dict[str, Path],
    check: Check,
    change: dict[str, Any],
    asked: tuple[str, ...],
) -> None:
    frames = round(SECONDS * 24 / max(1, abs(change.get("speed", 1))))
    shot = clip(media["shot"], frames, **change)
    timeline = cut(tmp_path / "cut.otio", ("Video", [shot]), ("Audio", [shot.deepcopy()]))
    check(timeline, *asked)


Check = Callable[..., Event]


@pytest.fixture
def check(
    tmp_path: Path,
    service: ScriptedService,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Check:
    """Score a timeline, and hold what is said of its mix to what is heard of it."""
    monkeypatch.setenv("AVM_TOKEN", "sesame-1234567890")
    return partial(_checked, tmp_path, service, capsys)


def _checked(
    folder: Path, service: ScriptedService, capsys: pytest.CaptureFixture[str], timeline: Path, *asked: str
) -> Event:
    output = str(folder / "out.otio")
    scored = done(capsys, "score", str(timeline), "-o", output, "--service", service.url, *asked)
    span = asked if "--in" in asked else ()
    done(capsys, "preview", output, "-o", str(folder / "p.mp4"), "--stems", str(folder / "stems"), *span)
    heard = rendered(folder / "stems")
    loudness, spread, peak = ebur128(heard)
    mix: Event = scored["mix"]
    assert mix["integrated_lufs"] == pytest.approx(loudness, abs=0.3)
    assert mix["true_peak_dbtp"] == pytest.approx(peak, abs=0.5)
    if len(heard) > 5 * HZ:  # of a block or two no range is known
        assert mix["range_lu"] == pytest.approx(spread, abs=0.3)
    assert mix["is_peak_exact"]
    return mix


@pytest.mark.slow
def test_what_other_tracks_play_is_in_the_mix_of_a_clip(
    tmp_path: Path, media: dict[str, Path], check: Check
) -> None:
    shot, talk = clip(media["shot"], SECONDS * 24, speed=0.0), clip(media["talk"], SECONDS * 24)
    timeline = cut(tmp_path / "cut.otio", ("Video", [shot]), ("Audio", [talk]))
    mix = check(timeline, "--clip", "1")
    assert mix["speech_lufs"] is not None  # music makes room for what is said off the picture


@pytest.mark.slow
def test_a_picture_that_hides_another_does_not_silence_it(
    tmp_path: Path, media: dict[str, Path], check: Check
) -> None:
    below, above = clip(media["shot"], SECONDS * 24), clip(media["other"], SECONDS * 24)
    timeline = cut(tmp_path / "cut.otio", ("Video", [below]), ("Video", [above]))
    check(timeline)


@pytest.mark.slow
def test_a_clip_is_scored_though_what_else_plays_there_is_missing(
    tmp_path: Path,
    media: dict[str, Path],
    service: ScriptedService,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AVM_TOKEN", "sesame-1234567890")
    shot, gone = clip(media["shot"], 3 * 24), clip(tmp_path / "gone.wav", 3 * 24)
    timeline = cut(tmp_path / "cut.otio", ("Video", [shot]), ("Audio", [gone]))
    output = str(tmp_path / "out.otio")
    assert run(["score", str(timeline), "-o", output, "--service", service.url, "--clip", "1"]) == 0
    assert "Levels are set by the film's sound" in capsys.readouterr().err
