"""``avm-otio batch``: many timelines in, many scored timelines out."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from avm_otio.cli import options
from avm_otio.cli.output import Output, pass_output
from avm_otio.errors import UsageError
from avm_otio.text import one_line
from avm_otio.words import counted, priced

if TYPE_CHECKING:
    from rich.progress import Progress

    from avm_otio.jobs.many.batch import Batch
    from avm_otio.jobs.many.items import Item, News
    from avm_otio.request import Request
    from avm_otio.timeline.features import Loss

_COLUMNS = (
    "timeline", "output", "job", "state", "recalled", "cues", "price", "currency", "seconds", "error", "hint",
)  # a row a line, to be read as a table  # fmt: skip
_REPORTS = (".csv", ".json")
_SHOW_EVERY_S = 0.2


@click.command(
    epilog="Example: avm-otio batch reels/*.otio --output-dir scored --for resolve --report cost.csv"
)
@click.argument("timelines", type=options.FILE, nargs=-1)
@click.option(
    "--list", "rows", type=options.FILE, metavar="FILE.csv", help="A timeline a row; docs/batch.md."
)
@click.option("--output-dir", type=options.FOLDER, help="Where outputs go.  [default: beside the timelines]")
@click.option("--name", default="{stem}.scored{suffix}", show_default=True, help="How outputs are called.")
@click.option("--max-analyses", type=click.IntRange(0), metavar="N", help="Pay for no more analyses in all.")
@click.option(
    "--max-cost", type=options.Money(), help="Lay items of no higher price in all; see docs/batch.md."
)
@click.option(
    "--cpu-jobs", type=click.IntRange(1, 256), metavar="N", help="Processes.  [default: processors]"
)
@click.option(
    "--service-jobs",
    type=click.IntRange(1, 256),
    metavar="N",
    default=8,
    show_default=True,
    help="Timelines that are with the service at once.",
)
@click.option("--report", type=options.FILE, metavar="FILE", help="What came of each: .csv or .json.")
@options.of_request("batch")
@pass_output
def batch(
    out: Output,
    timelines: tuple[Path, ...],
    rows: Path | None,
    output_dir: Path | None,
    name: str,
    max_analyses: int | None,
    max_cost: Decimal | None,
    cpu_jobs: int | None,
    service_jobs: int,
    report: Path | None,
    **flags: Any,
) -> None:
    """Lay music and effects under many TIMELINES at once.

    One that fails does not stop the others. Run it again after an interruption or a failure: what is done is
    not done again, and what is paid for is not paid for again.
    """
    from avm_otio import app
    from avm_otio.jobs.many.budget import Limits
    from avm_otio.jobs.many.requests import requests_for

    common = options.request_of(**flags)
    left_out: list[str] = []
    requests = requests_for(
        timelines, rows, common, output_folder=output_dir, name=name, leave_out=left_out.append
    )
    if left_out:
        more = f" So are {len(left_out) - 1} more." if len(left_out) > 1 else ""
        out.warn(left_out[0] + more)
    started = time.monotonic()
    with app.batch(
        requests,
        limits=Limits(max_analyses, max_cost),
        cpu_jobs=cpu_jobs,
        service_jobs=service_jobs,
        report=out,
    ) as at_work:
        reporter = _Reporter(out, at_work, report, started)
        _refuse_wrong(out, at_work.check())
        _refuse_currencies(requests, max_cost)
        reporter.write_report()  # now, so that one that cannot be written is found before anything is paid
        try:
            with closing(at_work.run()) as happening, reporter.shown():
                for news in happening:
                    reporter.add(news)
        finally:
            reporter.sum_up()
    if reporter.exit_code:
        raise click.exceptions.Exit(reporter.exit_code)


def _refuse_wrong(out: Output, wrong: list[Item]) -> None:
    for item in wrong[1:]:
        out.warn(f"{item.request.timeline}: {item.error}")
    if wrong:
        error = wrong[0].error
        assert error is not None
        error.what = f"{wrong[0].request.timeline}: {error.what}"
        if len(wrong) > 1:
            error.hint = f"{error.hint} {len(wrong) - 1} more are off, see above; nothing was begun.".strip()
        raise error


def _refuse_currencies(requests: list[Request], max_cost: Decimal | None) -> None:
    from avm_otio.config.load import load_settings

    if max_cost is not None:
        settings = load_settings()
        found = {settings.complete(request).currency for request in requests}
        if len(found) > 1:
            message = f"--max-cost cannot add up prices in {' and '.join(sorted(found))}."
            raise UsageError(message, "Give all timelines one --currency.")


class _Reporter:
    """What a batch reports while it runs and when it ends.

    Args:
        out: Where to.
        batch: The batch.
        report: The file for what came of each timeline, if there is to be one.
        started: When it began, by ``time.monotonic``.
    """

    def __init__(self, out: Output, batch: Batch, report: Path | None, started: float) -> None:
        if report is not None and report.suffix.lower() not in _REPORTS:
            raise UsageError(f"{report} names no kind of report.", f"Name it {report.stem}.csv or .json.")
        self._out = out
        self._batch = batch
        self._report = report
        self._started = started
        self._ended = 0
        self._bar: Progress | None = None
        self._shown_at = 0.0

    @property
    def exit_code(self) -> int:
        """0 where every timeline is done; else the highest code of those that are not."""
        return max((_exit_code(item) for item in self._batch.items), default=0)

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show one bar for all, on a terminal."""
        if not self._out.shows_bars:
            yield
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        columns = BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}", markup=False)
        console = Console(stderr=True)
        with Progress(*columns, TimeElapsedColumn(), console=console, redirect_stdout=False) as self._bar:
            self._bar.add_task("", total=len(self._batch.items))
            yield
        self._bar = None

    def add(self, news: News) -> None:
        """Report one thing that happened."""
        from avm_otio.jobs.many.items import ENDS

        item = news.item
        if news.warning:
            self._out.warn(f"{_name(item)}: {news.warning}")
            return
        ended = news.stage in ENDS
        self._out.event("batch_item", **(_row(item) if ended else _place(item, news.stage)))
        if ended:
            self._ended += 1
            self._report_losses(item, news.losses)
            self._out.say(f"{self._ended}/{len(self._batch.items)} {_line(item)}")
        if self._bar is not None and (ended or time.monotonic() > self._shown_at + _SHOW_EVERY_S):
            self._shown_at = time.monotonic()
            self._bar.update(self._bar.task_ids[0], completed=self._ended, description=one_line(self._now()))

    def sum_up(self) -> None:
        """Report the results of all: a table for people, an event for scripts, the report's file."""
        from avm_otio.cli.table import table, terminal_width

        self.write_report()  # first: whoever reads the rest may have gone
        items = self._batch.items
        heads = ("timeline", "state", "cues", "cost", "time", "what happened")
        lines = [
            (
                _name(item),
                item.stage,
                "" if item.cues is None else str(item.cues),
                _money(item),
                "" if item.is_recalled or item.seconds is None else f"{item.seconds:.1f} s",
                str(item.error or item.reason or ("as it was" if item.is_recalled else "")),
            )
            for item in items
        ]
        for line in table(heads, lines, right=("cues", "cost", "time"), most=terminal_width()):
            self._out.result(line)
        totals = self._totals()
        self._out.say(_in_words(totals))
        self._out.event("done", **totals)

    def write_report(self) -> None:
        """Write the report whole, if one is asked for.

        Raises:
            OutputError: It cannot be written.
        """
        from avm_otio.files import write_text

        if self._report is None:
            return
        rows, totals = [_row(item) for item in self._batch.items], self._totals()
        if self._report.suffix.lower() == ".json":
            write_text(
                self._report, json.dumps({**totals, "rows": rows}, indent=1, ensure_ascii=False) + "\n"
            )
            return
        text = io.StringIO()
        table = csv.DictWriter(text, _COLUMNS, lineterminator="\n", extrasaction="ignore")
        table.writeheader()
        table.writerows(rows)
        for currency, price in totals["price"].items():
            table.writerow({"timeline": "total", "price": price, "currency": currency})
        write_text(self._report, text.getvalue())

    def _totals(self) -> dict[str, Any]:
        from avm_otio.jobs.many.items import count_stages, total_cost

        counts = count_stages(self._batch.items)
        return {
            "timelines": len(self._batch.items),
            **{state: counts[state] for state in ("done", "failed", "held", "stopped")},
            "analyses": self._batch.paid,
            "price": {currency: str(price) for currency, price in total_cost(self._batch.items).items()},
            "elapsed_s": round(time.monotonic() - self._started, 3),
            "exit_code": self.exit_code,
        }

    def _now(self) -> str:
        from avm_otio.jobs.many.items import count_stages, total_cost

        counts = count_stages(self._batch.items)
        stages = ", ".join(
            f"{counts[stage]} {stage}"
            for stage in ("preparing", "answering", "finishing", "failed")
            if counts[stage]
        )
        cost = " + ".join(
            priced(price, currency) for currency, price in total_cost(self._batch.items).items()
        )
        return f"{stages}  {self._batch.paid} analyses  {cost}"

    def _report_losses(self, item: Item, losses: Any) -> None:
        """What the file does not say as the timeline does: item by item for scripts, in a file for people."""
        from avm_otio.files import write_text

        output = item.request.output
        listed = output.with_name(f"{output.name}.losses.txt")
        found: list[Loss] = list(losses)
        for loss in found:
            self._out.event(
                "loss", output=str(output), feature=str(loss.feature), item=loss.item, message=loss.message
            )
        if found:
            write_text(listed, "".join(f"{loss}\n" for loss in found))
            self._out.say(f"{counted(len(found), 'thing')} could not be written to {output.name}: {listed}")
        elif not item.is_recalled:
            listed.unlink(missing_ok=True)  # of an earlier run that lost something


def _exit_code(item: Item) -> int:
    from avm_otio.errors import AnalysesUsedUpError

    if item.error is not None:
        return item.error.exit_code
    return AnalysesUsedUpError.exit_code if item.reason else 0


def _place(item: Item, state: str) -> dict[str, Any]:
    return {"timeline": str(item.request.timeline), "output": str(item.request.output), "state": str(state)}


def _row(item: Item) -> dict[str, Any]:
    """What came of a timeline, by ``_COLUMNS``."""
    return _place(item, item.stage) | {
        "job": None if item.job is None else str(item.job),
        "recalled": item.is_recalled,
        "cues": item.cues,
        "price": None if item.price is None else str(item.price),
        "currency": item.currency or None,
        "seconds": None if item.seconds is None else round(item.seconds, 3),
        "error": item.reason or None if item.error is None else item.error.what,
        "hint": None if item.error is None else item.error.hint,
        "exit_code": _exit_code(item),
    }


def _name(item: Item) -> str:
    return item.request.timeline.name


def _money(item: Item) -> str:
    return "" if item.price is None else priced(item.price, item.currency)


def _line(item: Item) -> str:
    """What became of a timeline, in a line for people."""
    if item.error is not None:
        return f"{_name(item)} failed: {item.error}"
    if item.reason:
        return f"{_name(item)} is held back: {item.reason}."
    if item.cues is None:
        return f"{_name(item)} was stopped; run it again to continue."
    if item.is_recalled:
        return f"{_name(item)} was scored before, nothing has changed since."
    clips = f"{item.cues} clip{'s' * (item.cues != 1)}"
    return f"{_name(item)} → {item.request.output}: {clips}, {_money(item)}, {item.seconds:.1f} s"


def _in_words(totals: dict[str, Any]) -> str:
    states = ", ".join(
        f"{totals[state]} {state}" for state in ("done", "failed", "held", "stopped") if totals[state]
    )
    cost = " and ".join(priced(price, currency) for currency, price in totals["price"].items()) or "nothing"
    again = " Run it again to go on with the rest." if totals["done"] < totals["timelines"] else ""
    return (
        f"Timelines: {states}; analyses paid for in all runs: {totals['analyses']}; "
        f"chosen items cost {cost}; {totals['elapsed_s']:.1f} s.{again}"
    )
