"""A turnover read back: its files against its manifest; timelines, WAVs, stems and preview against the rules.

Each part is judged by itself: a file that was changed and whose checksum was made anew is found all the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from avm_otio.errors import AvmError, InputError
from avm_otio.jobs.turnover.check_sound import check_stems, check_wavs
from avm_otio.jobs.turnover.check_timeline import check_timeline
from avm_otio.jobs.turnover.expected import Complaint, Expected, Pop
from avm_otio.jobs.turnover.paper import (
    MANIFEST,
    README,
    SUMS,
    TEMPLATE,
    files_in,
    read_manifest,
    sum_of,
)
from avm_otio.jobs.turnover.sequence import POP_S, sample_of
from avm_otio.jobs.turnover.template import Template, parse_template
from avm_otio.media.broadcast_wav import Header, read_header
from avm_otio.media.overs import Overs, OversIn
from avm_otio.report import SILENT, Report
from avm_otio.timeline.time import nominal_rate


def check(folder: Path, report: Report = SILENT) -> list[Complaint]:
    """Read a turnover back.

    Args:
        folder: The folder; nothing in it is changed.
        report: Receives progress.

    Returns:
        What a mixer would complain of, in order.

    Raises:
        InputError: It is no turnover of ours.
    """
    manifest = read_manifest(folder)
    try:
        return list(_checked(folder, manifest, report))
    except (KeyError, TypeError, ValueError, AttributeError, ZeroDivisionError) as error:
        raise InputError(
            f"{folder / MANIFEST} says something that no turnover can ({type(error).__name__}: {error}).",
            "Copy the turnover again, or write it again.",
        ) from error


def _checked(folder: Path, manifest: Mapping[str, Any], report: Report) -> Iterator[Complaint]:
    found: list[Complaint] = []
    headers: dict[str, Header] = {}
    overs: dict[str, Overs] = {}
    found += _files(folder, manifest, headers, overs, report)
    yield from found
    rate = Fraction(manifest["rate"])
    expected = Expected(folder, manifest, rate, tuple(_pops(manifest, rate)), headers, overs)
    yield from _template(expected)
    with report.step("Reading the timelines", len(manifest["timelines"])) as advance:
        for number, each in enumerate(manifest["timelines"], 1):
            yield from check_timeline(expected, each["file"])
            advance(number)
    yield from check_wavs(expected)
    yield from check_stems(expected)
    if manifest["preview"].endswith(".mp4"):
        from avm_otio.jobs.turnover.check_preview import check_preview

        with report.step("Looking at the preview"):
            yield from check_preview(expected, manifest["preview"])


def _pops(manifest: Mapping[str, Any], rate: Fraction) -> Iterator[Pop]:
    """Where pops must be by the programme; whether there is one, the manifest says."""
    away = POP_S * nominal_rate(rate)
    first = manifest["programme"]["at_frame"]
    end = first + manifest["programme"]["frames"] - (manifest["tail_from"] != "end")
    for each in manifest["pops"]:
        frame = first - away if each["name"] == "2-pop" else end + away
        sample = sample_of(frame, rate)
        yield Pop(each["name"], frame, sample, sample_of(frame + 1, rate) - sample)


def _files(
    folder: Path,
    manifest: Mapping[str, Any],
    headers: dict[str, Header],
    overs: dict[str, Overs],
    report: Report,
) -> Iterator[Complaint]:
    """Every file against the manifest and the list of checksums; each is read once."""
    listed = {each["path"]: each for each in manifest["files"]}
    sums, unread = _sums(folder)
    if unread:
        yield Complaint("manifest", SUMS, unread, "Copy the turnover again.")
    total = sum(each["bytes"] for each in listed.values())
    done = 0
    with report.step("Reading the files", total) as advance:
        for name, each in listed.items():
            path = folder / name
            if not path.is_file():
                kind = "missing media" if name.startswith("media") else "missing file"
                yield Complaint(kind, name, "It is not there.", "Copy the turnover again.")
                continue
            watch = None
            if path.suffix.lower() == ".wav" and (header := read_header(path)) is not None:
                headers[name] = header
                watch = OversIn(header)
            try:
                size, digest = sum_of(path, look=None if watch is None else watch.look)
            except InputError as error:
                yield Complaint("missing file", name, error.what, error.hint)
                continue
            if watch is not None:
                overs[name] = watch.found
            if (size, digest) != (each["bytes"], each["sha256"]) or sums.get(name, digest) != digest:
                yield Complaint(
                    "checksum",
                    name,
                    "It is not the file that was turned over: its checksum differs.",
                    "Copy it again, or write the turnover again.",
                )
            elif not unread and name not in sums:
                yield Complaint("checksum", name, f"{SUMS} does not list it.", "Copy the turnover again.")
            done += size
            advance(done, total)
    own = sum_of(folder / MANIFEST)[1]
    if not unread and sums.get(MANIFEST) != own:
        yield Complaint(
            "checksum", MANIFEST, f"It is not the one that {SUMS} lists.", "Copy the turnover again."
        )
    for path in files_in(folder):
        name = path.relative_to(folder).as_posix()
        if name not in listed and name not in (MANIFEST, SUMS):
            yield Complaint(
                "extra file", name, "The manifest does not list it.", "Take it away, or tell what it is."
            )


def _sums(folder: Path) -> tuple[dict[str, str], str]:
    """What the list of checksums says, and what is wrong with it."""
    found: dict[str, str] = {}
    try:
        for line in (folder / SUMS).read_text(encoding="utf-8").splitlines():
            digest, _, name = line.partition("  ")
            found[name] = digest
    except FileNotFoundError:
        return {}, "It is not there."
    except (OSError, UnicodeDecodeError):
        return {}, "It cannot be read."
    return found, ""


def _template(expected: Expected) -> Iterator[Complaint]:
    """The manifest's tracks against the template that lies beside it."""
    path = expected.folder / TEMPLATE
    try:
        template = parse_template(path.read_text(encoding="utf-8"), TEMPLATE)
    except (OSError, UnicodeDecodeError, AvmError):
        yield Complaint("template", TEMPLATE, "It is not there or cannot be read.")
        return
    places = [(each["name"], _entry(template, each)) for each in expected.manifest["tracks"]]
    last, before = -1, ""
    for name, place in places:
        if place is None:
            continue
        if place < last:
            yield Complaint(
                "track order", MANIFEST, f"“{name}” comes after “{before}”, not as in {TEMPLATE}."
            )
        else:
            last, before = place, name
    if not (expected.folder / README).is_file():
        yield Complaint("missing file", README, "It is not there.", "Copy the turnover again.")


def _entry(template: Template, track: Mapping[str, Any]) -> int | None:
    """Which entry of a template a track is by, as the manifest says; ``None`` for one without a place."""
    number = track["entry"]
    if number is None:
        return None
    if not 0 <= int(number) < len(template.tracks):
        raise ValueError(f"track “{track['name']}” is by an entry that {TEMPLATE} has not")
    return int(number)
