"""What is done with scored timelines: their cost and cue sheet, another cut, licensed files, a turnover."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avm_otio.access import access_to
from avm_otio.app import here, refuse_same
from avm_otio.config.load import load_settings
from avm_otio.config.settings import Settings
from avm_otio.errors import InputError
from avm_otio.report import SILENT, Report
from avm_otio.request import Request

if TYPE_CHECKING:
    from fractions import Fraction

    from avm_otio.jobs.conform.run import Conformed
    from avm_otio.jobs.reels import Reel
    from avm_otio.jobs.relink import Relinked
    from avm_otio.jobs.sheets import Sheet
    from avm_otio.jobs.turnover.make import Turned
    from avm_otio.mix.bill import Bill
    from avm_otio.mix.cues import Item

_ANY = Request()


def reels(words: Sequence[str], request: Request = _ANY, *, report: Report = SILENT) -> list[Reel]:
    """Scored timelines, read again, with what each of our sounds on them is.

    Args:
        words: Paths of timelines; the folders or keys of jobs.
        request: ``rate``, ``sequence``, ``media_roots`` and ``jobs_dir`` count.
        report: Receives progress and warnings.

    Raises:
        InputError: One cannot be read.
    """
    from avm_otio.jobs.reels import open_reels, report_unscored

    settings = load_settings()
    found = open_reels(words, settings.complete(here(request)), settings.service_keys, report)
    report_unscored(found, report)
    return found


def cost(words: Sequence[str], request: Request = _ANY, *, report: Report = SILENT) -> Bill:
    """What scored timelines cost together: every item once.

    Args:
        words: As for ``reels``.
        request: As for ``reels``.
        report: Receives progress and warnings.

    Raises:
        InputError: One cannot be read.
    """
    from avm_otio.mix.bill import Bill

    found = reels(words, request, report=report)
    return Bill.of((reel.name, [(reel.timecode(each), each) for each in reel.sounds]) for reel in found)


def cue_sheet(
    words: Sequence[str],
    request: Request = _ANY,
    *,
    header: Mapping[str, str | None] | None = None,
    table: Path | None = None,
    effects: bool = False,
    report: Report = SILENT,
) -> Sheet:
    """The cue sheet of scored timelines; ``delivery.cue_sheets`` writes it.

    Args:
        words: As for ``reels``, in the order of the programme.
        request: As for ``reels``; of ``library`` licences are looked up.
        header: ``production``, ``episode``, ``air_date``, ``company``; what is not given is as configured.
        table: A CSV file of rights, which are remembered.
        effects: Whether sound effects are listed, too.
        report: Receives progress and warnings.

    Raises:
        InputError: A timeline or the table cannot be read.
        OutputError: Rights cannot be remembered.
    """
    settings = load_settings()
    found = reels(words, request, report=report)
    return _sheet_of(found, request, settings, header, table, effects, report)


def _sheet_of(
    found: Sequence[Reel],
    request: Request,
    settings: Settings,
    header: Mapping[str, str | None] | None,
    table: Path | None,
    effects: bool,
    report: Report,
) -> Sheet:
    from avm_otio.jobs.sheets import sheet_of
    from avm_otio.mix.cue_sheet import Header

    configured = {each.name: getattr(settings.cue_sheet, each.name) for each in fields(Header)}
    given = {name: text for name, text in (header or {}).items() if text is not None}
    made = Header(**{**configured, **given})
    if not made.production:
        made = replace(made, production=found[0].opened.timeline.name)
    library = settings.complete(here(request)).library
    return sheet_of(
        found,
        made,
        table=table and table.absolute(),
        effects=effects,
        library=library,
        original_of=_originals(library),
        report=report,
    )


def _originals(library: Path | None) -> Callable[[Item], Path | None]:
    """Finds the files of a library that the local engine's items are made of."""

    @cache
    def opened() -> Any:
        from avm_otio.engine.library import Library

        return None if library is None else Library(library, library)

    def original(item: Item) -> Path | None:
        try:
            found: Path | None = None if opened() is None else opened().path(item.id)
        except InputError:
            return None
        return found

    return original


def conform(scored: str, request: Request, *, report: Report = SILENT) -> Conformed:
    """Conform a scored timeline to a changed cut; nothing is sent, asked or paid.

    Args:
        scored: The path of the scored timeline; or the folder or key of its job.
        request: The changed cut is its timeline. What it leaves open of the soundtrack is as the job had it,
            else as configured.
        report: Receives progress and warnings.

    Raises:
        InputError: A timeline cannot be used.
        OutputError: Something cannot be written.
    """
    from avm_otio.delivery.deliver import delivery_of
    from avm_otio.jobs.conform import run as conforming
    from avm_otio.jobs.reels import open_reels

    settings = load_settings()
    request = here(request)
    for source in (request.timeline, Path(scored)):
        refuse_same(source, request.output)
    whole = settings.complete(request)
    delivery_of(whole)
    (reel,) = open_reels([scored], replace(whole, sequence=None), settings.service_keys, report)
    whole = settings.complete(conforming.as_scored(request, reel.jobs))
    return conforming.conform(reel, conforming.read_new(whole, report), whole, report)


def relink(scored: str, request: Request, *, report: Report = SILENT) -> Relinked:
    """Put licensed files in the place of the previews that a scored timeline plays.

    The service is asked for its film again; what is bought by now is fetched. Nothing is bought here.

    Args:
        scored: The path of the scored timeline; or the folder or key of its job.
        request: The output, and who opens it. The service is the one that offered the sounds where it says
            none.
        report: Receives progress and warnings.

    Raises:
        AvmError: The timeline cannot be used, the service cannot be asked, or something cannot be written.
    """
    from avm_otio.delivery.deliver import delivery_of
    from avm_otio.jobs.reels import open_reels
    from avm_otio.jobs.relink import relink as relinking
    from avm_otio.jobs.relink import service_of_reel

    settings = load_settings()
    request = here(request)
    refuse_same(Path(scored), request.output)
    whole = settings.complete(request)
    delivery_of(whole)
    (reel,) = open_reels([scored], whole, settings.service_keys, report)
    refuse_same(reel.opened.path, request.output)
    if "service" not in request.dump() and (service := service_of_reel(reel)):
        whole = replace(whole, service=service)
    with access_to(whole, settings, report).open() as client:
        return relinking(reel, whole, client, report)


def turnover(
    scored: str,
    request: Request,
    folder: Path,
    *,
    editors: Sequence[str] = ("protools",),
    template: Path | None = None,
    start: str | None = None,
    handles: Fraction | None = None,
    with_preview: bool = True,
    overwrite: bool = False,
    report: Report = SILENT,
) -> Turned:
    """Write all that a mixer gets: see ``docs/turnover.md``. Nothing is sent, asked or paid.

    Args:
        scored: The path of a timeline, scored or not; or the folder or key of a job.
        request: ``rate``, ``sequence``, ``media_roots``, ``jobs_dir`` and ``quality`` count.
        folder: Where it goes.
        editors: Who opens it.
        template: A house's template; the configured one, else the default, where there is none.
        start: Timecode of the programme's first frame, or ``own``; the template's where nothing is said.
        handles: Seconds before and after each edit; the template's where nothing is said.
        with_preview: Whether the picture is written, too.
        overwrite: Whether an older turnover may be replaced.
        report: Receives progress and warnings.

    Raises:
        UsageError: Things that do not go together.
        InputError: The timeline, its media or the template cannot be used.
        OutputError: Something cannot be written.
    """
    from avm_otio.jobs.reels import open_reels
    from avm_otio.jobs.turnover.make import Order, refuse
    from avm_otio.jobs.turnover.make import turnover as turning_over
    from avm_otio.jobs.turnover.template import read_template

    settings = load_settings()
    whole = settings.complete(here(request))
    house = Path(settings.turnover.template).expanduser() if settings.turnover.template else None
    order = Order(
        folder=Path(os.path.normpath(folder.absolute())),
        editors=tuple(editors),
        template=read_template(template or house).with_options(start, handles),
        overwrite=overwrite,
        with_preview=with_preview,
        quality=whole.quality,
    )
    refuse(order)
    (reel,) = open_reels([scored], whole, settings.service_keys, report)

    def sheet_of(moved: Reel) -> Sheet:
        return _sheet_of([moved], request, settings, None, None, False, report)

    return turning_over(reel, whole, order, sheet_of, report)
