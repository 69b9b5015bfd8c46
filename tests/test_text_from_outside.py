"""Text from outside goes through one function for a line, one for XML, one for Lua, one for a file name."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import opentimelineio as otio
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from avm_otio.cli.main import run
from avm_otio.media.naming import safe_name
from avm_otio.text import json_shown, one_line
from tests.timelines import clip, timeline, track

PACKAGE = Path(__file__).parent.parent / "avm_otio"
ANY = st.text(st.characters(exclude_categories=()))
NASTY = st.text(
    st.sampled_from("a\n\r\x00\x1b\x7f\x85\x9b\u2028\u202e\u2066\u200f\ufffe\ufeff\U000e0041\t \u200d<&\"'")
)
STEERING = set("\x1b\x7f\x85\x9b\u2028\u2029\u202e\u2066\u200f\ufffe\ufeff\U000e0041\n\r\x00")

EVIL = "ev\nil\x1b[2J\x9b\ufffe\u202ex\u2028 <&'\""


@given(st.one_of(ANY, NASTY))
def test_a_line_is_one_line_and_steers_nothing(text: str) -> None:
    shown = one_line(text)
    assert len(shown.splitlines()) <= 1
    assert not STEERING & set(shown)
    assert one_line(shown) == shown


@pytest.mark.parametrize("text", ["plain", "  indented", "naïve 日本語", "👩‍👩‍👧", "می‌خواهم", "a\tb"])
def test_what_people_write_stays(text: str) -> None:
    assert one_line(text) == text


@given(st.one_of(ANY, NASTY))
def test_json_that_is_shown_says_the_same_and_steers_nothing(text: str) -> None:
    shown = json_shown(json.dumps({"a": text}, ensure_ascii=False))
    assert json.loads(shown) == {"a": text}
    assert not STEERING & set(shown)


@given(
    st.one_of(ANY, NASTY, st.text(min_size=200)), st.one_of(st.just(".wav"), ANY.map(lambda text: f".{text}"))
)
@example("a", ".\ud800")
def test_a_file_name_is_one_that_every_disk_takes(title: str, ending: str) -> None:
    name = safe_name(title, ending)
    assert 0 < len(name.encode()) <= 200
    assert not set(name) & set('<>:"/\\|?*\n\r\x00')


def calls() -> Iterator[tuple[str, ast.Call]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                yield path.relative_to(PACKAGE).as_posix(), node


WRITERS = {
    "print",
    "click.echo",
    "click.secho",
    "click.confirm",
    "click.prompt",
    "sys.stdout.write",
    "sys.stderr.write",
    "stream.write",
}
"""What puts text on a terminal. ``Output`` alone uses them on text from outside."""

OF_OUR_OWN = {
    ("__main__.py", "sys.stdout.write"),  # the version
    ("cli/main.py", "click.echo"),  # a completion script, click's help, a traceback asked for, the version
    ("cli/jobs.py", "click.confirm"),  # a question without a name in it
    ("cli/config_command.py", "click.prompt"),  # the origin of the service, which the user typed
    ("cli/output.py", "stream.write"),
    ("config/faults.py", "sys.stderr.write"),  # a traceback that was asked for
    ("engine/measuring.py", "print"),  # JSON, escaped, for the pipe of the process that asked
    ("engine/film_reading.py", "print"),  # the same
    ("engine/programs.py", "print"),  # the same, the other way
}


def test_nothing_is_printed_around_the_output() -> None:
    found = {(place, name) for place, call in calls() if (name := ast.unparse(call.func)) in WRITERS}
    assert found == OF_OUR_OWN


def test_the_output_writes_nothing_that_is_not_made_safe() -> None:
    safe = ("one_line(", "json_shown(")
    written = [
        ast.unparse(call.args[1])
        for place, call in calls()
        if place == "cli/output.py" and ast.unparse(call.func) == "self._write"
    ]
    assert written
    assert all(text.startswith(safe) for text in written), written


def test_what_a_bar_says_is_made_safe() -> None:
    for place, call in calls():
        for keyword in call.keywords:
            if keyword.arg == "description" and place.startswith("cli/"):
                assert ast.unparse(keyword.value).startswith("one_line("), place


def test_xml_is_escaped_in_one_place() -> None:
    for path in sorted(PACKAGE.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if path.relative_to(PACKAGE).as_posix() != "formats/xml.py":
            assert "saxutils" not in text, path
            assert "html.escape" not in text, path
            assert "&amp;" not in text, path


def test_lua_is_written_in_one_place() -> None:
    for place, call in calls():
        called = ast.unparse(call)
        if place != "hosts/lua.py" and ast.unparse(call.func) == "write_text" and ".lua" in called:
            assert "lua_chunk(" in called, place


@pytest.fixture
def evil(tmp_path: Path) -> Path:
    shot = clip(EVIL, 0, 24, available=(0, 48))
    shot.markers.append(otio.schema.Marker(name=EVIL, marked_range=shot.source_range))
    shot.markers[0].comment = EVIL
    sound = clip(EVIL, 0, 24, available=(0, 48))
    made = timeline(track(shot, name=EVIL), track(sound, kind="Audio", name=EVIL))
    made.name = EVIL
    path = tmp_path / "evil.otio"
    path.write_text(made.to_json_string())
    return path


@pytest.mark.parametrize("suffix", [".svg", ".xml", ".fcpxml", ".kdenlive"])
def test_xml_of_any_names_is_well_formed(evil: Path, suffix: str) -> None:
    output = evil.with_suffix(suffix)
    assert run(["convert", str(evil), "-o", str(output)]) == 0
    ET.fromstring(output.read_text(encoding="utf-8"))


@pytest.mark.parametrize("suffix", [".edl", ".rpp", ".txt", ".xml", ".fcpxml", ".svg"])
def test_names_forge_no_line_of_what_is_told(
    evil: Path, suffix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    output = evil.with_suffix(suffix)
    assert run(["convert", str(evil), "-o", str(output)]) == 0
    errors = capsys.readouterr().err
    report = output.with_name(f"{output.name}.losses.txt")
    for text in (errors, report.read_text(encoding="utf-8") if report.exists() else ""):
        assert not (STEERING - {"\n"}) & set(text)
        assert not any(line.startswith("il") for line in text.split("\n"))


@pytest.mark.parametrize("command", ["convert", "export", "score"])
def test_a_name_that_is_too_long_is_said_in_a_line(
    evil: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    long = "x" * 300
    for arguments in (
        [str(evil), "-o", str(evil.with_name(f"{long}.otio"))],
        [f"{long}.otio", "-o", "a.otio"],
    ):
        assert run([command, *arguments]) in (1, 3)
        (error,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("Error")]
        assert "fault of avm-otio" not in error


def test_media_of_the_longest_names_are_copied(tmp_path: Path) -> None:
    from tests.scored import write_sound

    media = [
        write_sound(tmp_path / f"{'音' * 80}.wav", 1.0),
        write_sound(tmp_path / f"a.{'b' * 240}.wav", 1.0),
    ]
    odd = tmp_path / f"c.{'d' * 250}"
    odd.write_bytes(media[0].read_bytes())
    sounds = [
        clip(f"s{at}", 0, 24, url=str(path), available=(0, 24)) for at, path in enumerate([*media, odd])
    ]
    made = timeline(track(clip("A", 0, 72, available=(0, 72))), track(*sounds, kind="Audio"))
    source = tmp_path / "cut.otio"
    source.write_text(made.to_json_string())
    output = tmp_path / "out.otio"
    assert run(["convert", str(source), "-o", str(output), "--deliver", "copy"]) == 0
    assert len(list((tmp_path / "out.media").iterdir())) == 3
