"""Exports that are orders by themselves: for hosts whose scripts can write nothing but an export.

Such a host (DaVinci Resolve's free edition, from 21.1 on) exports its timeline into the watch folder, under
a name that says what is to be scored; a watcher makes a request of it, and answers in Lua, too, since a
script of that host can load a chunk and read no other file.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

from avm_otio.files import write_text
from avm_otio.hosts.lua import lua_chunk
from avm_otio.jobs.order import Order
from avm_otio.jobs.watch.protocol import REQUEST

SUFFIX = ".score"
"""What the names of such exports, and of the requests made of them, end with."""

CUT = "cut.otio"

LAST = "AVM Last Resolve Job.lua"
"""In the watch folder: the name of the request that was made last of an export."""

_TC = r"\d\d\.\d\d\.\d\d[.;]\d\d"
_RANGE = re.compile(rf" \(in ({_TC}) out ({_TC})\)$")


def is_of_export(folder: Path) -> bool:
    """Whether a request was made of an export, so that its host reads Lua."""
    return folder.name.endswith(SUFFIX)


def move_in(export: Path) -> None:
    """Move an export that is whole into a request folder of its own name.

    Raises:
        OSError: It cannot be moved; not for one that another watcher has moved meanwhile.
    """
    folder = export.with_suffix("")
    folder.mkdir(exist_ok=True)
    with suppress(FileNotFoundError):
        export.rename(folder / CUT)


def make_request(folder: Path) -> None:
    """Write the request that the name of an export's folder stands for, where there is none yet.

    Any watcher may: all write the same.

    Raises:
        OutputError: It cannot be written.
    """
    if (folder / REQUEST).exists() or not (folder / CUT).exists():
        return
    said = order_of(folder.name)
    text = said.model_dump_json(include=said.model_fields_set)
    write_text(folder.parent / LAST, lua_chunk({"name": folder.name}))
    write_text(folder / REQUEST, f"{text}\n")


def order_of(name: str) -> Order:
    """What a name asks for: all of the timeline, or ``… (in 01.00.10.00 out 01.00.40.00).score``."""
    said = {"timeline": CUT, "output": "scored.otio", "editor": "resolve"}
    marked = _RANGE.search(name.removesuffix(SUFFIX))
    if marked:
        tc_in, tc_out = (re.sub(r"\.", ":", tc) for tc in marked.groups())
        said |= {"tc_in": tc_in, "tc_out": tc_out}
    return Order.model_validate(said)


def ends_well(export: os.DirEntry[str]) -> bool:
    """Whether an export looks written to its end: OTIO is one JSON object."""
    with open(export.path, "rb") as file:  # noqa: PTH123  # a DirEntry's path need be no text
        file.seek(max(0, export.stat().st_size - 64))
        return file.read().rstrip().endswith(b"}")
