"""What a person chose of a job's answer, ``choices.json`` in the job's folder.

It has a lock of its own, held for the moment of a change: a choice waits for no run that lays or writes, and
none is lost while one does. The file is replaced whole, so whoever is killed leaves the last choice there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avm_otio.errors import InputError
from avm_otio.jobs.folder import CHOICES, load_journal, locked, log, now, read_json, write_json
from avm_otio.mix.choices import Choices

LOCK = "choices.lock"
FORMAT = "avm-otio choices"
VERSION = 1

_NONE = Choices()


@dataclass(frozen=True, slots=True)
class Kept:
    """Choices as they are kept.

    Attributes:
        choices: They.
        revision: How often they were changed: who knows an older one has not seen all.
    """

    choices: Choices = _NONE
    revision: int = 0


def kept(job: Path) -> Kept:
    """What was chosen in a job; no lock is needed.

    Args:
        job: The job's folder.

    Raises:
        InputError: It cannot be read.
    """
    path = job / CHOICES
    if not path.is_file():
        return Kept()
    document = read_json(path)
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise InputError(f"{path} holds no choices.", "Restore it from a backup, or move it away.")
    if document.get("version") != VERSION:
        raise InputError(f"{path} was written by a later avm-otio.", "Update avm-otio.")
    revision = document.get("revision")
    return Kept(Choices.parse(document, str(path)), revision if isinstance(revision, int) else 0)


def change(job: Path, decide: Callable[[Choices], Choices], why: str = "") -> Kept:
    """Change what is chosen in a job; it is on disk when this returns.

    Args:
        job: The job's folder.
        decide: Given what is chosen now, be it by somebody else a moment ago, what is chosen from now on.
        why: What was decided, for the job's log.

    Raises:
        InputError: It is no job's folder, or what was chosen before cannot be read.
        UsageError: What ``decide`` raises: nothing is changed then.
        OutputError: It cannot be written: nothing is changed then.
    """
    load_journal(job)
    with locked(job, name=LOCK):
        before = kept(job)
        choices = decide(before.choices)
        if choices == before.choices:
            return before
        made = Kept(choices, before.revision + 1)
        head = {"format": FORMAT, "version": VERSION, "revision": made.revision, "changed": now()}
        write_json(job / CHOICES, head | choices.as_dict())
        log(job, {"event": "chosen", "revision": made.revision, "what": why})
    return made


def digest(job: Path) -> str:
    """What is chosen in a job, as a few signs: equal choices, equal digests; empty where nothing is.

    An output remembers for which of them it was written. What cannot be read is no such digest.
    """
    try:
        found: Any = kept(job).choices.as_dict()
    except InputError:
        return "unread"
    if found == _NONE.as_dict():
        return ""
    text = json.dumps(found, sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
