"""What cameras, phones and editors write beside the usual is seen and heard, or refused with the reason."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction as F
from pathlib import Path

import av
import numpy as np
import pytest

from avm_otio.errors import MediaError
from avm_otio.media.channel_reader import ChannelReader
from avm_otio.media.film import export_film
from avm_otio.media.originals import film_located
from avm_otio.media.picture import open_pictures
from avm_otio.media.probe import VideoInfo, probe, sound_length
from avm_otio.media.stereo_reader import StereoReader
from tests.media import odd_files as odd
from tests.media.numbered import file_source, film_plan, heard, layer, movie, number_in, numbers, placed
from tests.media.sounds import noise

LEFT, RIGHT, UNUSED = 1, 2, 0


def levels(path: Path, channels: tuple[int, ...] = ()) -> tuple[float, float]:
    """How loud a file of level channels is on both sides."""
    left, right = StereoReader(probe(path), channels).read(4800, 480).mean(axis=0)
    return round(float(left), 3), round(float(right), 3)


def picture_of(path: Path) -> VideoInfo:
    video = probe(path).video
    assert video is not None
    return video


@pytest.mark.parametrize("labels", [(LEFT, RIGHT, LEFT, RIGHT), (UNUSED,) * 4, (LEFT, LEFT)])
def test_channels_with_labels_of_their_own_are_each_heard(tmp_path: Path, labels: tuple[int, ...]) -> None:
    path = odd.labelled(tmp_path / "camera.mov", labels)
    assert probe(path).audio[0].channels == len(labels)
    assert sound_length(path).channels == len(labels)
    for channel in range(len(labels)):
        level = round((channel + 1) / 20, 2)
        assert levels(path, (channel,)) == (pytest.approx(level, abs=0.001),) * 2
    with ChannelReader(probe(path), 0, [len(labels) - 1], 0) as reader:
        assert reader.read(4800).mean() == pytest.approx(len(labels) / 20, abs=0.001)


def test_two_stereo_pairs_in_one_stream_are_heard_left_and_right(tmp_path: Path) -> None:
    left, right = levels(odd.labelled(tmp_path / "camera.mov", (LEFT, RIGHT, LEFT, RIGHT)))
    assert (left, right) == (
        pytest.approx(0.2 * 0.5**0.5, abs=0.001),
        pytest.approx(0.3 * 0.5**0.5, abs=0.001),
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("codec", "ending", "count", "layout"),
    [
        ("aac", "m4a", 8, "7.1"),
        ("wavpack", "wv", 8, "7.1"),
        ("wavpack", "wv", 16, ""),
        ("flac", "flac", 8, "7.1"),
        ("pcm_f32le", "wav", 9, ""),
        ("pcm_s16le", "wav", 24, ""),
        ("pcm_s16le", "wav", 128, ""),
    ],
)
def test_every_channel_of_many_is_heard_as_itself(
    tmp_path: Path, codec: str, ending: str, count: int, layout: str
) -> None:
    path = odd.tones(tmp_path / f"poly.{ending}", count, codec=codec, layout=layout)
    info = probe(path)
    assert info.audio[0].channels == count
    for channel in {0, 4 if codec == "aac" else 1, min(count, 19) - 1}:
        if codec == "aac" and channel == 3:
            continue
        with ChannelReader(info, 0, [channel], 4800) as reader:
            assert reader.read(4800).mean() == pytest.approx((channel + 1) / 20, abs=0.03)
        assert levels(path, (channel,))[0] == pytest.approx((channel + 1) / 20, abs=0.03)
    assert min(levels(path)) > 0.05


def test_a_sound_stream_without_a_decoder_is_told_and_the_others_are_heard(tmp_path: Path) -> None:
    path = tmp_path / "phone.mov"
    movie(path, 5, F(25), sound=noise(0.2), sound_codec="pcm_s16le")
    path.write_bytes(path.read_bytes().replace(b"sowt", b"zzzz"))
    info = probe(path)
    assert info.audio == ()
    assert "sound stream 1 is of a kind that cannot be decoded" in info.notes[0]
    sound = odd.tones(tmp_path / "sound.mov", 1, codec="pcm_s16le", layout="mono")
    sound.write_bytes(sound.read_bytes().replace(b"sowt", b"zzzz"))
    for look in (probe, sound_length):
        with pytest.raises(MediaError, match="can be decoded"):
            look(sound)


@pytest.mark.parametrize(
    ("codec", "ending"), [("adpcm_ima_wav", "wav"), ("adpcm_ms", "wav"), ("g722", "wav")]
)
def test_a_sound_whose_codec_carries_on_begins_where_it_should(
    tmp_path: Path, codec: str, ending: str
) -> None:
    rate = 16000 if codec == "g722" else 48000
    path = tmp_path / f"s.{ending}"
    with av.open(str(path), "w") as file:
        stream = file.add_stream(codec, rate=rate, layout="mono")
        packed = np.rint(noise(12, rate)[:, :1].T * 32767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(packed), "s16", "mono")
        frame.sample_rate, frame.pts, frame.time_base = rate, 0, F(1, rate)
        form = stream.codec_context.format.name
        fitted = av.AudioResampler(form, "mono", rate, frame_size=stream.codec_context.frame_size or None)
        for part in (*fitted.resample(frame), *fitted.resample(None)):
            file.mux(stream.encode(part))
        file.mux(stream.encode(None))
    info = probe(path)
    from_start = StereoReader(info, ())
    whole = np.concatenate([from_start.read(at * 48000, 48000) for at in range(12)])
    late = StereoReader(info, ()).read(11 * 48000 - 24000, 24000)
    assert np.abs(late - whole[11 * 48000 - 24000 : 11 * 48000]).max() < 0.001
    with ChannelReader(info, 0, [0], 0) as first, ChannelReader(info, 0, [0], 10 * 48000) as second:
        assert np.abs(second.read(24000) - first.read(504000)[480000:]).max() < 0.001


@pytest.mark.parametrize(
    ("rate", "timecode", "base", "start", "frames"),
    [
        (F(60000, 1001), "10:00:10:30", F(30000, 1001), 36010 * 30 + 15, 36010 * 60 + 30),
        (F(48000, 1001), "01:00:00:00", F(24000, 1001), 3600 * 24 + 7, 3600 * 48 + 14),
        (F(50), "01:00:00:00", F(25), 3600 * 25 + 3, 3600 * 50 + 6),
        (F(25), "01:00:00:00", F(25), 3600 * 25 + 3, 3600 * 25 + 3),
    ],
)
def test_a_timecode_is_counted_as_the_file_counts_it(
    tmp_path: Path, rate: F, timecode: str, base: F, start: int, frames: int
) -> None:
    path = odd.counted_at(tmp_path / "a.mov", rate, timecode, base, start)
    assert picture_of(path).start_timecode == frames
    assert probe(path).start == frames / rate


def test_drop_frame_numbers_at_30_are_a_start(tmp_path: Path) -> None:
    info = probe(movie(tmp_path / "phone.mov", 5, F(30), timecode="01:00:00;00"))
    assert info.video is not None
    assert info.video.start_timecode == 107892
    assert info.start == F(107892, 30)


def test_the_length_is_what_plays(tmp_path: Path) -> None:
    whole = movie(tmp_path / "whole.mov", 100, F(25), options={"g": "25", "bf": "0", "preset": "ultrafast"})
    cut = picture_of(odd.copied_from(tmp_path / "cut.mov", whole, F(3, 2)))
    assert cut.frames == 100 - 37
    times = [F(n, 60) for n in range(30)] + [F(1, 2) + F(n, 10) for n in range(15)]
    varying = picture_of(
        movie(tmp_path / "phone.mp4", 45, F(60), times=[F(int(t * 1000), 1000) for t in times])
    )
    assert varying.frames is not None
    assert varying.frames / varying.rate == pytest.approx(2, abs=0.11)


def test_sound_longer_than_the_picture_does_not_lengthen_it(tmp_path: Path) -> None:
    for ending in ("mkv", "mp4", "avi", "ts"):
        codec = "pcm_s16le" if ending == "avi" else "aac"
        path = movie(tmp_path / f"a.{ending}", 25, F(25), sound=noise(3), sound_codec=codec)
        assert picture_of(path).frames == 25, ending


def test_a_thumbnail_is_no_picture(tmp_path: Path) -> None:
    path = odd.thumbnail_first(tmp_path / "v.mp4")
    video = picture_of(path)
    assert (video.width, video.frames, video.stream) == (160, 20, 1)
    pictures = open_pictures(probe(path), 90, lambda _: None)
    frame = pictures.frame_at(F(7, 25))
    assert frame is not None
    assert number_in(frame.to_ndarray()[:90]) == 7
    pictures.close()


@pytest.mark.parametrize("codec", ["libvpx", "libvpx-vp9"])
def test_what_lies_below_a_see_through_webm_is_seen(tmp_path: Path, codec: str) -> None:
    below = file_source(movie(tmp_path / "below.mp4", 5, F(25)))
    above = file_source(odd.see_through(tmp_path / "title.webm", codec))
    plan = film_plan(F(25), (5, (layer(above, F(0)), layer(below, F(0)))))
    film = export_film(plan, placed(plan), tmp_path / "film.mp4")
    with av.open(str(film.path)) as made:
        frame = next(made.decode(video=0)).to_ndarray(format="gray")
    assert frame[-4:].mean() > 200
    assert frame[:10].mean() < 150


UPRIGHT = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.T,
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].T,
    8: lambda a: np.rot90(a),
}
"""EXIF 2.3, tag 274: what is seen, of what is stored."""


@pytest.mark.parametrize("orientation", UPRIGHT)
def test_a_photograph_is_seen_as_it_was_taken(tmp_path: Path, orientation: int) -> None:
    path = odd.jpeg(tmp_path / "p.jpg", odd.quarters(), orientation)
    assert_seen(path, UPRIGHT[orientation](odd.quarters()), tmp_path)


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
@pytest.mark.parametrize(("hflip", "vflip"), [(True, False), (False, True)])
def test_a_mirrored_film_is_seen_as_it_was_shot(
    tmp_path: Path, degrees: int, hflip: bool, vflip: bool
) -> None:
    path = odd.flipped(tmp_path / "a.mp4", degrees, hflip=hflip, vflip=vflip)
    with av.open(str(path)) as file:  # FFmpeg's matrix: x' = a x + c y, y' = b x + d y, y downwards
        data = next(file.decode(video=0)).side_data.get("DISPLAYMATRIX")
        matrix = np.frombuffer(bytes(data), np.int32)[[0, 3, 1, 4]].reshape(2, 2) // 65536
    stored = odd.quarters()
    seen = stored if matrix[0, 0] else stored.T
    seen = seen[:, ::-1] if matrix[0].sum() < 0 else seen
    seen = seen[::-1] if matrix[1].sum() < 0 else seen
    assert_seen(path, seen, tmp_path)


def assert_seen(path: Path, picture: np.ndarray, folder: Path) -> None:
    plan = film_plan(F(25), (2, (layer(file_source(path), F(0)),)))
    film = export_film(plan, placed(plan), folder / "film.mp4")
    with av.open(str(film.path)) as made:
        frame = next(made.decode(video=0)).to_ndarray()[: film.height]
    assert (film.width > film.height) == (picture.shape[1] > picture.shape[0])
    for row in (0.25, 0.75):
        for column in (0.25, 0.75):
            right = picture[int(picture.shape[0] * row), int(picture.shape[1] * column)]
            found = frame[int(film.height * row), int(film.width * column)]
            assert abs(int(found) - int(right)) < 12


def test_an_avif_and_a_gif_of_one_image_are_stills(tmp_path: Path) -> None:
    for ending, codec, form in (("avif", "libsvtav1", "yuv420p"), ("gif", "gif", "pal8")):
        path = tmp_path / f"p.{ending}"
        with av.open(str(path), "w") as file:
            stream = file.add_stream(codec, rate=1)
            stream.width, stream.height, stream.pix_fmt = 64, 64, form if form != "pal8" else "rgb8"
            frame = frame_at_grey().reformat(format=stream.pix_fmt)
            frame.pts = 0
            file.mux(stream.encode(frame))
            file.mux(stream.encode(None))
        info = probe(path)
        assert info.is_still, ending
        assert info.duration is None


def frame_at_grey() -> av.VideoFrame:
    return av.VideoFrame.from_ndarray(np.full((64, 64), 120, np.uint8), "gray")


def test_a_channel_that_a_file_lacks_is_silence_in_its_place(tmp_path: Path) -> None:
    path = odd.tones(tmp_path / "two.wav", 2, codec="pcm_s16le", layout="stereo")
    source = file_source(path)
    below = file_source(movie(tmp_path / "p.mp4", 5, F(25)))
    part = replace(heard(F(0), F(1, 5), source), channels=(1, 7))
    plan = film_plan(F(25), (5, (layer(below, F(0)),)), sound=(part,))
    plan, places = film_located(plan, tmp_path, ())
    assert plan.sound[0].channels == (1, 7)
    film = export_film(plan, places, tmp_path / "film.mp4")
    assert film.notes == ("two.wav has no channel 8: silence there.",)
    assert levels(path, (1, 7)) == (pytest.approx(0.1, abs=0.001), 0)


def test_numbers_stay_where_they_are(tmp_path: Path) -> None:
    """A film of one file is frame for frame what it was: the guards above change nothing usual."""
    plan = film_plan(F(25), (5, (layer(file_source(movie(tmp_path / "a.mp4", 10, F(25))), F(2, 25)),)))
    film = export_film(plan, placed(plan), tmp_path / "film.mp4")
    assert numbers(film.path) == [2, 3, 4, 5, 6]
