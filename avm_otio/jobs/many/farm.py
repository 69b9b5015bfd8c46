"""Requests for a render farm: a job bundle in the Open Job Description, which many schedulers run.

::

    template.json           three steps over all timelines; specification version jobtemplate-2023-09
    parameter_values.json   what AWS Deadline Cloud takes beside it
    orders/0001.json        a request for each timeline; paths are relative to the bundle

A task is one request and one step. The bundle's folder is the only path in the template, and a parameter that
schedulers map, so that nothing names the machine that wrote it. The job's folder holds what one task has
done, and the next task continues from there on any machine. See ``docs/scale.md``.
"""

from __future__ import annotations

import json
import re
import secrets
import shutil
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

from avm_otio.errors import InputError, UsageError
from avm_otio.files import make_folder, unwritable
from avm_otio.jobs.folder import read_json
from avm_otio.request import Request
from avm_otio.words import counted

TEMPLATE = "template.json"
VALUES = "parameter_values.json"
ORDERS = "orders"

NOTICE_S = 30
"""How long a cancelled task has to end by itself, in seconds."""

_LONGEST_NAME = 128
"""Characters of a job's name (2023-09 template schema, 1.1)."""

_LONGEST_VALUE = 1024
"""Characters of a parameter's value (2023-09 template schema, 2)."""

_LONGEST_LIMIT = 100
"""Characters of a capability's name (2023-09 template schema, 3.3.1.1)."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_LIMIT = re.compile(r"([a-z_]\w*:)?amount(\.[a-z_]\w*)+", re.ASCII | re.IGNORECASE)
_TAKEN = re.compile(r"([a-z_]\w*:)?amount\.(worker|job|step|task)\.", re.IGNORECASE)


class Stage(StrEnum):
    """The steps of a farm's job; each continues from the one before, and first does what that left undone."""

    PREPARE = "prepare"
    """Find or begin the job, export its film: processor time."""
    ANSWER = "answer"
    """Upload, the paid call, the wait, the downloads: the service's time."""
    FINISH = "finish"
    """Lay and write: processor time."""


def write_bundle(folder: Path, requests: Sequence[Request], limit: str | None = None) -> None:
    """Write a bundle, whole or not at all.

    Args:
        folder: The bundle; must not exist, or be empty.
        requests: What to score: complete, paths are absolute.
        limit: The scheduler's limit for tasks that use the service at once, such as ``amount.avmapping``.

    Raises:
        UsageError: The folder holds something, there are no requests, one has ``again``, or the limit's name
            is not valid.
        OutputError: It cannot be written.
    """
    folder = folder.absolute()
    _check(folder, requests, limit)
    make_folder(folder.parent)
    temporary = folder.with_name(f".{secrets.token_hex(4)}.farm")
    try:
        (temporary / ORDERS).mkdir(parents=True)
        for number, request in enumerate(requests, 1):
            _dump(_order_file(temporary, number), request.seen_from(folder).dump())
        _dump(temporary / VALUES, _values(len(requests)))
        _dump(temporary / TEMPLATE, _template(folder.name, len(requests), limit))
        if folder.is_dir():  # an empty one: only some systems put another in its place
            folder.rmdir()
        temporary.replace(folder)
    except OSError as error:
        raise unwritable(folder, error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def read_order(bundle: Path, number: int) -> Request:
    """One request of a bundle, with absolute paths.

    Args:
        bundle: The bundle's folder, wherever it is on this machine.
        number: From 1.

    Raises:
        InputError: It is not a bundle, has no such request, or the request is not valid.
    """
    path = _order_file(bundle, number)
    if not path.is_file():
        raise InputError(f"{bundle} has no request {number}.", "Give the folder that avm-otio farm wrote.")
    request = Request.parse(read_json(path), str(path)).in_folder(bundle.absolute())
    _check_not_again([request])
    return request


def _check(folder: Path, requests: Sequence[Request], limit: str | None) -> None:
    if not requests:
        raise UsageError("No timeline is given.", "Name timelines, or give --list FILE.csv.")
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise UsageError(f"{folder} exists already.", "Choose another folder: its tasks may be under way.")
    if len(str(folder)) > _LONGEST_VALUE:
        raise UsageError(f"The path of the bundle is longer than {_LONGEST_VALUE} characters.", "Shorten it.")
    if limit is not None and not _is_limit(limit):
        raise UsageError(f"{limit!r} is not a valid name of a limit.", "Use a name such as amount.avmapping.")
    _check_not_again(requests)


def _check_not_again(requests: Sequence[Request]) -> None:
    if any(request.again for request in requests):
        raise UsageError(
            "With “again”, a task that is run twice would pay twice.",
            "Leave it out, and give --jobs-dir a new folder: there, everything is asked again.",
        )


def _is_limit(name: str) -> bool:
    return bool(_LIMIT.fullmatch(name)) and not _TAKEN.match(name) and len(name) <= _LONGEST_LIMIT


def _order_file(bundle: Path, number: int) -> Path:
    return bundle / ORDERS / f"{number:04}.json"


def _dump(path: Path, document: Any) -> None:
    """Write JSON in place: the folder appears whole, so each file need not."""
    path.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8", newline="\n")


def _values(count: int) -> dict[str, Any]:
    """Keep a farm that counts failures from stopping all timelines because some fail."""
    most = {"name": "deadline:maxFailedTasksCount", "value": count * len(Stage)}
    return {"parameterValues": [most]}


def _template(name: str, count: int, limit: str | None) -> dict[str, Any]:
    label = _CONTROL.sub(" ", name)[:_LONGEST_NAME] or "Score timelines"
    return {
        "specificationVersion": "jobtemplate-2023-09",
        "name": "{{Param.Name}}",
        "description": f"Music and sound effects for {counted(count, 'timeline')}.",
        "parameterDefinitions": [
            {"name": "Name", "type": "STRING", "default": label, "description": "Name of the job."},
            {
                "name": "Bundle",
                "type": "PATH",
                "objectType": "DIRECTORY",
                "dataFlow": "NONE",  # not copied anywhere: jobs must be where every worker sees them
                "default": ".",
                "description": "The folder of this template, as workers see it.",
            },
            {
                "name": "Program",
                "type": "STRING",
                "default": "avm-otio",
                "description": "The program to run: a name on the worker's path, or a path.",
            },
        ],
        "steps": [
            _step(Stage.PREPARE, count),
            _step(Stage.ANSWER, count, after=Stage.PREPARE, limit=limit),
            _step(Stage.FINISH, count, after=Stage.ANSWER),
        ],
    }


def _step(stage: Stage, count: int, after: Stage | None = None, limit: str | None = None) -> dict[str, Any]:
    step: dict[str, Any] = {"name": str(stage)}
    if after is not None:
        step["dependencies"] = [{"dependsOn": str(after)}]
    if limit is not None:
        step["hostRequirements"] = {"amounts": [{"name": limit, "min": 1}]}
    run = ["farm-task", "{{Param.Bundle}}", "{{Task.Param.Number}}", "--stage", str(stage)]
    number = {"name": "Number", "type": "INT", "range": f"1-{count}"}
    cancel = {"mode": "NOTIFY_THEN_TERMINATE", "notifyPeriodInSeconds": NOTICE_S}
    action = {"command": "{{Param.Program}}", "args": run, "cancelation": cancel}
    return step | {
        "parameterSpace": {"taskParameterDefinitions": [number]},
        "script": {"actions": {"onRun": action}},
    }
