"""``avm-otio score``: a timeline in, a scored timeline out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from avm_otio.cli import options
from avm_otio.cli.output import Output, pass_output
from avm_otio.cli.written import tell_losses

if TYPE_CHECKING:
    from avm_otio.core.placement import LaidClip
    from avm_otio.jobs.pipeline import Scored

_MOST_SHOWN = 12


@click.command(epilog="Example: avm-otio score cut.otio -o scored.otio --in 01:00:10:00 --out 01:00:40:00")
@click.argument("timeline", type=options.FILE)
@click.option("-o", "--output", type=options.FILE, required=True, help="The timeline to write; see --for.")
@options.delivery
@options.services
@options.selection
@options.service
@options.request
@options.layout
@options.source
@options.quality
@click.option("--jobs-dir", type=options.FOLDER, help="Where jobs are kept.  [default: beside the timeline]")
@pass_output
def score(
    out: Output,
    timeline: Path,
    output: Path,
    services: str,
    clip: str | None,
    track: str | None,
    tc_in: str | None,
    tc_out: str | None,
    rate: Any,
    sequence: str | None,
    media_roots: tuple[Path, ...],
    effects_length: str,
    music_gain: float,
    effects_gain: float,
    skip_bad_cues: bool,
    alternatives: int | None,
    editor: str | None,
    deliver: str,
    media_format: str,
    jobs_dir: Path | None,
    notify_url: str | None,
    **flags: Any,
) -> None:
    """Lay music and sound effects under a TIMELINE.

    Exports the film, asks the service, waits, downloads, and writes a copy of the timeline with new audio
    tracks. With nothing configured it asks the engine on this machine.
    """
    from avm_otio import face

    settings = options.settings_of(**flags)
    scored = face.score(
        options.source_of(
            timeline,
            clip=clip,
            track=track,
            tc_in=tc_in,
            tc_out=tc_out,
            media_roots=(*media_roots, *settings.media_roots),
            rate=rate,
            sequence=sequence,
        ),
        output,
        services=options.named(services),
        settings=settings,
        layout=options.layout_of(
            effects_length=effects_length,
            music_gain=music_gain,
            effects_gain=effects_gain,
            skip_bad_cues=skip_bad_cues,
            alternatives=alternatives,
            editor=editor,
        ),
        jobs_folder=jobs_dir,
        notify_url=notify_url,
        editor=editor,
        deliver=deliver,
        media_format=media_format,
        report=out,
    )
    _tell(out, timeline, scored)


def _tell(out: Output, timeline: Path, scored: Scored) -> None:
    laid = scored.laid
    tell_losses(out, scored.losses, scored.output)
    effects = [clip for lane in laid.effects for clip in lane]
    out.event(
        "done",
        output=str(scored.output),
        job=str(scored.job),
        film_id=scored.film_id,
        session_id=scored.session_id,
        music=len(laid.music),
        effects=len(effects),
        dialogue=len(laid.dialogue),
        total_price=str(scored.total),
        currency=scored.currency,
        losses=len(scored.losses),
        media_folder=None if scored.media_folder is None else str(scored.media_folder),
    )
    out.say(f"Scored {timeline} → {scored.output}")
    _list(out, "Music", laid.music, scored)
    _list(out, "Dialogue", laid.dialogue, scored)
    _list(out, "Effects", effects, scored)
    tracks = len(laid.effects)
    others = sum(len(clip.alternatives) for clip in laid.clips)
    out.say(
        f"{len(laid.music)} music, {len(effects)} effects on {tracks} track{'s' * (tracks != 1)}; "
        f"chosen items cost {scored.total} {scored.currency}, {others} alternatives kept."
    )


def _list(out: Output, heading: str, clips: Any, scored: Scored) -> None:
    shown: list[LaidClip] = sorted(clips, key=lambda clip: clip.start)
    for clip in shown[:_MOST_SHOWN]:
        price = "" if clip.item.price is None else f"{clip.item.price} {scored.currency}"
        if clip.item.served.get("is_bought"):
            price = "bought"
        out.say(
            f"  {heading:<9} {scored.timecode(clip):<12} {clip.item.title or clip.item.id}  {price}".rstrip()
        )
    if len(shown) > _MOST_SHOWN:
        out.say(f"  {heading:<9} and {len(shown) - _MOST_SHOWN} more")
