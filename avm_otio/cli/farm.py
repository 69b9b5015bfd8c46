"""``avm-otio farm``: many timelines as a job for a render farm; ``farm-task``: what its workers run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from avm_otio.cli import options
from avm_otio.cli.output import Output, pass_output
from avm_otio.cli.score import report_outcome
from avm_otio.errors import AvmError
from avm_otio.report import Advance
from avm_otio.words import counted

_STAGES = ("prepare", "answer", "finish")
_STEP_PERCENT = 5


@click.command(epilog="Example: avm-otio farm reels/*.otio -o tonight --output-dir scored --for resolve")
@click.argument("timelines", type=options.FILE, nargs=-1)
@click.option("-o", "--output", "bundle", type=options.FOLDER, required=True, help="The bundle to write.")
@click.option("--list", "rows", type=options.FILE, metavar="FILE.csv", help="A timeline a row; see below.")
@click.option("--output-dir", type=options.FOLDER, help="Where outputs go.  [default: beside the timelines]")
@click.option("--name", default="{stem}.scored{suffix}", show_default=True, help="How outputs are called.")
@click.option("--limit", metavar="NAME", help="The scheduler's limit for the service, as amount.avmapping.")
@options.of_request("farm")
@pass_output
def farm(
    out: Output,
    timelines: tuple[Path, ...],
    bundle: Path,
    rows: Path | None,
    output_dir: Path | None,
    name: str,
    limit: str | None,
    **flags: Any,
) -> None:
    """Write a job bundle that scores TIMELINES on a render farm.

    It is an Open Job Description with a task a timeline, in three steps: make the film, have it answered, lay
    the answer. openjd runs it on this machine, AWS Deadline Cloud and others on many. It must lie where all
    workers see it, as timelines, media and jobs must. What is configured here goes with it, but no token:
    workers have their own. The columns of FILE.csv are named like the fields of a request: timeline, output …
    """
    from avm_otio import app
    from avm_otio.jobs.many.farm import Stage, write_bundle
    from avm_otio.jobs.many.requests import requests_for

    common = options.request_of(**flags)
    asked = requests_for(timelines, rows, common, output_folder=output_dir, name=name)
    requests = [app.ready(request)[0] for request in asked]
    write_bundle(bundle, requests, limit)
    out.event(
        "done", bundle=str(bundle.absolute()), timelines=len(requests), steps=[str(stage) for stage in Stage]
    )
    out.say(f"{counted(len(requests), 'timeline')} in {bundle}. On this machine:")
    out.say(f'  openjd run "{bundle}/template.json" --step {Stage.FINISH} --run-dependencies')
    out.say("On AWS Deadline Cloud:")
    out.say(f'  deadline bundle submit "{bundle}"')


@click.command("farm-task", epilog="Example: avm-otio farm-task tonight 17 --stage finish")
@click.argument("bundle", type=options.FOLDER)
@click.argument("number", type=click.IntRange(1))
@click.option("--stage", type=click.Choice(_STAGES), default="finish", show_default=True, help="How far.")
@pass_output
def farm_task(out: Output, bundle: Path, number: int, stage: str) -> None:
    """Carry out one task of a BUNDLE: the timeline of that NUMBER. Schedulers call this.

    What is done already is not done or paid for again. A timeline that fails in prepare or answer does not
    hold up the others: the task says so and ends well; finish tries once more, and fails with its code.
    """
    from avm_otio import app
    from avm_otio.access import access_to
    from avm_otio.config.load import load_settings
    from avm_otio.jobs import pipeline
    from avm_otio.jobs.many.farm import Stage, read_order

    request = read_order(bundle, number)
    task = TaskOutput(out, request.timeline.name)
    try:
        if stage == Stage.FINISH:
            report_outcome(task, str(request.timeline), app.carry_out(request, report=task))
        else:
            settings = load_settings()
            request, question = app.ready(request, settings)
            job = pipeline.prepare(request, question, task).job
            if stage == Stage.ANSWER:
                access, patience = access_to(request, settings, task), app.patience_of(settings)
                pipeline.answer(job, request, question, access, patience, task)
            task.event("done", stage=stage, error=None)
        task.progress(100)
    except AvmError as error:
        if stage == Stage.FINISH:
            task.scheduler("fail", str(error))
            raise
        task.scheduler("status", f"left to finish: {error}")
        task.warn(f"This timeline is left to the step finish: {error}")
        task.event("done", stage=stage, error=error.as_dict())


class TaskOutput(Output):
    """An ``Output`` that speaks to the scheduler, too, in lines that begin with ``openjd_``.

    No other line begins so, whatever a service's or a timeline's words are: each stays on one line.

    Args:
        out: How to report.
        name: What the task works on.
    """

    def __init__(self, out: Output, name: str) -> None:
        super().__init__(json=out.json, quiet=out.quiet)
        self._name = name
        self._percent = 0.0

    def say(self, text: str) -> None:
        """Write a line for a person."""
        super().say(" ".join(text.splitlines()))

    @contextmanager
    def step(self, label: str, total: int | None = None) -> Iterator[Advance]:
        """A stretch of work. How many follow is not known: each takes half of what is left of the bar."""
        if self.json:
            with super().step(label, total) as show:
                yield show
            return
        self.scheduler("status", label)
        begun, share = self._percent, (100 - self._percent) / 2

        def advance(done: int, total: int | None = total) -> None:
            if total:
                self.progress(begun + share * min(1.0, done / total))

        yield advance
        self.progress(begun + share)

    def progress(self, percent: float) -> None:
        """Report how far the task is, now and then."""
        if percent >= self._percent + _STEP_PERCENT or percent == 100:
            self._percent = percent
            self.result(f"openjd_progress: {percent:.1f}")

    def scheduler(self, kind: str, text: str) -> None:
        """Send the scheduler a ``status`` of this timeline, or why it is to ``fail``."""
        self.result(f"openjd_{kind}: {' '.join(self._name.split())}: {' '.join(text.split())}")
