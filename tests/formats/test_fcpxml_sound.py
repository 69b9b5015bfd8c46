"""FCPXML says levels, fades, switches and channels in many places: each is read wherever it may stand."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from avm_otio.formats.fcpxml.read import read
from avm_otio.formats.fcpxml.write import document
from avm_otio.timeline.features import Feature
from avm_otio.timeline.gain import SILENCE_DB
from avm_otio.timeline.model import Clip, Timeline, TrackKind

RESOURCES = (
    '<format id="r1" frameDuration="1/25s" width="1280" height="720"/>'
    '<asset id="r2" name="a" start="0s" duration="40s" hasVideo="1" format="r1" hasAudio="1" '
    'audioSources="1" audioChannels="2"><media-rep src="file:///m/a.mov"/></asset>'
    '<asset id="r4" name="s" start="0s" duration="40s" hasAudio="1" audioSources="4" audioChannels="1">'
    '<media-rep src="file:///m/s.mxf"/></asset>'
)
SOUND = '<asset-clip ref="r2" name="a" offset="0s" duration="40s" audioRole="{role}" srcEnable="{what}"/>'
DIALOGUE = SOUND.format(role="dialogue", what="all")


def reading(tmp_path: Path, spine: str, more: str = "") -> tuple[Timeline, tuple[str, ...]]:
    path = tmp_path / "p.fcpxml"
    path.write_text(
        f'<!DOCTYPE fcpxml><fcpxml version="1.11"><resources>{RESOURCES}{more}</resources>'
        f'<project name="p"><sequence format="r1"><spine>{spine}</spine></sequence></project></fcpxml>',
        encoding="utf-8",
    )
    found, notes = read(path)
    return found[0], notes


def sounds(cut: Timeline) -> list[Clip]:
    return [clip for track in cut.audio_tracks for clip in track.clips]


def pictures(cut: Timeline) -> list[Clip]:
    return [clip for track in cut.tracks if track.kind is TrackKind.VIDEO for clip in track.clips]


def holder(kind: str, settings: str, attributes: str = 'start="10s" duration="4s"') -> tuple[str, str]:
    """A clip that holds sound of the role dialogue, and sets it; and the resources that it needs."""
    nested = f"<spine>{DIALOGUE}</spine>"
    if kind == "ref-clip":
        media = f'<media id="r3"><sequence format="r1" duration="40s">{nested}</sequence></media>'
        return f'<ref-clip ref="r3" {attributes}>{settings}</ref-clip>', media
    if kind == "mc-clip":
        angle = f'<mc-angle angleID="A">{DIALOGUE}</mc-angle>'
        media = f'<media id="r3"><multicam format="r1">{angle}</multicam></media>'
        source = f'<mc-source angleID="A">{settings}</mc-source>'
        return f'<mc-clip ref="r3" {attributes}>{source}</mc-clip>', media
    source = f'<sync-source sourceID="storyline">{settings}</sync-source>'
    return f"<sync-clip {attributes}>{nested}{source}</sync-clip>", ""


KINDS = ("ref-clip", "mc-clip", "sync-clip")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("role", ["dialogue.dialogue-1", "dialogue", "Dialogue"])
def test_a_role_is_as_loud_as_the_clip_around_it_says(tmp_path, kind, role):
    volume = (
        '<adjust-volume amount="-12dB"><param name="amount"><fadeIn duration="1s"/></param></adjust-volume>'
    )
    clip, more = holder(kind, f'<audio-role-source role="{role}">{volume}</audio-role-source>')
    (sound,) = sounds(reading(tmp_path, clip, more)[0])
    assert (sound.mix.gain_db, sound.mix.fade_in_us, sound.mix.fade_out_us) == (-12, 1_000_000, 0)
    assert sound.enabled


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("switch", ['enabled="0"', 'active="0"', "mute"])
def test_a_role_is_off_where_the_clip_around_it_says_so(tmp_path, kind, switch):
    attribute, inside = ("", "<mute/>") if switch == "mute" else (switch, "")
    role = f'<audio-role-source role="dialogue.dialogue-1" {attribute}>{inside}</audio-role-source>'
    cut, _ = reading(tmp_path, *holder(kind, role))
    assert [sound.enabled for sound in sounds(cut)] == [False]
    assert all(picture.enabled for picture in pictures(cut))


@pytest.mark.parametrize("kind", KINDS)
def test_another_role_is_left_as_it_is(tmp_path, kind):
    role = '<audio-role-source role="effects.effects-1" enabled="0"/>'
    (sound,) = sounds(reading(tmp_path, *holder(kind, role))[0])
    assert sound.enabled


def test_roles_of_a_nest_that_are_set_otherwise_are_clips_of_their_own(tmp_path):
    inside = SOUND.format(role="dialogue", what="all") + SOUND.format(role="music", what="audio").replace(
        'offset="0s"', 'lane="-1" offset="0s"'
    )
    inside = inside.replace('srcEnable="all"/>', 'srcEnable="all">', 1) + "</asset-clip>"
    more = f'<media id="r3"><sequence format="r1" duration="40s"><spine>{inside}</spine></sequence></media>'
    settings = (
        '<audio-role-source role="music.music-1"><adjust-volume amount="-20dB"/></audio-role-source>'
        '<audio-role-source role="dialogue.dialogue-1" enabled="0"/>'
    )
    cut, _ = reading(tmp_path, f'<ref-clip ref="r3" start="1s" duration="4s">{settings}</ref-clip>', more)
    by_name = {track.name: track.clips[0] for track in cut.audio_tracks}
    assert (by_name["music"].mix.gain_db, by_name["music"].enabled) == (-20, True)
    assert (by_name["dialogue"].mix.gain_db, by_name["dialogue"].enabled) == (0, False)
    for clip in by_name.values():
        assert isinstance(clip.content, Timeline)
        assert (len(clip.content.tracks), clip.media_in) == (1, 1)
    (picture,) = pictures(cut)
    assert {clip.link for clip in by_name.values()} == {picture.link}


def test_a_synchronised_clip_sets_its_storyline_and_what_is_connected_apart(tmp_path):
    connected = DIALOGUE.replace('srcEnable="all"', 'srcEnable="audio"').replace("offset", 'lane="-1" offset')
    shot = DIALOGUE.replace("/>", f">{connected}</asset-clip>")
    sources = "".join(
        f'<sync-source sourceID="{part}"><audio-role-source role="dialogue" {setting}</sync-source>'
        for part, setting in (
            ("storyline", 'enabled="0"/>'),
            ("connected", '><adjust-volume amount="-3dB"/></audio-role-source>'),
        )
    )
    cut, _ = reading(
        tmp_path, f'<sync-clip start="10s" duration="4s"><spine>{shot}</spine>{sources}</sync-clip>'
    )
    assert [(sound.enabled, sound.mix.gain_db) for sound in sounds(cut)] == [(False, 0), (True, -3)]


CLIP = (
    '<clip name="c" {attributes}>{before}<video ref="r2" offset="0s" duration="40s">'
    '<audio lane="-1" ref="r2" offset="0s" duration="40s" role="dialogue"/></video>{after}</clip>'
)


def test_components_of_a_clip_have_levels_and_switches_of_their_own(tmp_path):
    quiet = '<audio-channel-source srcCh="1"><adjust-volume amount="-12dB"/></audio-channel-source>'
    off = '<audio-channel-source srcCh="2" outCh="R" enabled="0"/>'
    cut, _ = reading(
        tmp_path, CLIP.format(attributes='start="10s" duration="4s"', before="", after=quiet + off)
    )
    left, right = sounds(cut)
    assert (left.channels, left.mix.gain_db, left.enabled, left.mix.pan) == ((0,), -12, True, 0)
    assert (right.channels, right.mix.gain_db, right.enabled, right.mix.pan) == ((1,), 0, False, 1)


def test_components_count_through_all_the_sound_that_a_clip_holds(tmp_path):
    inside = "".join(
        f'<audio lane="-{number}" ref="r4" srcID="{number}" offset="0s" duration="40s"/>'
        for number in (1, 2, 3)
    )
    clip = (
        '<clip start="0s" duration="4s"><video ref="r2" offset="0s" duration="40s">'
        f'{inside}</video><audio-channel-source srcCh="2"><adjust-volume amount="-5dB"/>'
        "</audio-channel-source></clip>"
    )
    (sound,) = sounds(reading(tmp_path, clip)[0])
    assert (sound.channels, sound.mix.gain_db) == ((1,), -5)


def test_an_audio_element_plays_the_source_that_it_names(tmp_path):
    inside = '<audio lane="-1" ref="r4" srcID="3" srcCh="1" offset="0s" duration="40s"/>'
    clip = (
        f'<clip start="0s" duration="4s"><video ref="r2" offset="0s" duration="40s">{inside}</video></clip>'
    )
    (sound,) = sounds(reading(tmp_path, clip)[0])
    assert sound.channels == (2,)


@pytest.mark.parametrize("kind", ["clip", *KINDS])
def test_a_split_edit_is_heard_where_it_says(tmp_path, kind):
    attributes = 'offset="0s" start="10s" duration="4s" audioStart="9s" audioDuration="6s"'
    before = '<gap offset="0s" duration="2s"/>'
    attributes = attributes.replace('offset="0s"', 'offset="2s"')
    if kind == "clip":
        clip, more = CLIP.format(attributes=attributes, before="", after=""), ""
    else:
        clip, more = holder(kind, "", attributes)
    cut, _ = reading(tmp_path, before + clip, more)
    (sound,), (picture,) = sounds(cut), pictures(cut)
    assert (picture.start, picture.end, picture.media_in) == (2, 6, 10)
    assert (sound.start, sound.end, sound.media_in) == (1, 7, 9)


@pytest.mark.parametrize("kind", KINDS)
def test_a_split_edit_of_a_nest_keeps_its_fades_at_the_sounds_own_edges(tmp_path, kind):
    fade = '<adjust-volume><param name="amount"><fadeOut duration="1s"/></param></adjust-volume>'
    role = f'<audio-role-source role="dialogue">{fade}</audio-role-source>'
    clip, more = holder(kind, role, 'start="10s" duration="4s" audioStart="10s" audioDuration="6s"')
    (sound,) = sounds(reading(tmp_path, clip, more)[0])
    assert (sound.duration, sound.mix.fade_out_us) == (6, 1_000_000)


REVERSED = '<timeMap><timept time="0s" value="10s"/><timept time="10s" value="0s"/></timeMap>'


@pytest.mark.parametrize("tag", ["clip", "sync-clip"])
def test_what_a_clip_holds_runs_backwards_with_it(tmp_path, tag):
    inside = '<video ref="r2" offset="0s" duration="10s"/>'
    inside = f"<spine>{inside}</spine>" if tag == "sync-clip" else inside
    cut, notes = reading(tmp_path, f'<{tag} start="2s" duration="4s">{REVERSED}{inside}</{tag}>')
    (picture,) = pictures(cut)
    assert (picture.start, picture.end, picture.media_in, picture.speed) == (0, 4, 8, -1)
    assert notes == ()


def test_cuts_within_a_clip_that_runs_backwards_come_in_turn(tmp_path):
    spine = (
        '<spine><video ref="r2" name="first" offset="0s" start="0s" duration="5s"/>'
        '<video ref="r2" name="second" offset="5s" start="20s" duration="5s"/></spine>'
    )
    cut, _ = reading(tmp_path, f'<sync-clip start="2s" duration="6s">{REVERSED}{spine}</sync-clip>')
    found = sorted(pictures(cut), key=lambda clip: clip.start)
    assert [(clip.start, clip.end, clip.media_in, clip.speed) for clip in found] == [
        (0, 3, 23, -1),
        (3, 6, 5, -1),
    ]


def test_a_clip_that_stands_still_shows_what_it_holds_there(tmp_path):
    still = '<timeMap><timept time="0s" value="7s"/><timept time="10s" value="7s"/></timeMap>'
    cut, _ = reading(tmp_path, CLIP.format(attributes='duration="4s"', before=still, after=""))
    (picture,) = pictures(cut)
    assert (picture.start, picture.end, picture.media_in, picture.speed) == (0, 4, 7, 0)
    assert sounds(cut) == []


def keyed(*keys: tuple[int, int]) -> str:
    frames = "".join(f'<keyframe time="{at}s" value="{gain}dB"/>' for at, gain in keys)
    animation = f"<keyframeAnimation>{frames}</keyframeAnimation>"
    return f'<adjust-volume><param name="amount">{animation}</param></adjust-volume>'


def test_key_frames_of_a_clip_and_of_what_it_holds_add_up(tmp_path):
    inner = DIALOGUE.replace("/>", f">{keyed((10, -6), (14, -6))}</asset-clip>")
    clip = (
        f'<sync-clip start="10s" duration="4s">{keyed((10, 0), (14, -8))}<spine>{inner}</spine></sync-clip>'
    )
    (sound,) = sounds(reading(tmp_path, clip)[0])
    assert [(key.at, key.gain_db) for key in sound.mix.keys] == [(0, -6), (4, -14)]


def test_a_muted_range_is_a_jump_to_silence_and_back(tmp_path):
    source = (
        '<audio-channel-source srcCh="1, 2"><adjust-volume amount="-6dB"/><mute start="11s" duration="2s"/>'
        "</audio-channel-source>"
    )
    clip = f'<asset-clip ref="r2" start="10s" duration="4s">{source}</asset-clip>'
    (sound,) = sounds(reading(tmp_path, clip)[0])
    assert [(key.at, key.gain_db) for key in sound.mix.keys] == [
        (Fraction(1), -6),
        (Fraction(1), -6 + SILENCE_DB),
        (Fraction(3), -6 + SILENCE_DB),
        (Fraction(3), -6),
    ]


def test_what_a_part_of_the_sound_cannot_say_is_told(tmp_path):
    source = '<audio-role-source role="dialogue"><adjust-panner mode="2"/></audio-role-source>'
    _, notes = reading(tmp_path, *holder("mc-clip", source))
    assert "1 adjust-panner of parts of a clip's sound left out." in notes


PANNED = '<adjust-panner mode="{}" amount="{}"/>'


@pytest.mark.parametrize(
    ("mode", "amount", "pan"),
    [
        ("1 (Stereo Left/Right)", "-50", -0.5),
        ("1", "100", 1.0),
        ("1", "-250", -1.0),
        ("1", "nan", 0.0),
        ("0 (Default)", "50", 0.0),
        ("3 (Dialogue)", "50", 0.0),
    ],
)
def test_a_pan_from_left_to_right_is_read_on_a_clip_a_part_and_a_role(
    mode: str, amount: str, pan: float, tmp_path: Path
) -> None:
    panner = PANNED.format(mode, amount)
    source = f'<audio-role-source role="dialogue">{panner}</audio-role-source>'
    spines = [
        (f'<asset-clip ref="r2" duration="4s">{panner}</asset-clip>', ""),
        (
            f'<clip duration="4s">{panner}<video ref="r2" duration="4s"/>'
            '<audio ref="r2" duration="4s"/></clip>',
            "",
        ),
        (
            '<asset-clip ref="r2" duration="4s"><audio-channel-source srcCh="1, 2" role="dialogue">'
            f"{panner}</audio-channel-source></asset-clip>",
            "",
        ),
        *(holder(kind, source) for kind in KINDS),
    ]
    for spine, more in spines:
        cut, _ = reading(tmp_path, spine, more)
        assert {clip.mix.pan for clip in sounds(cut)} == {pan}, spine


def test_a_pan_that_moves_is_kept_as_it_stands_or_told(tmp_path: Path) -> None:
    keys = '<keyframeAnimation><keyframe time="0s" value="-100"/></keyframeAnimation>'
    panner = f'<adjust-panner mode="1"><param name="amount">{keys}</param></adjust-panner>'
    cut, _ = reading(tmp_path, f'<asset-clip ref="r2" duration="4s">{panner}</asset-clip>')
    assert [one.label for clip in cut.clips() for one in clip.kept] == ["adjust-panner"]
    part = f'<audio-channel-source srcCh="1, 2">{panner}</audio-channel-source>'
    _, notes = reading(tmp_path, f'<asset-clip ref="r2" duration="4s">{part}</asset-clip>')
    assert "1 adjust-panner of parts of a clip's sound left out." in notes


def test_a_pan_is_written_and_read_again(tmp_path: Path) -> None:
    spine = f'<asset-clip ref="r2" duration="4s">{PANNED.format("1", "-37.5")}</asset-clip>'
    cut, _ = reading(tmp_path, spine)
    text, losses = document(cut, tmp_path)
    assert Feature.PAN not in {loss.feature for loss in losses}
    assert '<adjust-panner mode="1 (Stereo Left/Right)" amount="-37.5"/>' in text
    (tmp_path / "again.fcpxml").write_text(text, encoding="utf-8")
    [again] = read(tmp_path / "again.fcpxml")[0]
    assert [clip.mix.pan for clip in sounds(again)] == [-0.375]


@pytest.mark.parametrize(
    ("kind", "is_noted"), [("", True), (' type="easeInOut"', True), (' type="linear"', False)]
)
def test_a_fade_that_runs_in_a_curve_is_told(kind: str, is_noted: bool, tmp_path: Path) -> None:
    """One without a type eases: the DTD says so."""
    fade = f'<adjust-volume><param name="amount"><fadeIn{kind} duration="1s"/></param></adjust-volume>'
    cut, notes = reading(tmp_path, f'<asset-clip ref="r2" duration="4s">{fade}</asset-clip>')
    assert [clip.mix.fade_in_us for clip in sounds(cut)] == [1_000_000]
    assert ("1 fades that run in curves are read as straight." in notes) == is_noted
