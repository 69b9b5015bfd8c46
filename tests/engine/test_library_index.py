"""A library's index: any sound by its content, kept as it is made, whatever one file of it is like."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import wave
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from avm_otio.engine import programs, workers
from avm_otio.engine.index import Entry, Index
from avm_otio.engine.library import Library, LibraryItem
from avm_otio.engine.listing import sounds_below
from avm_otio.engine.programs import Answer, Program
from avm_otio.engine.vocabulary import Role
from tests.engine.engine_films import make_film
from tests.media.sounds import noise, wav

IXML = b"""<?xml version="1.0"?><BWFXML><IXML_VERSION>1.61</IXML_VERSION>
<PROJECT>Night</PROJECT><NOTE>slow</NOTE>
<USER><CATID>DOORWood</CATID><FXNAME>Cellar Creak</FXNAME><KEYWORDS>old, heavy</KEYWORDS>
<DESCRIPTION>A heavy cellar door</DESCRIPTION></USER></BWFXML>"""


def items_of(folder: Path, messages: list[str] | None = None) -> dict[str, LibraryItem]:
    library = Library(
        folder, folder.parent / "index.sqlite", (messages if messages is not None else []).append
    )
    return {item.path: item for item in library.items()}


def encoded(path: Path, codec: str, form: str, tags: dict[str, str] | None = None) -> Path:
    """A second of noise in any codec and container, whatever its name."""
    samples = noise(1.0)
    with av.open(str(path), "w", format=form) as file:
        file.metadata.update(tags or {})
        stream = file.add_stream(codec, rate=48000, layout="stereo")
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples.T), format="fltp", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = 48000, 0, Fraction(1, 48000)
        fitted = av.AudioResampler(stream.format.name, "stereo", 48000, stream.frame_size or None)
        for part in fitted.resample(frame):
            file.mux(stream.encode(part))
        file.mux(stream.encode(None))
    return path


def with_chunk(path: Path, name: bytes, body: bytes) -> Path:
    """A WAV with one chunk more before its samples."""
    data = path.read_bytes()
    chunk = name + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)
    whole = data[:12] + chunk + data[12:]
    path.write_bytes(whole[:4] + struct.pack("<I", len(whole) - 8) + whole[8:])
    return path


FORMS = [
    ("flac", "flac"),
    ("libmp3lame", "mp3"),
    ("libopus", "ogg"),
    ("pcm_s16be", "aiff"),
    ("aac", "ipod"),
    ("ac3", "ac3"),
    ("wavpack", "wv"),
    ("libopus", "matroska"),
    ("pcm_s16le", "caf"),
    ("mp2", "mp2"),
]


def test_a_sound_is_known_by_its_content_not_by_its_name(tmp_path: Path) -> None:
    folder = tmp_path / "library"
    folder.mkdir()
    for codec, form in FORMS:
        encoded(folder / f"hit {form}", codec, form)
        encoded(folder / f"hit {form}.dat", codec, form)
    wav(folder / "hit.bin", noise(0.5))
    (folder / "notes.txt").write_text("RIFF is a format")
    (folder / "picture.jpg").write_bytes(b"\xff\xd8\xff\xe0" + bytes(100))
    make_film(folder / "film.mkv", frames=5, cuts=())
    messages: list[str] = []
    items = items_of(folder, messages)
    assert len(items) == 2 * len(FORMS) + 1
    assert messages == []
    assert items["hit flac"].suffix == ".flac"
    assert all(item.roles == (Role.IMPACT,) for item in items.values())
    del items["hit.bin"]
    assert all(item.duration_us == pytest.approx(1_000_000, abs=60_000) for item in items.values())


def test_a_bad_or_silent_sound_is_left_out_and_named(tmp_path: Path) -> None:
    folder = tmp_path / "library"
    folder.mkdir()
    wav(folder / "good.wav", noise(0.3))
    wav(folder / "silent.wav", np.zeros((4800, 2), np.float32))
    (folder / "bad.mp3").write_bytes(b"no sound at all")
    messages: list[str] = []
    assert list(items_of(folder, messages)) == ["good.wav"]
    assert messages[0].startswith("2 of 3 sounds of the library cannot be used: bad.mp3 (")
    assert "silent.wav (it is silent.)" in messages[0]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_names_that_are_no_text_are_read_and_shown(tmp_path: Path) -> None:
    folder = tmp_path / "library"
    folder.mkdir()
    name = os.fsdecode("Caf\xe9 porte.wav".encode("latin-1"))
    wav(folder / "plain.wav", noise(0.2)).rename(folder / name)
    library = Library(folder, tmp_path / "index.sqlite")
    (item,) = library.items()
    assert item.path == "Café porte.wav"
    path = library.path(item.id)
    assert path is not None
    assert path.is_file()
    assert Library(folder, tmp_path / "index.sqlite").items() == library.items()


def test_only_what_is_new_or_has_changed_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "library"
    folder.mkdir()
    for name in ("a", "b", "c"):
        wav(folder / f"{name}.wav", noise(0.2))
    items_of(folder)
    wav(folder / "b.wav", noise(0.4))
    wav(folder / "d.wav", noise(0.2))
    (folder / "c.wav").unlink()
    measured: list[str] = []
    real = workers.measured
    monkeypatch.setattr(
        workers, "measured", lambda path, check: measured.append(path.name) or real(path, check)
    )
    items = items_of(folder)
    assert sorted(measured) == ["b.wav", "d.wav"]
    assert sorted(items) == ["a.wav", "b.wav", "d.wav"]
    with Index(tmp_path / "index.sqlite") as index:
        assert sorted(index.stamps()) == ["a.wav", "b.wav", "d.wav"]


def test_what_was_measured_before_an_index_was_killed_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / "library"
    folder.mkdir()
    for number in range(6):
        wav(folder / f"{number}.wav", noise(0.2))
    killed = (
        "import os, sys; from pathlib import Path; from avm_otio.engine import workers\n"
        "real, done = workers.measured, []\n"
        "def dying(path, check):\n"
        "    if len(done) == 3: os._exit(9)\n"
        "    done.append(path); return real(path, check)\n"
        "workers.measured = dying\n"
        "from avm_otio.engine.library import Library\n"
        f"Library(Path({str(folder)!r}), Path({str(tmp_path / 'index.sqlite')!r})).items()\n"
    )
    assert subprocess.run([sys.executable, "-c", killed], check=False).returncode == 9
    with Index(tmp_path / "index.sqlite") as index:
        assert len(index.stamps()) == 3
    assert len(items_of(folder)) == 6


def test_a_sound_that_ends_its_reader_ends_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each core has a program of its own; one that dies is one sound that cannot be used."""
    folder = tmp_path / "library"
    folder.mkdir()
    for number in range(4):
        wav(folder / f"{number}.wav", noise(0.2))
    (folder / "deadly.wav").write_bytes(b"RIFF")
    monkeypatch.setattr(workers, "_FEW_BYTES", 0)
    real = Program.asked

    def killed(self: Program, path: str) -> Answer | None:
        if path.endswith("deadly.wav"):
            self._running = self._running or programs._started("avm_otio.engine.measuring")
            self._running.kill()
            self._running.wait()
        return real(self, path)

    monkeypatch.setattr(Program, "asked", killed)
    messages: list[str] = []
    assert len(items_of(folder, messages)) == 4
    assert "deadly.wav (it ended the program that reads it.)" in messages[0]


@pytest.mark.parametrize(
    ("codec", "form", "ending"), [("libmp3lame", "mp3", "mp3"), ("flac", "flac", "flac")]
)
def test_tags_are_read(tmp_path: Path, codec: str, form: str, ending: str) -> None:
    folder = tmp_path / "library"
    folder.mkdir()
    tags = {
        "title": "Morning Mist",
        "artist": "Ida",
        "genre": "Ambient",
        "copyright": "CC BY 4.0",
        "TBPM": "84",
    }
    encoded(folder / f"01.{ending}", codec, form, tags)
    (item,) = items_of(folder).values()
    assert (item.tags.title, item.tags.artist, item.tags.genre) == ("Morning Mist", "Ida", "Ambient")
    assert item.licence == "CC BY"
    assert item.tempo_bpm == 84


def test_broadcast_wav_and_ixml_are_read(tmp_path: Path) -> None:
    folder = tmp_path / "library"
    folder.mkdir()
    bext = b"Squeaky hinge, take 2".ljust(256, b"\0") + b"ZOOM".ljust(32, b"\0") + bytes(314)
    path = with_chunk(wav(folder / "T001.wav", noise(0.3)), b"bext", bext)
    (item,) = items_of(folder).values()
    assert item.tags.description == "Squeaky hinge, take 2"
    assert item.roles == (Role.SPOT,)
    with_chunk(path, b"iXML", IXML)
    (item,) = items_of(folder).values()
    assert item.category is not None
    assert item.category.cat_id == "DOORWood"
    assert (item.tags.title, item.tags.keywords, item.tags.album) == ("Cellar Creak", "old, heavy", "Night")
    assert item.tags.description == "A heavy cellar door"


def test_a_licence_beside_sounds_is_theirs_and_that_of_the_folders_below(tmp_path: Path) -> None:
    folder = tmp_path / "library"
    (folder / "pack/doors").mkdir(parents=True)
    (folder / "other").mkdir()
    (folder / "pack/LICENSE.txt").write_text("Licensed under CC BY-SA 3.0, see below.")
    wav(folder / "pack/doors/slam.wav", noise(0.2))
    wav(folder / "other/slam.wav", noise(0.2))
    wav(folder / "other/bell CC0.wav", noise(0.2))
    found = {path: item.licence for path, item in items_of(folder).items()}
    assert found == {"pack/doors/slam.wav": "CC BY-SA", "other/slam.wav": "", "other/bell CC0.wav": "CC0"}


def test_what_a_sound_is_like_is_measured(tmp_path: Path) -> None:
    folder = tmp_path / "library"
    folder.mkdir()
    time = np.arange(5 * 48_000) / 48_000
    chord = sum(np.sin(2 * np.pi * hertz * time) for hertz in (261.63, 329.63, 392.0, 523.25))
    tone = np.repeat((0.1 * chord * np.minimum(time, 1))[:, None], 2, axis=1).astype(np.float32)
    tone[:24_000] = 0
    (folder / "music").mkdir()
    wav(folder / "music/chord.wav", tone)
    (item,) = items_of(folder).values()
    assert item.key == "C"
    assert item.channels == 2
    assert item.energy_db[0] == -60.0
    assert max(item.energy_db) == 0.0
    assert item.outline is not None
    assert item.outline.attack_us == pytest.approx(500_000, abs=20_000)
    assert item.loudness_lufs == pytest.approx(-14, abs=3)


def test_a_damaged_index_is_made_anew(tmp_path: Path) -> None:
    folder = tmp_path / "library"
    folder.mkdir()
    wav(folder / "a.wav", noise(0.2))
    (tmp_path / "index.sqlite").write_bytes(b"SQLite format 3\0" + b"nonsense" * 500)
    assert list(items_of(folder)) == ["a.wav"]


def test_an_index_that_cannot_be_kept_is_told_and_the_library_used(tmp_path: Path) -> None:
    folder = tmp_path / "library"
    folder.mkdir()
    wav(folder / "a.wav", noise(0.2))
    (tmp_path / "file").write_text("no folder")
    messages: list[str] = []
    assert len(Library(folder, tmp_path / "file/index.sqlite", messages.append).items()) == 1
    assert "cannot be kept" in messages[0]


def test_what_is_made_of_an_index_counts_for_its_state_only(tmp_path: Path) -> None:
    with Index(tmp_path / "index.sqlite") as index:
        index.keep("a", Entry((1, 2), {"x": 1}))
        index.keep_derived("words", "state 1", b"abc")
        assert index.derived("words", "state 1") == b"abc"
        assert index.derived("words", "state 2") is None
        assert index.entries() == {"a": Entry((1, 2), {"x": 1}, "")}


def test_a_pipe_in_a_library_is_not_waited_for(tmp_path: Path) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("no pipes here")
    os.mkfifo(tmp_path / "pipe")
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setparams((1, 2, 48000, 0, "NONE", ""))
    assert sounds_below(tmp_path) == ["a.wav"]
