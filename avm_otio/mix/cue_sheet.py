"""The cue sheet: what music is heard where and for how long, as broadcasters and societies want it told.

A cue is one piece heard without a break. Its parts, its repeats and the joins between them are one cue; a
moment that two of its clips share counts once. Where one piece goes over into another, the first ends and
the second begins at the cut, so that the lengths of cues add up to what is heard.

Times are whole frames of the reel. A duration is real time: its frames at the reel's exact rate, whatever its
timecode counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from avm_otio.mix.cues import Item
from avm_otio.mix.rights import NOBODY, Rights, Use
from avm_otio.mix.used import ServiceItem, Sound
from avm_otio.timeline.model import Stem, Timeline
from avm_otio.timeline.time import format_timecode, nearest_frame, touched_frames

HOLE_S = Fraction(1, 2)
"""A piece that pauses for less is still one cue: an editor's short hole, not a new entry. The hole is not
counted."""

_MARKS = {Stem.MUSIC: "M", Stem.EFFECTS: "FX", Stem.DIALOGUE: "DX"}


@dataclass(frozen=True, slots=True)
class Header:
    """What stands above the rows; what nobody said is empty.

    Attributes:
        production: The programme or series.
        episode: Its title or number.
        air_date: When it is first shown.
        company: Who made it.
    """

    production: str = ""
    episode: str = ""
    air_date: str = ""
    company: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One cue.

    Attributes:
        sequence: Its number in the sheet, from 1.
        number: Its number in the reel as composers count: ``2M3`` is the third of reel 2.
        reel: The reel's name.
        offered: The item.
        rights: Whose it is.
        use: How it is used.
        timecode_in: Record timecode of its first frame.
        timecode_out: Record timecode of the first frame after it.
        frames: In how many frames it is heard.
        rate: Frames a second of the reel.
    """

    sequence: int
    number: str
    reel: str
    offered: ServiceItem
    rights: Rights
    use: Use
    timecode_in: str
    timecode_out: str
    frames: int
    rate: Fraction

    @property
    def item(self) -> Item:
        """The item."""
        return self.offered.item

    @property
    def title(self) -> str:
        """What it is called: as its rights say, else as the service does."""
        return self.rights.title or self.item.title or str(self.item.id)

    @property
    def duration(self) -> Fraction:
        """Seconds for which it is heard, real time."""
        return self.frames / self.rate


@dataclass(frozen=True, slots=True)
class CueSheet:
    """A cue sheet.

    Attributes:
        header: What stands above the rows.
        rows: The cues, reel by reel, in record order.
        programme_s: How long all reels are, seconds of real time.
    """

    header: Header
    rows: tuple[Row, ...] = ()
    programme_s: Fraction = Fraction(0)

    @property
    def music_s(self) -> Fraction:
        """How long all music cues are together, seconds of real time."""
        return sum((row.duration for row in self.rows if row.use is not Use.EFFECT), Fraction(0))

    def items(self) -> tuple[Row, ...]:
        """Each item once, by the first cue in which it is heard."""
        first: dict[tuple[str, str], Row] = {}
        for row in self.rows:
            first.setdefault((row.offered.service, row.item.name), row)
        return tuple(first.values())


@dataclass(frozen=True, slots=True)
class ScoredReel:
    """A reel that a sheet is made of.

    Attributes:
        name: What people call it.
        timeline: The timeline.
        sounds: Our sounds on it.
    """

    name: str
    timeline: Timeline
    sounds: Sequence[Sound]


def cue_sheet(
    reels: Iterable[ScoredReel],
    header: Header,
    rights: Mapping[tuple[str, str], Rights],
    *,
    effects: bool = False,
) -> CueSheet:
    """Make a cue sheet.

    Args:
        reels: In the order of the programme.
        header: What stands above the rows.
        rights: Whose each item is, by its service and its name.
        effects: Whether sound effects are listed, too.
    """
    stems = (Stem.MUSIC, Stem.EFFECTS) if effects else (Stem.MUSIC,)
    rows: list[Row] = []
    programme_s = Fraction(0)
    for reel_number, reel in enumerate(reels, 1):
        timeline = reel.timeline
        programme_s += timeline.frames / timeline.rate
        count = dict.fromkeys(_MARKS, 0)
        for cue in _cues(reel, stems):
            count[cue.stem] += 1
            item = cue.offered.item
            whose = rights.get((cue.offered.service, item.name), NOBODY)
            use = Use.EFFECT if cue.stem is Stem.EFFECTS else whose.use or Use.BACKGROUND_INSTRUMENTAL
            rows.append(
                Row(
                    sequence=len(rows) + 1,
                    number=f"{reel_number}{_MARKS[cue.stem]}{count[cue.stem]}",
                    reel=reel.name,
                    offered=cue.offered,
                    rights=whose,
                    use=use,
                    timecode_in=_timecode(timeline, cue.first),
                    timecode_out=_timecode(timeline, cue.last),
                    frames=cue.frames,
                    rate=timeline.rate,
                )
            )
    return CueSheet(header, tuple(rows), programme_s)


def _timecode(timeline: Timeline, frame: int) -> str:
    return format_timecode(max(0, timeline.start_frame + frame), timeline.rate, timeline.drop_frame)


@dataclass(slots=True)
class _Heard:
    """Frames in which one item is heard, while they are gathered."""

    offered: ServiceItem
    stem: Stem
    spans: list[tuple[int, int]] = field(default_factory=list)

    @property
    def first(self) -> int:
        return self.spans[0][0]

    @property
    def last(self) -> int:
        return self.spans[-1][1]

    @property
    def frames(self) -> int:
        return sum(last - first for first, last in self.spans)


@dataclass(frozen=True, slots=True)
class _Lying:
    """One sound in whole frames.

    Attributes:
        rises: The frame at which its fade from silence ends, and ``falls`` the one at which that to silence
            begins; its own edges where it has none.
    """

    first: int
    last: int
    rises: int
    falls: int
    sound: Sound
    offered: ServiceItem


def _cues(reel: ScoredReel, stems: Sequence[Stem]) -> list[_Heard]:
    rate = reel.timeline.rate
    lying = [
        _in_frames(sound, sound.offered, rate)
        for sound in reel.sounds
        if sound.offered is not None and sound.stem in stems and sound.is_heard
    ]
    lying.sort(key=lambda each: (each.first, each.last))
    lying = _parted(lying)
    cues: list[_Heard] = []
    open_cues: dict[tuple[str, str], _Heard] = {}
    for each in sorted(lying, key=lambda each: (each.first, each.last)):
        if each.first >= each.last:
            continue
        key = each.offered.service, each.offered.item.name
        cue = open_cues.get(key)
        if cue is None or (each.first - cue.last) / rate >= HOLE_S or _other_between(lying, cue, each):
            cue = open_cues[key] = _Heard(each.offered, each.sound.stem)
            cues.append(cue)
        if cue.spans and each.first <= cue.last:
            cue.spans[-1] = (cue.spans[-1][0], max(cue.last, each.last))
        else:
            cue.spans.append((each.first, each.last))
    return sorted(cues, key=lambda cue: (cue.first, cue.last))


def _other_between(lying: Sequence[_Lying], cue: _Heard, after: _Lying) -> bool:
    """Whether another piece is heard in the hole between a cue and a sound."""
    return after.first > cue.last and any(
        other.first < after.first
        and other.last > cue.last
        and other.sound.stem is cue.stem
        and other.offered.item.name != cue.offered.item.name
        for other in lying
    )


def _in_frames(sound: Sound, offered: ServiceItem, rate: Fraction) -> _Lying:
    placed = sound.placed
    first, last = nearest_frame(placed.start, rate), nearest_frame(placed.end, rate)
    if placed.clip.plays_out and placed.end - placed.start == placed.clip.duration:
        last = first + touched_frames(placed.end - placed.start, rate)  # as the clip itself counts
    last = max(first + 1, last)
    rises = max((nearest_frame(ramp.end, rate) for ramp in placed.level.rises), default=first)
    falls = min((nearest_frame(ramp.start, rate) for ramp in placed.level.falls), default=last)
    return _Lying(first, last, rises, falls, sound, offered)


def _parted(lying: Sequence[_Lying]) -> list[_Lying]:
    """The same, each crossfade of two pieces on two tracks parted in its middle."""
    parted = list(lying)
    for number, before in enumerate(lying):
        for other in range(number + 1, len(lying)):
            after = lying[other]
            if after.first >= before.last:
                break
            is_crossfade = (
                before.offered.item.name != after.offered.item.name
                and before.sound.stem is after.sound.stem
                and before.first < after.first
                and before.last < after.last
                and before.falls <= after.first + 1
                and after.rises >= before.last - 1
            )
            if is_crossfade:
                middle = (after.first + before.last) // 2
                parted[number] = replace(parted[number], last=min(parted[number].last, middle))
                parted[other] = replace(parted[other], first=max(parted[other].first, middle))
    return parted
