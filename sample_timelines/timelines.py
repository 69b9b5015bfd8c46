"""The OTIO timelines, each made from the table of footage alone."""

from __future__ import annotations

from fractions import Fraction
from urllib.parse import quote

import opentimelineio as otio
from footage import CJK_PICTURE, CJK_SOUND, FILM, FOOTAGE, NTSC, NTSC_FILM, PAL, Media, Sequence

VIDEO, AUDIO = otio.schema.TrackKind.Video, otio.schema.TrackKind.Audio


def short_film() -> otio.schema.Timeline:
    """Eight shots with hard cuts, one stereo track under them."""
    shots = (
        ("The early train", "train.mp4", 12, 72),
        ("Walking home", "walker.mp4", 18, 60),
        ("She tells it", "talker.mp4", 6, 60),
        ("The clock", "clock.mp4", 18, 48),
        ("She goes on", "talker.mp4", 90, 48),
        ("The ball", "ball.mp4", 4, 72),
        ("Rain at the window", "rain.mp4", 12, 36),
        ("Fireworks", "fireworks.mp4", 8, 72),
    )
    picture = [clip(*shot) for shot in shots]
    picture[5].markers.append(marker("The ball hits the floor", 13, FILM, "RED"))
    picture[7].markers.append(marker("First burst", 17, FILM, "YELLOW"))
    return timeline(
        "Short film",
        FILM,
        track("V1 Picture", VIDEO, picture),
        track("A1 Dialogue and ambience", AUDIO, [clip(*shot) for shot in shots]),
    )


def ntsc_film_start_1h() -> otio.schema.Timeline:
    """23.976 fps from 01:00:00:00; media with timecode, ranges absolute in it."""
    shots = (
        ("Night drive", "A001_drive.mov", 10, 72),
        ("The shore", "A002_shore.mov", 24, 84),
        ("Night drive, later", "A001_drive.mov", 90, 24),
    )
    made = timeline(
        "23.976 from one hour",
        NTSC_FILM,
        track("V1 Picture", VIDEO, [clip(*shot) for shot in shots]),
        track("A1 Production sound", AUDIO, [clip(*shot) for shot in shots]),
        start=86_400,
    )
    made.tracks.markers.append(marker("The sea", 72, NTSC_FILM, "CYAN"))
    return made


def broadcast_2997_df() -> otio.schema.Timeline:
    """29.97 fps drop-frame from 00:58:52;00; the numbers 00:59:00;00 and ;01 do not exist."""
    shots = (
        ("Balloons", "B001_balloons.mov", 0, 220),
        ("Fireworks over the lake", "B002_fireworks.mov", 10, 200),
    )
    made = timeline(
        "29.97 drop-frame",
        NTSC,
        track("V1 Programme", VIDEO, [clip(*shot) for shot in shots]),
        track("A1 Programme", AUDIO, [clip(*shot) for shot in shots]),
        start=105_854,
    )
    made.tracks.markers.append(marker("First frame of the next minute, 00:59:00;02", 240, NTSC, "GREEN"))
    return made


def speed_changes_25() -> otio.schema.Timeline:
    """Twice as fast, frozen, half as fast; no audio track, so the pictures' own sound counts."""
    fast = clip("Ball at 200 %", "ball_25.mp4", 0, 50)
    fast.effects.append(otio.schema.LinearTimeWarp(name="200 %", time_scalar=2.0))
    frozen = clip("Ball, frozen", "ball_25.mp4", 100, 24)
    frozen.effects.append(otio.schema.FreezeFrame(name="Freeze"))
    slow = clip("Ball at 50 %", "ball_25.mp4", 8, 60)
    slow.effects.append(otio.schema.LinearTimeWarp(name="50 %", time_scalar=0.5))
    slow.markers.append(marker("Slow from here", 8, PAL, "BLUE"))
    picture = [clip("Walking home", "walker_25.mp4", 10, 40), fast, frozen, slow]
    picture.append(clip("Walking on", "walker_25.mp4", 60, 36))
    return timeline("Speed changes", PAL, track("V1 Picture", VIDEO, picture))


def nested_stack() -> otio.schema.Timeline:
    """A stack with its own sound and a track, both nested and both trimmed, between plain clips."""
    scene = otio.schema.Stack(name="Scene 2 (nested)")
    scene.append(
        track(
            "Scene 2 V1",
            VIDEO,
            [clip("Walking home", "walker.mp4", 6, 60), clip("The clock", "clock.mp4", 12, 48)],
        )
    )
    scene.append(track("Scene 2 V2", VIDEO, [gap(70, FILM), clip("Rain", "rain.mp4", 20, 24)]))
    scene.append(
        track("Scene 2 A1", AUDIO, [clip("Steps", "walker.mp4", 6, 60), clip("Ticking", "clock.mp4", 12, 48)])
    )
    scene.source_range = frames(12, 84, FILM)
    run = track(
        "Scene 3 (nested track)",
        VIDEO,
        [clip("The talker", "talker.mp4", 0, 60), clip("The ball", "ball.mp4", 0, 60)],
    )
    run.source_range = frames(20, 80, FILM)
    run.markers.append(marker("Cut inside the nest", 60, FILM, "PURPLE"))
    picture = [
        clip("The early train", "train.mp4", 10, 48),
        scene,
        run,
        clip("Fireworks", "fireworks.mp4", 10, 48),
    ]
    return timeline("Nested scenes", FILM, track("V1 Picture", VIDEO, picture))


def three_tracks_gaps() -> otio.schema.Timeline:
    """Three layers with gaps, a disabled clip, a dissolve, an image sequence and a still with alpha."""
    dissolve = otio.schema.Transition(
        name="Dissolve",
        transition_type=otio.schema.TransitionTypes.SMPTE_Dissolve,
        in_offset=time(8, FILM),
        out_offset=time(8, FILM),
    )
    lowest = [
        clip("The clock", "clock.mp4", 8, 60),
        dissolve,
        clip("The ball", "ball.mp4", 12, 60),
        gap(24, FILM),
        clip("Fireworks", "fireworks.mp4", 12, 60),
    ]
    off = clip("Walking home (disabled)", "walker.mp4", 10, 40)
    off.enabled = False
    middle = [
        gap(24, FILM),
        clip("The early train", "train.mp4", 30, 20),
        gap(40, FILM),
        off,
        gap(24, FILM),
        clip("Balloons (image sequence)", "balloons.####.jpg", 2, 20),
    ]
    emblem = clip("Emblem (still with alpha)", "emblem.png", 0, 48)
    emblem.markers.append(marker("Emblem in", 0, FILM, "ORANGE"))
    return timeline(
        "Three tracks",
        FILM,
        track("V1", VIDEO, lowest),
        track("V2", VIDEO, middle),
        track("V3 Graphics", VIDEO, [gap(90, FILM), emblem]),
        track(
            "A1 Train",
            AUDIO,
            [clip("Train", "train.mp4", 0, 96), gap(60, FILM), clip("Rain", "rain.mp4", 0, 48)],
        ),
    )


def stereo_and_mono() -> otio.schema.Timeline:
    """A silent camera file, a mono boom track with hum and hiss, camera sound, and 44.1 kHz music."""
    picture = [
        clip("Interview", "interview_camera.mp4", 15, 100),
        clip("Walking home", "walker_25.mp4", 20, 60),
    ]
    voice = clip("Interview, boom", "interview_boom.wav", 15, 100)
    voice.markers.append(marker("Hum: clean this", 0, PAL, "RED"))
    return timeline(
        "Stereo and mono",
        PAL,
        track("V1 Picture", VIDEO, picture),
        track("A1 Boom (mono)", AUDIO, [voice]),
        track("A2 Camera (stereo)", AUDIO, [gap(96, PAL), clip("Walking home", "walker_25.mp4", 16, 64)]),
        track("A3 Music (44.1 kHz)", AUDIO, [gap(30, PAL), clip("Temp music", "music_44100.wav", 12, 120)]),
    )


def cjk_names() -> otio.schema.Timeline:
    """Names in Chinese, with spaces, quotes, #, % and an emoji."""
    shots = (("燈籠 第一鏡 “遠景”", 6, 56), ("燈籠 第二鏡 'B'", 70, 50))
    picture = [clip(name, CJK_PICTURE, start, length) for name, start, length in shots]
    picture[1].markers.append(marker("鼓聲 100%", 12, PAL, "RED"))
    sound = [clip(f"{name} 聲音", CJK_SOUND, start, length) for name, start, length in shots]
    return timeline("短片 測試 №1", PAL, track("視訊 1", VIDEO, picture), track("音訊 #1", AUDIO, sound))


TIMELINES = {
    "short_film.otio": short_film,
    "ntsc_film_start_1h.otio": ntsc_film_start_1h,
    "broadcast_2997_df.otio": broadcast_2997_df,
    "speed_changes_25.otio": speed_changes_25,
    "nested_stack.otio": nested_stack,
    "three_tracks_gaps.otio": three_tracks_gaps,
    "stereo_and_mono.otio": stereo_and_mono,
    "短片 測試 №1.otio": cjk_names,
}
"""File name → what makes it."""


def timeline(
    name: str, rate: Fraction, *tracks: otio.schema.Track, start: int | None = None
) -> otio.schema.Timeline:
    """A timeline, lowest video track first; ``start`` is its first timecode in frames."""
    made = otio.schema.Timeline(name=name)
    made.global_start_time = None if start is None else time(start, rate)
    made.tracks.extend(tracks)
    return made


def track(name: str, kind: str, items: list[otio.core.Composable]) -> otio.schema.Track:
    """A track of items one after the other."""
    return otio.schema.Track(name=name, kind=kind, children=items)


def clip(name: str, file: str, first: int, length: int) -> otio.schema.Clip:
    """A clip that uses ``length`` frames of a file from its frame ``first`` on (0 is the file's first)."""
    media = FOOTAGE[file]
    return otio.schema.Clip(
        name=name,
        media_reference=_reference(file, media),
        source_range=frames(media.start + first, length, media.rate),
    )


def gap(length: int, rate: Fraction) -> otio.schema.Gap:
    """Nothing, for so many frames."""
    return otio.schema.Gap(source_range=frames(0, length, rate))


def marker(name: str, frame: int, rate: Fraction, colour: str) -> otio.schema.Marker:
    """A marker one frame long, in its item's own time."""
    return otio.schema.Marker(name=name, marked_range=frames(frame, 1, rate), color=colour)


def time(frame: int, rate: Fraction) -> otio.opentime.RationalTime:
    """A count of frames as OTIO's time."""
    return otio.opentime.RationalTime(frame, float(rate))


def frames(first: int, length: int, rate: Fraction) -> otio.opentime.TimeRange:
    """A run of frames as OTIO's range."""
    return otio.opentime.TimeRange(time(first, rate), time(length, rate))


def url(file: str) -> str:
    """A media file as the timelines name it: from their own folder, percent-encoded."""
    return "media/" + quote(file)


def _reference(file: str, media: Media) -> otio.core.MediaReference:
    available = frames(media.start, media.frames, media.rate)
    if isinstance(media, Sequence):
        prefix, suffix = file.split("####")
        return otio.schema.ImageSequenceReference(
            target_url_base="media/",
            name_prefix=prefix,
            name_suffix=suffix,
            start_frame=media.start,
            frame_step=1,
            rate=float(media.rate),
            frame_zero_padding=4,
            available_range=available,
        )
    return otio.schema.ExternalReference(target_url=url(file), available_range=available)
