"""No file makes more of itself than the limits say; each refusal names its limit and how to raise it."""

from __future__ import annotations

import json
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest

from avm_otio.cli.main import run
from avm_otio.errors import TimelineError, UsageError
from avm_otio.formats.reading import read
from avm_otio.limits import Limits, in_force
from avm_otio.timeline.nests import opened_nests
from tests.timelines import clip, timeline, track

REFUSED = 3


@pytest.fixture
def otio_text() -> str:
    text: str = timeline(track(clip("A", 0, 24), name="V1"), start=86_400).to_json_string()
    return text


def bundle(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in members.items():
            made.writestr(name, data)
    return path


def refusal(path: Path, **how: Any) -> str:
    with pytest.raises(TimelineError) as caught:
        read(path, **how)
    assert "AVM_LIMITS=" in caught.value.hint
    return str(caught.value)


def test_limits_are_raised_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert in_force() == Limits()
    monkeypatch.setenv("AVM_LIMITS", "frames=200M, bytes=4G depth=12")
    assert in_force() == Limits(frames=200_000_000, bytes=4 * 10**9, depth=12)


@pytest.mark.parametrize("value", ["frame=1", "frames=-1", "frames", "frames=1e9", "frames=99P"])
def test_a_limit_that_is_none_is_a_usage_error(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("AVM_LIMITS", value)
    with pytest.raises(UsageError, match="AVM_LIMITS"):
        in_force()


def test_a_bundle_of_many_members_below_every_single_limit_is_refused_as_a_whole(
    tmp_path: Path, otio_text: str
) -> None:
    zeros = bytes(60 * 2**20)
    with zipfile.ZipFile(tmp_path / "trap.otioz", "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("content.otio", otio_text)
        for number in range(2):
            made.writestr(f"media/{number}.wav", zeros)
    assert "times its size" in refusal(tmp_path / "trap.otioz")
    assert not (tmp_path / "trap.avm").exists()


def test_the_document_of_a_bundle_is_measured_before_it_is_unpacked(tmp_path: Path) -> None:
    made = bundle(tmp_path / "trap.otioz", {"content.otio": b" " * (65 * 2**20)})
    began = time.monotonic()
    assert "times its size" in refusal(made)
    assert time.monotonic() - began < 5


def test_a_bundle_that_lies_about_its_sizes_unpacks_no_more_than_it_states(
    tmp_path: Path, otio_text: str
) -> None:
    made = bundle(tmp_path / "liar.otioz", {"content.otio": otio_text.encode() + b" " * 2**20})
    data = bytearray(made.read_bytes())
    at = data.index(b"PK\x01\x02")
    data[at + 24 : at + 28] = (10).to_bytes(4, "little")
    made.write_bytes(data)
    with pytest.raises(TimelineError):
        read(made)


@pytest.mark.slow
def test_a_bundle_of_too_many_files_is_refused(
    tmp_path: Path, otio_text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = {"content.otio": otio_text.encode()} | {f"media/{at}": b"" for at in range(50)}
    made = bundle(tmp_path / "many.otioz", members)
    monkeypatch.setenv("AVM_LIMITS", "members=50")
    assert "51 files" in refusal(made)
    monkeypatch.setenv("AVM_LIMITS", "members=51")
    read(made)


@pytest.mark.parametrize("suffix", [".otio", ".edl", ".fcpxml", ".xml", ".aaf"])
def test_a_file_of_absurd_size_is_not_read(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"huge{suffix}"
    with path.open("wb") as file:
        file.truncate(8 * 10**9)  # a hole: nothing is written
    assert "8000000000 bytes" in refusal(path)


def doubling_fcpxml(levels: int) -> str:
    inside, length = '<asset-clip ref="a" offset="0s" duration="1s"/>', 1
    resources = (
        '<format id="f" frameDuration="1/25s" width="64" height="36"/>'
        '<asset id="a" name="a" start="0s" duration="10s" hasVideo="1" format="f">'
        '<media-rep kind="original-media" src="file:///a.mov"/></asset>'
    )
    for number in range(levels):
        resources += (
            f'<media id="m{number}" name="m{number}"><sequence format="f" duration="{length}s">'
            f"<spine>{inside}</spine></sequence></media>"
        )
        inside = "".join(
            f'<ref-clip ref="m{number}" offset="{at * length}s" duration="{length}s"/>' for at in (0, 1)
        )
        length *= 2
    return (
        f'<fcpxml version="1.9"><resources>{resources}</resources><library><event><project name="p">'
        f'<sequence format="f" duration="{length}s"><spine>{inside}</spine></sequence>'
        "</project></event></library></fcpxml>"
    )


def doubling_xmeml(levels: int) -> str:
    rate = "<rate><timebase>25</timebase><ntsc>FALSE</ntsc></rate>"

    def item(name: str, inner: str, start: int, length: int) -> str:
        return (
            f'<clipitem id="{name}"><name>{name}</name><duration>{length}</duration>{rate}<start>{start}'
            f"</start><end>{start + length}</end><in>0</in><out>{length}</out>{inner}</clipitem>"
        )

    def sequence(name: str, body: str, length: int) -> str:
        return (
            f'<sequence id="{name}"><name>{name}</name><duration>{length}</duration>{rate}<media><video>'
            f"<track>{body}</track></video></media></sequence>"
        )

    body, length, made = item("c", '<file id="f"><pathurl>file:///a.mov</pathurl></file>', 0, 25), 25, ""
    for number in range(levels):
        made += sequence(f"s{number}", body, length)
        body = "".join(
            item(f"{side}{number}", f'<sequence id="s{number}"/>', at * length, length)
            for at, side in enumerate("xy")
        )
        length *= 2
    top = sequence("top", body, length)
    return (
        f'<xmeml version="5"><project><children>{top}<bin><children>{made}</children></bin></children>'
        "</project></xmeml>"
    )


@pytest.mark.parametrize(("suffix", "make"), [(".fcpxml", doubling_fcpxml), (".xml", doubling_xmeml)])
@pytest.mark.parametrize("levels", [14, 24, 40])
def test_nests_that_double_are_counted_not_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, make: Any, levels: int
) -> None:
    path = tmp_path / f"double{suffix}"
    path.write_text(make(levels))
    which = {"sequence": "top"} if suffix == ".xml" else {}
    assert "nests in one another" in refusal(path, **which)
    monkeypatch.setenv("AVM_LIMITS", "depth=100")
    assert "clips more than its file holds" in refusal(path, **which)


@pytest.mark.parametrize(("suffix", "make"), [(".fcpxml", doubling_fcpxml), (".xml", doubling_xmeml)])
def test_nests_that_are_used_again_are_read_and_opened(tmp_path: Path, suffix: str, make: Any) -> None:
    path = tmp_path / f"double{suffix}"
    path.write_text(make(4))
    opened = read(path, **({"sequence": "top"} if suffix == ".xml" else {}))
    assert len(list(opened_nests(opened.timeline).clips())) == 2**4


def test_what_is_shown_of_a_nest_counts_not_the_whole_of_it(tmp_path: Path) -> None:
    """A multicam clip of an hour that is cut into a thousand pieces is everyday work."""
    nest = "".join(f'<asset-clip ref="a" offset="{at}s" duration="1s"/>' for at in range(300))
    cuts = "".join(f'<ref-clip ref="m" offset="{at}s" start="{at}s" duration="1s"/>' for at in range(300))
    media = f'<media id="m" name="m"><sequence format="f"><spine>{nest}</spine></sequence></media>'
    text = doubling_fcpxml(0).replace('<asset-clip ref="a" offset="0s" duration="1s"/>', cuts)
    path = tmp_path / "multicam.fcpxml"
    path.write_text(text.replace("</resources>", f"{media}</resources>"))
    assert len(list(opened_nests(read(path).timeline).clips())) == 300


def referring(levels: int) -> str:
    def made(name: int, metadata: dict[str, Any]) -> dict[str, Any]:
        return {
            "OTIO_SCHEMA": "Clip.2",
            "OTIO_REF_ID": f"r{name}",
            "name": str(name),
            "metadata": metadata,
            "media_references": {},
            "active_media_reference_key": "DEFAULT_MEDIA",
        }

    inner = made(0, {})
    for number in range(1, levels):
        again = {"OTIO_SCHEMA": "SerializableObjectRef.1", "id": f"r{number - 1}"}
        inner = made(number, {"a": inner, "b": again})
    document = json.loads(timeline(track(clip("A", 0, 24), name="V1")).to_json_string())
    document["metadata"]["x"] = inner
    return json.dumps(document)


def test_references_that_double_are_counted_before_otio_writes_them_out(tmp_path: Path) -> None:
    path = tmp_path / "double.otio"
    path.write_text(referring(3))
    read(path)
    path.write_text(referring(30))
    assert "values more than it holds" in refusal(path)


def test_an_object_that_holds_itself_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cycle.otio"
    path.write_text(referring(2).replace('"id": "r0"', '"id": "r1"'))
    with pytest.raises(TimelineError, match="holds itself"):
        read(path)


def test_a_timeline_of_a_billion_frames_is_refused_by_every_command_alike(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "long.otio"
    path.write_text(timeline(track(clip("A", 0, 10**9, available=(0, 10**9)), name="V1")).to_json_string())
    errors = []
    for command in (["convert", "-o", "out.xml"], ["export", "-o", "out.mp4"], ["score", "-o", "out.otio"]):
        word, *rest = command
        rest[-1] = str(tmp_path / rest[-1])
        code = run([word, str(path), *rest])
        errors.append(capsys.readouterr().err.strip().splitlines()[-1])
        assert (code, word) == (REFUSED, word), errors[-1]
    assert len(set(errors)) == 1
    assert "AVM_LIMITS=" in errors[0]
