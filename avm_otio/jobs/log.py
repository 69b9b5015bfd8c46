"""What a job's runs told, kept beside it line by line: ``log.jsonl``."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager, suppress
from pathlib import Path

from avm_otio.config.tokens import hidden
from avm_otio.jobs.folder import LOG, now
from avm_otio.report import Advance, Report

_TOO_MANY = ("waiting", "item_downloaded")
"""Events that say nothing once the job is over, or that the journal says."""


class Logged:
    """A ``Report`` that is written down, too.

    Args:
        report: Who else is told.
        job: The job's folder.
    """

    def __init__(self, report: Report, job: Path) -> None:
        self._report = report
        self._file = job / LOG

    def event(self, name: str, /, **fields: object) -> None:
        """Something happened."""
        self._report.event(name, **fields)
        if name not in _TOO_MANY:
            self._write({"event": name, **fields})

    def warn(self, text: str) -> None:
        """Something the user should know."""
        self._report.warn(text)
        self._write({"event": "warning", "message": text})

    def step(self, label: str, total: int | None = None) -> AbstractContextManager[Advance]:
        """A stretch of work."""
        self._write({"event": "step", "label": label})
        return self._report.step(label, total)

    def _write(self, said: dict[str, object]) -> None:
        line = json.dumps({"time": now(), **said}, ensure_ascii=False, default=str)
        with suppress(OSError), self._file.open("a", encoding="utf-8") as file:  # no log is no harm
            file.write(f"{hidden(line)}\n")
