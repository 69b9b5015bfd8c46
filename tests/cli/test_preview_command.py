"""``avm-otio preview``: what was scored, to be watched at once, with the picture of the job's own film."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction as F
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from avm_otio.cli.main import run
from avm_otio.media.broadcast_wav import read_header
from tests.cli.cuts import TOKEN, save
from tests.media.numbered import movie, numbers, packets
from tests.media.wav_files import steps_in
from tests.scripted_service import ScriptedService, service_of_two

RATE = F(24)


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("footage")
    noise = np.random.default_rng(1).normal(0, 0.1, (4 * 48_000, 2))
    return movie(folder / "a b.mp4", 96, RATE, sound=noise)


@pytest.fixture(scope="module")
def service() -> Iterator[ScriptedService]:
    with service_of_two() as found:
        yield found


@pytest.fixture
def cut(tmp_path: Path, footage: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two seconds of film, one second in, on a timeline that starts at 01:00:00:00."""
    monkeypatch.setenv("AVM_TOKEN", TOKEN)
    return save(tmp_path / "my cut.otio", footage)


def scored(cut: Path, service: ScriptedService, name: str = "scored.otio", *more: str) -> Path:
    output = cut.parent / name
    assert run(["score", str(cut), "-o", str(output), "--service", service.url, "-q", *more]) == 0
    return output


def film_of(cut: Path) -> Path:
    (film,) = cut.with_suffix(".avm").glob("*/film.mp4")
    return film


class Ended:
    """How a preview ended: its code, its events by name, and its errors."""

    def __init__(self, capsys: pytest.CaptureFixture[str], timeline: Path, output: Path, *more: str) -> None:
        capsys.readouterr()
        self.code = run(["preview", str(timeline), "-o", str(output), "--json", *more])
        captured = capsys.readouterr()
        self.errors = captured.err
        self.events: list[dict[str, Any]] = [json.loads(line) for line in captured.out.splitlines()]

    def of(self, name: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["event"] == name]

    @property
    def done(self) -> dict[str, Any]:
        assert self.code == 0, self.errors
        return self.events[-1]


def test_what_was_scored_is_watched_with_the_jobs_film_and_heard_with_its_stems(
    cut: Path, service: ScriptedService, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    timeline = scored(cut, service)
    before = timeline.read_bytes()
    ended = Ended(capsys, timeline, tmp_path / "p.mp4", "--stems", str(tmp_path / "stems"))
    done = ended.done
    assert (done["reencoded"], done["has_picture"], done["has_sound"], done["frames"]) == (
        False,
        True,
        True,
        48,
    )
    assert packets(tmp_path / "p.mp4") == packets(film_of(cut))
    (plan,) = ended.of("plan")
    assert (plan["record_in"], plan["record_out"]) == ("01:00:00:00", "01:00:02:00")
    assert ended.of("progress")[-1]["done"] == 48
    stems = [Path(path) for path in done["stems"]]
    assert [path.name for path in stems] == ["p_DX.wav", "p_MX.wav", "p_FX.wav", "p_ME.wav"]
    assert all(steps_in(path).any() for path in stems)
    headers = [read_header(path) for path in stems]
    assert {(header.samples, header.time_reference) for header in headers if header} == {
        (96_000, 3600 * 48_000)
    }
    assert timeline.read_bytes() == before


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "more"), [("s.fcpxml", ()), ("s.xml", ()), ("s.otio", ("--deliver", "copy"))]
)
def test_the_film_is_found_whatever_the_timeline_was_written_for(
    cut: Path,
    service: ScriptedService,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    more: tuple[str, ...],
) -> None:
    assert not Ended(capsys, scored(cut, service, name, *more), tmp_path / "p.mp4").done["reencoded"]
    assert packets(tmp_path / "p.mp4") == packets(film_of(cut))


def test_a_picture_that_was_cut_anew_since_is_made_anew(
    cut: Path, service: ScriptedService, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    timeline = scored(cut, service)
    document = json.loads(timeline.read_text())
    clip = document["tracks"]["children"][0]["children"][0]
    clip["source_range"]["start_time"]["value"] += 3
    timeline.write_text(json.dumps(document))
    assert Ended(capsys, timeline, tmp_path / "p.mp4").done["reencoded"]
    assert numbers(tmp_path / "p.mp4") == list(range(27, 75))


def test_a_height_that_was_asked_for_is_made(
    cut: Path, service: ScriptedService, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    timeline = scored(cut, service)
    assert Ended(capsys, timeline, tmp_path / "p.mp4", "--quality", "360p").done["reencoded"]
    assert not Ended(capsys, timeline, tmp_path / "p.mp4", "--quality", "540p").done["reencoded"]


@pytest.mark.slow
def test_a_damaged_job_is_none(
    cut: Path, service: ScriptedService, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    timeline = scored(cut, service)
    film = film_of(cut)
    film.write_bytes(film.read_bytes()[:-1000])
    assert Ended(capsys, timeline, tmp_path / "p.mp4").done["reencoded"]
    (film.parent / "job.json").write_text("{")
    assert Ended(capsys, timeline, tmp_path / "p.mp4").done["reencoded"]


def test_what_was_never_scored_and_a_part_of_it_is_previewed_as_it_is(
    cut: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert Ended(capsys, cut, tmp_path / "p.mp4").done["reencoded"]
    assert numbers(tmp_path / "p.mp4") == list(range(24, 72))
    range_ = ("--in", "01:00:00:12", "--out", "01:00:01:00")
    assert Ended(capsys, cut, tmp_path / "p.mp4", *range_).done["frames"] == 12
    assert numbers(tmp_path / "p.mp4") == list(range(36, 48))
    assert not cut.with_suffix(".avm").exists()


def test_what_is_above_full_scale_is_told_with_its_timecode(
    cut: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = json.loads(cut.read_text())
    track = document["tracks"]["children"][0]
    for _ in range(14):
        document["tracks"]["children"].append({**track, "kind": "Audio"})
    cut.write_text(json.dumps(document))
    ended = Ended(capsys, cut, tmp_path / "p.mp4")
    assert ended.done["overs"] == 1
    (over,) = ended.of("over")
    assert over["of"] == "mix"
    assert over["record_in"] == "01:00:00:00"
    assert over["over_db"] == pytest.approx(ended.done["peak_db"])
    assert any("above full scale from 01:00:00:00 on" in each["message"] for each in ended.of("warning"))


def test_each_thing_that_cannot_be_previewed_ends_in_one_line(
    cut: Path, footage: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = tmp_path / "empty.otio"
    empty.write_text('{"OTIO_SCHEMA": "Timeline.1", "name": "e", "tracks": {"OTIO_SCHEMA": "Stack.1"}}')
    lost = save(tmp_path / "lost.otio", tmp_path / "nowhere" / "gone.mp4")
    for timeline, output, more, code, word in (
        (cut, tmp_path / "p.mov", (), 2, "does not end in .mp4"),
        (cut, cut, (), 2, "is the timeline itself"),
        (cut, tmp_path / "p.mp4", ("--in", "02:00:00:00"), 3, "outside the timeline"),
        (cut, tmp_path / "p.mp4", ("--in", "noon"), 3, "noon"),
        (lost, tmp_path / "p.mp4", (), 3, "gone.mp4"),
        (empty, tmp_path / "p.mp4", (), 3, "empty"),
        (tmp_path / "none.otio", tmp_path / "p.mp4", (), 3, "none.otio"),
        (cut, tmp_path / "p.mp4", ("--stems", str(footage)), 1, footage.name),
    ):
        ended = Ended(capsys, timeline, output, *more)
        assert (ended.code, ended.errors.count("\n")) == (code, 1), ended.errors
        assert word in ended.errors
        assert output == cut or not output.exists()
