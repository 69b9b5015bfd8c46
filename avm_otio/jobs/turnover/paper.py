"""What goes with a turnover for people and their tools: manifest, checksums, README."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fractions import Fraction
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from avm_otio import __version__
from avm_otio.delivery.handles import handles_of
from avm_otio.errors import InputError
from avm_otio.files import write_text
from avm_otio.jobs.turnover.sequence import Laid, LaidTrack
from avm_otio.jobs.turnover.template import Template
from avm_otio.text import nearest
from avm_otio.timeline.model import SAMPLE_RATE_HZ, Clip, Timeline, Track
from avm_otio.timeline.time import format_rate, nearest_frame, since_midnight
from avm_otio.timeline.urls import name_in

MANIFEST, SUMS, README, TEMPLATE = "manifest.json", "SHA256SUMS", "README.txt", "template.toml"
FORM = "avm_otio turnover"
VERSION = 1
BITS = 24

_RATE = Fraction(SAMPLE_RATE_HZ)
_BLOCK = 1 << 22
_MOST_LINES = 8
_JUNK = frozenset((".DS_Store", "Thumbs.db", "desktop.ini"))


@dataclass(slots=True)
class Inside:
    """What lies in a turnover, by its path in the folder.

    Attributes:
        timelines: File → for whom.
        stems: The stems.
        preview: The preview; empty for none.
        cue_sheet: The cue sheet's files.
        changes: What conform said of the cut.
        losses: How many things the timelines do not say as the source does.
    """

    timelines: dict[str, str] = field(default_factory=dict)
    stems: list[str] = field(default_factory=list)
    preview: str = ""
    cue_sheet: list[str] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    losses: int = 0


def manifest_of(
    laid: Laid, delivered: Timeline, template: Template, inside: Inside, reported: Sequence[str]
) -> dict[str, Any]:
    """The manifest of a turnover, without its files.

    Args:
        laid: The sequence.
        delivered: The same with the sounds that are delivered.
        template: What it was laid out by.
        inside: What lies in it.
        reported: What was reported, a line each.
    """
    timeline = laid.timeline
    last = laid.first + laid.frames - 1
    return {
        "form": FORM,
        "version": VERSION,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "program": f"avm-otio {__version__}",
        "name": timeline.name,
        "rate": str(timeline.rate),
        "drop_frame": timeline.drop_frame,
        "sample_rate_hz": SAMPLE_RATE_HZ,
        "bits": BITS,
        "handles_s": float(template.handles),
        "sequence": {
            "start": laid.timecode(0),
            "start_frame": timeline.start_frame,
            "frames": timeline.frames,
            "time_reference": since_midnight(timeline.start, _RATE),
        },
        "programme": {
            "first_frame": laid.timecode(laid.first),
            "last_frame": laid.timecode(last),
            "at_frame": laid.first,
            "frames": laid.frames,
            "last_picture_frame": laid.timecode(laid.last_picture) if laid.last_picture else None,
        },
        "pops": [
            {
                "name": pop.name,
                "timecode": laid.timecode(pop.frame),
                "frame": pop.frame,
                "sample": pop.sample,
                "samples": pop.samples,
            }
            for pop in laid.pops
        ],
        "tail_from": template.pops.tail_from,
        "tracks": [
            {
                "name": each.track.name,
                "stem": each.stem,
                "channels": each.track.channels,
                "from": each.source,
                "entry": each.entry,
                "clips": len(each.track.clips),
                "switched_on": each.track.enabled,
            }
            for each in laid.tracks
        ],
        "clips": [
            clip_json(clip, track, timeline)
            for track, laid_track in zip(delivered.audio_tracks, laid.tracks, strict=True)
            if laid_track.source
            for clip in track.clips
            if clip.media is not None
        ],
        "timelines": [{"file": name, "for": editor} for name, editor in inside.timelines.items()],
        "stems": inside.stems,
        "preview": inside.preview,
        "cue_sheet": inside.cue_sheet,
        "changes": inside.changes,
        "losses": inside.losses,
        "reported": list(reported),
    }


def clip_json(clip: Clip, track: Track, timeline: Timeline) -> dict[str, Any]:
    """A clip as the manifest says it; times in samples."""
    media = clip.media
    assert media is not None
    head, tail = handles_of(clip)
    first, last = nearest_frame(clip.start, _RATE), nearest_frame(clip.end, _RATE)
    return {
        "track": track.name,
        "name": clip.name,
        "in": timeline.timecode(clip.start),
        "sample": first,
        "samples": last - first,
        "files": [name_in(path) for path in media.mono or (media.path,)],
        "handles": [nearest_frame(head, _RATE), nearest_frame(tail, _RATE)],
        "speed": str(clip.speed),
        "switched_on": clip.enabled and track.enabled,
    }


def short_of(clips: Sequence[Mapping[str, Any]], handles_s: float) -> list[Mapping[str, Any]]:
    """The clips whose media has less handles than asked for."""
    wanted = round(handles_s * SAMPLE_RATE_HZ)
    return [clip for clip in clips if min(clip["handles"]) < wanted]


def write_papers(
    folder: Path,
    manifest: dict[str, Any],
    tracks: Sequence[LaidTrack],
    licences: Sequence[str],
    advance: Callable[[int], None],
) -> None:
    """Write README, manifest and checksums; last of all.

    Args:
        folder: The turnover, with all else in it.
        manifest: What ``manifest_of`` says.
        tracks: The sound tracks.
        licences: What is not cleared, a line each.
        advance: Called with the bytes that are summed up.

    Raises:
        OutputError: One cannot be written.
    """
    write_text(folder / README, readme(manifest, tracks, licences))
    sums: dict[str, tuple[int, str]] = {}
    done = 0
    for path in files_in(folder):
        size, digest = sum_of(path, partial(_advanced, advance, done))
        sums[path.relative_to(folder).as_posix()] = (size, digest)
        done += size
    manifest["files"] = [
        {"path": name, "bytes": size, "sha256": digest} for name, (size, digest) in sums.items()
    ]
    text = json.dumps(manifest, indent=1, ensure_ascii=False) + "\n"
    write_text(folder / MANIFEST, text)
    sums[MANIFEST] = (0, hashlib.sha256(text.encode()).hexdigest())
    write_text(folder / SUMS, "".join(f"{digest}  {name}\n" for name, (_, digest) in sorted(sums.items())))


def _advanced(advance: Callable[[int], None], before: int, count: int) -> None:
    advance(before + count)


def files_in(folder: Path) -> list[Path]:
    """All that lies in a folder and its folders, hidden or not, but what systems leave there; in order.

    A link counts as itself, whatever it leads to.

    Raises:
        OSError: A folder in it cannot be listed.
    """
    found = []
    for place, folders, names in os.walk(folder, onerror=_raised):
        beside = {*folders, *names}
        links = [name for name in folders if Path(place, name).is_symlink()]
        found += [Path(place, name) for name in (*links, *names) if not _is_junk(name, beside)]
    return sorted(found)


def _is_junk(name: str, beside: Collection[str]) -> bool:
    # macOS keeps what a disk cannot hold of a file beside it, as ._NAME.
    return name in _JUNK or (name.startswith("._") and (name[2:] in beside or name[2:] in _JUNK))


def _raised(error: OSError) -> None:
    raise error


def sum_of(
    path: Path,
    advance: Callable[[int], None] = lambda done: None,
    look: Callable[[bytes], None] | None = None,
) -> tuple[int, str]:
    """How large a file is, and its SHA-256.

    Args:
        path: The file.
        advance: Called with the bytes that are summed up.
        look: Given every byte of it, in order.

    Raises:
        InputError: It cannot be read.
    """
    digest, done = hashlib.sha256(), 0
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
                if look is not None:
                    look(block)
                done += len(block)
                advance(done)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.", "Copy it again.") from error
    return done, digest.hexdigest()


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a turnover.

    Raises:
        InputError: There is none, or it is another's.
    """
    path = folder / MANIFEST
    if not folder.is_dir():
        is_there = "is a file, not a folder" if folder.exists() else "is not there"
        beside = folder.absolute().parent
        made = sorted(each.parent.name for each in beside.glob(f"*/{MANIFEST}"))
        hint = f"There are {', '.join(made)}." if made else "Give the folder that turnover wrote."
        near = nearest(folder.name, made)
        raise InputError(f"{folder} {is_there}.", f"Did you mean {folder.parent / near}?" if near else hint)
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(
            f"{folder} is no turnover: it has no {MANIFEST}.", "Give the folder that turnover wrote."
        ) from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read: {error}.", "Copy the turnover again.") from error
    if not isinstance(found, dict) or found.get("form") != FORM:
        raise InputError(f"{path} is not the manifest of a turnover.", "Give the folder that turnover wrote.")
    if found.get("version") != VERSION:
        raise InputError(f"{path} is of another version of this program.", "Update avm-otio.")
    listed = found.get("files")
    for each in listed if isinstance(listed, list) else ():
        path_in = PurePosixPath(str(each.get("path") if isinstance(each, dict) else ".."))
        if path_in.is_absolute() or ".." in path_in.parts:
            raise InputError(f"{path} lists a file outside the turnover.", "Copy the turnover again.")
    return found


def readme(manifest: Mapping[str, Any], tracks: Sequence[LaidTrack], licences: Sequence[str]) -> str:
    """README.txt: one page of what a mixer must know."""
    return "\n".join(_lines(manifest, tracks, licences)) + "\n"


def _lines(
    manifest: Mapping[str, Any], tracks: Sequence[LaidTrack], licences: Sequence[str]
) -> Iterator[str]:
    rate = Fraction(manifest["rate"])
    programme, sequence = manifest["programme"], manifest["sequence"]
    drop = " drop-frame" if manifest["drop_frame"] else ""
    yield f"TURNOVER  {manifest['name']}"
    yield f"made {manifest['made']} by {manifest['program']}"
    yield ""
    yield f"Rate            {format_rate(rate)} fps{drop} ({manifest['rate']})"
    yield f"Sound           {manifest['sample_rate_hz'] // 1000} kHz, {manifest['bits']} bit, Broadcast WAV"
    yield f"Sequence start  {sequence['start']}  ({sequence['frames']} frames)"
    yield f"Programme       {programme['first_frame']} first frame, {programme['last_frame']} last frame"
    yield f"                {programme['frames']} frames, {_clock(programme['frames'] / rate)} of real time"
    if programme["last_picture_frame"] not in (None, programme["last_frame"]):
        yield f"                {programme['last_picture_frame']} last frame with a picture"
    for pop in manifest["pops"]:
        yield f"{pop['name']:<15} {pop['timecode']}  1 frame, 1 kHz, -20 dBFS (sample {pop['sample']})"
    if not manifest["pops"]:
        yield "Sync pops       none: the template has none"
    yield ""
    yield "FILES"
    for each in manifest["timelines"]:
        media = "media" if each["file"].endswith(".aaf") else "media_interleaved"
        yield f"  {each['file']}  for {each['for']}; its sound in {media}/"
    if manifest["stems"]:
        yield "  stems/  DX, MX, FX and ME (MX + FX), stereo, from the sequence start; pops on each"
    if manifest["preview"].endswith(".mp4"):
        yield f"  {manifest['preview']}  picture with burnt-in record timecode, mix; white on the pops"
    elif manifest["preview"]:
        yield f"  {manifest['preview']}  the mix alone: there is no picture"
    for name in (*manifest["cue_sheet"], *manifest["changes"]):
        yield f"  {name}"
    if manifest["losses"]:
        yield f"  losses.txt  {manifest['losses']} things that the timelines do not say as the source does"
    yield f"  {MANIFEST}, {SUMS} (sha256sum -c {SUMS})"
    yield ""
    yield "TRACKS"
    for each in tracks:
        width = {1: "mono", 2: "stereo"}.get(each.track.channels, f"{each.track.channels} channels")
        source = f"  from “{each.source}”" if each.source and each.source != each.track.name else ""
        muted = "" if each.track.enabled else "  SWITCHED OFF"
        yield f"  {each.track.name:<10} {width:<8} {len(each.track.clips):>4} clips{source}{muted}"
    short = short_of(manifest["clips"], manifest["handles_s"])
    yield ""
    yield f"HANDLES  {manifest['handles_s']:g} s" + (
        "" if short else " on every clip" if manifest["clips"] else ""
    )
    for clip in short[:_MOST_LINES]:
        head, tail = (count / SAMPLE_RATE_HZ for count in clip["handles"])
        yield f"  {clip['track']} {clip['in']} “{clip['name']}”: {head:.2f} s before, {tail:.2f} s after"
    if len(short) > _MOST_LINES:
        yield f"  and {len(short) - _MOST_LINES} more whose media has no more: see {MANIFEST}"
    yield from _section("REPORTED", manifest["reported"])
    yield from _section("NOT CLEARED", licences)


def _section(title: str, lines: Sequence[str]) -> Iterator[str]:
    yield ""
    yield title if lines else f"{title}  nothing"
    for line in lines[:_MOST_LINES]:
        yield f"  {line}"
    if len(lines) > _MOST_LINES:
        yield f"  and {len(lines) - _MOST_LINES} more: see {MANIFEST}"


def _clock(seconds: Fraction) -> str:
    minutes, rest = divmod(float(seconds), 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}:{minutes:02d}:{rest:06.3f}"
