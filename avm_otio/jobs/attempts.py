"""Which folder a question belongs to: the latest attempt of those that asked the same."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from avm_otio.errors import AvmError
from avm_otio.files import make_folder
from avm_otio.jobs.folder import JOURNAL, folder_of, locked, quoted, read_journal
from avm_otio.jobs.question import Question, key_of
from avm_otio.report import Report
from avm_otio.timeline.plan import ExportPlan


def job_of(
    question: Question, jobs_folder: Path, plan: ExportPlan, film: Mapping[str, Any], *, again: bool
) -> tuple[Path, dict[str, Any]]:
    """The folder of what is asked: the latest attempt; with ``again`` a new one if that was answered.

    It is there when this returns: of two runs that ask the same under two names, one finds the other's.
    """
    with locked(jobs_folder):
        path, asked = latest_attempt(question, jobs_folder, plan, film, again=again)
        make_folder(path)
    return path, asked


def latest_attempt(
    question: Question, jobs_folder: Path, plan: ExportPlan, film: Mapping[str, Any], *, again: bool
) -> tuple[Path, dict[str, Any]]:
    """The folder that a question belongs to, and the whole question; the folder may not be there yet.

    Args:
        question: What is asked.
        jobs_folder: Where jobs lie.
        plan: The film's.
        film: What the film shows, as ``media.fingerprint.film_asked`` describes it.
        again: Whether a question that was answered is asked anew.
    """
    attempt = 0
    path, asked = _attempt(question, jobs_folder, plan, film, attempt)
    while (path / JOURNAL).exists():
        following = _attempt(question, jobs_folder, plan, film, attempt + 1)
        is_last = not (following[0] / JOURNAL).exists()
        if is_last and not (again and read_journal(path).answered is not None):
            break
        attempt += 1
        path, asked = following
    return path, asked


def _attempt(
    question: Question, jobs_folder: Path, plan: ExportPlan, film: Mapping[str, Any], attempt: int
) -> tuple[Path, dict[str, Any]]:
    asked = question.asked(film, attempt)
    return folder_of(jobs_folder, plan.name, key_of(asked)), asked


def warn_of_the_same(path: Path, side_folder: Path, report: Report) -> None:
    """Say where another timeline's jobs, such as those of this one before it was renamed, hold this answer.

    It is not taken from there: both timelines would play the sounds of one folder, and go with it.
    """
    key = path.name.rsplit("-", 1)[-1]
    for other in sorted(side_folder.parent.glob(f"*{side_folder.suffix}/*-{key}")):
        with suppress(AvmError, OSError):
            if other.parent != side_folder and read_journal(other).answered is not None:
                report.warn(
                    f"{other} holds an answer to this very question. This is a question of its own; to use "
                    f"that answer, stop this run and add --jobs-dir {quoted(other.parent)}."
                )
                return
