"""An order that was carried out before, recognised without reading the timeline or its media again.

The journal is read as plain JSON here: to load its model takes longer than all the rest of such a run.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from avm_otio.errors import InputError
from avm_otio.files import remove_orphans, side_folder
from avm_otio.jobs.cache import Known
from avm_otio.jobs.folder import JOURNAL, SCORED, load_journal, relative_to_job, stamp
from avm_otio.jobs.said import Said


def recall(said: Said, told: str) -> dict[str, Any] | None:
    """What was told when this very order was carried out, if nothing that it read or wrote has changed since.

    Args:
        said: The order as JSON; its paths are absolute.
        told: Digest of the order and of all that is configured.
    """
    if said.get("again"):
        return None
    jobs_dir = said.get("jobs_dir")
    jobs_folder = Path(jobs_dir) if jobs_dir else side_folder(Path(said["timeline"]))
    name = Known(jobs_folder).job_of(told)
    return None if name is None else written_before(jobs_folder / name, Path(said["output"]), told)


def finished_before(path: Path) -> dict[str, Any] | None:
    """The summary of what a job was told to write last, if it is still as it was written.

    Args:
        path: The job's folder.
    """
    try:
        journal = load_journal(path)
        output = Path(os.path.normpath(path.absolute() / journal["order"]["output"]))
    except (InputError, KeyError, TypeError):
        return None
    return written_before(path, output)


def written_before(path: Path, output: Path, told: str | None = None) -> dict[str, Any] | None:
    """The summary of an output that a job wrote, if it is still as it was written.

    Args:
        path: The job's folder.
        output: The timeline.
        told: The order that it must have been written for; any where not given.
    """
    try:
        journal = load_journal(path)
        written = journal["outputs"][relative_to_job(path, output)]
        if told not in (None, written["digest"]):
            return None
        summary: dict[str, Any] = written["summary"]
        is_whole = stamp(output) == (written["size_bytes"], written["modified_ns"])
        has_moved = Path(summary["job"]) != path.absolute()  # what it plays may lie elsewhere now
    except (InputError, KeyError, TypeError):  # the journal's model tells what is wrong with it
        return None
    if not is_whole or has_moved:
        return None
    for whole in (output, path / JOURNAL, path / SCORED):  # a run that was killed later than this one ended
        remove_orphans(whole)
    return summary
