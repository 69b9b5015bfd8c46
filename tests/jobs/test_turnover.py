"""A turnover: what every reader finds in it, that it is whole or absent, and what a look through it finds."""

from __future__ import annotations

import hashlib
import json
import shutil
import struct
import subprocess
import wave
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction as F
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import aaf2
import numpy as np
import pytest

from avm_otio.cli.main import run
from avm_otio.errors import AvmError, InputError, MissingMediaError, OutputError, UsageError
from avm_otio.formats.reading import read
from avm_otio.formats.writing import write
from avm_otio.jobs.turnover.check import check
from avm_otio.jobs.turnover.template import default_text, parse_template, read_template
from avm_otio.media.broadcast_wav import Header, read_header
from avm_otio.media.pop import pop_offset
from avm_otio.timeline.model import Mix, Timeline, Track
from avm_otio.timeline.time import RecordTime, nearest_frame, nominal_rate
from tests.jobs.turnovers import SECONDS, TEMPLATE, Cut, cut, rewritten, turned

RATES = [(F(24_000, 1001), False), (F(25), False), (F(30_000, 1001), True)]
POP = {F(24_000, 1001): 2002, F(25): 1920, F(30_000, 1001): (1601, 1602)}
SAMPLES = F(48_000)


SLOW = pytest.mark.slow
"""A turnover takes a second, an AAF written anew half of one: a few of each kind are enough every time."""


@pytest.fixture(scope="module")
def shown_one(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A turnover with its picture at 25 frames a second."""
    folder = tmp_path_factory.mktemp("whole")
    turned(cut(folder, F(25)), folder / "out")
    return folder / "out"


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


@pytest.fixture
def sound(shown_one: Path, tmp_path: Path) -> Path:
    """A turnover to break; moved away from where it was written."""
    shutil.copytree(shown_one, tmp_path / "out")
    return tmp_path / "out"


def slots_of(path: Path) -> tuple[dict[str, Any], dict[str, list[tuple[int, int, list[Any]]]]]:
    """What pyaaf2 finds in an AAF: its timecode, and of each track where clips lie and what they play."""
    with aaf2.open(str(path)) as file:
        (top,) = file.content.toplevel()
        head: dict[str, Any] = {}
        tracks: dict[str, list[tuple[int, int, list[Any]]]] = {}
        for slot in top.slots:
            segment = slot.segment
            if type(segment).__name__ == "Timecode":
                head = {"start": segment.start, "drop": segment.drop, "fps": segment.fps}
                head["rate"] = F(slot.edit_rate.numerator, slot.edit_rate.denominator)
                continue
            if segment.media_kind != "Sound":
                continue
            assert slot.edit_rate == 48_000
            while type(segment).__name__ == "OperationGroup":
                (segment,) = segment.segments
            at, found = 0, []
            for part in segment.components:
                kind = type(part).__name__
                if kind == "Transition":
                    at -= part.length
                    continue
                if kind != "Filler":
                    found.append((at, part.length, list(played(part))))
                at += part.length
            tracks[slot.name] = found
    return head, tracks


def played(part: Any) -> Any:
    """The file, first sample and length in the file of each channel that a component plays."""
    if type(part).__name__ == "OperationGroup":
        for inner in part.segments:
            yield from played(inner)
    elif type(part).__name__ == "SourceClip":
        file = part.mob.slots[0].segment.mob
        (locator,) = file.descriptor["Locator"].value
        name = unquote(str(locator["URLString"].value).rpartition("/")[2])
        yield name, part.start, file.descriptor["Length"].value


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
        steps = samples_of(path)
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


def samples_of(path: Path) -> np.ndarray:
    with wave.open(str(path)) as file:
        raw = np.frombuffer(file.readframes(file.getnframes()), np.uint8).reshape(-1, 3)
        padded = np.concatenate([np.zeros((len(raw), 1), np.uint8), raw], axis=1)
        return (padded.view("<i4") >> 8).reshape(-1, file.getnchannels())


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
    plain = {stem: samples_of(tmp_path / f"p_{stem}.wav") for stem in ("DX", "MX", "FX")}
    turned_over = {stem: samples_of(shown_one / f"stems/my cut_{stem}.wav") for stem in ("DX", "MX", "FX")}
    first, length = 3 * 48_000, len(plain["DX"])
    cut_out = {stem: steps[first : first + length] for stem, steps in turned_over.items()}
    assert np.array_equal(cut_out["FX"], plain["FX"])
    # The user's own music is in the preview's DX, which knows of no template.
    assert np.abs(cut_out["DX"] + cut_out["MX"] - plain["DX"]).max() <= 1


# What is broken, and what must be found.


def reheaded(path: Path, *, bits: int = 24, hz: int = 48_000, channels: int | None = None) -> None:
    with wave.open(str(path)) as file:
        count, own = file.getnframes(), file.getnchannels()
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels or own)
        file.setsampwidth(bits // 8)
        file.setframerate(hz)
        file.writeframes(bytes(count * (channels or own) * bits // 8))


def header_of(path: Path) -> Header:
    header = read_header(path)
    assert header is not None
    return header


def aaf_changed(out: Path, change: Callable[[Timeline], Timeline]) -> None:
    path = out / "my cut.aaf"
    write(change(read(path).timeline), path, editor="avid")


def with_track(timeline: Timeline, name: str, change: Callable[[Track], Track]) -> Timeline:
    return replace(
        timeline,
        tracks=tuple(change(track) if track.name == name else track for track in timeline.tracks),
    )


def later(track: Track, samples: int) -> Track:
    by = F(samples, 48_000)
    return replace(
        track,
        clips=tuple(
            replace(clip, start=RecordTime(clip.start + by), end=RecordTime(clip.end + by))
            for clip in track.clips
        ),
    )


def cut_short(path: Path, seconds: F) -> None:
    """Take the end of a WAV away, its head made right."""
    header = header_of(path)
    with wave.open(str(path)) as file:
        data = file.readframes(header.samples - int(seconds * 48_000))
        channels = file.getnchannels()
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(3)
        file.setframerate(48_000)
        file.writeframes(data)


def patched(path: Path, at: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(data)


def stem_moved(out: Path, samples: int) -> None:
    """The head pop of a stem, a few samples later."""
    path = out / "stems/my cut_MX.wav"
    header, first = header_of(path), 48_000
    with path.open("rb") as file:
        file.seek(header.offset + first * 6)
        pop = file.read(1920 * 6)
    patched(path, header.offset + first * 6, bytes(samples * 6) + pop)


def reference_moved(out: Path) -> None:
    path = out / "stems/my cut_FX.wav"
    at = path.read_bytes().index(b"bext") + 8 + 338
    patched(path, at, struct.pack("<I", header_of(path).time_reference + 1))


def preview_of(out: Path, frames: int, rate: F) -> None:
    from av import VideoFrame

    from avm_otio.media.burnt_in import burnt_in
    from avm_otio.media.encode import encode
    from avm_otio.media.film import Burnt

    grey = VideoFrame.from_ndarray(np.full((270, 320), 128, np.uint8), format="yuv420p")
    shown = Burnt(lambda number: "00:00:00:00")
    encode(
        burnt_in((grey for _ in range(frames)), shown.timecode_of), None, out / "my cut.mp4",
        rate=rate, size=(320, 180), options={"preset": "ultrafast"}, frame_done=lambda done: None,
        timecode="00:59:57:00",
    )  # fmt: skip


def swapped(track: Track) -> Track:
    def of(clip: Any) -> Any:
        return replace(clip, content=replace(clip.media, mono=clip.media.mono[::-1], path=clip.media.mono[1]))

    return replace(track, clips=tuple(map(of, track.clips)))


BREAKS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "a file of media is gone": ("missing media", lambda out: (out / "media/dia.wav").unlink()),
    "a clip's media is gone": ("offline clip", lambda out: (out / "media/song.L.wav").unlink()),
    "handles were cut off": ("handles", lambda out: cut_short(out / "media/dia.wav", F(3))),
    "another rate": ("rate", lambda out: aaf_changed(out, lambda t: replace(t, rate=F(24)))),
    "16 bit": ("bit depth", lambda out: reheaded(out / "media/dia.wav", bits=16)),
    "44.1 kHz": ("sample rate", lambda out: reheaded(out / "stems/my cut_DX.wav", hz=44_100)),
    "no pop in the timeline": (
        "pop",
        lambda out: aaf_changed(out, lambda t: with_track(t, "SYNC", lambda each: replace(each, clips=()))),
    ),
    "a pop a sample late in the timeline": (
        "pop",
        lambda out: aaf_changed(out, lambda t: with_track(t, "SYNC", lambda each: later(each, 1))),
    ),
    "a pop a sample late in a stem": ("pop", lambda out: stem_moved(out, 1)),
    "a silent pop": ("pop", lambda out: reheaded(out / "media/2-pop.wav")),
    "another start": ("start", lambda out: aaf_changed(out, lambda t: replace(t, start_frame=90_000))),
    "a manifest of another start": (
        "start",
        lambda out: rewritten(out, lambda m: m["sequence"].update(start_frame=90_000)),
    ),
    "tracks in another order": (
        "track order",
        lambda out: aaf_changed(out, lambda t: replace(t, tracks=(*t.tracks[1:], t.tracks[0]))),
    ),
    "a track renamed": (
        "tracks",
        lambda out: aaf_changed(
            out, lambda t: with_track(t, "MUS 1", lambda each: replace(each, name="Music"))
        ),
    ),
    "a stem shorter than the others": (
        "stem length",
        lambda out: cut_short(out / "stems/my cut_FX.wav", F(1, 25)),
    ),
    "a stem a sample late": ("time reference", reference_moved),
    "a file changed": ("checksum", lambda out: (out / "README.txt").write_text("hello")),
    "a manifest changed": ("checksum", lambda out: rewritten(out, lambda m: m.update(name="other"))),
    "stereo in the place of mono": ("channels", lambda out: reheaded(out / "media/song.R.wav", channels=2)),
    "left and right swapped": (
        "channels",
        lambda out: aaf_changed(out, lambda t: with_track(t, "MUS 1", swapped)),
    ),
    "a clip moved by a sample": (
        "clips",
        lambda out: aaf_changed(out, lambda t: with_track(t, "SFX 1", lambda each: later(each, 1))),
    ),
    "sound cut off at full scale": (
        "overs",
        lambda out: patched(
            out / "stems/my cut_DX.wav", header_of(out / "stems/my cut_DX.wav").offset + 6 * 200_000,
            b"\xff\xff\x7f" * 8,
        ),
    ),
    "a file that nobody listed": ("extra file", lambda out: (out / "media/new.wav").write_bytes(b"RIFF")),
    "a stem gone": ("missing file", lambda out: (out / "stems/my cut_ME.wav").unlink()),
    "no list of checksums": ("manifest", lambda out: (out / "SHA256SUMS").unlink()),
}  # fmt: skip


OFTEN = (
    "a clip's media is gone", "handles were cut off", "16 bit", "44.1 kHz", "a stem a sample late",
    "a pop a sample late in the timeline", "a pop a sample late in a stem", "tracks in another order",
    "a stem shorter than the others", "a file changed", "stereo in the place of mono",
    "sound cut off at full scale",
)  # fmt: skip


@pytest.mark.parametrize(
    "name", [each if each in OFTEN else pytest.param(each, marks=SLOW) for each in BREAKS]
)
def test_a_broken_turnover_is_found_out(sound: Path, name: str) -> None:
    kind, breaks = BREAKS[name]
    breaks(sound)
    found = check(sound)
    assert kind in [each.kind for each in found], found
    for each in found:
        assert each.where
        assert each.what.endswith(".")
        assert each.hint.endswith(".")


@pytest.mark.parametrize(
    ("kind", "frames"),
    [
        ("preview timecode", 200),
        pytest.param("preview length", 100, marks=SLOW),
        pytest.param("pop", 200, marks=SLOW),
        pytest.param("rate", 0, marks=SLOW),
    ],
)
def test_a_broken_preview_is_found_out(sound: Path, kind: str, frames: int) -> None:
    preview_of(sound, frames or 100, F(25) if frames else F(24))
    assert kind in [each.kind for each in check(sound)]


@pytest.mark.parametrize("name", ["a pop a sample late in a stem", "a stem a sample late", "16 bit"])
def test_what_is_wrong_is_found_though_the_checksums_were_made_anew(sound: Path, name: str) -> None:
    kind, breaks = BREAKS[name]
    breaks(sound)

    def anew(document: dict[str, Any]) -> None:
        for each in document["files"]:
            data = (sound / each["path"]).read_bytes()
            each.update(bytes=len(data), sha256=hashlib.sha256(data).hexdigest())

    rewritten(sound, anew)
    names = [path for path in sorted(sound.rglob("*")) if path.is_file() and path.name != "SHA256SUMS"]
    (sound / "SHA256SUMS").write_text(
        "".join(
            f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(sound).as_posix()}\n"
            for path in names
        )
    )
    kinds = {each.kind for each in check(sound)}
    assert kind in kinds
    assert "checksum" not in kinds


def test_a_moved_turnover_is_as_good_and_its_complaints_end_with_a_code(
    sound: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["turnover", "--check", str(sound)]) == 0
    (sound / "media/dia.wav").unlink()
    assert run(["turnover", "--check", str(sound), "--json"]) == 3
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    complaints = [event for event in events if event["event"] == "complaint"]
    assert {"kind", "where", "what", "hint"} <= set(complaints[0])
    assert "media/dia.wav" in [each["where"] for each in complaints]
    (sound / "manifest.json").unlink()
    with pytest.raises(InputError, match="no turnover"):
        check(sound)


@pytest.mark.parametrize("text", ["{}", "[]", '{"form": "avm_otio turnover", "version": 1}', "nonsense"])
def test_a_manifest_that_says_nothing_is_refused_with_the_reason(sound: Path, text: str) -> None:
    (sound / "manifest.json").write_text(text)
    with pytest.raises(AvmError):
        check(sound)


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
    stem = samples_of(tmp_path / "out/stems/my cut_MX.wav")
    for number, (name, start, whole) in enumerate(channels):
        played = samples_of(tmp_path / "out/media" / name)[start : start + length, 0]
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
