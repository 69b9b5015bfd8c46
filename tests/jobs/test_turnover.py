"""A turnover: what every reader finds in it, and that it is whole or absent."""

from __future__ import annotations

import json
import subprocess
import wave
from dataclasses import replace
from fractions import Fraction as F
from pathlib import Path

import numpy as np
import pytest

from avm_otio.cli.main import run
from avm_otio.errors import AvmError, InputError, MissingMediaError, OutputError, UsageError
from avm_otio.formats.reading import read
from avm_otio.formats.writing import write
from avm_otio.jobs.turnover.check import check
from avm_otio.jobs.turnover.template import default_text, parse_template, read_template
from avm_otio.media.broadcast_wav import read_header
from avm_otio.media.pop import pop_offset
from avm_otio.timeline.model import Mix, Track
from avm_otio.timeline.time import nearest_frame, nominal_rate
from tests.jobs.turnovers import RATES, SECONDS, TEMPLATE, Cut, cut, slots_of, turned, with_track
from tests.media.wav_files import steps_in

POP = {F(24_000, 1001): 2002, F(25): 1920, F(30_000, 1001): (1601, 1602)}
SAMPLES = F(48_000)


SLOW = pytest.mark.slow
"""A turnover takes a second, an AAF written anew half of one: a few of each kind are enough every time."""


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(RATES[0], marks=SLOW, id="23.976"),
        pytest.param(RATES[1], id="25"),
        pytest.param(RATES[2], marks=SLOW, id="29.97 DF"),
    ],
)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Cut, Path]:
    rate, drop = request.param
    if rate == 25:
        out: Path = request.getfixturevalue("shown_one")
        return Cut(out.parent / "cut.otio", rate, drop), out
    folder = tmp_path_factory.mktemp("cut")
    of = cut(folder, rate, drop)
    turned(of, folder / "out")
    return of, folder / "out"


def test_an_independent_reader_finds_start_tracks_channels_handles_and_pops(made: tuple[Cut, Path]) -> None:
    of, out = made
    head, tracks = slots_of(out / "my cut.aaf")
    nominal = nominal_rate(of.rate)
    hour = 107_892 if of.drop_frame else 3600 * nominal
    assert head == {"start": hour - 3 * nominal, "drop": of.drop_frame, "fps": nominal, "rate": of.rate}
    assert list(tracks) == ["DIA 1", "MUS 1", "SFX 1", "SYNC"]
    leader = nearest_frame(3 * nominal / of.rate, SAMPLES)
    first, second = tracks["DIA 1"]
    ((name, start, length),) = first[2]
    assert (first[0], first[1]) == (leader, nearest_frame(nominal / of.rate, SAMPLES))
    assert (start, length - start - first[1]) == (5 * 48_000, pytest.approx(5 * 48_000, abs=1))
    assert second[2][0][1] == 12_000  # a quarter of a second is all that there is
    assert [len(clip[2]) for clip in (*tracks["MUS 1"], *tracks["SFX 1"])] == [2, 2]
    (effect,) = tracks["SFX 1"]
    assert effect[0] - leader == 16_100
    pops = tracks["SYNC"]
    end = (3 + SECONDS) * nominal
    wanted = [nearest_frame(frame / of.rate, SAMPLES) for frame in (nominal, end + 2 * nominal)]
    assert [pop[0] for pop in pops] == wanted
    assert {pop[1] for pop in pops} <= set(np.atleast_1d(POP[of.rate]).tolist())
    for clips in tracks.values():
        for _, length, channels in clips:
            for name, start, whole in channels:
                with wave.open(str(out / "media" / name)) as file:
                    assert (file.getframerate(), file.getsampwidth(), file.getnchannels()) == (48_000, 3, 1)
                    assert file.getnframes() == whole
                    assert start + length <= whole


def test_every_stem_has_its_pops_at_the_sample_and_says_where_it_begins(made: tuple[Cut, Path]) -> None:
    of, out = made
    nominal = nominal_rate(of.rate)
    frames = (3 + SECONDS + 3) * nominal
    hour = 107_892 if of.drop_frame else 3600 * nominal
    for stem in ("DX", "MX", "FX", "ME"):
        path = out / "stems" / f"my cut_{stem}.wav"
        header = read_header(path)
        assert header is not None
        assert header.time_reference == nearest_frame((hour - 3 * nominal) / of.rate, SAMPLES)
        steps = steps_in(path)
        assert len(steps) == nearest_frame(frames / of.rate, SAMPLES)
        head = nearest_frame(nominal / of.rate, SAMPLES)
        tail = nearest_frame((3 + SECONDS + 2) * nominal / of.rate, SAMPLES)
        sounding = np.flatnonzero(np.abs(steps[:, 0]) > 0)
        assert sounding[0] == head
        after = sounding[sounding > tail - 4000]
        assert after[0] == tail
        assert sounding[-1] - tail + 1 in np.atleast_1d(POP[of.rate])
        part = steps[head : head + 1600] / (1 << 23)
        assert np.abs(part).max() == pytest.approx(0.1, rel=0.01)
        spectrum = np.abs(np.fft.rfft(part[:, 0]))
        assert np.argmax(spectrum) * 48_000 / 1600 == pytest.approx(1000, abs=30)
        assert np.array_equal(steps[:, 0], steps[:, 1]) or stem != "DX"


def test_what_was_written_is_as_a_mixer_wants_it(made: tuple[Cut, Path]) -> None:
    of, out = made
    assert check(out) == []
    document = json.loads((out / "manifest.json").read_text())
    mark = ";" if of.drop_frame else ":"
    assert document["programme"]["first_frame"] == f"01:00:00{mark}00"
    assert [pop["timecode"] for pop in document["pops"]] == [
        f"00:59:58{mark}00",
        f"01:00:04{mark}00",
    ]
    done = subprocess.run(
        ["sha256sum", "--quiet", "--strict", "-c", "SHA256SUMS"], cwd=out, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, b"")
    page = (out / "README.txt").read_text()
    assert len(page.splitlines()) < 66
    for words in ("01:00:00", "2-pop", "HANDLES  5 s", "NOT CLEARED", "DIA 1", "from “Temp Music”"):
        assert words in page
    assert not [path for path in out.parent.iterdir() if path.name.startswith(".out")]


def test_stems_are_those_of_the_preview_later_by_the_leader(shown_one: Path, tmp_path: Path) -> None:
    cut_path = shown_one.parent / "cut.otio"
    assert run(["preview", str(cut_path), "-o", str(tmp_path / "p.m4a"), "--stems", str(tmp_path), "-q"]) == 0
    plain = {stem: steps_in(tmp_path / f"p_{stem}.wav") for stem in ("DX", "MX", "FX")}
    turned_over = {stem: steps_in(shown_one / f"stems/my cut_{stem}.wav") for stem in ("DX", "MX", "FX")}
    first, length = 3 * 48_000, len(plain["DX"])
    cut_out = {stem: steps[first : first + length] for stem, steps in turned_over.items()}
    assert np.array_equal(cut_out["FX"], plain["FX"])
    # The user's own music is in the preview's DX, which knows of no template.
    assert np.abs(cut_out["DX"] + cut_out["MX"] - plain["DX"]).max() <= 1


# What is broken, and what must be found.


# Whole or absent.


def test_nothing_is_there_before_all_is_and_nothing_is_written_over(tmp_path: Path) -> None:
    of = cut(tmp_path, F(25))
    out = tmp_path / "out"
    (tmp_path / "dia.wav").rename(tmp_path / "away.wave")
    with pytest.raises(MissingMediaError, match="dia"):
        turned(of, out)
    assert not [path for path in tmp_path.iterdir() if "out" in path.name]
    (tmp_path / "away.wave").rename(tmp_path / "dia.wav")
    orphan = tmp_path / ".out.partial-killed"
    orphan.mkdir()
    (orphan / "half.wav").write_bytes(b"half")
    turned(of, out, with_preview=False)
    assert not orphan.exists()
    assert (out / "my cut.m4a").is_file()
    before = (out / "manifest.json").read_bytes()
    with pytest.raises(OutputError, match="there already"):
        turned(of, out)
    assert (out / "manifest.json").read_bytes() == before
    (out / "notes.txt").write_text("the mixer's own")
    with pytest.raises(OutputError, match=r"notes\.txt"):
        turned(of, out, overwrite=True)
    (out / "notes.txt").unlink()
    made = turned(of, out, overwrite=True, with_preview=False, start="02:00:00:00")
    assert made.manifest["programme"]["first_frame"] == "02:00:00:00"


def test_a_folder_of_somebody_elses_is_never_replaced(tmp_path: Path) -> None:
    of = cut(tmp_path, F(25))
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "film.mov").write_bytes(b"film")
    with pytest.raises(OutputError, match="no turnover wrote"):
        turned(of, tmp_path / "theirs", overwrite=True)
    with pytest.raises(OutputError, match="no turnover wrote"):
        turned(of, tmp_path, overwrite=True, template=None)
    assert (tmp_path / "theirs" / "film.mov").read_bytes() == b"film"


# Start and template.


def test_the_timelines_own_start_has_room_or_is_refused(tmp_path: Path) -> None:
    of = cut(tmp_path, F(25))
    with pytest.raises(UsageError, match="no room"):
        turned(of, tmp_path / "out", start="own")
    with pytest.raises(AvmError, match="timecode"):
        turned(of, tmp_path / "out", start="one o'clock")


@SLOW
def test_a_start_with_a_semicolon_is_drop_frame(tmp_path: Path) -> None:
    of = cut(tmp_path, F(30_000, 1001))
    turned(of, tmp_path / "out", start="01:00:00;00", with_preview=False)
    document = json.loads((tmp_path / "out/manifest.json").read_text())
    assert document["sequence"]["start"] == "00:59:57;00"
    assert document["sequence"]["start_frame"] == 107_892 - 90
    assert check(tmp_path / "out") == []


def test_a_house_says_names_order_and_what_goes_where(tmp_path: Path) -> None:
    of = cut(tmp_path, F(25))
    house = tmp_path / "own.toml"
    house.write_text(
        TEMPLATE.replace('takes = ["own", "dialogue"]', 'takes = ["own", "dialogue"]\nnames = ["A1"]')
        .replace('name = "SYNC"', 'name = "2POP"')
        .replace('names = ["*music*"]', "")
        + "[pops]\ntail = false\n"
    )
    made = turned(of, tmp_path / "out", template=house, with_preview=False)
    assert [(each.track.name, each.source) for each in made.tracks] == [
        ("DIA 1", "A1"),
        ("DIA 2", "Temp Music"),
        ("SFX 1", "AVM Effects 1"),
        ("2POP", ""),
    ]
    assert len(made.manifest["pops"]) == 1
    assert check(tmp_path / "out") == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("leader = 2", "“leader” must be 3 or more"),
        ("handlez = 5", "did you mean handles"),
        ("[pops]\ntail_from = 'now'", "tail_from"),
        ("tracks = []", "“tracks” must be a list"),
        ("[[tracks]]\nname = 'A'\nstem = 'DX'", "takes nothing"),
        ("[[tracks]]\nname = 'A'\nstem = 'XX'\ntakes = ['own']", "stem"),
        ("[[tracks]]\nname = 'A'\nstem = 'DX'\ntakes = ['voices']", "takes"),
        ("start = 1", "“start” must be text"),
        ("= 5", "no TOML"),
    ],
)
def test_a_template_that_makes_no_sense_is_refused_with_the_reason(text: str, message: str) -> None:
    if "tracks" not in text:
        text = f"{text}\n[[tracks]]\nname = 'A'\nstem = 'DX'\ntakes = ['own']\n"
    with pytest.raises(InputError, match=message):
        parse_template(text)


def test_the_default_template_is_what_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["turnover", "--print-template"]) == 0
    printed = parse_template(capsys.readouterr().out)
    assert replace(printed, text="") == replace(read_template(None), text="")
    assert default_text().count("[[tracks]]") == 4


# Other timelines, other editors.


@SLOW
@pytest.mark.parametrize(("speed", "before_s"), [(F(2), 2.5), (F(1, 2), 5), (F(-1), 5)])
def test_sound_at_another_speed_is_rendered_as_the_stems_play_it(
    tmp_path: Path, speed: F, before_s: float
) -> None:
    of = cut(tmp_path, F(25))
    timeline = read(of.path).timeline

    def fast(track: Track) -> Track:
        media_in = F(5) if speed > 0 else F(9)
        change = {"mix": Mix(), "speed": speed, "media_in": media_in, "raw": None}
        return replace(track, clips=tuple(replace(clip, **change) for clip in track.clips), raw=None)

    write(replace(with_track(timeline, "Temp Music", fast), raw=None), of.path)
    turned(of, tmp_path / "out", editors=["avid", "fcp"], with_preview=False)
    assert check(tmp_path / "out") == []
    _, tracks = slots_of(tmp_path / "out/my cut.aaf")
    ((place, length, channels),) = tracks["MUS 1"]
    stem = steps_in(tmp_path / "out/stems/my cut_MX.wav")
    for number, (name, start, whole) in enumerate(channels):
        played = steps_in(tmp_path / "out/media" / name)[start : start + length, 0]
        off = np.abs(played - stem[place : place + length, number])
        assert off.max() < 16  # of 8,388,608: the stems are summed in single precision
        assert start == before_s * 48_000
        assert whole - start - length >= 3 * 48_000


@SLOW
def test_it_is_for_any_editor_each_with_the_sound_that_it_takes(tmp_path: Path) -> None:
    of = cut(tmp_path, F(25))
    turned(of, tmp_path / "out", editors=["protools", "avid", "premiere", "resolve"], with_preview=False)
    document = json.loads((tmp_path / "out/manifest.json").read_text())
    names = {each["file"]: each["for"] for each in document["timelines"]}
    assert names["my cut.aaf"] == "protools, avid"
    assert len(names) == 3
    assert check(tmp_path / "out") == []
    with pytest.raises(UsageError, match="Did you mean"):
        turned(of, tmp_path / "two", editors=["protoolz"])


@SLOW
def test_an_edit_list_that_was_never_scored_is_turned_over_and_says_what_is_left_out(tmp_path: Path) -> None:
    of = cut(tmp_path, F(25))
    write(read(of.path).timeline, tmp_path / "list.edl")
    made = turned(replace(of, path=tmp_path / "list.edl"), tmp_path / "out", with_preview=False)
    assert made.manifest["cue_sheet"] == []
    assert any("no cue sheet" in line for line in made.manifest["reported"])
    assert check(tmp_path / "out") == []


def test_a_pop_is_found_where_it_lies_and_nothing_else_is_one(tmp_path: Path) -> None:
    from avm_otio.media.pop import write_pop

    path = tmp_path / "pop.wav"
    write_pop(path, 1920, 0)
    assert pop_offset(path, 0, 1920) == 0
    assert pop_offset(path, 0, 1919) is None
    assert pop_offset(path, 0, 1921) is None
