"""Configuration: flag > environment > file > default, and tokens that stay hidden."""

from __future__ import annotations

import copy
import os
import pickle
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avm_otio import kinds, services
from avm_otio.addresses import origin_of, read_service
from avm_otio.config import options, tokens
from avm_otio.config.edit import set_key, unset_key
from avm_otio.config.folders import config_file
from avm_otio.config.load import load_settings
from avm_otio.config.settings import keys
from avm_otio.config.tokens import Token, find_token, forget_token, hidden, store_token, token_file
from avm_otio.errors import AvmError, InputError, OutputError, TokenRefusedError, UsageError
from avm_otio.request import Request

ORIGIN = "https://filmmusic.avmapping.co"


def write(content: str) -> Path:
    file = config_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content, encoding="utf-8")
    return file


def test_nothing_configured_is_the_local_engine() -> None:
    settings = load_settings()
    complete = settings.complete(Request())
    assert (complete.service, complete.language, complete.currency) == ("local", "en", "USD")
    assert {source for key, source in settings.sources.items() if key != "cache_dir"} == {"default"}


def test_the_environment_beats_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    file = write('currency = "TWD"')
    assert load_settings().complete(Request()).currency == "TWD"
    assert load_settings().sources["currency"] == str(file)
    monkeypatch.setenv("AVM_CURRENCY", "eur")
    assert load_settings().complete(Request()).currency == "EUR"
    assert load_settings().sources["currency"] == "AVM_CURRENCY"
    assert load_settings().sources["language"] == "default"


def test_an_empty_variable_is_one_that_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AVM_CURRENCY", "")
    assert load_settings().sources["currency"] == "default"


def test_the_whole_file_is_read() -> None:
    file = write(
        """
service = "avmapping"
library = "sounds"
media_roots = ["/mnt/a", "b"]
quality = "720p"
[service_keys]
denoise = "clean_service"
[license]
range = ["Worldwide", 3]
duration = "a year"
usage_platforms = [5]
[requirement]
title = "Night"
budget_min = 0
budget_max = 49.5
genre = ["cinematic"]
[timeouts]
wait_s = 60
[options.range]
worldwide = 9
[options.duration]
"a year" = 2
[options.genre]
cinematic = 37
"""
    )
    settings = load_settings()
    request = settings.complete(Request())
    assert request.service == request.origin == ORIGIN
    assert request.library == file.parent / "sounds"
    assert request.media_roots == (Path("/mnt/a"), file.parent / "b")
    assert settings.service_keys.of(services.MUSIC) == "music_mapping_service"
    assert settings.service_keys.of(services.DENOISE) == "clean_service"
    assert (request.license_range, request.license_duration) == ((9, 3), 2)
    assert (request.genre, request.budget_max) == ((37,), 49.5)
    assert (request.title, request.quality) == ("Night", "720p")
    assert settings.timeouts.wait_s == 60.0
    assert settings.name_option("genre", 37) == "cinematic"
    assert settings.name_option("genre", 38) == "38"


def test_a_file_that_notepad_saved_is_read() -> None:
    write("\ufeffcurrency = 'EUR'")
    assert load_settings().complete(Request()).currency == "EUR"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("curency = 'EUR'", ["curency", "Did you mean currency?"]),
        ("[licence]\nrange = [1]", ["licence", "license"]),
        ("[license]\nranges = [1]", ["license.ranges", "Did you mean license.range?"]),
        ("[options.gendre]\na = 1", ["options.gendre", "Did you mean genre?"]),
        ("[options.genre]\na = 'b'", ["options.genre.a", "whole number"]),
        ("license = 3", ["[license]"]),
        ("options = 3", ["[options.genre]"]),
        ("language = 3", ["language", "en, zh"]),
        ("currency = 'yen'", ["currency", "TWD, USD, EUR", "'yen'"]),
        ("media_roots = 'x'", ["media_roots", "list"]),
        ("[timeouts]\nwait_s = true", ["timeouts.wait_s", "number", "true"]),
        ("[timeouts]\nwait_s = 0", ["timeouts.wait_s", "more than 0"]),
        ("[requirement]\nbudget_min = nan", ["requirement.budget_min", "number"]),
        ("[license]\nrange = ['mars']\n[options.range]\nmoon = 1", ["'mars'", "moon"]),
        ("service = 'http://example.com'", ["service", "clear text"]),
        ("a = 1\nb = \nc = 2", ["line 2"]),
    ],
)
def test_what_is_wrong_in_the_file_is_named(content: str, words: list[str]) -> None:
    file = write(content)
    with pytest.raises(InputError) as caught:
        load_settings()
    assert str(file) in str(caught.value)
    assert [word for word in words if word not in str(caught.value)] == []


def test_a_file_that_is_not_text_is_an_input_error() -> None:
    write("").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="UTF-8"):
        load_settings()


def test_what_is_wrong_in_a_variable_names_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AVM_LANGUAGE", "fr")
    with pytest.raises(InputError, match="AVM_LANGUAGE"):
        load_settings()


def test_what_is_wrong_in_a_flag_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="currency"):
        Request(currency="yen")
    with pytest.raises(UsageError, match=r"--license-range: .*mars"):
        load_settings().complete(Request(license_range=("mars",)))


@pytest.mark.parametrize(
    ("value", "address", "origin"),
    [
        ("LOCAL", "local", "local"),
        ("avmapping", ORIGIN, ORIGIN),
        ("https://Example.com:443/api/", "https://Example.com:443/api", "https://example.com"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://[::1]:80", "http://[::1]:80", "http://[::1]"),
    ],
)
def test_a_service_is_local_a_short_name_or_an_address(value: str, address: str, origin: str) -> None:
    assert read_service(value) == address
    assert origin_of(address) == origin


@pytest.mark.parametrize(
    "value",
    [
        "",
        "elsewhere",
        "ftp://a.b",
        "https://",
        "https://u:p@a.b",
        "https://a.b/?q",
        "https://a:b",
        "http://a.b",
    ],
)
def test_what_cannot_be_a_service_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match=r"must|not an address"):
        read_service(value)


def test_an_option_is_named_or_numbered_and_a_slip_is_helped() -> None:
    names = {"genre": {"Cinematic": 37, "lo-fi": 4}}
    assert options.resolved(names, "genre", "cinematic") == 37
    assert options.resolved(names, "genre", (" 12 ", "lo-fi")) == (12, 4)
    with pytest.raises(UsageError, match=r"Did you mean Cinematic\? There are Cinematic, lo-fi"):
        options.resolved(names, "genre", "cinematik")
    with pytest.raises(UsageError, match=r"options\.instrument\.cello"):
        options.resolved(names, "instrument", "cello")


# --- changing the file


def test_setting_a_key_keeps_comments_and_makes_sections() -> None:
    file = write("# mine\ncurrency = 'EUR'  # home\n")
    set_key("currency", ("usd",))
    set_key("options.genre.lo fi 2.0", ("4",))
    set_key("license.range", ("1,2", "3"))
    set_key("requirement.title", ("2049",))
    set_key("requirement.genre", ("lo fi 2.0",))
    content = file.read_text(encoding="utf-8")
    assert "# mine" in content
    assert "# home" in content
    request = load_settings().complete(Request())
    assert (request.currency, request.license_range) == ("USD", (1, 2, 3))
    assert (request.title, request.genre) == ("2049", (4,))


def test_a_path_is_set_from_where_the_user_stands(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    set_key("library", ("my sounds",))
    set_key("media_roots", ("a,b",))
    request = load_settings().complete(Request())
    assert request.library == tmp_path / "my sounds"
    assert request.media_roots == (tmp_path / "a", tmp_path / "b")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("curency", "EUR"),
        ("currency", "yen"),
        ("options.genre.x", "y"),
        ("options.gendre.x", "1"),
        ("license.range", "mars"),
    ],
)
def test_what_cannot_be_set_leaves_the_file_as_it_was(key: str, value: str) -> None:
    file = write("currency = 'EUR'\n")
    with pytest.raises(UsageError):
        set_key(key, (value,))
    assert file.read_text(encoding="utf-8") == "currency = 'EUR'\n"


def test_unsetting_brings_the_default_back_once() -> None:
    set_key("currency", ("EUR",))
    unset_key("currency")
    assert load_settings().complete(Request()).currency == "USD"
    with pytest.raises(UsageError, match="not set"):
        unset_key("currency")


@given(
    st.sampled_from([name for name, key in keys().items() if key.kind in (kinds.TEXT, kinds.KEY_TEXT)]),
    st.text(),
)
def test_any_text_is_set_and_read_back_or_refused(name: str, text: str) -> None:
    try:
        set_key(name, (text,))
    except UsageError:
        return
    assert load_settings().value(keys()[name]) == text.strip()


# --- tokens


@pytest.fixture
def keyring_store() -> Iterator[dict[tuple[str, str], str]]:
    """A keyring that keeps what it is given."""
    import keyring
    from keyring.backend import KeyringBackend

    kept: dict[tuple[str, str], str] = {}

    class Kept(KeyringBackend):
        priority = 1.0

        def get_password(self, service: str, username: str) -> str | None:
            return kept.get((service, username))

        def set_password(self, service: str, username: str, password: str) -> None:
            kept[service, username] = password

        def delete_password(self, service: str, username: str) -> None:
            del kept[service, username]

    before = keyring.get_keyring()
    keyring.set_keyring(Kept())
    yield kept
    keyring.set_keyring(before)


def test_a_token_goes_to_the_keyring_and_belongs_to_one_origin(
    keyring_store: dict[tuple[str, str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert store_token(Token(" s3cret-one\n", "test"), ORIGIN) == "the keyring"
    assert not token_file(ORIGIN).exists()
    assert find_token(ORIGIN).reveal() == "s3cret-one"
    with pytest.raises(TokenRefusedError, match="avm-otio login"):
        find_token("https://elsewhere.example")
    monkeypatch.setenv("AVM_TOKEN", "from-the-environment")
    assert find_token(ORIGIN).reveal() == "from-the-environment"
    assert forget_token(ORIGIN) == ("the keyring",)
    assert keyring_store == {}


def test_without_a_keyring_the_token_lies_in_a_file_for_its_owner() -> None:
    where = store_token(Token("s3cret-two", "test"), ORIGIN)
    file = token_file(ORIGIN)
    assert str(file) in where
    assert find_token(ORIGIN).reveal() == "s3cret-two"
    if os.name == "posix":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert forget_token(ORIGIN) == (str(file),)
    assert forget_token(ORIGIN) == ()


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such modes")
@pytest.mark.parametrize("mode", [0o640, 0o604])
def test_a_token_file_that_others_can_read_is_refused(mode: int) -> None:
    store_token(Token("s3cret-three", "test"), ORIGIN)
    token_file(ORIGIN).chmod(mode)
    with pytest.raises(InputError, match="chmod 600"):
        find_token(ORIGIN)


@pytest.mark.parametrize("failing", ["get_password", "set_password"])
def test_a_keyring_that_fails_is_passed_over(monkeypatch: pytest.MonkeyPatch, failing: str) -> None:
    import keyring

    def fail(*_: str) -> None:
        raise RuntimeError("no D-Bus")

    monkeypatch.setattr(keyring, failing, fail)
    store_token(Token("s3cret-four", "test"), ORIGIN)
    assert find_token(ORIGIN).reveal() == "s3cret-four"


def test_a_keyring_that_keeps_the_token_says_so(
    keyring_store: dict[tuple[str, str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import keyring

    store_token(Token("s3cret-five", "test"), ORIGIN)
    monkeypatch.setattr(keyring, "delete_password", lambda *_: None)
    with pytest.raises(OutputError, match="kept"):
        forget_token(ORIGIN)


@pytest.mark.parametrize(
    "value", ["", " \n", "two words", "Token abc", "naïve", "a\r\nx: y", "a\x00", "x" * 5000]
)
def test_what_cannot_be_a_token_is_refused_without_being_shown(value: str) -> None:
    with pytest.raises(UsageError) as caught:
        Token(value, "your input")
    assert not value.strip() or value not in str(caught.value)


def test_a_token_shows_itself_to_nobody() -> None:
    token = Token("very-s3cret", "test")
    for shown in (repr(token), str(token), f"{token}", f"{token!r:>40}", repr([token])):
        assert "s3cret" not in shown
    for leak in (pickle.dumps, copy.copy):
        with pytest.raises(TypeError):
            leak(token)
    assert hidden("a very-s3cret b") == "a [token] b"


def test_a_short_token_garbles_no_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "_secrets", set())
    monkeypatch.setenv("AVM_TOKEN", "e")
    assert find_token(ORIGIN).reveal() == "e"
    assert hidden("here") == "here"


def test_every_error_of_this_room_is_ours() -> None:
    write("[[[")
    with pytest.raises(AvmError):
        set_key("currency", ("EUR",))
