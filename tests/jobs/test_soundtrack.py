"""What ``score`` promises of a soundtrack: what is heard once, what is told, and what is refused in time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from fractions import Fraction as F
from pathlib import Path
from typing import Any

import numpy as np
import opentimelineio as otio
import pytest

from avm_otio.cli.main import run
from avm_otio.formats import reading
from avm_otio.media import listening
from avm_otio.timeline.model import Stem
from tests.media.numbered import movie
from tests.media.sounds import wav_bytes
from tests.media.tunes import tune
from tests.scripted_service import ScriptedService, effect, film_service, music, result_of, sound
from tests.timelines import time_range

RATE, SECONDS, START = F(24), 4, 86_400
BURST = np.random.default_rng(2).normal(0, 0.2, (9_600, 2))


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("footage")
    noise = np.random.default_rng(1).normal(0, 0.01, (SECONDS * 48_000, 2))
    movie(folder / "a.mp4", SECONDS * 24, RATE, sound=noise)
    return folder / "a.mp4"


@pytest.fixture(scope="module")
def piece() -> bytes:
    return wav_bytes(tune(120, seconds=8).sound)


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch, piece: bytes) -> Iterator[ScriptedService]:
    monkeypatch.setenv("AVM_TOKEN", "sesame-1234567890")
    with film_service(result_of()) as found:
        musics = [music(found, 7, piece), music(found, 8, piece)]
        found.result = result_of(effect(found.url, start="00:00:01", end="00:00:02"), musics=musics)
        found.files["/items/1"] = sound(wav_bytes(BURST))
        yield found


def cut(path: Path, footage: Path, *markers: tuple[str, int]) -> Path:
    clip = otio.schema.Clip(
        "shot",
        otio.schema.ExternalReference(str(footage), time_range(0, SECONDS * 24, RATE)),
        time_range(0, SECONDS * 24, RATE),
    )
    timeline = otio.schema.Timeline("cut", global_start_time=otio.opentime.RationalTime(START, 24))
    timeline.tracks.extend(
        [otio.schema.Track("V1", [clip]), otio.schema.Track("A1", [clip.deepcopy()], kind="Audio")]
    )
    timeline.tracks.markers.extend(
        otio.schema.Marker(name=name, marked_range=time_range(at, 1, RATE)) for name, at in markers
    )
    path.write_text(timeline.to_json_string())
    return path


@pytest.fixture
def timeline(tmp_path: Path, footage: Path) -> Path:
    return cut(tmp_path / "cut.otio", footage)


Score = Callable[..., dict[str, Any]]


@pytest.fixture
def score(timeline: Path, service: ScriptedService, capsys: pytest.CaptureFixture[str]) -> Score:
    """Scores, and gives the event that tells of it."""

    def call(*more: str, code: int = 0, of: Path = timeline, output: str = "out.otio") -> dict[str, Any]:
        capsys.readouterr()
        asked = ["score", str(of), "-o", str(of.parent / output), "--service", service.url, "--json", *more]
        assert run(asked) == code
        lines = capsys.readouterr().out.splitlines()
        result: dict[str, Any] = json.loads(lines[-1])
        result["warnings"] = [
            event["message"] for event in map(json.loads, lines) if event["event"] == "warning"
        ]
        return result

    return call


@pytest.fixture
def listened(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Every file that is listened to."""
    paths: list[Path] = []
    hear = listening.hear

    def counted(path: Path, **more: Any) -> Any:
        paths.append(path)
        return hear(path, **more)

    monkeypatch.setattr(listening, "hear", counted)
    return paths


def track(path: Path, name: str) -> list[dict[str, Any]]:
    """What the metadata of a track's clips say, and their names."""
    read = otio.adapters.read_from_file(str(path))
    found = [clip for each in read.tracks if each.name == name for clip in each.find_clips()]
    return [{"name": clip.name, **clip.metadata["avm"]} for clip in found]


@pytest.mark.parametrize(
    "wrong",
    [
        ("--mix-figures", "bogus=3"),
        ("--mix-figures", "attack_ms"),
        ("--mix-figures", "attack_ms=-1"),
        ("--mix-figures", "under_speech_lu=3,between_lu=9"),
        ("--loudness", "12"),
        ("--loudness", "-99"),
        ("--music-end", "6"),
        ("--music-end", "01:00:09:00"),
        ("--music-end", "00:00:01:00"),
    ],
)
def test_what_cannot_be_asked_of_a_soundtrack_is_refused_before_anything_is_sent(
    service: ScriptedService, timeline: Path, wrong: tuple[str, str]
) -> None:
    output = str(timeline.parent / "out.otio")
    assert run(["score", str(timeline), "-o", output, "--service", service.url, *wrong]) in (2, 3)
    assert service.asked == []
    assert not Path(output).exists()


def test_each_sound_is_heard_once_whatever_is_asked_of_it_afterwards(
    score: Score, listened: list[Path]
) -> None:
    score()
    assert len(listened) == len(set(listened)) == 3  # the film, a piece of music, an effect
    listened.clear()
    score("--loudness", "r128", "--mix", "strong")
    assert listened == []


@pytest.mark.slow
@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b"null", b'{"version": 1}', b"\xff\xfe", b"[" * 9_999])
def test_what_was_heard_and_is_damaged_is_heard_again(
    score: Score, listened: list[Path], damage: bytes
) -> None:
    before = score()
    kept = sorted((Path(before["job"]) / "heard").glob("*.json"))
    whole = [path.read_bytes() for path in kept]
    for path in kept:
        path.write_bytes(damage)
    listened.clear()
    after = score(output="again.otio")
    assert len(listened) == 3
    assert [path.read_bytes() for path in kept] == whole
    assert (after["coverage"], after["mix"]) == (before["coverage"], before["mix"])


def test_the_event_tells_of_coverage_and_of_the_whole_mix(score: Score) -> None:
    result = score("--loudness", "r128")
    assert result["coverage"] == "music covers 100 % of 00:00:04:00"
    assert set(result["mix"]) == {
        *("target", "is_met", "integrated_lufs", "range_lu", "is_range_rough", "true_peak_dbtp"),
        *("is_peak_exact", "speech_lufs", "words"),
    }
    assert result["mix"]["target"] == "r128"
    assert result["mix"]["is_met"]
    assert result["mix"]["speech_lufs"] is None
    assert abs(result["mix"]["integrated_lufs"] + 23) <= 0.5
    assert result["preview"] is None


def test_off_leaves_every_level_as_it_comes(score: Score, timeline: Path) -> None:
    assert score("--mix", "off", "--music-length", "as-is")["mix"] is None
    (bed,) = track(timeline.parent / "out.otio", "AVM Music 1")
    assert bed["gain_db"] == 0
    assert not bed.get("gain_keys")


def test_music_ends_where_it_is_asked_to(score: Score, timeline: Path) -> None:
    assert score("--music-end", "01:00:02:12")["coverage"] == "music covers 100 % of 00:00:02:12"
    last = track(timeline.parent / "out.otio", "AVM Music 1")[-1]
    assert F(last["record_end"]) == F(5, 2)


def test_a_piece_of_its_own_for_each_marker_is_counted_in_the_total(
    score: Score, timeline: Path, footage: Path
) -> None:
    marked = cut(timeline.parent / "marked.otio", footage, ("MUSIC IN", 0), ("MUSIC IN", 48))
    result = score("--music-per", "marker", of=marked, output="two.otio")
    assert (result["music"], result["total_price"]) == (2, "22.5")
    titles = {clip["name"] for clip in track(timeline.parent / "two.otio", "AVM Music 1")}
    assert titles == {"Piece 7", "Piece 8"}


def test_a_piece_of_its_own_for_each_marker_also_after_a_silence(
    score: Score, timeline: Path, footage: Path
) -> None:
    markers = (("MUSIC IN", 0), ("MUSIC OUT", 30), ("MUSIC IN", 48))
    marked = cut(timeline.parent / "marked.otio", footage, *markers)
    score("--music-per", "marker", of=marked, output="two.otio")
    titles = [clip["name"] for clip in track(timeline.parent / "two.otio", "AVM Music 1")]
    assert list(dict.fromkeys(titles)) == ["Piece 7", "Piece 8"]


def test_a_silent_piece_gives_its_place_to_the_next_one_that_is_here(
    score: Score, service: ScriptedService, timeline: Path
) -> None:
    service.files["/items/7"] = sound(wav_bytes(np.zeros((5 * 48_000, 2))))
    result = score()
    assert result["coverage"] == "music covers 0 % of 00:00:04:00"
    assert result["total_price"] == "2.5"
    assert any("--alternatives 1" in line for line in result["warnings"])
    result = score("--alternatives", "1")
    assert result["coverage"] == "music covers 100 % of 00:00:04:00"
    assert {clip["name"] for clip in track(timeline.parent / "out.otio", "AVM Music 1")} == {"Piece 8"}


def test_a_preview_lies_beside_the_output(score: Score, timeline: Path) -> None:
    result = score("--preview")
    preview = timeline.parent / "out.preview.mp4"
    assert result["preview"] == str(preview)
    assert preview.stat().st_size > 0


@pytest.mark.slow
def test_what_a_batch_may_cost_counts_every_piece_of_music(
    service: ScriptedService, timeline: Path, footage: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    marked = cut(timeline.parent / "marked.otio", footage, ("MUSIC IN", 0), ("MUSIC IN", 48))
    output = ["--output-dir", str(timeline.parent / "scored")]
    asked = ["batch", str(marked), *output, "--service", service.url, "--music-per", "marker"]
    assert run([*asked, "--max-cost", "22.4"]) == 5  # two pieces for 10.0 each, and an effect
    assert "22.5" in "".join(capsys.readouterr())
    assert run([*asked, "--max-cost", "22.5"]) == 0


def test_a_result_says_all_that_a_host_needs_to_lay_music_itself(
    score: Score, service: ScriptedService, timeline: Path
) -> None:
    service.files["/items/7"] = sound(wav_bytes(tune(120, seconds=2, lead_in=0.1).sound[: 48_000 * 2]))
    result = score("--music-length", "loop")
    (written,) = json.loads((Path(result["job"]) / "job.json").read_text())["outputs"].values()
    clips = [each for each in written["summary"]["clips"] if each["kind"] == "music"]
    opened = reading.read(timeline.parent / "out.otio").timeline
    bed = next(each for each in opened.tracks if each.stem is Stem.MUSIC)
    lying = [each for each in bed.clips if each.media is not None]
    assert len(clips) == len(lying) > 1
    assert [each["part"] for each in clips] == list(range(len(clips)))
    crossed = {each.at: each for each in bed.transitions}
    for each, clip in zip(clips, lying, strict=True):
        assert each["record_frame"] == clip.start * RATE
        assert each["frames"] == clip.duration * RATE
        assert each["media_start_us"] == pytest.approx(float(clip.media_in) * 1e6, abs=1)
        fade = crossed.get(clip.start)
        assert (each["cross_fade_us"] is None) == (fade is None)
        if fade is not None:
            edges = {"before": float(fade.before) * 1e6, "after": float(fade.after) * 1e6}
            assert each["cross_fade_us"] == pytest.approx(edges, abs=1)
        keys = [(float(key.at) * 1e6, key.gain_db) for key in clip.mix.keys]
        assert [(key["at_us"], key["gain_db"]) for key in each["keys"]] == [
            (pytest.approx(at, abs=1), pytest.approx(gain_db, abs=0.01)) for at, gain_db in keys
        ]
        softest = min((gain_db for _, gain_db in keys), default=clip.mix.gain_db)
        assert each["gain_db"] == pytest.approx(softest, abs=0.01)
    assert any(each["cross_fade_us"] for each in clips)
