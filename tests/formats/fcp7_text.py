"""Final Cut Pro 7 XML in few words, and reading it."""

from __future__ import annotations

from pathlib import Path

from avm_otio.formats.fcp7.read import read
from avm_otio.timeline.model import Clip, Timeline, Track

RATE = "<rate><timebase>25</timebase><ntsc>FALSE</ntsc></rate>"


def parse(folder: Path, text: str) -> tuple[list[Timeline], tuple[str, ...]]:
    path = folder / "cut.xml"
    path.write_text(text, encoding="utf-8")
    return read(path)


def sequence(
    folder: Path, *audio: str, video: str = "", more: str = "", name: str = "cut", attributes: str = ""
) -> Timeline:
    text = (
        f'<xmeml version="4"><sequence id="s"{attributes}><name>{name}</name>{RATE}<media>'
        f"<video>{video}</video><audio>{''.join(audio)}</audio></media>{more}</sequence></xmeml>"
    )
    found, notes = parse(folder, text)
    assert [note for note in notes if "names the first channel" not in note] == []
    return found[0]


def file(name: str = "f", channels: int | None = 2, inside: str = "") -> str:
    count = "" if channels is None else f"<channelcount>{channels}</channelcount>"
    return (
        f'<file id="{name}"><name>{name}.wav</name><pathurl>file://localhost/m/{name}.wav</pathurl>{RATE}'
        f"<duration>5000</duration>{inside}<media><audio>{count}</audio></media></file>"
    )


def item(
    name: str,
    start: int,
    end: int,
    channel: int | None = 1,
    inside: str = "",
    source: str = "",
    begin: int = 0,
) -> str:
    track = (
        ""
        if channel is None
        else f"<sourcetrack><mediatype>audio</mediatype><trackindex>{channel}</trackindex></sourcetrack>"
    )
    return (
        f'<clipitem id="{name}"><name>hit</name><duration>5000</duration>{RATE}<start>{start}</start>'
        f"<end>{end}</end><in>{begin}</in><out>{begin + end - start}</out>{source or file()}{track}{inside}"
        "</clipitem>"
    )


def track(*items: str, attributes: str = "") -> str:
    return f"<track{attributes}>{''.join(items)}<enabled>TRUE</enabled><locked>FALSE</locked></track>"


def clips(timeline: Timeline) -> list[Clip]:
    return [clip for track in timeline.audio_tracks for clip in track.clips]


def shape(tracks: tuple[Track, ...]) -> list[tuple[int, int]]:
    return [(one.channels, len(one.clips)) for one in tracks]


def levels(*keys: tuple[int, float], value: float = 1.0) -> str:
    frames = "".join(f"<keyframe><when>{at}</when><value>{level}</value></keyframe>" for at, level in keys)
    return (
        "<filter><effect><name>Audio Levels</name><effectid>audiolevels</effectid><parameter>"
        f"<parameterid>level</parameterid><value>{value}</value>{frames}</parameter></effect></filter>"
    )
