"""What ``turnover --check`` finds: each way in which a turnover can be broken is found out, by its kind."""

from __future__ import annotations

import hashlib
import json
import shutil
import struct
import wave
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction as F
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from avm_otio.cli.main import run
from avm_otio.errors import AvmError, InputError
from avm_otio.formats.reading import read
from avm_otio.formats.writing import write
from avm_otio.jobs.turnover.check import check
from avm_otio.media.broadcast_wav import Header, read_header
from avm_otio.timeline.model import Timeline, Track
from avm_otio.timeline.time import RecordTime
from tests.jobs.turnovers import rewritten, with_track

SLOW = pytest.mark.slow
"""A turnover takes a second, an AAF written anew half of one: a few of each kind are enough every time."""


@pytest.fixture
def sound(shown_one: Path, tmp_path: Path) -> Path:
    """A turnover to break; moved away from where it was written."""
    shutil.copytree(shown_one, tmp_path / "out")
    return tmp_path / "out"


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
