"""What the tools for agents do, each over the function that the command of its name calls.

Each takes what all calls share, what the tool takes, what was given, and a report; it returns JSON.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avm_otio import app, choosing, finishing, searching
from avm_otio.agents.arguments import Arguments
from avm_otio.agents.confirming import Confirmations, pays
from avm_otio.agents.roots import Roots
from avm_otio.config.load import load_settings
from avm_otio.errors import UsageError
from avm_otio.report import Report
from avm_otio.request import Request

if TYPE_CHECKING:
    from avm_otio.timeline.features import Loss

_MOST_LISTED = 200
"""Rows of a list in one answer: an agent reads all of it."""

MOST_CUES = 40
_OF_A_CLIP = (
    "kind",
    "timecode",
    "title",
    "price",
    "is_bought",
    "alternatives",
    "track",
    "file",
    "gain_db",
    "part",
)


@dataclass(frozen=True, slots=True)
class Desk:
    """What all calls of one server share.

    Attributes:
        roots: Where agents may read and write.
        confirmations: Paid calls that were confirmed.
    """

    roots: Roots
    confirmations: Confirmations = field(default_factory=Confirmations)

    def request(self, takes: Arguments, given: Mapping[str, Any], **more: Any) -> Request:
        """The request that a call makes; as ``Arguments.request``."""
        configured = load_settings().complete(Request()).service
        return takes.request(given, self.roots, (configured,), **more)


def dry_run(desk: Desk, takes: Arguments, given: Mapping[str, Any], report: Report) -> dict[str, Any]:
    """What scoring would send and use up, and the code that confirms it."""
    request = _scoring(desk, takes, given)
    ahead = app.look_ahead(request, report=report)
    return {
        "dry_run": True,
        **ahead.as_dict(),
        "is_free": not pays(ahead),
        "confirmation": desk.confirmations.give(request, ahead),
    }


def score(desk: Desk, takes: Arguments, given: Mapping[str, Any], report: Report) -> dict[str, Any]:
    """Score; what is paid for only with the code of its dry run."""
    request = _scoring(desk, takes, given)
    ahead = app.look_ahead(request, report=report)
    is_paid = pays(ahead)
    if is_paid:
        desk.confirmations.take(
            request,
            ahead,
            is_confirmed=bool(given.get("confirm_paid_call")),
            code=given.get("confirmation", ""),
        )
    return _outcome(app.carry_out(request, may_pay=is_paid, confirmed=ahead.digest, report=report))


def _scoring(desk: Desk, takes: Arguments, given: Mapping[str, Any]) -> Request:
    return desk.request(
        takes, given, timeline=desk.roots.path(given["timeline"]), output=Path(given["output"])
    )


def _outcome(outcome: app.Outcome) -> dict[str, Any]:
    clips = [{name: clip[name] for name in _OF_A_CLIP if name in clip} for clip in outcome.summary["clips"]]
    left_out = ("clips", "spare_clips", "notes", "start_frame", "unavailable")
    return {
        **{name: value for name, value in outcome.summary.items() if name not in left_out},
        "is_recalled": outcome.is_recalled,
        **_some("clips", clips),
        **_some("unavailable", outcome.summary.get("unavailable", ())),
        **_losses(outcome.losses),
    }


def alternatives(desk: Desk, takes: Arguments, given: Mapping[str, Any], report: Report) -> dict[str, Any]:
    """What the cues of a scored timeline offer."""
    place, jobs_dir = _place(desk, given)
    found = choosing.offered(place, jobs_dir=jobs_dir, report=report)
    first, most = given.get("from_cue", 1), min(given.get("most", MOST_CUES), _MOST_LISTED)
    cues = found.cues[first - 1 :] if "cue" not in given else (found.cue(str(given["cue"])),)
    return {
        **found.as_dict(),
        "listed": [cue.as_dict(found.place) for cue in cues[:most]],
        "more_from_cue": first + most if len(cues) > most else None,
    }


def choose(desk: Desk, takes: Arguments, given: Mapping[str, Any], report: Report) -> dict[str, Any]:
    """Choose, and write the timeline again where that is asked for."""
    place, jobs_dir = _place(desk, given)
    names = (
        "item",
        "gain_db",
        "nudge_frames",
        "leave_out",
        "note",
        "music_gain_db",
        "effects_gain_db",
        "mix",
    )
    says: dict[str, Any] = {name: given[name] for name in names if name in given}
    if "sound" in given:
        says["sound"] = str(desk.roots.sound(given["sound"]))
    update, overwrite = given.get("update", False), given.get("overwrite", False)
    if overwrite and not update:
        raise UsageError("“overwrite” goes with “update”.", "Give both, or neither.")
    if update:  # before anything is chosen
        desk.roots.check(choosing.Scoring.at(place, jobs_dir).request.output)
    answer: dict[str, Any] = {}
    if says or given.get("reset") or not update:
        chosen = choosing.choose(
            place, given.get("cue"), **says, reset=given.get("reset", False), jobs_dir=jobs_dir, report=report
        )
        answer = chosen.as_dict()
        if "cue" in given:
            answer["cue"] = chosen.cue(str(given["cue"])).as_dict(chosen.place)
    if update:
        outcome = choosing.update(place, overwrite=overwrite, jobs_dir=jobs_dir, report=report)
        answer |= {"is_written": True, "written": _outcome(outcome)}
    return answer


def search(desk: Desk, takes: Arguments, given: Mapping[str, Any], report: Report) -> dict[str, Any]:
    """Sounds of a library."""
    asked = dict(given)
    named = {"library": desk.roots.path(asked.pop("library"), is_read=True)} if "library" in asked else {}
    library = desk.request(takes, {}, **named).library
    like = desk.roots.sound(asked.pop("like")) if "like" in asked else None
    moment = None
    if for_frame := asked.pop("for_frame", None):
        film, _, at = for_frame.rpartition("@")
        if not film:
            raise UsageError("“for_frame” needs a film and a time.", "Write film.mov@00:01:02:03.")
        moment = desk.roots.there(film, is_read=True), at
    found = searching.search(
        asked.pop("words", ""), library=library, like=like, for_frame=moment, report=report, **asked
    )
    return _some("sounds", [each.as_json() for each in found])


def cost(desk: Desk, takes: Arguments, given: Mapping[str, Any], report: Report) -> dict[str, Any]:
    """What scored timelines cost together."""
    from avm_otio.mix.bill import sums_as_dict

    limit = None if "max_cost" not in given else _amount(given["max_cost"])
    bill = finishing.cost(_reels(desk, given), desk.request(takes, given), report=report)
    if limit is not None and not bill.is_within(limit):
        raise bill.refused(limit)
    return {
        **_some("items", bill.as_dicts()),
        "totals": sums_as_dict(bill.totals),
        "switched_off_totals": sums_as_dict(bill.spare_totals),
    }


def conform(desk: Desk, takes: Arguments, given: Mapping[str, Any], report: Report) -> dict[str, Any]:
    """A soundtrack in a changed cut."""
    from avm_otio.jobs.conform.lists import rows_of, write_lists

    scored = str(desk.roots.there(given["scored"]))
    request = desk.request(
        takes, given, timeline=desk.roots.path(given["new_cut"]), output=Path(given["output"])
    )
    made = finishing.conform(scored, request, report=report)
    table, edl = write_lists(made, request.output)
    rows = [row for row in rows_of(made) if row["state"] != "kept"]
    return {
        "output": str(request.output),
        **_some("written", [str(path) for path in (*made.delivered.paths, table, edl)]),
        "kept": sum(change.state == "kept" for change in made.changes),
        "lost": len(made.lost),
        "coverage": None if made.coverage is None else str(made.coverage),
        "mix": [] if made.verdict is None else list(made.verdict.lines),
        **_some("changes", rows),
        **_losses(made.delivered.losses),
    }


def cue_sheet(desk: Desk, takes: Arguments, given: Mapping[str, Any], report: Report) -> dict[str, Any]:
    """A cue sheet, written."""
    from avm_otio.delivery.cue_sheets.write import credits_text, refuse_outputs, row_json, write_cue_sheet
    from avm_otio.files import write_text

    output = desk.roots.path(given["output"])
    credit_file = desk.roots.path(given["credits"]) if "credits" in given else None
    scored = _reels(desk, given)
    rights = desk.roots.there(given["rights"], is_read=True) if "rights" in given else None
    refuse_outputs(output, credit_file, [*map(Path, scored), *filter(None, [rights])])
    made = finishing.cue_sheet(
        scored,
        desk.request(takes, given),
        header={name: given.get(name) for name in ("production", "episode", "air_date", "company")},
        table=rights,
        effects=given.get("effects", False),
        report=report,
    )
    write_cue_sheet(made.sheet, output)
    if credit_file is not None:
        write_text(credit_file, credits_text(made.sheet, made.credits))
    rows = [row for row in made.sheet.items() if not row.rights.holders and row.item.kind == "music"]
    return {
        "written": [str(path) for path in (output, credit_file) if path is not None],
        **_some("cues", [row_json(row) for row in made.sheet.rows]),
        **_some("not_on_file", [row.item.name for row in rows]),
        **_some("licences", [each.as_dict() for each in made.licensed]),
    }


def relink(desk: Desk, takes: Arguments, given: Mapping[str, Any], report: Report) -> dict[str, Any]:
    """Licensed files in the place of previews."""
    scored = str(desk.roots.there(given["scored"]))
    request = desk.request(takes, given, output=desk.roots.path(given["output"]))
    made = finishing.relink(scored, request, report=report)
    return {
        "output": str(request.output),
        **_some("written", list(map(str, made.delivered.paths))),
        **_some("items", [each.as_dict() for each in made.items]),
        **_some("unmatched", [each.as_dict() for each in made.left]),
        **_losses(made.delivered.losses),
    }


def _place(desk: Desk, given: Mapping[str, Any]) -> tuple[Path, Path | None]:
    jobs_dir = desk.roots.path(given["jobs_dir"]) if "jobs_dir" in given else None
    return desk.roots.there(given["scored"]), jobs_dir


def _reels(desk: Desk, given: Mapping[str, Any]) -> list[str]:
    return [str(desk.roots.there(each)) for each in given["scored"]]


def _amount(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal(-1)
    if not amount.is_finite() or amount < 0:
        raise UsageError(f"“max_cost” cannot be {text!r}.", "Give an amount: “500”, “49.90”.")
    return amount


def _some(name: str, rows: Sequence[Any]) -> dict[str, Any]:
    """Rows, and how many more there are than an answer holds."""
    return {name: list(rows[:_MOST_LISTED]), f"more_{name}": max(0, len(rows) - _MOST_LISTED)}


def _losses(losses: Sequence[Loss]) -> dict[str, Any]:
    rows = [{"feature": str(loss.feature), "item": loss.item, "message": loss.message} for loss in losses]
    return _some("losses", rows)
