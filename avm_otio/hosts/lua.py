"""Plain data as a Lua chunk, for hosts whose scripts can load a chunk and read no other file."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

_ESCAPES = {ord("\\"): "\\\\", ord('"'): '\\"', **{sign: f"\\{sign:03}" for sign in (*range(32), 127)}}


def lua_chunk(value: object) -> str:
    """A chunk that returns a value when it is run, and does nothing else.

    Args:
        value: What JSON can say. ``None`` in a mapping is left out, as in Lua.

    Raises:
        ValueError: JSON cannot say it.
    """
    return f"return {_said(value)}\n"


def _said(value: object) -> str:
    match value:
        case None:
            return "nil"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float() if math.isfinite(value):
            return repr(value)
        case str():
            return f'"{value.translate(_ESCAPES)}"'
        case Mapping():
            pairs = (
                f"[{_said(str(name))}]={_said(each)}" for name, each in value.items() if each is not None
            )
            return "{" + ",".join(pairs) + "}"
        case Sequence():
            return "{" + ",".join(map(_said, value)) + "}"
    raise ValueError(f"Lua has no word for {value!r}.")
