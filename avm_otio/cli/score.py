"""``avm-otio score``: a timeline in, a scored timeline out; ``export``: the film that would be sent."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby, takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from avm_otio import services
from avm_otio.addresses import LOCAL
from avm_otio.cli import options
from avm_otio.cli.output import Output, pass_output
from avm_otio.text import one_line
from avm_otio.words import counted, priced

if TYPE_CHECKING:
    from avm_otio.app import Outcome
    from avm_otio.timeline.features import Loss

_MOST_SHOWN = 12
_MOST_LOSSES = 40
"""Lines of losses for a person; the rest stand in a file."""

_NAMES_AND_NUMBERS = re.compile(r"“[^”]*”|[\d.]+")
_NOT_IN_THE_EVENT = ("clips", "spare_clips", "notes", "alternatives", "rate", "start_frame")


@click.command(epilog="Example: avm-otio score cut.otio -o scored.otio --in 01:00:10:00 --out 01:00:40:00")
@click.argument("timeline", type=options.FILE)
@click.option(
    "-o",
    "--output",
    type=options.OutputFile("scored.otio"),
    required=True,
    help="The timeline to write; see --for.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would be sent and used up; send nothing.")
@options.of_request("score")
@pass_output
def score(out: Output, timeline: Path, output: Path, dry_run: bool, **flags: Any) -> None:
    """Lay music and sound effects under a TIMELINE.

    Exports the film, asks the service, waits, downloads, and writes a copy of the timeline with new audio
    tracks. With nothing configured it asks the engine on this machine. What was asked before is not paid for
    again; run it again after an interruption, and it continues where it stopped.
    """
    from avm_otio import app

    request = options.request_of(timeline, output, **flags)
    if dry_run:
        from avm_otio.cli.forecast import report_forecast

        report_forecast(out, app.look_ahead(request, report=out))
        return
    outcome = app.carry_out(request, report=out)
    report_outcome(out, str(timeline), outcome)


@click.command(epilog="Example: avm-otio export cut.otio -o film.mp4 --clip sunset")
@click.argument("timeline", type=options.FILE)
@click.option(
    "-o", "--output", type=options.OutputFile("film.mp4"), required=True, help="The film to write: .mp4."
)
@options.of_request("export")
@pass_output
def export(out: Output, timeline: Path, output: Path, **flags: Any) -> None:
    """Write the film of a clip or a range of a TIMELINE to a file."""
    from avm_otio import app

    film = app.export_film(options.request_of(timeline, output, **flags), report=out)
    out.event(
        "done",
        output=str(output),
        frames=film.frames,
        size_bytes=film.size_bytes,
        has_sound=film.has_sound,
    )
    out.say(
        f"Exported {timeline} → {output}: {film.frames} frames, {film.width}×{film.height}, "
        f"{film.size_bytes / 1e6:.1f} MB{'' if film.has_sound else ', silent'}"
    )


def report_outcome(out: Output, name: str, outcome: Outcome) -> None:
    """Report the result of a scoring."""
    summary = outcome.summary
    report_losses(out, outcome.losses, Path(summary["output"]))
    event = {
        key: value
        for key, value in summary.items()
        if key not in _NOT_IN_THE_EVENT and not key.endswith("_tracks")
    }
    out.event("done", **event, recalled=outcome.is_recalled)
    if outcome.is_recalled:
        out.say(f"Scored before, nothing has changed since: {name} → {summary['output']}")
    else:
        out.say(f"Scored {name} → {summary['output']}")
    for heading, clips in groupby(summary["clips"], key=_heading):
        _list(out, heading, list(clips), summary)
    if coverage := summary.get("coverage"):
        out.say(f"{coverage[0].upper()}{coverage[1:]}.")
    for line in (summary.get("mix") or {}).get("words", ()):
        out.say(line)
    out.say(
        f"{_counts(summary)}; chosen items cost {priced(summary['total_price'], summary['currency'])}"
        f"{example_prices(Path(summary['job']))}, "
        f"{summary['alternatives']} alternatives kept."
    )


def example_prices(job: Path) -> str:
    """What is added to prices of the local engine; empty for those of a service.

    The journal is only looked into: to check it takes a third of a second, which a second run does not.
    """
    try:
        asked = json.loads((job / "job.json").read_text(encoding="utf-8"))["asked"]
        is_local = asked["service"] == LOCAL
    except (OSError, ValueError, LookupError, TypeError):
        return ""
    return " (example prices of the local engine)" if is_local else ""


def _heading(clip: Mapping[str, Any]) -> str:
    """Whose a clip is: two services may be of one stem, but each has tracks of its own."""
    owner = services.owner_of_track(clip["track"])
    return (clip["kind"] if owner is None else owner.items).title()


def _counts(summary: Mapping[str, Any]) -> str:
    """What was laid, service by service: ``1 music, 12 effects on 3 tracks``."""
    counts = []
    for service in services.SERVICES:
        if number := summary.get(service.items, 0):
            tracks = summary.get(f"{service.item}_tracks")
            where = "" if tracks is None else f" on {tracks} track{'s' * (tracks != 1)}"
            counts.append(f"{number} {service.item if number == 1 else service.items}{where}")
    return ", ".join(counts) or "Nothing was laid"


def _list(out: Output, heading: str, clips: list[Mapping[str, Any]], summary: Mapping[str, Any]) -> None:
    joined = {number: _parts_from(clips, number) for number, clip in enumerate(clips) if not clip.get("part")}
    clips = [{**clip, "parts": joined[number]} for number, clip in enumerate(clips) if number in joined]
    for clip in clips[:_MOST_SHOWN]:
        price = "" if clip["price"] is None else priced(clip["price"], summary["currency"])
        if clip["is_bought"]:
            price = "bought"
        level = _level(clip["parts"])
        out.say(f"  {heading:<9} {clip['timecode']:<12} {level:>17}  {clip['title']}  {price}".rstrip())
    if len(clips) > _MOST_SHOWN:
        out.say(f"  {heading:<9} and {len(clips) - _MOST_SHOWN} more")


def _parts_from(clips: Sequence[Mapping[str, Any]], number: int) -> list[Mapping[str, Any]]:
    """The clips of the piece that begins at a place of the list."""
    following = takewhile(lambda clip: clip.get("part"), clips[number + 1 :])
    return [clips[number], *following]


def _level(parts: Sequence[Mapping[str, Any]]) -> str:
    """The gain of a sound, from its lowest to its highest."""
    gains = [
        gain
        for part in parts
        for gain in ([key["gain_db"] for key in part.get("keys", ())] or [part.get("gain_db", 0.0)])
    ]
    ends = [f"{gain:+.1f}".replace("-", "−") for gain in (min(gains), max(gains))]
    return f"{ends[0]} dB" if ends[0] == ends[1] else f"{ends[0]} to {ends[1]} dB"


def report_losses(out: Output, losses: Sequence[Loss], output: Path) -> None:
    """Report what could not be written.

    Args:
        out: Gets an event for each item; people read one line for several that are alike.
        losses: What was lost.
        output: The file; if a line stands for several items, all are in ``<name>.losses.txt`` beside it.

    Raises:
        OutputError: That list cannot be written.
    """
    for loss in losses:
        out.event("loss", feature=str(loss.feature), item=loss.item, message=loss.message)
    lines = list(_loss_lines(losses))
    report = output.with_name(f"{output.name}.losses.txt")
    is_whole = len(lines) == len(losses) <= _MOST_LOSSES
    if is_whole:
        report.unlink(missing_ok=True)  # of an earlier run that lost more
    else:
        from avm_otio.files import write_text

        write_text(report, "".join(f"{one_line(str(loss))}\n" for loss in losses))
    if losses:
        out.say(f"{counted(len(losses), 'thing')} could not be written to {output.name}:")
    for line in lines[:_MOST_LOSSES]:
        out.say(f"  {line}")
    if not is_whole:
        more = f"and {len(lines) - _MOST_LOSSES} more; " if len(lines) > _MOST_LOSSES else ""
        out.say(f"  {more}one by one in {report}")


def _loss_lines(losses: Sequence[Loss]) -> Iterator[str]:
    """A line for all that are alike but for their names and numbers."""
    alike: dict[str, list[Loss]] = {}
    for loss in losses:
        alike.setdefault(_NAMES_AND_NUMBERS.sub("", loss.message), []).append(loss)
    for first, *others in alike.values():
        yield f"{first} (and {len(others)} more like it)" if others else str(first)
