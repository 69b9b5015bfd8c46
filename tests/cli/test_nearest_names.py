"""A mistyped value is answered with the nearest right one and with all that may stand there."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from avm_otio.cli.main import program, run

CUT = Path("cut.otio")


@pytest.mark.parametrize(
    ("asked", "near", "listed"),
    [
        (("--music-length", "ful"), "full", ("picture", "loop", "as-is")),
        (("--music-per", "scenes"), "scene", ("film", "marker")),
        (("--mix", "standart"), "standard", ("off", "gentle", "strong")),
        (("--services", "musik"), "music", ("effects", "denoise")),
        (("--service", "avmaping"), "avmapping", ("local",)),
        (("--loudness", "r12"), "r128", ("none", "a85", "web")),
        (("--effects-under-speech", "lowr"), "lower", ("keep", "drop")),
        (("--quality", "720"), "720p", ("360p", "1080p")),
        (("--deliver", "bundel"), "bundle", ("link", "copy")),
        (("--for", "resolv"), "resolve", ("premiere",)),
        (("-o", "out.otioo"), ".otio", (".otioz", ".fcpxml")),
    ],
    ids=lambda each: each[0] if isinstance(each, tuple) and each[0].startswith("-") else "",
)
def test_an_option_names_the_nearest_value_and_all_there_are(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    asked: tuple[str, str],
    near: str,
    listed: tuple[str, ...],
) -> None:
    cut = tmp_path / "cut.otio"
    cut.write_text('{"OTIO_SCHEMA": "Timeline.1", "name": "", "tracks": {"OTIO_SCHEMA": "Stack.1"}}')
    output = () if asked[0] == "-o" else ("-o", str(tmp_path / "out.otio"))
    assert run(["score", str(cut), *output, *asked]) in (2, 3)
    error = capsys.readouterr().err
    assert f"id you mean {near}?" in error
    assert all(word in error for word in listed)


@pytest.mark.parametrize(
    ("key", "near", "listed"),
    [
        ("mix", "soundtrack.mix", "quality"),
        ("soundtrak.mix", "soundtrack.mix", "soundtrack.figures"),
        ("soundtrack.lodness", "soundtrack.loudness", "soundtrack.music_per"),
        ("qality", "quality", "media_roots"),
    ],
)
def test_a_key_of_the_settings_is_answered_with_the_nearest(
    capsys: pytest.CaptureFixture[str], key: str, near: str, listed: str
) -> None:
    assert run(["config", "set", key, "x"]) == 2
    error = capsys.readouterr().err
    assert f"Did you mean {near}?" in error
    assert listed in error


@pytest.mark.parametrize("key", ["under_speech_lu", "soundtrack.hold_ms", "soundtrack.figures.hit_peak_db"])
def test_a_figure_of_the_mix_is_no_key_and_the_right_one_is_named(
    capsys: pytest.CaptureFixture[str], key: str
) -> None:
    assert run(["config", "set", key, "18"]) == 2
    figure = key.rpartition(".")[2]
    assert f"avm-otio config set soundtrack.figures {figure}=NUMBER" in capsys.readouterr().err


def test_a_value_of_the_settings_is_answered_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["config", "set", "soundtrack.mix", "standart"]) == 2
    assert "(did you mean standard?)" in capsys.readouterr().err


def test_what_is_like_nothing_is_answered_with_all_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["score", str(CUT), "-o", "out.otio", "--mix", "zzz"]) == 2
    error = capsys.readouterr().err
    assert "did you mean" not in error
    assert "'off', 'gentle', 'standard', 'strong'" in error


def test_help_and_completion_name_the_figures_of_a_mix(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["score", "--help"]) == 0
    help_text = " ".join(capsys.readouterr().out.split())
    assert "under_speech_lu, between_lu" in help_text
    assert "ROLE_level_lu and ROLE_peak_db" in help_text
    complete = ShellComplete(program, {}, "avm-otio", "_X")
    found = [each.value for each in complete.get_completions(["score", "--mix-figures"], "hit_")]
    assert found == ["hit_level_lu=", "hit_peak_db="]
    found = [each.value for each in complete.get_completions(["score", "--mix-figures"], "hold_ms=3,att")]
    assert found == ["hold_ms=3,attack_ms="]
