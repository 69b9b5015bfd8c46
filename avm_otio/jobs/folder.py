"""One job is one folder, ``<timeline>.avm/<job>/`` beside the timeline: what was asked, sent and received.

::

    request.json   what was asked
    film.mp4       the exported film (absent where the clip's own file was sent)
    film.json      the Film as the service described it
    result.json    the service result as received
    media/         the items that were downloaded
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avm_otio.core.errors import OutputError
from avm_otio.files import make_folder, write_text

_KEY_LENGTH = 10
"""Hexadecimal digits of a job's key: 40 bits, so that the jobs of one timeline never meet."""


@dataclass(frozen=True, slots=True)
class JobFolder:
    """A job's folder and the key that names it and its film."""

    path: Path
    key: str

    @property
    def film(self) -> Path:
        """Where the exported film goes."""
        return self.path / "film.mp4"

    @property
    def media(self) -> Path:
        """Where downloaded items go."""
        return self.path / "media"

    def save(self, name: str, document: Any) -> Path:
        """Write one JSON document of the job, whole or not at all.

        Raises:
            OutputError: It cannot be written.
        """
        path = self.path / name
        write_text(path, json.dumps(document, ensure_ascii=False, indent=1, default=str) + "\n")
        return path


def open_job(jobs_folder: Path, name: str, asked: Any) -> JobFolder:
    """The folder of what was asked: the same question is the same job.

    Args:
        jobs_folder: The folder of all jobs of a timeline.
        name: What was selected, for people.
        asked: All that makes this job another than that one, as JSON.

    Raises:
        OutputError: The folder cannot be made.
    """
    told = json.dumps(asked, sort_keys=True, default=str)
    key = hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()[:_KEY_LENGTH]
    job = JobFolder(jobs_folder / f"{readable(name)}-{key}", key)
    try:
        make_folder(job.media)
    except OutputError as error:
        raise OutputError(error.what, "Choose another place for jobs with --jobs-dir DIR.") from error
    job.save("request.json", asked)
    return job


def readable(name: str) -> str:
    """A name as part of a file name, on any system."""
    safe = re.sub(r"[^\w.-]+", "-", name).strip("-._")
    return safe.encode()[:60].decode("utf-8", "ignore") or "timeline"
