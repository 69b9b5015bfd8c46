"""The page on the watch folder and the schemas say what the program reads and writes."""

from __future__ import annotations

import json
import re

import pytest

from avm_otio.jobs.watch import protocol as watch_files
from avm_otio.jobs.watch.protocol import SCHEMAS
from avm_otio.request import Request
from tests.outside import DOCS, docs_script

PAGE = (DOCS / "watch-folder.md").read_text(encoding="utf-8")


NAMES = ("request", *SCHEMAS, "analysis")


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_what_the_model_says(name: str) -> None:
    script = docs_script("make_schemas")
    assert (DOCS / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8") == script.schema_text(name)


def test_no_schema_is_left_of_a_file_that_there_is_not() -> None:
    assert {path.name for path in (DOCS / "schemas").iterdir()} == {f"{name}.schema.json" for name in NAMES}


def test_the_request_on_the_page_is_one() -> None:
    (shown,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    Request.parse(json.loads(shown))


@pytest.mark.parametrize("name", ["REQUEST", "PROGRESS", "RESULT", "ERROR", "CLAIM", "CANCEL", "WATCHER"])
def test_every_file_is_told_of(name: str) -> None:
    assert f"`{getattr(watch_files, name)}`" in PAGE
