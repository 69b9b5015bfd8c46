"""``cost`` and ``score --dry-run``: what a choice comes to, and what asking would send and use up."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal as D
from fractions import Fraction as F
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avm_otio.cli.main import run
from avm_otio.formats.reading import Opened, read, save
from avm_otio.mix.answers import read_item
from avm_otio.mix.bill import Bill
from avm_otio.mix.used import ServiceItem, Sound
from avm_otio.services import EFFECTS, MUSIC
from avm_otio.timeline.model import Clip, Generator, Mix, Stem, Timeline, Track, TrackKind
from avm_otio.timeline.placed import Placed
from avm_otio.timeline.time import RecordTime
from tests.cli.cuts import LICENCE, scored_cut
from tests.scored import scored
from tests.scripted_service import ScriptedService, effect, film_service, result_of, sound, wav


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Opened:
    return scored(tmp_path_factory.mktemp("scored"))


class Ended:
    """What a command said as JSON."""

    def __init__(self, capsys: pytest.CaptureFixture[str], *words: object) -> None:
        capsys.readouterr()
        self.code = run([*map(str, words), "--json"])
        captured = capsys.readouterr()
        self.errors = captured.err
        self.events: list[dict[str, Any]] = [json.loads(line) for line in captured.out.splitlines()]

    @property
    def done(self) -> dict[str, Any]:
        (found,) = (event for event in self.events if event["event"] == "done")
        return found

    def items(self, *, used: bool = True) -> list[tuple[str, int]]:
        return [
            (event["kind"], event["id"])
            for event in self.events
            if event["event"] == "item" and event["is_used"] is used
        ]


def changed(opened: Opened, path: Path, change: Any) -> Path:
    """A copy of a timeline as an editor may have changed the clips on our tracks."""
    tracks = tuple(
        replace(track, clips=tuple(change(clip) if clip.stem else clip for clip in track.clips))
        for track in opened.timeline.tracks
    )
    save(replace(opened, timeline=replace(opened.timeline, tracks=tracks)), path)
    return path


def test_every_item_counts_once_and_what_is_switched_off_is_apart(
    opened: Opened, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = changed(opened, tmp_path / "scored.otio", lambda clip: clip)
    ended = Ended(capsys, "cost", path, path)
    assert ended.code == 0
    assert ended.items() == [("music", 1), ("effect", 10), ("effect", 11), ("effect", 12)]
    assert ended.items(used=False) == [("music", 2), ("effect", 20), ("effect", 21), ("effect", 22)]
    assert ended.done["totals"] == {"EUR": {"price": "40.0", "unread": []}}
    assert ended.done["switched_off_totals"] == {"EUR": {"price": "40.0", "unread": []}}


def test_an_alternative_that_an_editor_switched_on_counts_and_what_it_replaced_does_not(
    opened: Opened, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    swapped = changed(opened, tmp_path / "a.otio", lambda clip: replace(clip, enabled=not clip.enabled))
    assert Ended(capsys, "cost", swapped).items()[0] == ("music", 2)


def test_what_is_muted_by_its_track_or_its_fader_is_switched_off(
    opened: Opened, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    faded = changed(
        opened,
        tmp_path / "a.otio",
        lambda clip: replace(clip, mix=Mix(gain_db=-144.0)) if clip.stem is Stem.MUSIC else clip,
    )
    assert ("music", 1) in Ended(capsys, "cost", faded).items(used=False)
    timeline = opened.timeline
    tracks = tuple(replace(track, enabled=track.stem is not Stem.EFFECTS) for track in timeline.tracks)
    save(replace(opened, timeline=replace(timeline, tracks=tracks)), tmp_path / "b.otio")
    assert Ended(capsys, "cost", tmp_path / "b.otio").items() == [("music", 1)]


def test_a_reel_inside_another_timeline_counts(
    opened: Opened, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inner = opened.timeline
    nest = Clip("reel 1", RecordTime(F(0)), RecordTime(F(2)), inner)
    whole = Timeline(
        "film",
        inner.rate,
        (Track("V1", TrackKind.VIDEO, (nest,)), Track("A1", TrackKind.AUDIO, (nest,))),
        duration=F(2),
    )
    save(replace(opened, timeline=whole), tmp_path / "film.otio")
    ended = Ended(capsys, "cost", tmp_path / "film.otio")
    assert ended.items() == [("music", 1), ("effect", 10)]  # the others lie behind what the nest shows


def test_a_report_says_the_same_as_a_table_and_as_json(
    opened: Opened, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = changed(opened, tmp_path / "scored.otio", lambda clip: clip)
    for name in ("cost.csv", "cost.json"):
        assert run(["cost", str(path), "-o", str(tmp_path / name), "--budget-max", "30"]) == 0
    shown = capsys.readouterr().out
    assert "4 items used: 40.00 EUR." in shown
    assert "Budget 30.00 EUR: 10.00 EUR over it." in shown
    rows = list(csv.DictReader((tmp_path / "cost.csv").read_text().splitlines()))
    document = json.loads((tmp_path / "cost.json").read_text())
    assert [row["id"] for row in rows[:8]] == [str(row["id"]) for row in document["items"]]
    assert [(row["kind"], row["counts"], row["is_used"]) for row in rows[8:]] == [
        ("total", "40.0", "True"),
        ("total", "40.0", "False"),
    ]


def test_more_than_max_cost_ends_with_code_5_after_all_is_said(
    opened: Opened, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = changed(opened, tmp_path / "scored.otio", lambda clip: clip)
    assert Ended(capsys, "cost", path, "--max-cost", "40").code == 0
    ended = Ended(capsys, "cost", path, "--max-cost", "39.99")
    assert ended.code == 5
    assert ended.done["is_within_max_cost"] is False
    assert "more than --max-cost 39.99" in ended.errors


prices = st.sampled_from([None, 0.0, 2.5, 10.0, "dear"])


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(1, 3), prices, st.booleans(), st.booleans()), max_size=12))
def test_the_sum_is_the_highest_price_of_each_item_that_is_heard_and_not_bought(
    uses: list[tuple[int, Any, bool, bool]],
) -> None:
    sounds = []
    for number, (identity, price, is_bought, is_on) in enumerate(uses):
        item = read_item(MUSIC, {"id": identity, "price": price, "is_bought": is_bought})
        assert item is not None
        lying = Clip("x", RecordTime(F(number)), RecordTime(F(number + 1)), Generator("x"))
        placed = Placed(lying, 0, lying.start, lying.end, None, F(0), F(1), enabled=is_on)
        sounds.append(Sound(placed, Stem.MUSIC, ServiceItem(item, "EUR")))
    bill = Bill.of([("reel", [("", sound) for sound in sounds])])
    heard = {identity for identity, _, _, is_on in uses if is_on}
    expected = sum(
        (
            max(
                (
                    D(str(price))
                    for i, price, bought, _ in uses
                    if i == one and not bought
                    if isinstance(price, float)
                ),
                default=D(0),
            )
            for one in heard
        ),
        D(0),
    )
    assert sum((total.price for total in bill.totals.values()), D(0)) == expected
    assert {line.item.id for line in bill.used} == heard
    assert {line.item.id for line in bill.spare} == {identity for identity, *_ in uses} - heard


# What only a job knows


@pytest.fixture(scope="module")
def service() -> Iterator[ScriptedService]:
    with film_service(result_of()) as found:
        found.result = result_of(
            effect(found.url),
            musics=[{"id": 7, "price": 10.0, "url": f"{found.url}/items/7", "title": "Bed"}],
        )
        found.files = {"/items/1": sound(), "/items/7": sound(wav(9))}
        yield found


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory, service: ScriptedService) -> Path:
    """Two seconds of film, scored as ``s.otio`` beside it."""
    return scored_cut(tmp_path_factory.mktemp("job"), service)


def test_an_editors_own_file_tells_the_same_by_the_files_of_its_job(
    cut: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, here = cut.parent / "s.otio", cut.parent
    for name, *more in (("s.xml",), ("s.fcpxml",), ("s.aaf",), ("copied.xml", "--deliver", "copy")):
        assert run(["convert", str(source), "-o", str(here / name), "-q", *more]) == 0
        ended = Ended(capsys, "cost", here / name)
        assert (ended.code, sorted(ended.items())) == (0, [("effect", 1), ("music", 7)]), name
        assert ended.done["totals"] == {"USD": {"price": "12.5", "unread": []}}, name
    (job,) = (path.parent for path in cut.with_suffix(".avm").glob("*/job.json"))
    assert Ended(capsys, "cost", job).done["totals"] == {"USD": {"price": "12.5", "unread": []}}


def test_sounds_of_ours_that_nobody_knows_are_told_and_not_counted(
    cut: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "far" / "away" / "s.xml"
    output.parent.mkdir(parents=True)
    assert run(["convert", str(cut.parent / "s.otio"), "-o", str(output), "-q"]) == 0
    text = output.read_text().replace(cut.parent.name, "gone")
    output.write_text(re.sub(r"(?<=[/>])[17](?= |%20)", "take", text))
    ended = Ended(capsys, "cost", output)
    assert ended.items() == []
    assert any("they are left out" in str(event.get("message")) for event in ended.events)


@pytest.mark.parametrize("name", ["s.aaf", "s.xml", "s.fcpxml"])
def test_far_from_its_job_a_file_says_what_it_plays_and_that_nothing_says_the_price(
    name: str, cut: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "far" / "away" / name
    output.parent.mkdir(parents=True)
    assert run(["convert", str(cut.parent / "s.otio"), "-o", str(output), "-q", "--deliver", "copy"]) == 0
    ended = Ended(capsys, "cost", output)
    assert sorted(ended.items()) == [("effect", 1), ("music", 7)]
    assert all(event["is_price_unread"] for event in ended.events if event["event"] == "item")
    assert any("--jobs-dir" in str(event.get("message")) for event in ended.events)
    assert Ended(capsys, "cost", output, "--max-cost", "500").code == 5
    beside = Ended(capsys, "cost", output, "--jobs-dir", cut.with_suffix(".avm"))
    assert beside.done["totals"] == {"USD": {"price": "12.5", "unread": []}}


def test_a_dry_run_says_what_would_be_sent_and_sends_and_writes_nothing(
    cut: Path, service: ScriptedService, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new = tmp_path / "new.otio"
    new.write_text(cut.read_text())
    words = ["-o", cut.parent / "s.otio", "--service", service.url, *LICENCE, "--dry-run"]
    there, asked = sorted(tmp_path.rglob("*")), len(service.asked)
    done = Ended(capsys, "score", new, *words).done
    assert (len(service.asked), sorted(tmp_path.rglob("*"))) == (asked, there)
    assert (done["length"], done["frames"], done["has_sound"]) == ("00:00:02:00", 48, True)
    assert (done["services"], done["language"], done["currency"]) == (["music", "effects"], "en", "USD")
    assert done["license"] == {"range": [1], "duration": 2, "usage_platforms": [3]}
    assert (done["analyses"], done["sends_film"], done["is_size_estimate"]) == (1, True, True)
    before = Ended(capsys, "score", cut, *words).done
    assert (before["analyses"], before["sends_film"]) == (0, False)  # it was asked before
    assert Ended(capsys, "score", cut, *words, "--again").done["analyses"] == 1
    assert Ended(capsys, "score", new, "-o", "s.otio", "--dry-run").done["analyses"] == 0  # the local engine
    assert len(service.asked) == asked


def test_an_effect_and_a_piece_of_music_of_one_id_are_two_items() -> None:
    for kind, stem in ((MUSIC, Stem.MUSIC), (EFFECTS, Stem.EFFECTS)):
        item = read_item(kind, {"id": 7})
        assert item is not None
        assert item.name == f"{kind.item} 7"
        assert stem == kind.stem
    assert read_item(MUSIC, {"title": "of no id"}) is None


def test_the_timeline_is_never_written(opened: Opened, tmp_path: Path) -> None:
    path = changed(opened, tmp_path / "scored.otio", lambda clip: clip)
    before = path.read_bytes()
    assert run(["cost", str(path), "-q"]) == 0
    assert path.read_bytes() == before
    assert read(path).timeline.tracks
