"""The lines of a CMX3600 list, as editors really write them."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

from avm_otio.errors import TimelineError
from avm_otio.timeline.time import dropped_per_minute, format_rate, nominal_rate, snap_rate

_TIMECODE = r"(\d{1,2}[:;.,]\d{1,2}[:;.,]\d{1,2}[:;.,]\d{1,3})"
_EDIT = re.compile(
    r"\s*(?P<number>\d{1,8}[A-Z]?)\s+(?:(?P<reel>\S+(?: \S+){0,7}?)\s+)?"
    r"(?P<channels>NONE|B|BOTH|[AV][AV0-9/,]*)\s+"
    r"(?:(?P<kind>C|D|W\d{0,4}|K(?:\s?[BO])?)\s+)?(?:\(?(?P<frames>\d{1,5})F?\)?\s+|\(F\)\s+)?"
    rf"{_TIMECODE}\s+{_TIMECODE}\s+{_TIMECODE}\s+{_TIMECODE}(?:\s+(?P<rest>.*))?",
    re.ASCII | re.IGNORECASE,
)
_LIKE_EDIT = re.compile(
    rf"\s*\d{{1,8}}[A-Z]?\s.*{_TIMECODE}\s+{_TIMECODE}(?:\s.*)?", re.ASCII | re.IGNORECASE
)
_DROP_SIGN = re.compile(r"[.,]\d+$")
_SIGNS = re.compile("[:;.,]")
_ENDS = re.compile("\r\n|\r|\n")
_AUD = re.compile(r"\s*AUD((?:\s+\d{1,2})+)\s*", re.ASCII)
_CHANNEL = re.compile(r"V\d*|A\d*|\d+", re.ASCII)
_FCM = re.compile(r"\s*FCM:\s*(NON)?", re.IGNORECASE)
_TITLE = re.compile(r"\s*TITLE:\s*(.*?)\s*", re.IGNORECASE)

_LONGEST_LINE = 4096
_NAMES_MEDIA = re.compile(r"\*?\s*(?:FROM |TO |KEY )?(?:CLIP NAME|CLIP|FILE|SOURCE FILE)\b", re.IGNORECASE)
_RATE = re.compile(
    r"\*?\s*(?:(?:SEQUENCE|TIMELINE|PROJECT|RECORD|TIMECODE|EDIT|VIDEO)\s+)?"
    r"(?:FRAME ?RATE|FPS|TIMEBASE|TIMECODE RATE|RATE)\s*(?:[:=]|IS)?\s*"
    r"(?P<rate>\d{2,3}(?:[.,]\d{1,5})?|\d{4,6}/1001)\s*(?:FPS)?\s*",
    re.ASCII | re.IGNORECASE,
)
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


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
        has_kind: Whether it says how it comes in; a length without that is read as a dissolve's.
        comments: Lines below it.
    """

    place: int
    number: str
    reel: str
    video: frozenset[int]
    audio: frozenset[int]
    kind: str
    frames: int
    times: tuple[str, str, str, str]
    is_drop: bool
    has_kind: bool = True
    comments: list[str] = field(default_factory=list)

    @property
    def channels(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Where it goes: picture tracks and sound channels, in order."""
        return tuple(sorted(self.video)), tuple(sorted(self.audio))

    @property
    def names_media(self) -> bool:
        """Whether a comment below it names a clip or a file."""
        return any(_NAMES_MEDIA.match(comment) for comment in self.comments)


@dataclass(slots=True)
class List:
    """One list; a file may hold several.

    Attributes:
        title: Its title.
        is_drop: What the first ``FCM`` line says of record timecode.
        header: Comments above the first edit.
        lines: The lines of its edits.
        bad: Lines that look like an edit and are none: their numbers and texts.
    """

    title: str = ""
    is_drop: bool | None = None
    header: list[str] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    bad: list[tuple[int, str]] = field(default_factory=list)

    @property
    def uses_signs(self) -> bool:
        """Whether it tells drop-frame timecode by its sign: then a colon means that nothing is dropped."""
        return any(has_drop_sign(time) for line in self.lines for time in line.times)


def has_drop_sign(time: str) -> bool:
    """Whether a timecode is written as drop-frame: ``;`` anywhere, or ``.`` or ``,`` before its frames."""
    if ";" in time:
        return True
    return ("." in time or "," in time) and _DROP_SIGN.search(time) is not None


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


def lists_of(text: str) -> list[List]:
    """Take a text apart; a line that looks like an edit and is none is kept aside.

    Args:
        text: The file's text.

    """
    found = [List()]
    is_drop = False
    for place, line in enumerate(_ENDS.split(text.replace("\x00", "")), 1):
        current = found[-1]
        if not line.strip(" \t\x1a"):
            continue
        if len(line) <= _LONGEST_LINE:
            if line.lstrip()[:1].isdigit():
                edit = _edit(line, place, is_drop)
                if edit is not None:
                    current.lines.append(edit)
                    continue
                if _LIKE_EDIT.fullmatch(line):
                    current.bad.append((place, line.strip()))
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


def _edit(line: str, place: int, is_drop: bool) -> Line | None:
    """A line of an edit; ``None`` for what is none: a comment that begins with a digit, or a bad edit."""
    found = _EDIT.fullmatch(line)
    if found is None:
        return None
    times = found.groups()[5:9]
    if any(int(part) > 59 for time in times for part in _SIGNS.split(time)[1:3]):
        return None
    video, audio = _channels(found["channels"].upper())
    frames = int(found["frames"] or 0)
    kind = (found["kind"] or ("D" if frames else "C")).upper()
    return Line(
        place=place,
        number=found["number"].lstrip("0"),
        reel=found["reel"] or "",
        video=video,
        audio=audio,
        kind=re.sub(r"\s", "", kind),
        frames=frames,
        times=(times[0], times[1], times[2], times[3]),
        is_drop=is_drop,
        has_kind=found["kind"] is not None,
        comments=[found["rest"].strip()] if (found["rest"] or "").strip() else [],
    )


@lru_cache(maxsize=4096)
def _channels(field: str) -> tuple[frozenset[int], frozenset[int]]:
    """Video tracks and sound channels of a channel field.

    ``B`` is picture and the first channel, ``AA`` the first two, ``A2/V`` and ``AA/V`` the same with picture,
    ``VA12`` and ``V1A1A2`` what they look like; ``NONE`` is nothing, unless an ``AUD`` line below adds to it.
    """
    if field == "NONE":
        return frozenset(), frozenset()
    if field in ("B", "BOTH"):
        return frozenset({1}), frozenset({1})
    video: set[int] = set()
    audio: set[int] = set()
    if field.count("A") > 1 and not any(mark.isdigit() for mark in field):
        audio |= set(range(1, field.count("A") + 1))
        return frozenset({1} if "V" in field else ()), frozenset(audio)
    joined = "V" in field and "A" in field and "/" not in field and field.count("A") == 1
    for part in _CHANNEL.findall(field):
        number = part.lstrip("AV")
        if part[0] == "V":
            video.add(int(number or 1) or 1)
        elif joined and len(number) > 1:
            audio |= {int(digit) for digit in number} - {0}
        else:
            audio.add(int(number or 1) or 1)
    return frozenset(video), frozenset(audio)


def stated_rate(found: List) -> Fraction | None:
    """The rate that a comment of a list's head states, ``* FRAME RATE: 25``; ``None`` where none does."""
    for comment in found.header:
        if rate := _RATE.fullmatch(comment):
            return snap_rate(rate["rate"].replace(",", "."))
    return None


def frames_of(time: str, rate: Fraction, is_drop: bool, where: str) -> int:
    """Frames since 00:00:00:00 of a timecode; a number that drop-frame skips is the next one there is.

    Args:
        time: The timecode.
        rate: Frames a second.
        is_drop: Whether it drops frames, where the rate has such timecode.
        where: What to call the place in an error.

    Raises:
        TimelineError: The rate has no such frame.
    """
    try:
        return _counted(time, rate, is_drop)
    except TimelineError as error:
        raise TimelineError(f"{where}: {error.what}", error.hint) from None


@lru_cache(maxsize=65_536)  # each edge of an edit is asked for several times
def _counted(time: str, rate: Fraction, is_drop: bool) -> int:
    hours, minutes, seconds, frames = (int(part) for part in _SIGNS.split(time))
    nominal = nominal_rate(rate)
    if frames >= nominal:
        usual = next(
            (text for most, text in ((25, "25"), (30, "30 or 29.97"), (50, "50")) if frames < most), "60"
        )
        raise TimelineError(
            f"{time} does not exist at {format_rate(rate)} fps.",
            f"Give the list's own rate with --rate, {usual} by its frames.",
        )
    count = ((hours * 60 + minutes) * 60 + seconds) * nominal + frames
    drop = dropped_per_minute(rate)
    if not drop or not is_drop:
        return count
    total = hours * 60 + minutes
    if seconds == 0 and frames < drop and minutes % 10:
        count += drop - frames
    return count - drop * (total - total // 10)


def edits_of(lines: list[Line]) -> list[list[Line]]:
    """Lines that belong to one edit: of one number, until one cuts on where another ended.

    Lists that give every edit the same number are read edit by edit, too.
    """
    edits: list[list[Line]] = []
    records: dict[object, set[tuple[str, ...]]] = {}  # of the lines with a length in the edit at hand
    for line in lines:
        before = edits[-1] if edits else []
        record = line.times[2:]
        is_more = bool(before) and before[-1].number == line.number
        if is_more and line.kind == "C":
            others = records.get(line.channels, set())
            follows = len(others) > (record in others)
            is_more = not follows and not before[-1].names_media
        if is_more:
            before.append(line)
        else:
            edits.append([line])
            records = {}
        if record[0] != record[1]:
            records.setdefault(line.channels, set()).add(record)
    return edits
