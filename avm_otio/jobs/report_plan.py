"""The event by which a run says what of the timeline becomes a film."""

from __future__ import annotations

from avm_otio.report import Report
from avm_otio.timeline.model import Timeline
from avm_otio.timeline.plan import ExportPlan


def report_plan(plan: ExportPlan, timeline: Timeline, report: Report) -> None:
    """Report a plan's name, its range as record timecode, and its length in frames at its rate."""
    film_map = plan.film_map
    report.event(
        "plan",
        name=plan.name,
        record_in=timeline.timecode(film_map.record_start),
        record_out=timeline.timecode(film_map.record_end),
        frames=plan.frames,
        rate=str(plan.rate),
        notes=list(plan.notes),
    )
