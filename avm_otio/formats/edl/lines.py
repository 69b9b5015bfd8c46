"""The lines of a CMX3600 list, as editors really write them."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from avm_otio.errors import TimelineError
from avm_otio.timeline.time import dropped_per_minute, format_rate, nominal_rate

_TIMECODE = r"(\d{1,2}[:;.,]\d{1,2}[:;.,]\d{1,2}[:;.,]\d{1,3})"
_EDIT = re.compile(
    r"\s*(?P<number>\d{1,8})\s+(?P<reel>\S+(?: \S+){0,7}?)\s+"
    r"(?P<channels>NONE|B|[AV][AV0-9/]*)\s+"
    r"(?P<kind>C|D|W\d{0,4}|K(?: ?[BO])?)\s+(?:(?P<frames>\d{1,5})F?\s+)?"
    rf"{_TIMECODE}\s+{_TIMECODE}\s+{_TIMECODE}\s+{_TIMECODE}\s*",
    re.ASCII,
)
_LIKE_EDIT = re.compile(rf"\s*\d{{1,8}}\s.*{_TIMECODE}\s+{_TIMECODE}\s*", re.ASCII)
_ENDS = re.compile("\r\n|\r|\n")
_AUD = re.compile(r"\s*AUD((?:\s+\d{1,2})+)\s*", re.ASCII)
_CHANNEL = re.compile(r"V\d*|A\d*|\d+", re.ASCII)
_FCM = re.compile(r"\s*FCM:\s*(NON)?", re.IGNORECASE)
_TITLE = re.compile(r"\s*TITLE:\s*(.*?)\s*", re.IGNORECASE)

_LONGEST_LINE = 4096
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))

DEFAULT_RATE = Fraction(24)
"""An EDL does not say its rate; this one is taken where nothing in it speaks against."""


@dataclass(slots=True)
class Line:
    """One line of an edit, with the comments below it.

    Attributes:
        place: Its number in the file, from 1.
        number: Number of its edit.
        reel: Its source.
        video: Video tracks that it goes to, from 1.
        audio: Sound channels that it goes to, from 1.
        kind: ``C``, ``D``, ``W001`` …, ``K``, ``KB``, ``KO``.
        frames: Length of its transition.
        times: Source in and out, record in and out, as written.
        is_drop: Whether an ``FCM`` line above said that sources drop frames.
        comments: Lines below it.
    """

    place: int
    number: str
    reel: str
    video: set[int]
    audio: set[int]
    kind: str
    frames: int
    times: tuple[str, str, str, str]
    is_drop: bool
    comments: list[str] = field(default_factory=list)


@dataclass(slots=True)
class List:
    """One list; a file may hold several.

    Attributes:
        title: Its title.
        is_drop: What the first ``FCM`` line says of record timecode.
        header: Comments above the first edit.
        lines: The lines of its edits.
    """

    title: str = ""
    is_drop: bool | None = None
    header: list[str] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)


def text_of(path: Path) -> str:
    """A list as text, whatever its encoding: CMX is ASCII, and editors add what they please.

    Raises:
        TimelineError: It cannot be read.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise TimelineError(f"{path} cannot be read: {error.strerror}.", "Check the path.") from error
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data.decode(encoding, errors="replace")
    # Some end with control-Z and fill the last block with zeros [file: finalcut7/trailer.edl].
    data = data.rstrip(b"\x00\x1a")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def guessed_rate(text: str) -> Fraction:
    """The rate that a list most likely has: the lowest usual one that has all its frames."""
    highest, is_drop = 0, False
    for each in lists_of(text, "list"):
        is_drop = is_drop or bool(each.is_drop)
        for line in each.lines:
            is_drop = is_drop or line.is_drop or ";" in "".join(line.times)
            highest = max([highest, *(int(re.split("[:;.,]", time)[3]) for time in line.times)])
    if highest >= 50:
        return Fraction(60_000, 1001) if is_drop else Fraction(60)
    if highest >= 30:
        return Fraction(60_000, 1001) if is_drop else Fraction(50)
    if is_drop:
        return Fraction(30_000, 1001)
    return Fraction(30) if highest >= 25 else Fraction(25) if highest == 24 else DEFAULT_RATE


def lists_of(text: str, name: str) -> list[List]:
    """Take a text apart.

    Args:
        text: The file's text.
        name: What to call it in an error.

    Raises:
        TimelineError: A line of an edit cannot be understood.
    """
    found = [List()]
    is_drop = False
    for place, line in enumerate(_ENDS.split(text.replace("\x00", "")), 1):
        current = found[-1]
        if not line.strip(" \t\x1a"):
            continue
        if len(line) <= _LONGEST_LINE:
            if line.lstrip()[:1].isdigit():
                edit = _edit(line, place, is_drop, name)
                if edit is not None:
                    current.lines.append(edit)
                    continue
            elif mode := _FCM.match(line):
                is_drop = not mode[1]
                if current.is_drop is None:
                    current.is_drop = is_drop
                continue
            elif title := _TITLE.fullmatch(line):
                if current.lines:
                    found.append(List())
                    is_drop = False
                found[-1].title = title[1]
                continue
            elif current.lines and (more := _AUD.fullmatch(line)):
                current.lines[-1].audio |= {int(channel) for channel in more[1].split()} - {0}
                continue
        (current.lines[-1].comments if current.lines else current.header).append(line.strip())
    return found


def _edit(line: str, place: int, is_drop: bool, name: str) -> Line | None:
    """A line of an edit; ``None`` for a comment that begins with a digit."""
    found = _EDIT.fullmatch(line)
    if found is None:
        if _LIKE_EDIT.fullmatch(line):
            raise TimelineError(
                f"{name}, line {place}, is no edit of a CMX3600 list: {line.strip()[:80]!r}.",
                "Export it again as CMX3600, or as .otio, .xml or .aaf.",
            )
        return None
    video, audio = _channels(found["channels"])
    times = found.groups()[5:9]
    return Line(
        place=place,
        number=found["number"].lstrip("0"),
        reel=found["reel"],
        video=video,
        audio=audio,
        kind=found["kind"].replace(" ", ""),
        frames=int(found["frames"] or 0),
        times=(times[0], times[1], times[2], times[3]),
        is_drop=is_drop,
    )


def _channels(field: str) -> tuple[set[int], set[int]]:
    """Video tracks and sound channels of a channel field.

    ``B`` is picture and the first channel, ``AA`` the first two, ``A2/V`` and ``AA/V`` the same with picture,
    ``VA12`` and ``V1A1A2`` what they look like; ``NONE`` is nothing, unless an ``AUD`` line below adds to it.
    """
    if field == "NONE":
        return set(), set()
    if field == "B":
        return {1}, {1}
    video: set[int] = set()
    audio: set[int] = set()
    if field.count("A") > 1 and not any(mark.isdigit() for mark in field):
        audio |= set(range(1, field.count("A") + 1))
        return ({1} if "V" in field else set()), audio
    joined = "V" in field and "A" in field and "/" not in field and field.count("A") == 1
    for part in _CHANNEL.findall(field):
        number = part.lstrip("AV")
        if part[0] == "V":
            video.add(int(number or 1) or 1)
        elif joined and len(number) > 1:
            audio |= {int(digit) for digit in number} - {0}
        else:
            audio.add(int(number or 1) or 1)
    return video, audio


def frames_of(time: str, rate: Fraction, is_drop: bool, where: str) -> int:
    """Frames since 00:00:00:00 of a timecode; a number that drop-frame skips is the next one there is.

    Args:
        time: The timecode; ``;``, ``.`` or ``,`` before its frames means drop-frame whatever the list says.
        rate: Frames a second.
        is_drop: What the list says.
        where: What to call the place in an error.

    Raises:
        TimelineError: The rate has no such frame.
    """
    hours, minutes, seconds, frames = (int(part) for part in re.split("[:;.,]", time))
    nominal = nominal_rate(rate)
    if frames >= nominal:
        usual = next(
            (text for most, text in ((25, "25"), (30, "30 or 29.97"), (50, "50")) if frames < most), "60"
        )
        raise TimelineError(
            f"{where}: {time} does not exist at {format_rate(rate)} fps.",
            f"Give the list's own rate with --rate, {usual} by its frames.",
        )
    if minutes > 59 or seconds > 59:
        raise TimelineError(f"{where}: {time} is no timecode.", "Export the list again.")
    count = ((hours * 60 + minutes) * 60 + seconds) * nominal + frames
    drop = dropped_per_minute(rate)
    if not drop or not (is_drop or time[-3] in ";.," or ";" in time):
        return count
    total = hours * 60 + minutes
    if seconds == 0 and frames < drop and minutes % 10:
        count += drop - frames
    return count - drop * (total - total // 10)
