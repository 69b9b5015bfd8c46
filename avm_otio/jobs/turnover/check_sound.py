"""The WAVs of a turnover: form, channels, stems of one length and place, pops at their sample, overs."""

from __future__ import annotations

from collections.abc import Iterator

from avm_otio.jobs.turnover.expected import Complaint, Expected
from avm_otio.jobs.turnover.paper import BITS
from avm_otio.media.broadcast_wav import Header
from avm_otio.media.pop import pop_offset
from avm_otio.timeline.model import SAMPLE_RATE_HZ
from avm_otio.timeline.urls import name_in

_STEM_CHANNELS = 2
_RECORD = "Record or export it again at 48 kHz and 24 bit, or write the turnover again."


def check_wavs(expected: Expected) -> Iterator[Complaint]:
    """Every WAV that is listed: whether it is one, its form, and what is cut off in it."""
    together = {name: len(each["files"]) > 1 for each in expected.manifest["clips"] for name in each["files"]}
    lengths: dict[str, int] = {}
    for each in expected.manifest["files"]:
        path = each["path"]
        if not path.lower().endswith(".wav") or not (expected.folder / path).is_file():
            continue
        header = expected.headers.get(path)
        if header is None:
            yield Complaint("missing media", path, "It is no WAV, or is cut short.", "Copy it again.")
            continue
        yield from _form(path, header)
        if together.get(name_in(path)) and path.startswith("media/") and header.channels != 1:
            yield Complaint(
                "channels", path, f"It has {header.channels} channels, and is one channel of a sound: mono."
            )
        lengths[path] = header.samples
        overs = expected.overs.get(path)
        if overs is not None and overs.first is not None:
            at = f" at sample {overs.first}"
            if path in expected.manifest["stems"]:
                at = f" at {expected.at(overs.first)}"
            count = f"{overs.count} times" if overs.count > 1 else "once"
            yield Complaint(
                "overs",
                path,
                f"It is cut off at full scale {count}, first{at}.",
                "Lower what is loud there, or ask for another take.",
            )
    yield from _pairs(expected, lengths)


def _pairs(expected: Expected, lengths: dict[str, int]) -> Iterator[Complaint]:
    """Channels of one sound that are not of one length."""
    seen: set[tuple[str, ...]] = set()
    for each in expected.manifest["clips"]:
        files = tuple(each["files"])
        if len(files) < 2 or files in seen:
            continue
        seen.add(files)
        counts = {lengths.get(f"media/{name}") for name in files} - {None}
        if len(counts) > 1:
            yield Complaint("channels", f"media/{files[0]}", f"{', '.join(files)} are not of one length.")


def _form(path: str, header: Header) -> Iterator[Complaint]:
    if header.sample_rate_hz != SAMPLE_RATE_HZ:
        yield Complaint("sample rate", path, f"It has {header.sample_rate_hz} Hz, not 48000.", _RECORD)
    if header.bits != BITS:
        yield Complaint("bit depth", path, f"It has {header.bits} bit, not {BITS}.", _RECORD)


def check_stems(expected: Expected) -> Iterator[Complaint]:
    """The stems: stereo, all as long as the sequence, from its start, with the pops on each."""
    headers = {
        path: expected.headers[path] for path in expected.manifest["stems"] if path in expected.headers
    }
    counts = {header.samples for header in headers.values()}
    for path, header in headers.items():
        if header.channels != _STEM_CHANNELS:
            yield Complaint("channels", path, f"It has {header.channels} channels, not {_STEM_CHANNELS}.")
        if header.samples != expected.samples:
            others = " Stems are not of one length." if len(counts) > 1 else ""
            yield Complaint(
                "stem length",
                path,
                f"It has {header.samples} samples, and the sequence {expected.samples}.{others}",
            )
        if header.time_reference != expected.time_reference:
            off = header.time_reference - expected.time_reference
            yield Complaint(
                "time reference", path, f"Its time reference is {off:+d} samples from the sequence's start."
            )
        for pop in expected.pops:
            offset = pop_offset(expected.folder / path, pop.sample, pop.samples)
            where = f"{path}, {expected.timecode(pop.frame)}"
            if offset is None:
                yield Complaint(
                    "pop", where, f"The {pop.name} is not there as one frame of 1 kHz at -20 dBFS."
                )
            elif offset:
                yield Complaint("pop", where, f"The {pop.name} is {offset:+d} samples from its place.")
