"""Files that are damaged or made to do harm: one line, the right exit code, nothing written."""

from __future__ import annotations

import random
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import opentimelineio as otio
import pytest

from avm_otio.cli.main import run
from tests.scored import write_sound
from tests.timelines import clip, gap, timeline, track

TIMELINE = 3
"""Exit code for a timeline that cannot be used."""

WRITTEN = {".xml": "premiere", ".fcpxml": "fcp", ".aaf": "avid", ".edl": "edl"}
ROOTS = {".xml": ("xmeml", "4"), ".fcpxml": ("fcpxml", "1.10")}
OTHERS = ["premiere.xml", "fcp.fcpxml", "avid.aaf", "resolve.otio", "reaper.rpp", "protools.txt", "edl.edl"]


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same small timeline in each format."""
    folder = tmp_path_factory.mktemp("good")
    sound = write_sound(folder / "sound.wav", 3.0)
    made = timeline(
        track(clip("A", 10, 24), gap(5), clip("B", 10, 24), name="V1"),
        track(clip("s", 3, 48, url=str(sound), available=(0, 72)), kind="Audio", name="A1"),
        start=86_400,
    )
    source = folder / "good.otio"
    source.write_text(made.to_json_string())
    files = {".otio": source}
    for suffix, editor in WRITTEN.items():
        files[suffix] = folder / f"written{suffix}"
        assert run(["convert", str(source), "-o", str(files[suffix]), "--for", editor]) == 0
    return files


class Outcome:
    """What came of a conversion."""

    def __init__(self, code: int, errors: str, output: Path) -> None:
        self.code, self.errors, self.output = code, errors, output

    def is_refused(self) -> bool:
        lines = [line for line in self.errors.splitlines() if line.startswith("Error: ")]
        return self.code == TIMELINE and len(lines) == 1 and not self.output.exists()

    def is_read(self) -> bool:
        return self.code == 0 and self.output.exists()


Convert = Callable[..., Outcome]


@pytest.fixture
def convert(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Convert:
    def call(data: bytes | str | Path, suffix: str = "", to: str = "premiere.xml") -> Outcome:
        if isinstance(data, Path):
            source = data
        else:
            source = tmp_path / f"bad{suffix}"
            source.write_bytes(data.encode() if isinstance(data, str) else data)
        editor, _, ending = to.partition(".")
        output = tmp_path / f"out.{ending}"
        output.unlink(missing_ok=True)
        capsys.readouterr()
        rate = ["--rate", "24"] if suffix == ".edl" else []
        code = run(["convert", str(source), "-o", str(output), "--for", editor, *rate])
        errors = capsys.readouterr().err
        assert "Traceback" not in errors
        assert "fault of avm-otio" not in errors
        return Outcome(code, errors, output)

    return call


@pytest.mark.parametrize("suffix", ROOTS)
@pytest.mark.parametrize(
    "inside",
    [
        '<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">',
        '<!ENTITY a SYSTEM "file:///etc/passwd">',
        '<!ENTITY % a SYSTEM "file:///etc/passwd"> %a;',
    ],
    ids=["bomb", "external", "parameter"],
)
def test_xml_that_declares_entities_is_refused(convert: Convert, suffix: str, inside: str) -> None:
    root, version = ROOTS[suffix]
    text = f'<?xml version="1.0"?><!DOCTYPE {root} [{inside}]><{root} version="{version}">&a;</{root}>'
    assert convert(text, suffix).is_refused()


@pytest.mark.parametrize("suffix", ROOTS)
def test_xml_of_absurd_depth_or_length_is_refused_at_once(convert: Convert, suffix: str) -> None:
    root, version = ROOTS[suffix]
    open_, close = f'<{root} version="{version}">', f"</{root}>"
    assert convert(f"{open_}{'<a>' * 100_000}{'</a>' * 100_000}{close}", suffix).is_refused()
    assert convert(f"{open_}<name>{'x' * 5_000_000}</name>{close}", suffix).is_refused()


@pytest.mark.parametrize("suffix", ROOTS)
def test_xml_in_other_encodings_is_read_and_a_wrong_one_refused(
    convert: Convert,
    good: dict[str, Path],
    suffix: str,
) -> None:
    text = good[suffix].read_text(encoding="utf-8")
    assert convert(text.replace("UTF-8", "UTF-16").encode("utf-16"), suffix).is_read()
    assert convert(b"\xef\xbb\xbf" + text.encode(), suffix).is_read()
    assert convert(text.replace("UTF-8", "UTF-16"), suffix).is_refused()
    assert convert(text.replace("UTF-8", "klingon"), suffix).is_refused()
    assert convert(text.encode()[:300] + b"\xff\xfe" + text.encode()[300:], suffix).is_refused()


@pytest.mark.parametrize("suffix", [".xml", ".fcpxml", ".aaf", ".otio"])
@pytest.mark.parametrize("percent", [0, 1, 30, 90])
def test_a_file_that_is_cut_short_is_refused(
    convert: Convert,
    good: dict[str, Path],
    suffix: str,
    percent: int,
) -> None:
    data = good[suffix].read_bytes()
    assert convert(data[: len(data) * percent // 100], suffix).is_refused()


@pytest.mark.parametrize("suffix", [".aaf", ".edl", ".xml", ".fcpxml", ".otio"])
def test_garbled_files_are_read_or_refused_but_never_crash(
    convert: Convert,
    good: dict[str, Path],
    suffix: str,
) -> None:
    data = good[suffix].read_bytes()
    chance = random.Random(3)
    for many in (1, 3, 20, 400) * 3:
        garbled = bytearray(data)
        for _ in range(many):
            garbled[chance.randrange(len(garbled))] = chance.randrange(256)
        outcome = convert(bytes(garbled), suffix)
        assert outcome.is_read() or outcome.is_refused()
    for nonsense in (b"", b"\0" * 999, bytes(range(256)) * 9, b"hello"):
        assert convert(nonsense, suffix).is_refused()


@pytest.mark.parametrize("suffix", ROOTS)
@pytest.mark.parametrize("number", ["-5", "x", "99999999999999999999999999", "1e400", "NaN", ""])
def test_numbers_that_are_none_are_told_or_refused(
    convert: Convert,
    good: dict[str, Path],
    suffix: str,
    number: str,
) -> None:
    text = good[suffix].read_text(encoding="utf-8")
    garbled = re.sub(r">\d+<", f">{number}<", text)
    garbled = re.sub(r'(start|offset|duration|frameDuration)="[^"]*s"', rf'\1="{number}s"', garbled)
    outcome = convert(garbled, suffix)
    assert outcome.is_read() or outcome.is_refused()


@pytest.mark.parametrize("url", ["http://[::1", "file://[::1", "file:///%00%ff", "file:", "//", "?#"])
def test_addresses_that_are_none_are_offline_media(
    convert: Convert,
    good: dict[str, Path],
    url: str,
) -> None:
    for suffix, old in ((".xml", r"<pathurl>[^<]*"), (".fcpxml", r' src="[^"]*')):
        text = good[suffix].read_text(encoding="utf-8")
        new = f"<pathurl>{url}" if suffix == ".xml" else f' src="{url}'
        assert convert(re.sub(old, lambda _, new=new: new, text), suffix, "resolve.otio").is_read()
    made = timeline(track(clip("A", url=url), name="V1"))
    for to in OTHERS:
        assert convert(made.to_json_string(), ".otio", to).is_read()


def test_a_line_of_control_characters_is_no_line_of_a_list(convert: Convert, good: dict[str, Path]) -> None:
    text = good[".edl"].read_text()
    assert convert(text.replace("\n", "\n\x1c\x1d\x0b\n"), ".edl").is_read()


def test_otio_that_would_crash_its_library_is_refused(convert: Convert, good: dict[str, Path]) -> None:
    text = good[".otio"].read_text()
    assert "Clip.2" in text
    assert convert(text.replace("Clip.2", "Clip.1"), ".otio").is_refused()


@pytest.mark.parametrize("to", OTHERS)
@pytest.mark.parametrize("what", ["NaN", "Infinity", "9e300"])
def test_otio_with_numbers_beyond_reason_is_refused(
    convert: Convert,
    good: dict[str, Path],
    what: str,
    to: str,
) -> None:
    text = good[".otio"].read_text()
    assert '"value": 48.0' in text
    assert convert(text.replace('"value": 48.0', f'"value": {what}'), ".otio", to).is_refused()


@pytest.mark.parametrize("to", OTHERS)
def test_a_speed_beyond_reason_is_refused(convert: Convert, to: str) -> None:
    made = timeline(track(clip("A", speed=1e308), name="V1"))
    assert convert(made.to_json_string(), ".otio", to).is_refused()


@pytest.mark.parametrize("to", OTHERS)
def test_nests_without_end_are_refused(convert: Convert, to: str) -> None:
    inner: otio.core.Composable = clip("A")
    for number in range(40):
        stack = otio.schema.Stack(f"nest {number}")
        stack.append(track(inner))
        inner = stack
    assert convert(timeline(track(inner)).to_json_string(), ".otio", to).is_refused()


@pytest.mark.parametrize(
    "name", ["../evil.txt", "/evil.txt", "media/../../evil.txt", "media\\..\\evil.txt", "C:/evil.txt"]
)
def test_a_bundle_with_a_way_out_is_refused(
    convert, good: dict[str, Path], tmp_path: Path, name: str
) -> None:
    bundle = tmp_path / "inside" / "crafted.otioz"
    bundle.parent.mkdir()
    with zipfile.ZipFile(bundle, "w") as file:
        file.writestr("content.otio", good[".otio"].read_text())
        file.writestr("version.txt", "1.0.0")
        file.writestr(name, "evil")
    assert convert(bundle).is_refused()
    assert not list(tmp_path.rglob("evil*"))


def test_a_bundle_that_unpacks_without_end_is_refused(
    convert: Convert, good: dict[str, Path], tmp_path: Path
) -> None:
    bundle = tmp_path / "crafted.otioz"
    with zipfile.ZipFile(bundle, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("content.otio", good[".otio"].read_text())
        file.writestr("media/a.wav", b"\0" * (80 * 2**20))
    assert convert(bundle).is_refused()
