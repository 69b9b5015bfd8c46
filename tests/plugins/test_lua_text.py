"""Plain data as Lua: what LuaJIT reads is what was said, and nothing of it is run."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lupa import luajit21

from avm_otio.hosts.lua import lua_chunk

LUA = luajit21.LuaRuntime(encoding="utf-8")
WORDS = st.text(st.characters(codec="utf-8"))
NUMBERS = st.one_of(st.integers(-(2**53), 2**53), st.floats(allow_nan=False, allow_infinity=False))
PLAIN = st.recursive(
    st.one_of(st.booleans(), NUMBERS, WORDS),
    lambda inner: st.one_of(st.lists(inner, min_size=1), st.dictionaries(WORDS, inner, min_size=1)),
)


def read(value: Any, like: Any) -> Any:
    """What came of it in Lua, where a list is a table with numbers for names."""
    if isinstance(like, list):
        return [read(value[at + 1], each) for at, each in enumerate(like)]
    if isinstance(like, dict):
        assert set(value.keys()) == set(like)
        return {name: read(value[name], each) for name, each in like.items()}
    return value


@given(PLAIN)
def test_lua_reads_what_was_said(value: Any) -> None:
    assert read(LUA.execute(lua_chunk(value)), value) == value


@given(value=PLAIN)
def test_what_is_split_among_functions_is_the_same(value: Any) -> None:
    with patch("avm_otio.hosts.lua._MOST", 3):
        assert read(LUA.execute(lua_chunk(value)), value) == value


def test_a_result_of_thousands_of_clips_loads() -> None:
    """LuaJIT has room for 65,536 constants in one function."""
    clip = {"name": "x", "alternatives": [{"id": 1, "title": "t"}] * 5}
    value = {"clips": [{**clip, "name": f"clip {at}"} for at in range(20_000)], "names": {"a": 1}}
    found = LUA.execute(lua_chunk(value))
    assert len(found["clips"]) == 20_000
    assert found["clips"][20_000]["name"] == "clip 19999"
    assert found["clips"][1]["alternatives"][5]["title"] == "t"


@pytest.mark.parametrize("text", ['"..os.exit()..', "]]", "\\", "\n", "\0007", "\u2028", "%s", "--"])
def test_nothing_in_a_text_is_run(text: str) -> None:
    assert LUA.execute(lua_chunk({"a": [text]}))["a"][1] == text


def test_what_is_not_there_is_left_out() -> None:
    assert dict(LUA.execute(lua_chunk({"a": None, "b": 1}))) == {"b": 1}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), {1}])
def test_what_json_cannot_say_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="no literal"):
        lua_chunk(value)
