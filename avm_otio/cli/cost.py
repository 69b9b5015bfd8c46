"""``avm-otio cost``: what scored timelines use, and what that costs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from avm_otio.addresses import LOCAL
from avm_otio.cli import options
from avm_otio.cli.output import Output, pass_output
from avm_otio.errors import UsageError
from avm_otio.words import priced

if TYPE_CHECKING:
    from avm_otio.mix.bill import Bill, Line

_SUFFIXES = (".csv", ".json")


@click.command(epilog="Example: avm-otio cost reel1.otio reel2.otio -o cost.csv --max-cost 500")
@click.argument("scored", metavar="SCORED...", nargs=-1, required=True)
@click.option(
    "-o",
    "--output",
    type=options.OutputFile("cost.csv"),
    metavar="FILE",
    help="Write it as .csv or .json, too.",
)
@click.option("--max-cost", type=options.Money(), help="End with code 5 where the sum is higher.")
@options.of_request("cost")
@pass_output
def cost(
    out: Output, scored: tuple[str, ...], output: Path | None, max_cost: Decimal | None, **flags: Any
) -> None:
    """Add up what SCORED timelines cost: every item once, what is bought already not counted.

    SCORED is a timeline that was scored, as it came or as your editor wrote it, or a job: its folder, its
    key, or the start of its key. What is switched off is listed apart. Nothing is asked of the service.
    """
    from avm_otio import finishing
    from avm_otio.config.load import load_settings
    from avm_otio.mix.bill import sums_as_dict

    if output is not None and output.suffix.lower() not in _SUFFIXES:
        raise UsageError(f"{output} names no kind of report.", f"Name it {output.stem}.csv or .json.")
    request = options.request_of(**flags)
    bill = finishing.cost(scored, request, report=out)
    budget = load_settings().complete(request).budget_max
    left = None if budget is None else Decimal(str(budget))
    if output is not None:
        _write(output, bill)
        out.event("written", path=str(output))
    for row in bill.as_dicts():
        out.event("item", **row)
    _show(out, bill, len(scored), left)
    is_within = max_cost is None or bill.is_within(max_cost)
    out.event(
        "done",
        reels=len(scored),
        items=len(bill.used),
        totals=sums_as_dict(bill.totals),
        switched_off=len(bill.spare),
        switched_off_totals=sums_as_dict(bill.spare_totals),
        budget=None if left is None else str(left),
        is_within_max_cost=is_within,
        output=None if output is None else str(output),
    )
    if max_cost is not None and not is_within:
        raise bill.refused(max_cost)


def _show(out: Output, bill: Bill, reels: int, budget: Decimal | None) -> None:
    from avm_otio.cli.table import table, terminal_width
    from avm_otio.mix.bill import sums

    heads = ["ITEM", "TITLE", "PRICE", "CLIPS", "FIRST AT", *(["REELS"] if reels > 1 else [])]
    for lines, head in ((bill.used, ""), (bill.spare, "Switched off, not counted:")):
        if not lines:
            continue
        if head:
            out.result("")
            out.result(head)
        rows = [_shown(line, reels) for line in lines]
        for text in table(heads, rows, right=("PRICE", "CLIPS"), most=terminal_width()):
            out.result(text)
    out.result("")
    bought = sum(line.is_bought for line in bill.used)
    before = f"; {bought} of them bought before" if bought else ""
    out.result(f"{_count(bill.used)} used: {sums(bill.totals)}{before}.")
    if bill.spare:
        out.result(f"{_count(bill.spare)} switched off: {sums(bill.spare_totals)} if all were used as well.")
    if any(line.service == LOCAL for line in (*bill.used, *bill.spare)):
        out.result("The local engine's prices are examples: nothing is to be paid for its sounds.")
    if budget is not None:
        for currency, total in bill.totals.items():
            rest = budget - total.price
            words = f"{priced(abs(rest), currency)} {'left' if rest >= 0 else 'over it'}"
            out.result(f"Budget {priced(budget, currency)}: {words}.")


def _shown(line: Line, reels: int) -> list[str]:
    if line.is_bought:
        price = "bought"
    elif line.total.unread:
        price = "cannot be read"
    elif line.item.price is None:
        price = "not given"
    else:
        price = priced(line.total.price, line.currency)
    first = line.places[0].timecode if line.places else ""
    where = ", ".join(place.reel for place in line.places)
    return [
        line.item.name,
        line.item.title or str(line.item.id),
        price,
        str(line.clips),
        first,
        *([where] if reels > 1 else []),
    ]


def _count(lines: Sequence[Line]) -> str:
    return f"{len(lines)} item{'s' * (len(lines) != 1)}"


def _write(path: Path, bill: Bill) -> None:
    """Write the bill as a file.

    Raises:
        OutputError: It cannot be written.
    """
    from avm_otio.files import write_text
    from avm_otio.mix.bill import sums_as_dict

    rows = bill.as_dicts()
    if path.suffix.lower() == ".json":
        document = {
            "items": rows,
            "totals": sums_as_dict(bill.totals),
            "switched_off_totals": sums_as_dict(bill.spare_totals),
        }
        write_text(path, json.dumps(document, indent=1, ensure_ascii=False) + "\n")
        return
    text = io.StringIO()
    columns = [*(rows[0] if rows else {"kind": "", "counts": "", "currency": "", "is_used": ""})]
    table = csv.DictWriter(text, columns, lineterminator="\n", extrasaction="ignore")
    table.writeheader()
    for row in rows:
        table.writerow({**row, "reels": "; ".join(row["reels"])})
    for currency, total in bill.totals.items():
        table.writerow({"kind": "total", "counts": str(total.price), "currency": currency, "is_used": True})
    for currency, total in bill.spare_totals.items():
        table.writerow({"kind": "total", "counts": str(total.price), "currency": currency, "is_used": False})
    write_text(path, text.getvalue())
