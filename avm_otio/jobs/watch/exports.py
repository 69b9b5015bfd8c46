"""Exports that are requests: for hosts whose scripts can write nothing but an export.

Such a host (DaVinci Resolve's free edition, from 21.1 on) exports its timeline into the watch folder under a
name that says what is asked for. A watcher turns the export into a request, and also answers in Lua: a
script of that host can load a Lua chunk, but read no other file.
"""

from __future__ import annotations

import errno
import json
import os
import re
from contextlib import suppress
from pathlib import Path

from avm_otio.files import write_in, write_text
from avm_otio.folders import Folder, is_ours
from avm_otio.hosts.lua import lua_chunk
from avm_otio.jobs.watch.protocol import REQUEST, AuditionRequest
from avm_otio.request import Request

SUFFIX = ".score"
"""Ending of the names of exports to be scored, and of the requests made from them."""

PAGE_SUFFIX = ".audition"
"""The same of those that ask for the audition page of an earlier request."""

CUT = "cut.otio"

LAST = "AVM Last Resolve Job.lua"
"""In the watch folder: names the latest request that was made from an export."""

_TC = r"\d\d\.\d\d\.\d\d[.;]\d\d"
_RANGE = re.compile(rf" \(in ({_TC}) out ({_TC})\)$")
_WHEN = re.compile(r" \(\d{4}-\d\d-\d\d \d{6}\)$")


def is_export(name: str) -> bool:
    """Whether a file is called as such an export is."""
    return name.endswith((f"{SUFFIX}.otio", f"{PAGE_SUFFIX}.otio"))


def is_of_export(folder: Path) -> bool:
    """Whether a request was made from an export, so that its host reads Lua."""
    return folder.name.endswith((SUFFIX, PAGE_SUFFIX))


def move_in(export: Path) -> None:
    """Move a complete export into a request folder of its own name.

    Raises:
        OSError: It cannot be moved. No error if another watcher has moved it meanwhile.
    """
    with Folder.open(export.parent) as above:
        name = export.with_suffix("").name
        with suppress(FileExistsError):
            above.make(name)
        with above.below(name) as folder:
            if not is_ours(folder.stat()):
                raise PermissionError(errno.EACCES, "somebody else's folder gets nobody's export", name)
            with suppress(FileNotFoundError):
                above.rename(export.name, CUT, folder)


def make_request(folder: Folder) -> None:
    """Write the request that the name of an export's folder stands for, unless there is one.

    Any watcher may do so: all write the same.

    Raises:
        OutputError: It cannot be written.
    """
    if folder.has(REQUEST) or not folder.has(CUT):
        return
    name = folder.path.name
    if name.endswith(PAGE_SUFFIX):
        scored = _WHEN.sub("", name.removesuffix(PAGE_SUFFIX))
        write_in(folder, REQUEST, AuditionRequest(audition=scored, open=True).model_dump_json() + "\n")
        return
    write_text(folder.path.parent / LAST, lua_chunk({"name": name}))
    document = request_of(name).dump()
    del document["version"]  # one that leaves it out is of every version
    write_in(folder, REQUEST, f"{json.dumps(document)}\n")


def request_of(name: str) -> Request:
    """The request that a name such as ``… (in 01.00.10.00 out 01.00.40.00).score`` stands for."""
    marked = _RANGE.search(name.removesuffix(SUFFIX))
    tc_in, tc_out = [re.sub(r"\.", ":", tc) for tc in marked.groups()] if marked else (None, None)
    return Request(Path(CUT), Path("scored.otio"), tc_in=tc_in, tc_out=tc_out, editor="resolve")


def ends_well(export: Path) -> bool:
    """Whether an export looks complete: OTIO is one JSON object.

    Raises:
        IrregularFileError: It is a link or a pipe.
        OSError: It cannot be read.
    """
    with Folder.open(export.parent) as folder, os.fdopen(folder.opened(export.name), "rb") as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - 64))
        return file.read().rstrip().endswith(b"}")
