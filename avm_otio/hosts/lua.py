"""Plain data as a Lua chunk, for hosts whose scripts can load a chunk and read no other file."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

_ESCAPES = {ord("\\"): "\\\\", ord('"'): '\\"', **{sign: f"\\{sign:03}" for sign in (*range(32), 127)}}


_MOST = 4000
"""Values that one Lua function holds. LuaJIT gives a function 65,536 constants: a table of 12,000 clips with
their alternatives does not load. What is more is put together by functions, each of which holds a part."""


def lua_chunk(value: object) -> str:
    """A chunk that returns a value when it is run, and does nothing else.

    Args:
        value: Whatever JSON can hold. ``None`` in a mapping is left out, as in Lua.

    Raises:
        ValueError: JSON cannot hold it.
    """
    return f"return {_literal(value)[0]}\n"


def _literal(value: object) -> tuple[str, int]:
    """An expression, and how many values the function that it stands in has to hold."""
    match value:
        case None:
            return "nil", 1
        case bool():
            return ("true" if value else "false"), 1
        case int():
            return str(value), 1
        case float() if math.isfinite(value):
            return repr(value), 1
        case str():
            return f'"{value.translate(_ESCAPES)}"', 1
        case Mapping():
            named = [(_literal(str(name))[0], item) for name, item in value.items() if item is not None]
            return _table([(f"[{name}]", *_literal(item)) for name, item in named], is_list=False)
        case Sequence():
            return _table([(f"[{at}]", *_literal(item)) for at, item in enumerate(value, 1)], is_list=True)
    raise ValueError(f"Lua has no literal for {value!r}.")


def _table(items: list[tuple[str, str, int]], *, is_list: bool) -> tuple[str, int]:
    """A table of keys and what they stand for."""
    count = 1 + sum(weight + (not is_list) for _, _, weight in items)
    if count <= _MOST:
        return "{" + ",".join(text if is_list else f"{key}={text}" for key, text, _ in items) + "}", count
    parts: list[list[str]] = [[]]
    held = 0
    for key, text, weight in items:
        if held + weight + 2 > _MOST and parts[-1]:
            parts.append([])
            held = 0
        parts[-1].append(f"t{key}={text}")
        held += weight + 2
    filled = "".join(f"(function(){';'.join(part)} end)();" for part in parts)
    return f"(function()local t={{}};{filled}return t end)()", 1
