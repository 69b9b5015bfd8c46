"""A request: read strictly, written shortly, movable; all that names its fields is made from its rows."""

from __future__ import annotations

from dataclasses import dataclass, fields
from fractions import Fraction
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from avm_otio import kinds, services
from avm_otio.cli import options
from avm_otio.cli.main import COMMANDS
from avm_otio.config.load import load_settings, settings_from
from avm_otio.config.settings import keys
from avm_otio.errors import InputError, UsageError
from avm_otio.media.film import Quality
from avm_otio.request import Request, rows, schema
from avm_otio.row import SCORING, Part, row

LEAST = {"timeline": "cut.otio", "output": "scored.otio"}


def test_the_least_request_means_what_the_command_would_do_by_itself() -> None:
    request = Request.parse(LEAST)
    assert request.services == ("music", "effects")
    assert (request.deliver, request.media_format, request.effects_length) == ("link", "keep", "auto")
    assert request.dump() == LEAST | {"version": 1}


def test_what_was_not_given_is_not_written_down() -> None:
    assert Request.parse(LEAST | {"currency": "EUR"}).dump() == LEAST | {"currency": "EUR", "version": 1}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"timline": "x"}, ["timline", "Did you mean timeline?"]),
        ({"output": None}, ["output"]),
        ({"services": []}, ["services"]),
        ({"services": ["kazoo"]}, ["services", "kazoo"]),
        ({"music_gain_db": float("nan")}, ["music_gain_db"]),
        ({"budget_max": -1}, ["budget_max", "-1"]),
        ({"bpm": 0}, ["bpm", "more than 0"]),
        ({"version": 2}, ["version", "2"]),
        ({"deliver": "pigeon"}, ["deliver", "pigeon"]),
        ({"alternatives": 1.5}, ["alternatives", "1.5"]),
        ({"skip_bad_cues": "perhaps"}, ["skip_bad_cues", "perhaps"]),
        ({"rate": "fast"}, ["rate", "fast"]),
        ({"service": "http://example.com"}, ["service", "clear text"]),
        ({"title": 3}, ["title", "text"]),
        ({"clip": "x" * 5000}, ["clip", "4096"]),
        ({"genre": 3}, ["genre", "list"]),
        ({"again": 3}, ["again", "true or false"]),
    ],
)
def test_a_request_that_makes_no_sense_is_refused_by_field(
    change: dict[str, object], words: list[str]
) -> None:
    with pytest.raises(InputError) as refused:
        Request.parse(LEAST | change, "request.json")
    assert all(word in str(refused.value) for word in ["request.json", *words])


@pytest.mark.parametrize("document", [None, [], "x", 3])
def test_what_is_no_object_is_no_request(document: object) -> None:
    with pytest.raises(InputError, match="not a JSON object"):
        Request.parse(document)


def test_a_missing_field_is_named() -> None:
    with pytest.raises(InputError, match=r"“output” is missing"):
        Request.parse({"timeline": "cut.otio"})


def test_a_request_made_in_python_is_as_strict() -> None:
    with pytest.raises(UsageError, match="“deliver” must be one of link, copy, bundle, not 'pigeon'"):
        Request(Path("cut.otio"), Path("out.otio"), deliver="pigeon")


def test_the_cells_of_a_list_are_read_as_text() -> None:
    cells = {"music_gain_db": "-6", "again": "true", "alternatives": "2", "bpm": "96", "currency": "eur"}
    request = Request.parse(LEAST | cells)
    assert (request.music_gain_db, request.again, request.alternatives) == (-6.0, True, 2)
    assert (request.bpm, request.currency) == (96.0, "EUR")


def test_paths_move_with_the_folder_that_holds_the_request(tmp_path: Path) -> None:
    job = tmp_path / "cut.avm" / "cut-1"
    request = Request.parse(LEAST | {"media_roots": ["rushes"], "library": "/sounds"}).in_folder(tmp_path)
    assert request.timeline == tmp_path / "cut.otio"
    seen = request.seen_from(job)
    assert seen.timeline == Path("../../cut.otio")
    elsewhere = seen.in_folder(Path("/other/cut.avm/cut-1"))
    assert elsewhere.timeline == Path("/other/cut.otio")
    assert elsewhere.media_roots == (Path("/other/rushes"),)
    assert seen.in_folder(job) == request


def test_what_is_written_down_is_read_back_as_it_was() -> None:
    request = Request(
        Path("cut.edl"),
        Path("out.otio"),
        rate=Fraction(24000, 1001),
        genre=("cinematic", 3),
        budget_min=0.0,
        alternatives=0,
        skip_bad_cues=True,
        library=Path("sounds"),
        notify_url="https://example.com/{job}",
    )
    assert Request.parse(request.dump()) == request


# --- what is configured


def test_the_user_beats_the_environment_beats_the_file_beats_the_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked_nothing, asked = Request(), Request(currency="EUR")
    file = Path("/home/config.toml")
    in_file = 'currency = "TWD"\nlanguage = "zh"'
    assert settings_from("", file, {}).complete(asked_nothing).currency == "USD"
    assert settings_from(in_file, file, {}).complete(asked_nothing).currency == "TWD"
    settings = settings_from(in_file, file, {"AVM_CURRENCY": "usd"})
    assert settings.complete(asked_nothing).currency == "USD"
    assert (settings.complete(asked).currency, settings.complete(asked).language) == ("EUR", "zh")


def test_a_complete_request_leaves_nothing_open_and_keeps_what_was_given() -> None:
    given = Request.parse(LEAST)
    complete = load_settings().complete(given)
    open_ones = [name for name, each in rows().items() if each.default is not None and each.setting]
    assert [name for name in open_ones if getattr(complete, name) is None] == []
    assert complete.given == given
    assert load_settings().complete(complete) == complete
    assert complete.given.dump() == LEAST | {"version": 1}


def test_names_of_options_are_looked_up_wherever_they_were_given() -> None:
    text = "[options.genre]\ncinematic = 37\n[options.duration]\nyear = 2\n[license]\nduration = 'year'"
    settings = settings_from(text, Path("/home/config.toml"), {})
    complete = settings.complete(Request(genre=("Cinematic", "4")))
    assert (complete.genre, complete.license_duration) == ((37, 4), 2)
    with pytest.raises(UsageError, match=r"--genre: No genre is called 'cinematik'. Did you mean cinematic"):
        settings.complete(Request(genre=("cinematik",)))


def test_folders_of_media_add_up() -> None:
    settings = settings_from('media_roots = ["/a", "/b"]', Path("/home/config.toml"), {})
    assert settings.complete(Request(media_roots=(Path("/c"), Path("/a")))).media_roots == (
        Path("/c"),
        Path("/a"),
        Path("/b"),
    )


def test_a_whole_number_of_the_file_stays_whole() -> None:
    """The key of a job is made of it: jobs that are paid for must be found again."""
    complete = settings_from("[requirement]\nbudget_max = 100", Path("/x.toml"), {}).complete(Request())
    assert repr(complete.budget_max) == "100"
    assert repr(Request.parse(LEAST | {"budget_max": 100}).budget_max) == "100.0"


# --- one table


def command_of(name: str) -> click.Command:
    from importlib import import_module

    first, _, second = name.partition(" ")
    module, _, attribute = COMMANDS[first].target.partition(":")
    command = getattr(import_module(module), attribute)
    return command.commands[second] if second else command


def test_every_command_that_a_row_names_has_its_option() -> None:
    for each in rows().values():
        for name in each.commands:
            flags = {flag for param in command_of(name).params for flag in param.opts}
            assert each.flag in flags, (each.name, name)


def test_score_has_every_field_as_an_option() -> None:
    own = {"help", "as_json", "quiet", "dry_run"}
    assert {param.name for param in command_of("score").params} - own == set(rows())


def test_every_field_is_a_row_in_the_schema_and_none_is_there_twice() -> None:
    assert {each.name for each in fields(Request)} - {"given"} == set(rows())
    assert set(schema()["properties"]) == {"version", *rows()}
    for taken in ("flag", "setting", "env"):
        names = [getattr(each, taken) for each in rows().values() if getattr(each, taken)]
        assert len(names) == len(set(names))


def test_every_default_is_one_that_its_row_reads() -> None:
    for each in rows().values():
        if each.default not in (None, Path()):
            assert each.kind.read(each.default) == each.default


def test_every_row_says_what_it_is_in_one_sentence() -> None:
    for each in rows().values():
        assert each.help[0].isupper() or each.help.startswith(("local", "auto")), each.name
        assert each.help.endswith("."), each.name
        assert len(each.help) <= 100, each.name


def test_the_words_of_a_row_are_those_that_its_users_know() -> None:
    from avm_otio.delivery.deliver import BUNDLE
    from avm_otio.delivery.sound_files import Deliver, MediaFormat

    table = rows()
    assert set(table["quality"].kind.choices) == set(Quality)
    assert set(table["deliver"].kind.choices) == {*Deliver, BUNDLE}
    assert set(table["media_format"].kind.choices) == set(MediaFormat)


def test_a_service_that_the_table_of_services_gains_can_be_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from dataclasses import replace

    more = (*services.SERVICES, replace(services.MUSIC, name="kazoo"))
    monkeypatch.setattr(services, "SERVICES", more)
    assert Request(services=("kazoo", "music")).services == ("kazoo", "music")


@dataclass(frozen=True, slots=True)
class Roomier(Request):
    """A request with one more row: what adding an option takes."""

    reverb_db: float = row(
        kinds.DECIBELS,
        -20.0,
        "Reverb of the effects.",
        part=Part.LAYOUT,
        commands=SCORING,
        unit="dB",
        setting="mix.reverb_db",
        env="AVM_REVERB",
    )


def test_a_new_option_is_one_row() -> None:
    @click.command()
    @options.of_request("score", Roomier)
    def command(**flags: object) -> None:
        click.echo(f"{flags['reverb_db']}")

    assert CliRunner().invoke(command, ["--reverb-db", "-3"]).output == "-3.0\n"
    assert "Reverb of the effects.  [default: -20.0]" in CliRunner().invoke(command, ["--help"]).output
    assert keys(Roomier)["mix.reverb_db"].env == "AVM_REVERB"
    settings = settings_from("[mix]\nreverb_db = -9", Path("/home/config.toml"), {}, Roomier)
    assert settings.complete(Roomier()).reverb_db == -9
    assert settings.complete(Roomier(reverb_db=-1)).reverb_db == -1
    assert settings_from("", Path("/x"), {"AVM_REVERB": "-5"}, Roomier).complete(Roomier()).reverb_db == -5
    assert settings_from("", Path("/x"), {}, Roomier).complete(Roomier()).reverb_db == -20
    assert schema(Roomier)["properties"]["reverb_db"]["anyOf"][0] == {"type": "number"}
    in_journal = LEAST | {"reverb_db": -7.0, "version": 1}
    assert Roomier.parse(in_journal).dump() == in_journal
    with pytest.raises(InputError, match=r"“reverb”\. Did you mean reverb_db\?"):
        Roomier.parse(LEAST | {"reverb": 1})
