"""A paid call is the one that was confirmed: of the same cut, playing the same media."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from avm_otio import app
from avm_otio.agents.confirming import Confirmations
from avm_otio.agents.roots import Roots
from avm_otio.agents.tools import TOOLS
from avm_otio.agents.work import Desk
from avm_otio.errors import UsageError
from avm_otio.report import Silent
from avm_otio.request import Request
from tests.cli.cuts import RATE, TOKEN, save
from tests.media.numbered import movie
from tests.scripted_service import ScriptedService, effect, film_service, result_of, sound


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedService]:
    with film_service(result_of()) as found:
        found.result = result_of(effect(found.url))
        found.files = {"/items/1": sound()}
        monkeypatch.setenv("AVM_SERVICE", found.url)
        monkeypatch.setenv("AVM_TOKEN", TOKEN)
        yield found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save(tmp_path / "cut.otio", movie(tmp_path / "a.mp4", 96, RATE, size=(64, 36)))
    return tmp_path


def replace_film(folder: Path) -> None:
    """Another film in the place of the first: as long, as large, and as old by its date."""
    before = (folder / "a.mp4").stat()
    options = {"g": "250", "bf": "3", "preset": "ultrafast", "x264-params": "scenecut=0", "crf": "40"}
    movie(folder / "other.mp4", 96, RATE, size=(64, 36), options=options).replace(folder / "a.mp4")
    os.utime(folder / "a.mp4", ns=(before.st_atime_ns, before.st_mtime_ns))


def asked(folder: Path) -> Request:
    """A paid request."""
    return Request(
        folder / "cut.otio",
        folder / "scored.otio",
        license_range=(1,),
        license_duration=2,
        license_platforms=(3,),
    )


GIVEN = {
    "timeline": "cut.otio",
    "output": "scored.otio",
    "license_range": [1],
    "license_duration": 2,
    "license_platforms": [3],
}


def call(desk: Desk, name: str, **more: object) -> dict[str, object]:
    """A tool, called."""
    tool = TOOLS[name]
    return tool.run(desk, tool.takes, tool.takes.read({**GIVEN, **more}), Silent())


def test_a_film_that_was_replaced_after_the_dry_run_is_not_sent(
    folder: Path, service: ScriptedService
) -> None:
    desk = Desk(Roots.of([folder]))
    code = call(desk, "score_dry_run")["confirmation"]
    replace_film(folder)
    with pytest.raises(UsageError, match="of something else"):
        call(desk, "score", confirm_paid_call=True, confirmation=code)
    assert service.asked == []


@pytest.mark.parametrize("change", ["film", "cut", "licence"])
def test_what_changes_once_the_confirmation_is_taken_is_not_sent(
    change: str, folder: Path, service: ScriptedService, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = Confirmations.take

    def taken(*given: Any, **more: Any) -> None:
        take(*given, **more)
        if change == "film":
            replace_film(folder)
        elif change == "cut":
            save(folder / "cut.otio", folder / "a.mp4", start=30)
        else:
            monkeypatch.setenv("AVM_CURRENCY", "EUR")

    monkeypatch.setattr(Confirmations, "take", taken)
    desk = Desk(Roots.of([folder]))
    code = call(desk, "score_dry_run")["confirmation"]
    with pytest.raises(UsageError, match="changed since the paid call was confirmed"):
        call(desk, "score", confirm_paid_call=True, confirmation=code)
    assert service.calls("POST") == []


def test_a_film_that_is_replaced_while_it_is_made_is_not_sent(
    folder: Path, service: ScriptedService, monkeypatch: pytest.MonkeyPatch
) -> None:
    from avm_otio.jobs import pipeline

    make = pipeline.make_film

    def made(*given: Any) -> None:
        replace_film(folder)
        make(*given)

    digest = app.look_ahead(asked(folder)).digest
    monkeypatch.setattr(pipeline, "make_film", made)
    with pytest.raises(UsageError, match="changed since the paid call was confirmed"):
        app.carry_out(asked(folder), confirmed=digest)
    assert service.calls("POST") == []


def test_what_was_confirmed_is_sent_and_a_film_made_by_an_earlier_run_counts(
    folder: Path, service: ScriptedService
) -> None:
    digest = app.look_ahead(asked(folder)).digest
    with pytest.raises(UsageError, match="Nobody confirmed"):
        app.carry_out(asked(folder), may_pay=False)  # the film is made
    assert app.look_ahead(asked(folder)).digest == digest
    app.carry_out(asked(folder), confirmed=digest)
    assert len(service.calls("POST")) == 2
