"""``avm-otio cuesheet``: what music is heard where, for broadcasters and societies."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from avm_otio.cli import options
from avm_otio.cli.output import Output, pass_output

if TYPE_CHECKING:
    from avm_otio.jobs.sheets import Sheet


@click.command(epilog='Example: avm-otio cuesheet reel1.otio reel2.otio -o cues.xlsx --production "My Film"')
@click.argument("scored", metavar="SCORED...", nargs=-1, required=True)
@click.option(
    "-o",
    "--output",
    type=options.FILE,
    required=True,
    metavar="FILE",
    help="Write .csv, .xlsx, .pdf or .json.",
)
@click.option("--production", metavar="TEXT", help="The programme or series.")
@click.option("--episode", metavar="TEXT", help="Its title or number.")
@click.option("--air-date", metavar="TEXT", help="When it is first shown.")
@click.option("--company", metavar="TEXT", help="Who made it.")
@click.option(
    "--rights",
    type=options.FILE,
    metavar="FILE.csv",
    help="Composers, publishers, shares; they are remembered.",
)
@click.option("--effects", is_flag=True, help="List sound effects, too.")
@click.option(
    "--credits", "credit_file", type=options.FILE, metavar="FILE", help="Write the credits, too, as .txt."
)
@options.of_request("cuesheet")
@pass_output
def cuesheet(
    out: Output,
    scored: tuple[str, ...],
    output: Path,
    rights: Path | None,
    effects: bool,
    credit_file: Path | None,
    production: str | None,
    episode: str | None,
    air_date: str | None,
    company: str | None,
    **flags: Any,
) -> None:
    """Write the cue sheet of SCORED timelines, reel by reel.

    Each piece that is heard without a break is one cue, however many clips it is made of; what is switched
    off is left out. SCORED is a timeline or a job, as for avm-otio cost.
    """
    from avm_otio import finishing
    from avm_otio.delivery.cue_sheets.write import credits_text, refuse_outputs, row_json, write_cue_sheet
    from avm_otio.files import write_text

    refuse_outputs(output, credit_file, [*map(Path, scored), *filter(None, [rights])])
    made = finishing.cue_sheet(
        scored,
        options.request_of(**flags),
        header={"production": production, "episode": episode, "air_date": air_date, "company": company},
        table=rights,
        effects=effects,
        report=out,
    )
    write_cue_sheet(made.sheet, output)
    paths = [output]
    if credit_file is not None:
        write_text(credit_file, credits_text(made.sheet, made.credits))
        paths.append(credit_file)
    for row in made.sheet.rows:
        out.event("cue", **row_json(row))
    for path in paths:
        out.event("written", path=str(path))
    _report(out, made, paths)


def _report(out: Output, made: Sheet, paths: list[Path]) -> None:
    from avm_otio.cli.table import table, terminal_width
    from avm_otio.delivery.cue_sheets.words import exact_clock
    from avm_otio.mix.clearance import Clearance, words_of

    for each in made.licensed:
        out.event("licence", **each.as_dict())
    sheet = made.sheet
    missing = [row.item.name for row in sheet.items() if not row.rights.holders and row.item.kind == "music"]
    not_clear = [each for each in made.licensed if each.clearance is not Clearance.FREE]
    out.event(
        "done",
        output=str(paths[0]),
        cues=len(sheet.rows),
        programme_length=exact_clock(sheet.programme_s),
        music_length=exact_clock(sheet.music_s),
        not_on_file=missing,
        not_clear=len(not_clear),
    )
    out.say(
        f"{len(sheet.rows)} cue{'s' * (len(sheet.rows) != 1)}, {exact_clock(sheet.music_s)} of music in "
        f"{exact_clock(sheet.programme_s)} → {', '.join(map(str, paths))}"
    )
    if missing:
        out.say(f"Not on file: {', '.join(missing)}. Give composers and publishers with --rights FILE.csv.")
    if not_clear:
        out.result("Of your own library, before it is passed on:")
        rows = [
            (
                each.item.name,
                each.title,
                each.stated.licence or "not stated",
                words_of(each.stated),
                each.stated.place,
            )
            for each in not_clear
        ]
        heads = ("ITEM", "TITLE", "LICENCE", "MEANS", "STATED IN")
        for line in table(heads, rows, most=terminal_width()):
            out.result(line)
