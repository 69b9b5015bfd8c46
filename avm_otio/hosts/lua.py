"""Plain data as a Lua chunk, for hosts whose scripts can load a chunk and read no other file."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

_ESCAPES = {ord("\\"): "\\\\", ord('"'): '\\"', **{sign: f"\\{sign:03}" for sign in (*range(32), 127)}}


def lua_chunk(value: object) -> str:
    """A chunk that returns a value when it is run, and does nothing else.

    Args:
        value: Whatever JSON can hold. ``None`` in a mapping is left out, as in Lua.

    Raises:
        ValueError: JSON cannot hold it.
    """
    return f"return {_literal(value)}\n"


def _literal(value: object) -> str:
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
                f"[{_literal(str(name))}]={_literal(item)}"
                for name, item in value.items()
                if item is not None
            )
            return "{" + ",".join(pairs) + "}"
        case Sequence():
            return "{" + ",".join(map(_literal, value)) + "}"
    raise ValueError(f"Lua has no literal for {value!r}.")
