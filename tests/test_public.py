"""The public names: what the package lists, what the page for scripts shows, and what is there."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

import avm_otio

PAGE = (Path(__file__).parent.parent / "docs" / "api.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", avm_otio.__all__)
def test_every_public_name_is_there_and_says_what_it_is(name: str) -> None:
    found = getattr(avm_otio, name)
    assert found.__module__.startswith("avm_otio.")
    assert inspect.getdoc(found)


def test_the_page_shows_every_public_name_and_no_other() -> None:
    imported = {
        name.strip()
        for names in re.findall(r"^from avm_otio import (.+)$", PAGE, re.MULTILINE)
        for name in names.split(",")
    }
    assert imported <= set(avm_otio.__all__)
    assert [name for name in avm_otio.__all__ if not re.search(rf"\b{name}\b", PAGE)] == []
    assert re.findall(r"^(?:from avm_otio\.\S+|import avm_otio\S*)", PAGE, re.MULTILINE) == []


def test_the_package_itself_holds_nothing_else() -> None:
    own = {name for name in vars(avm_otio) if not name.startswith("_")}
    modules = {name for name in own if inspect.ismodule(getattr(avm_otio, name))}
    assert own - modules <= {*avm_otio.__all__, "annotations", "TYPE_CHECKING"}
    assert dir(avm_otio) == sorted([*avm_otio.__all__, "__version__"])


def test_what_there_is_not_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="Layout"):
        _ = avm_otio.Layout


@pytest.mark.parametrize(
    "name", ["score", "carry_out", "export_film", "open_service", "resume", "lay_answer"]
)
def test_every_call_takes_what_it_reports_to_by_name(name: str) -> None:
    parameters = inspect.signature(getattr(avm_otio, name)).parameters
    assert parameters["report"].kind is inspect.Parameter.KEYWORD_ONLY
