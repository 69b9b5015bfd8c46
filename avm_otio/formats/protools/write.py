"""Writing where each sound belongs, as Pro Tools itself writes it with Export › Session Info as Text.

Pro Tools reads no such text: it is for people and their tools, beside Broadcast WAVs that know their own
place (Spot › Original Time Stamp). The layout is that of Pro Tools 2023.12, UTF-8, with sub-frames and user
timestamps [file: exports by several versions in the tests of github.com/orchetect/DAWFileKit, MIT].
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path, PurePosixPath, PureWindowsPath

from avm_otio.formats.protools import FORMAT
from avm_otio.timeline.features import Feature, Loss
from avm_otio.timeline.losses import Losses
from avm_otio.timeline.model import SAMPLE_RATE_HZ, Clip, Media, Timeline, Track
from avm_otio.timeline.nests import OPENED, opened_and_reported
from avm_otio.timeline.time import format_rate, format_timecode, nearest_frame, since_midnight

_RATE = Fraction(SAMPLE_RATE_HZ)

_KNOWN_RATES = frozenset(
    Fraction(n, d)
    for n, d in ((24000, 1001), (24, 1), (25, 1), (30000, 1001), (30, 1), (48000, 1001), (48, 1))
) | {Fraction(50), Fraction(60000, 1001), Fraction(60)}
"""What Pro Tools counts timecode at [file, off]."""


def document(timeline: Timeline, folder: Path) -> tuple[str, tuple[Loss, ...]]:
    """Where each sound of a timeline belongs.

    Times are timecode with hundredths of a frame; ``TIMESTAMP`` is samples since midnight in real time, which
    is the time reference that a spotted Broadcast WAV carries.

    Args:
        timeline: What to write; nests are opened.
        folder: Where the text will lie; media below it are named from there.

    Returns:
        The text, and what it does not say as the timeline does.
    """
    losses = Losses(timeline)
    whole = opened_and_reported(timeline, losses, OPENED)
    seen = [track.name for track in whole.video_tracks if track.clips]
    if seen:
        item = f"Track “{seen[0]}”" if len(seen) == 1 else f"{len(seen)} video tracks"
        losses.add(Feature.TRACK, item, "video not written: send a film along")
    sound = replace(whole, tracks=whole.audio_tracks)
    losses = losses.within(sound)
    losses.add_unsupported(FORMAT.says, FORMAT.name)
    if timeline.rate not in _KNOWN_RATES:
        losses.add(Feature.RATE, timeline, f"Pro Tools knows no {format_rate(timeline.rate)} fps")
    _add_replaced(sound, losses)
    sections = (
        _header(sound),
        _files(sound, folder),
        _clips(sound),
        _tracks(sound, losses),
        _markers(whole, losses),
    )
    return "".join(f"{line}\n" for section in sections for line in section), tuple(losses)


def _header(timeline: Timeline) -> Iterator[str]:
    drop = " Drop" if timeline.drop_frame else ""
    placed = list(_placed(timeline))
    yield f"SESSION NAME:\t{_plain(timeline.name)}"
    yield f"SAMPLE RATE:\t{SAMPLE_RATE_HZ:.6f}"
    yield "BIT DEPTH:\t24-bit"
    yield f"SESSION START TIMECODE:\t{_timecode(timeline, Fraction(0))}"
    yield f"TIMECODE FORMAT:\t{format_rate(timeline.rate)}{drop} Frame"
    yield f"# OF AUDIO TRACKS:\t{len(timeline.tracks)}"
    yield f"# OF AUDIO CLIPS:\t{len({_stem(media) for _, media in placed})}"
    yield f"# OF AUDIO FILES:\t{len({media.path or media.name for _, media in placed})}"
    yield from ("", "")


def _placed(timeline: Timeline) -> Iterator[tuple[Clip, Media]]:
    for clip in timeline.clips():
        if clip.media is not None:
            yield clip, clip.media


def _files(timeline: Timeline, folder: Path) -> Iterator[str]:
    files = list(dict.fromkeys(media for _, media in _placed(timeline)))
    for title, online in (("O N L I N E", True), ("O F F L I N E", False)):
        yield f"{title}  F I L E S  I N  S E S S I O N"
        rows = dict.fromkeys(
            (_file_name(media), _location(media.path, folder)) for media in files if media.is_online is online
        )
        yield from _table(("Filename", "Location"), rows)
        yield from ("", "")


def _clips(timeline: Timeline) -> Iterator[str]:
    for title, online in (("O N L I N E", True), ("O F F L I N E", False)):
        rows: dict[tuple[str, ...], None] = {}
        for clip, media in _placed(timeline):
            if media.is_online is online:
                for name, channel in _names(clip, media):
                    rows[name, f"{_file_name(media)}\t[{channel}]" if channel else _file_name(media)] = None
        if rows or online:
            yield f"{title}  C L I P S  I N  S E S S I O N"
            yield from _table(("CLIP NAME", "Source File"), rows)
            yield from ("", "")


def _tracks(timeline: Timeline, losses: Losses) -> Iterator[str]:
    yield "T R A C K  L I S T I N G"
    for track in timeline.tracks:
        if track.locked:
            losses.add(Feature.TRACK, track, "that it is locked not written")
        for clip in track.clips:
            if clip.media is None:
                losses.add(Feature.NEST, clip, "not written: it has no file")
        yield from _track(timeline, track)


def _track(timeline: Timeline, track: Track) -> Iterator[str]:
    suffix = {2: " (Stereo)", 6: " (5.1)", 8: " (7.1)"}.get(track.channels, "")
    yield f"TRACK NAME:\t{_plain(track.name)}{suffix}"
    yield f"COMMENTS:\t{track.stem.value if track.stem is not None else ''}"
    yield "USER DELAY:\t0 Samples"
    yield f"STATE: {'' if track.enabled else 'Muted '}"
    yield (
        f"{'CHANNEL':<8}\t{'EVENT':<8}\t{'CLIP NAME':<30}\t{'START TIME':<14}\t{'END TIME':<14}\t"
        f"{'DURATION':<14}\t{'TIMESTAMP':<14}\tSTATE"
    )
    clips = [clip for clip in track.clips if clip.media is not None]
    lines: list[tuple[int, int, str]] = []
    for event, clip in enumerate(clips, 1):
        assert clip.media is not None  # asked for above
        first = since_midnight(timeline.start + clip.start, _RATE)
        times = (
            f"{_timecode(timeline, clip.start):<14}\t{_timecode(timeline, clip.end):<14}\t"
            f"{_length(timeline, clip):<14}\t{first:<14}\t{'Unmuted' if clip.enabled else 'Muted'}"
        )
        for channel, (name, _) in enumerate(_names(clip, clip.media), 1):
            lines.append((channel, event, f"{channel:<8}\t{event:<8}\t{name:<30}\t{times}"))
    # All of the first channel, then all of the second [file].
    last = 1
    for channel, _, line in sorted(lines):
        if channel != last:
            yield from ("", "")
            last = channel
        yield line
    yield from ("", "")


def _markers(timeline: Timeline, losses: Losses) -> Iterator[str]:
    yield "M A R K E R S  L I S T I N G"
    yield (
        f"{'#':<4}\t{'LOCATION':<14}\t{'TIME REFERENCE':<18}\t{'UNITS':<8}\t{'NAME':<34}\t"
        f"{'TRACK NAME':<34}\t{'TRACK TYPE':<13}\tCOMMENTS"
    )
    found = [(marker.start, "Markers", "Ruler", marker) for marker in timeline.markers]
    for track in timeline.tracks:
        name = _plain(track.name)
        found += [(marker.start, name, "Track", marker) for marker in track.markers]
        found += [
            (clip.start + marker.start, name, "Track", marker)
            for clip in track.clips
            for marker in clip.markers
        ]
    for at, place, _, marker in found:
        if at < 0:  # on a part of its clip that is cut off
            message = f"marker “{marker.name}” not written: it lies before the session's start"
            losses.add(Feature.MARKER, f"Track “{place}”", message)
    found = sorted((row for row in found if row[0] >= 0), key=lambda row: row[0])
    for number, (at, place, kind, marker) in enumerate(found, 1):
        samples = nearest_frame(at, _RATE)
        yield (
            f"{number:<4}\t{_timecode(timeline, at):<14}\t{samples:<18}\t{'Samples':<8}\t"
            f"{_plain(marker.name):<34}\t{place:<34}\t{kind:<13}\t{_plain(marker.comment)}"
        )
    for *_, marker in found:
        if marker.duration:
            losses.add(Feature.MARKER, timeline, f"length of the marker “{marker.name}” not written")
    colored = sum(bool(marker.color) for *_, marker in found)
    if colored:
        losses.add(Feature.MARKER, timeline, f"colours of markers not written: {colored}")


def _names(clip: Clip, media: Media) -> list[tuple[str, int]]:
    """What Pro Tools calls the clips of a file, one a channel, each with its channel in the file [file]."""
    stem = _stem(media)
    channels = clip.channels or tuple(range(media.channels))
    if media.channels <= 1 and len(channels) <= 1:
        return [(stem, 0)]
    letters = "LR" if len(channels) == 2 else ""
    return [
        (f"{stem}.{letters[number] if letters else f'A{number + 1}'}", channel + 1)
        for number, channel in enumerate(channels)
    ]


def _table(head: tuple[str, str], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    width = max((len(row[0]) for row in (head, *rows)), default=0)
    for row in (head, *rows):
        yield "\t".join((f"{row[0]:<{width}}", *row[1:]))


def _timecode(timeline: Timeline, at: Fraction) -> str:
    """Timecode with hundredths of a frame, a dot before them [file]; past midnight it begins anew."""
    hundredths = nearest_frame((timeline.start + at) * timeline.rate, Fraction(100))
    frames, part = divmod(hundredths, 100)
    return f"{_wrapped(timeline, frames)}.{part:02d}"


def _wrapped(timeline: Timeline, frames: int) -> str:
    text = format_timecode(frames, timeline.rate, timeline.drop_frame)
    hours, colon, rest = text.partition(":")
    return f"{int(hours) % 24:02d}{colon}{rest}"


def _length(timeline: Timeline, clip: Clip) -> str:
    """How long a clip is, counted without dropped numbers from 0."""
    hundredths = nearest_frame(clip.duration * timeline.rate, Fraction(100))
    frames, part = divmod(hundredths, 100)
    return f"{format_timecode(frames, timeline.rate)}.{part:02d}"


def _stem(media: Media) -> str:
    name = _file_name(media)
    return name.removesuffix(PurePosixPath(name).suffix) or name


def _file_name(media: Media) -> str:
    return _plain(_raw_name(media))


def _raw_name(media: Media) -> str:
    path = PureWindowsPath(media.path) if "\\" in media.path else PurePosixPath(media.path)
    return path.name or media.name


def _location(path: str, folder: Path) -> str:
    """The folder of a file, from the text's own folder where it lies below."""
    plain = PureWindowsPath(path) if "\\" in path else PurePosixPath(path)
    parent = plain.parent.as_posix()
    if PurePosixPath(parent).is_relative_to(folder.as_posix()):
        parent = PurePosixPath(parent).relative_to(folder.as_posix()).as_posix()
    return _plain(parent)


def _add_replaced(timeline: Timeline, losses: Losses) -> None:
    """Report names that cannot stand in a table as they are."""
    names = [timeline.name, *(track.name for track in timeline.tracks)]
    names += [_raw_name(media) for _, media in _placed(timeline)]
    for name in dict.fromkeys(names):
        if _plain(name) != name:
            losses.add(Feature.NAME, f"“{_plain(name)}”", "signs that a table cannot hold replaced")


def _plain(text: str) -> str:
    """A text on one line and in one column."""
    kept = "".join(" " if ord(sign) < 32 or 0x7F <= ord(sign) < 0xA0 else sign for sign in text)
    return kept.encode("utf-8", "replace").decode()
