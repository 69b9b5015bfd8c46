"""Which channels of which file a clip of an AAF plays, in every way in which editors say it."""

from fractions import Fraction
from pathlib import Path

import pytest

from avm_otio.formats.aaf.read import read
from avm_otio.timeline.model import Timeline
from tests.formats.aaf_files import AMPLITUDE, COMBINER, GAIN, PICTURE, Aaf, aaf


def read_of(path: Path) -> tuple[Timeline, str]:
    (found,), notes = read(path)
    return found, "; ".join(notes)


def played(found: Timeline) -> list[list[tuple[str, tuple[int, ...], int]]]:
    """Of each sound track the clips' files, channels, and how many channels the files have."""
    return [
        [(clip.media.path, clip.channels, clip.media.channels) for clip in track.clips if clip.media]
        for track in found.audio_tracks
    ]


def combined(made: Aaf, master: object, count: int, length: int = 25) -> object:
    return made.group(COMBINER, [made.clip(master, 0, length, at) for at in range(count)], length)


@pytest.mark.slow
@pytest.mark.parametrize(("count", "form"), [(2, 2), (6, 3), (8, 4)])
def test_one_file_mob_a_channel_each_of_one_slot(tmp_path: Path, count: int, form: int) -> None:
    """As Resolve writes a file of several channels."""
    with aaf(tmp_path / "a.aaf") as made:
        files = [made.source("/m/a.wav", channels=count, numbers=[at]) for at in range(1, count + 1)]
        made.track(combined(made, made.master("a", *files), count), _TRACK_FORMAT=form)
    found, notes = read_of(tmp_path / "a.aaf")
    assert played(found) == [[("/m/a.wav", tuple(range(count)), count)]]
    assert found.audio_tracks[0].channels == count
    assert not notes


@pytest.mark.slow
def test_one_channel_of_such_a_file_on_a_mono_track(tmp_path: Path) -> None:
    with aaf(tmp_path / "a.aaf") as made:
        files = [made.source("/m/a.wav", channels=2, numbers=[at]) for at in (1, 2)]
        made.track(made.clip(made.master("a", *files), 0, 25, 1), _TRACK_FORMAT=1)
    found, notes = read_of(tmp_path / "a.aaf")
    assert played(found) == [[("/m/a.wav", (1,), 2)]]
    assert not notes


def test_sides_that_are_swapped_stay_swapped(tmp_path: Path) -> None:
    with aaf(tmp_path / "a.aaf") as made:
        master = made.master("a", *(made.source("/m/a.wav", channels=2, numbers=[at]) for at in (1, 2)))
        made.track(made.group(COMBINER, [made.clip(master, 0, 25, at) for at in (1, 0)], 25), _TRACK_FORMAT=2)
    assert played(read_of(tmp_path / "a.aaf")[0]) == [[("/m/a.wav", (1, 0), 2)]]


def test_channel_ids_of_linked_media(tmp_path: Path) -> None:
    """As Media Composer writes it: two streams of one file, each a file mob of one slot."""
    with aaf(tmp_path / "a.aaf") as made:
        stereo = made.source("/m/a.mov", channels=2, numbers=[2])
        more = made.source("/m/a.mov", channels=3, numbers=[3])
        master = made.master("a", *((stereo, 0, [n]) for n in (1, 2)), *((more, 0, [n]) for n in (1, 2, 3)))
        for at in range(5):
            made.track(made.clip(master, 0, 25, at), number=at + 1)
    found, notes = read_of(tmp_path / "a.aaf")
    assert played(found) == [[("/m/a.mov", (at,), 5)] for at in range(5)]
    assert not notes


@pytest.mark.slow
def test_several_channel_ids_are_several_channels(tmp_path: Path) -> None:
    with aaf(tmp_path / "a.aaf") as made:
        master = made.master("a", (made.source("/m/a.wav", channels=4), 0, [3, 4]))
        made.track(made.clip(master, 0, 25), _TRACK_FORMAT=2)
    assert played(read_of(tmp_path / "a.aaf")[0]) == [[("/m/a.wav", (2, 3), 4)]]


def test_channel_ids_of_the_clip_itself(tmp_path: Path) -> None:
    with aaf(tmp_path / "a.aaf") as made:
        clip = made.clip(made.master("a", made.source("/m/a.wav", channels=2)), 0, 25)
        clip["ChannelIDs"].value = [2]
        made.track(clip)
    assert played(read_of(tmp_path / "a.aaf")[0]) == [[("/m/a.wav", (1,), 2)]]


def test_mono_streams_of_one_file(tmp_path: Path) -> None:
    with aaf(tmp_path / "a.aaf") as made:
        master = made.master("a", *(made.source("/m/a.mov", numbers=[number]) for number in (2, 3, 4)))
        made.track(made.clip(master, 0, 25, 2))
    assert played(read_of(tmp_path / "a.aaf")[0]) == [[("/m/a.mov", (2,), 3)]]


def test_a_mono_file_a_channel(tmp_path: Path) -> None:
    """As Media Composer keeps its own media: an MXF a channel."""
    with aaf(tmp_path / "a.aaf") as made:
        master = made.master("a", *(made.source(f"/m/a{number}.mxf") for number in (1, 2)))
        for at in (0, 1):
            made.track(made.clip(master, 0, 25, at), number=at + 1)
    assert played(read_of(tmp_path / "a.aaf")[0]) == [[("/m/a1.mxf", (0,), 1)], [("/m/a2.mxf", (0,), 1)]]


def of_mono_files(path: Path, *names: str, form: int) -> tuple[Timeline, str]:
    """An AAF with one sound whose channels are a mono file each, as Pro Tools writes it."""
    with aaf(path) as made:
        masters = [made.master(name, made.source(f"/m/{name}.wav")) for name in names]
        clips = [made.clip(master, 0, 25) for master in masters]
        made.track(made.group(COMBINER, clips, 25), made.filler(25), _TRACK_FORMAT=form)
    found, notes = read(path)
    return found[0], "; ".join(notes)


@pytest.mark.slow
@pytest.mark.parametrize("names", [("hit.L", "hit.R"), ("a", "b")])
def test_stereo_of_two_mono_files_is_two_mono_tracks_left_and_right(
    names: tuple[str, str], tmp_path: Path
) -> None:
    found, notes = of_mono_files(tmp_path / "a.aaf", *names, form=2)
    heard = [(clip.media.path, clip.channels, clip.media.channels, clip.mix.pan) for clip in found.clips()]
    assert heard == [(f"/m/{names[0]}.wav", (0,), 1, -1.0), (f"/m/{names[1]}.wav", (0,), 1, 1.0)]
    assert [track.name[-2:] for track in found.audio_tracks] == [" L", " R"]
    assert "read as a mono track for each channel (L, R)" in notes


@pytest.mark.slow
@pytest.mark.parametrize(
    ("speakers", "tracks"),
    [
        ("L C R Ls Rs LFE", "L R C LFE Ls Rs"),
        ("L C R Lss Rss Lsr Rsr LFE", "L R C LFE Lss Rss Lsr Rsr"),
        ("L Lc C Rc R Ls Rs LFE", "L R C LFE Ls Rs Lc Rc"),
    ],
)
def test_speakers_are_what_the_mono_files_are_called(speakers: str, tracks: str, tmp_path: Path) -> None:
    names = [f"hit.{speaker}" for speaker in speakers.split()]
    found, notes = of_mono_files(tmp_path / "a.aaf", *names, form=3 if len(names) == 6 else 4)
    assert [track.name.split()[-1] for track in found.audio_tracks] == tracks.split()
    assert [clip.media.path for clip in found.clips()] == [f"/m/hit.{one}.wav" for one in tracks.split()]
    pans = {clip.name.rpartition(".")[2]: clip.mix.pan for clip in found.clips()}
    assert {one for one, pan in pans.items() if pan == 0} == {"C", "LFE"}
    assert all(pan == (-1 if one[0] == "L" else 1) for one, pan in pans.items() if pan)
    assert "which speaker" not in notes


def test_channels_of_mono_files_that_nothing_names_are_numbered_and_told(tmp_path: Path) -> None:
    found, notes = of_mono_files(tmp_path / "a.aaf", *"abcdefgh", form=4)
    assert [track.name.split()[-1] for track in found.audio_tracks] == [str(at) for at in range(1, 9)]
    assert {clip.mix.pan for clip in found.clips()} == {0.0}
    assert "which speaker each of 8 channels is for is not read" in notes


@pytest.mark.slow
@pytest.mark.parametrize("numbers", [(1, 2), (2, 3), (2, 1)])
def test_a_slot_a_channel_by_its_physical_number(tmp_path: Path, numbers: tuple[int, int]) -> None:
    with aaf(tmp_path / "a.aaf") as made:
        file = made.source("/m/a.wav", channels=2, numbers=numbers)
        master = made.master("a", (file, 0), (file, 1))
        for at in (0, 1):
            made.track(made.clip(master, 0, 25, at), number=at + 1)
    order = [sorted(numbers).index(number) for number in numbers]
    assert [track[0][1] for track in played(read_of(tmp_path / "a.aaf")[0])] == [(at,) for at in order]


@pytest.mark.slow
def test_one_slot_of_a_stereo_file_is_all_of_it(tmp_path: Path) -> None:
    with aaf(tmp_path / "a.aaf") as made:
        made.track(made.clip(made.master("a", made.source("/m/a.wav", channels=2)), 0, 25), _TRACK_FORMAT=2)
    assert played(read_of(tmp_path / "a.aaf")[0]) == [[("/m/a.wav", (0, 1), 2)]]


@pytest.mark.slow
def test_master_slots_say_the_channel_where_the_file_does_not(tmp_path: Path) -> None:
    with aaf(tmp_path / "a.aaf") as made:
        file = made.source("/m/a.wav", channels=2)
        master = made.master("a", (file, 0), (file, 0))
        made.track(made.clip(master, 0, 25, 1), _TRACK_FORMAT=1)
    assert played(read_of(tmp_path / "a.aaf")[0]) == [[("/m/a.wav", (1,), 2)]]


@pytest.mark.slow
def test_a_channel_that_the_file_does_not_have_is_told(tmp_path: Path) -> None:
    with aaf(tmp_path / "a.aaf") as made:
        master = made.master("a", (made.source("/m/a.wav", channels=2), 0, [3]))
        made.track(made.clip(master, 0, 25))
    found, notes = read_of(tmp_path / "a.aaf")
    assert played(found) == [[("/m/a.wav", (2,), 3)]]
    assert "channel that its file does not have" in notes


def test_slots_that_contradict_each_other_are_told(tmp_path: Path) -> None:
    with aaf(tmp_path / "a.aaf") as made:
        file = made.source("/m/a.wav", channels=2, numbers=(1, 1))
        master = made.master("a", (file, 0), (file, 1))
        made.track(made.clip(master, 0, 25, 1))
    found, notes = read_of(tmp_path / "a.aaf")
    assert played(found) == [[("/m/a.wav", (1,), 2)]]
    assert "say that they are one channel" in notes


@pytest.mark.slow
@pytest.mark.parametrize("same", [True, False])
def test_channels_are_joined_only_where_they_carry_the_same(tmp_path: Path, same: bool) -> None:
    with aaf(tmp_path / "a.aaf") as made:
        master = made.master("a", *(made.source("/m/a.wav", channels=2, numbers=[at]) for at in (1, 2)))
        sides = [
            made.group(
                GAIN,
                [made.clip(master, 0, 25, at)],
                25,
                made.constant(AMPLITUDE, Fraction(1, 2 if same else 2 + at)),
            )
            for at in (0, 1)
        ]
        made.track(made.group(COMBINER, sides, 25), _TRACK_FORMAT=2)
    found, notes = read_of(tmp_path / "a.aaf")
    assert played(found) == [[("/m/a.wav", (0, 1) if same else (0,), 2)]]
    assert ("differ in gain" in notes) is not same


def test_channels_that_are_sequences_keep_all_their_clips(tmp_path: Path) -> None:
    with aaf(tmp_path / "a.aaf") as made:
        master = made.master("a", *(made.source("/m/a.wav", channels=2, numbers=[at]) for at in (1, 2)))
        sides = [
            made.sequence(made.clip(master, 0, 10, at), made.filler(5), made.clip(master, 50, 10, at))
            for at in (0, 1)
        ]
        made.track(made.group(COMBINER, sides, 25), _TRACK_FORMAT=2)
    assert played(read_of(tmp_path / "a.aaf")[0]) == [[("/m/a.wav", (0, 1), 2)] * 2]


@pytest.mark.slow
def test_a_combined_sound_is_as_long_as_its_combiner_says(tmp_path: Path) -> None:
    """Resolve rounds the clips inside to frames."""
    with aaf(tmp_path / "a.aaf") as made:
        hz = Fraction(48_000)
        files = [made.source("/m/a.wav", channels=2, numbers=[at]) for at in (1, 2)]
        master = made.master("a", *files, rate=hz, length=480_000)
        inside = [made.clip(master, 0, 86_400, at) for at in (0, 1)]
        made.track(made.group(COMBINER, inside, 87_334), rate=hz, _TRACK_FORMAT=2)
    (clip,) = read_of(tmp_path / "a.aaf")[0].clips()
    assert clip.duration == Fraction(87_334, 48_000)


def test_a_stream_alone_beside_the_picture_of_its_file_keeps_its_number(tmp_path: Path) -> None:
    with aaf(tmp_path / "a.aaf") as made:
        picture = made.source("/m/a.mov", PICTURE, length=250, rate=Fraction(25))
        master = made.master("a", picture, made.source("/m/a.mov", numbers=[2]))
        made.track(made.clip(master, 0, 25, 1))
    assert played(read_of(tmp_path / "a.aaf")[0]) == [[("/m/a.mov", (1,), 2)]]
