"""A scored timeline goes to every editor: its file is whole, its media are there, what is lost is told."""

from __future__ import annotations

import re
import shutil
import wave
import zipfile
from fractions import Fraction as F
from pathlib import Path

import av
import numpy as np
import opentimelineio as otio
import pytest

from avm_otio.delivery.deliver import deliver, delivery_of
from avm_otio.errors import OutputError, UsageError
from avm_otio.formats import reading
from avm_otio.formats.reading import Opened
from avm_otio.formats.table import editors
from avm_otio.request import Request
from avm_otio.timeline.features import Feature
from avm_otio.timeline.losses import OFFLINE
from avm_otio.timeline.model import Clip, Media, Timeline, Track, TrackKind
from avm_otio.timeline.time import RecordTime
from avm_otio.timeline.urls import name_in
from tests import timelines
from tests.delivery.listening import Listening
from tests.scored import scored, write_sound

EVERY = [(editor.name, suffix) for editor in editors().values() for suffix in editor.suffixes]


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Opened:
    return scored(tmp_path_factory.mktemp("film"))


@pytest.mark.slow
@pytest.mark.parametrize(("editor", "suffix"), EVERY, ids=["".join(one) for one in EVERY])
def test_every_editor_gets_a_whole_file_and_nothing_else_is_left(
    film: Opened, editor: str, suffix: str, tmp_path: Path
) -> None:
    before = film.otio_timeline.to_json_string()
    output = tmp_path / f"scored{suffix}"
    made = deliver(film, Request(output=output, editor=editor))
    assert made.paths[0] == output
    assert all(path.stat().st_size > 100 for path in made.paths)
    assert "AVM Effects 1" in made.tracks
    here = {path.name for path in tmp_path.iterdir()}
    assert here == {path.name for path in made.paths} | ({"scored.media"} if made.media_folder else set())
    assert film.otio_timeline.to_json_string() == before


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".otio", ".xml", ".fcpxml", ".aaf"])
def test_what_was_written_can_be_read_again_with_its_sound_in_place(
    film: Opened, suffix: str, tmp_path: Path
) -> None:
    output = tmp_path / f"scored{suffix}"
    deliver(film, Request(output=output))
    back = reading.read(output).timeline
    there = film.timeline
    wanted_places = [
        (track.name, clip.frames(there.rate), clip.enabled)
        for track in there.audio_tracks
        if track.stem
        for clip in track.clips
    ]
    found = [
        (track.name, clip.frames(back.rate), clip.enabled)
        for track in back.audio_tracks
        for clip in track.clips
        if track.name.startswith("AVM")
    ]
    assert sorted(found) == sorted(wanted_places)
    assert all((tmp_path / media.path).is_file() for media in back.media() if media.path)


def test_a_copied_turnover_opens_where_it_is_carried(film: Opened, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    output = tmp_path / "there" / "scored.otio"
    made = deliver(film, Request(output=output, editor="otio", deliver="copy"))
    assert made.media_folder == tmp_path / "there" / "scored.media"
    shutil.move(tmp_path / "there", tmp_path / "elsewhere")
    read = reading.read(tmp_path / "elsewhere" / "scored.otio")
    urls = [clip.media_reference.target_url for clip in read.otio_timeline.find_clips()]
    assert urls
    assert all((tmp_path / "elsewhere" / url).is_file() for url in urls)


@pytest.mark.slow
def test_sound_becomes_48_khz_24_bit(film: Opened, tmp_path: Path) -> None:
    output = tmp_path / "scored.xml"
    made = deliver(film, Request(output=output, media_format="wav48"))
    assert made.media_folder is not None
    sounds = sorted(made.media_folder.glob("*.wav"))
    assert sounds
    for path in sounds:
        with wave.open(str(path)) as file:
            assert (file.getframerate(), file.getsampwidth()) == (48_000, 3)
    assert "scored.media" in output.read_text()


@pytest.mark.slow
@pytest.mark.parametrize("editor", ["premiere", "fcp", "kdenlive", "reaper", "avid"])
def test_a_bundle_is_one_file_that_holds_the_timeline_and_its_media(
    film: Opened, editor: str, tmp_path: Path
) -> None:
    output = tmp_path / "turnover.zip"
    made = deliver(film, Request(output=output, editor=editor))
    assert made.paths == (output,)
    assert [path.name for path in tmp_path.iterdir()] == ["turnover.zip"]
    with zipfile.ZipFile(output) as bundle:
        assert bundle.testzip() is None
        names = bundle.namelist()
    assert f"turnover/turnover{editors()[editor].suffixes[0]}" in names
    assert sum(name.startswith("turnover/media/") for name in names) >= 3


def test_an_otioz_for_resolve_holds_its_media(film: Opened, tmp_path: Path) -> None:
    output = tmp_path / "scored.otioz"
    deliver(film, Request(output=output, editor="resolve"))
    with zipfile.ZipFile(output) as bundle:
        assert any(name.endswith("10.wav") for name in bundle.namelist())
        assert "Resolve_OTIO" in bundle.read("content.otio").decode()


def test_offline_media_is_a_loss_that_names_the_clip(film: Opened, tmp_path: Path) -> None:
    timeline = film.otio_timeline
    clip = timeline.video_tracks()[0].find_clips()[0]
    clip.media_reference.target_url = "gone.mov"
    opened = film.with_otio(timeline)
    output = tmp_path / "scored.xml"
    made = deliver(opened, Request(output=output))
    assert [loss for loss in made.losses if loss.feature is Feature.MEDIA and clip.name in loss.item]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("suffix", "editor"),
    [(".otio", None), (".otio", "resolve"), (".otio", "premiere"), (".svg", None), (".kdenlive", None)],
)
def test_offline_media_is_told_in_every_format(
    film: Opened, suffix: str, editor: str | None, tmp_path: Path
) -> None:
    timeline = film.otio_timeline
    timeline.video_tracks()[0].find_clips()[0].media_reference.target_url = "gone.mov"
    made = deliver(film.with_otio(timeline), Request(output=tmp_path / f"cut{suffix}", editor=editor))
    notes = [note for note in made.notes if "1 media file is missing: “gone.mov”" in note]
    assert len(notes) + bool([loss for loss in made.losses if loss.message == OFFLINE]) == 1
    assert not [
        note for note in deliver(film, Request(output=tmp_path / "all.otio")).notes if "missing" in note
    ]


@pytest.mark.parametrize("suffix", [".aaf", ".rpp"])
def test_offline_media_that_a_nest_hides_stop_nothing(tmp_path: Path, suffix: str) -> None:
    """The nest shows its first second; the sound that is gone lies later in it."""
    path = tmp_path / "cut.otio"
    inside = timelines.track(timelines.gap(48), timelines.clip("hidden", url="gone.wav"), kind="Audio")
    nest = otio.schema.Stack("nest", [inside], timelines.time_range(0, 24, timelines.FILM))
    otio.adapters.write_to_file(timelines.timeline(timelines.track(nest, kind="Audio")), str(path))
    made = deliver(reading.read(path), Request(output=tmp_path / f"out{suffix}"))
    assert (tmp_path / f"out{suffix}").exists()
    assert any("gone.wav" in words for words in (*made.notes, *map(str, made.losses)))


def test_pictures_bring_their_own_sound_on_a_track(tmp_path: Path) -> None:
    opened = scored(tmp_path, "speed_changes_25.otio")
    assert not [track for track in opened.timeline.audio_tracks if not track.name.startswith("AVM")]
    output = tmp_path / "scored.otio"
    made = deliver(opened, Request(output=output, editor="resolve"))
    assert [name for name in made.tracks if not name.startswith("AVM")] != [
        track.name for track in opened.timeline.video_tracks
    ]


@pytest.mark.parametrize(
    ("name", "editor", "deliver_as", "message"),
    [
        ("x.xml", "resolv", "link", "Did you mean resolve?"),
        ("x.xml", "avid", "link", "x.aaf"),
        ("x.doc", None, "link", ".fcpxml"),
        ("x", None, "link", ".fcpxml"),
        ("x.zip", None, "link", "--for"),
        ("x.xml", "premiere", "bundle", "x.zip"),
    ],
)
def test_what_does_not_go_together_is_told_before_any_work(
    name: str, editor: str | None, deliver_as: str, message: str
) -> None:
    with pytest.raises(UsageError, match=re.escape(message)):
        delivery_of(Request(output=Path(name), editor=editor, deliver=deliver_as))


def test_a_folder_that_is_not_there_is_told(film: Opened, tmp_path: Path) -> None:
    output = tmp_path / "nowhere" / "scored.xml"
    with pytest.raises(OutputError, match="nowhere"):
        deliver(film, Request(output=output))
    assert list(tmp_path.iterdir()) == []


def test_a_path_is_written_without_dots(film: Opened, tmp_path: Path) -> None:
    timeline = film.otio_timeline
    clip = timeline.video_tracks()[0].find_clips()[0]
    clip.media_reference.target_url = f"../{film.folder.name}/{clip.media_reference.target_url}"
    output = tmp_path / "scored.xml"
    made = deliver(film.with_otio(timeline), Request(output=output))
    assert not [loss for loss in made.losses if loss.feature is Feature.MEDIA]
    assert "/../" not in output.read_text()


def compressed(path: Path) -> Path:
    """A second of stereo noise, whatever the ending promises."""
    noise = np.random.default_rng(4).integers(-6000, 6000, (1, 2 * 48_000)).astype("<i2")
    with av.open(str(path), "w", format="flac") as container:
        stream = container.add_stream("flac", rate=48_000, layout="stereo")
        frame = av.AudioFrame.from_ndarray(noise, "s16", "stereo")
        frame.rate = 48_000
        for piece in (frame, None):
            container.mux(stream.encode(piece))
    return path


@pytest.mark.parametrize(
    ("editor", "suffix"), [("premiere", ".xml"), ("resolve", ".otio"), ("fcp", ".fcpxml")]
)
def test_a_sound_that_an_editors_maker_does_not_list_is_made_into_wav_and_said(
    editor: str, suffix: str, tmp_path: Path
) -> None:
    files = [compressed(tmp_path / "a.ogg"), compressed(tmp_path / "b.flac")]
    files.append(write_sound(tmp_path / "c.wav", 1))
    media = [Media(file.name, str(file), duration=F(1), sample_rate_hz=48_000, channels=2) for file in files]
    clips = [
        Clip(one.name, RecordTime(F(at)), RecordTime(F(at + 1)), one, channels=(0, 1))
        for at, one in enumerate(media)
    ]
    track = Track("A1", TrackKind.AUDIO, tuple(clips), channels=2)
    opened = Opened(Timeline("cut", F(25), (track,), duration=F(3)), tmp_path / "cut.otio", tmp_path)
    report = Listening()
    made = deliver(opened, Request(output=tmp_path / f"out{suffix}", editor=editor), report)
    written = reading.read(made.paths[0]).timeline.audio_tracks[0].clips
    assert [name_in(clip.media.path) for clip in written if clip.media] == ["a.wav", "b.wav", "c.wav"]
    assert {path.name for path in (tmp_path / "out.media").iterdir()} == {"a.wav", "b.wav"}
    folder = tmp_path / "out.media"
    assert made.made == {str(files[0]): str(folder / "a.wav"), str(files[1]): str(folder / "b.wav")}
    (warning,) = report.warned
    assert re.search(r"does not list \.flac, \.ogg .*2 sounds made into WAV", warning)
    deliver(opened, Request(output=tmp_path / "out.kdenlive"), report := Listening())
    assert report.warned == []
