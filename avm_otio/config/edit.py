"""Changing the configuration file, its comments and order kept."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avm_otio.config.folders import config_file
from avm_otio.config.load import read_file, read_value, settings_from, unknown_key_hint
from avm_otio.config.options import TABLES
from avm_otio.config.settings import keys
from avm_otio.errors import InputError, UsageError
from avm_otio.files import make_folder, write_text

if TYPE_CHECKING:
    from tomlkit import TOMLDocument


def set_key(name: str, words: tuple[str, ...]) -> Path:
    """Set a key in the file.

    Args:
        name: Its dotted name: ``currency``, ``license.range``, ``options.genre.cinematic``.
        words: Its value as a person types it; several are a list.

    Returns:
        The file.

    Raises:
        UsageError: There is no such key, or it cannot have this value.
        InputError: The file is broken as it stands.
        OutputError: It cannot be written.
    """
    value = _typed(name, words)

    def change(document: TOMLDocument) -> None:
        *sections, last = _split(name)
        table: Any = document
        for section in sections:
            table = table.setdefault(section, {})
        table[last] = value

    return _changed(change)


def unset_key(name: str) -> Path:
    """Take a key out of the file; its default holds from then on.

    Raises:
        UsageError: The file does not set it.
        InputError: The file is broken as it stands.
        OutputError: It cannot be written.
    """

    def change(document: TOMLDocument) -> None:
        *sections, last = _split(name)
        table: Any = document
        for section in sections:
            table = table.get(section, {})
        if last not in table:
            raise UsageError(f"{name} is not set in {config_file()}.", "See avm-otio config show.")
        del table[last]

    return _changed(change)


def _changed(change: Callable[[TOMLDocument], None]) -> Path:
    import tomlkit

    file = config_file()
    before = read_file(file)
    settings_from(before, file, {})
    document = tomlkit.parse(before)
    change(document)
    after = tomlkit.dumps(document)
    try:
        settings_from(after, file, {})
    except InputError as error:
        raise UsageError(error.what, error.hint) from None
    make_folder(file.parent)
    write_text(file, after)
    return file


def _split(name: str) -> list[str]:
    """The dotted name's parts; a name of an option may itself have dots."""
    if name.startswith("options."):
        return name.split(".", 2)
    return name.split(".")


def _typed(name: str, words: tuple[str, ...]) -> Any:
    """The value that a person's words mean for a key: the first reading that the key takes."""
    if name.startswith("options."):
        _, _, rest = name.partition(".")
        table, _, option = rest.partition(".")
        if table not in TABLES or not option:
            raise UsageError(
                f"There is no key {name}.", f"Write options.TABLE.NAME; a TABLE is {', '.join(TABLES)}."
            )
        return next(_readings(words))
    if name not in keys():
        raise UsageError(f"There is no key {name}.", unknown_key_hint(name))
    key = keys()[name]
    for reading in _readings(words):
        try:
            value = read_value(key, reading)
        except ValueError as error:
            refused = error
            continue
        if isinstance(value, Path):
            return str(value.absolute())
        if isinstance(value, tuple):
            return [str(each.absolute()) if isinstance(each, Path) else each for each in value]
        return reading
    raise UsageError(f"{name} {refused}.", key.help)


def _readings(words: tuple[str, ...]) -> Iterator[Any]:
    """What words may mean: a TOML value, a list, text. Text last: its refusal is the one that is shown."""
    parts = [_plain(part.strip()) for word in words for part in word.split(",") if part.strip()]
    joined = " ".join(words)
    yield _plain(joined)
    yield parts
    yield [joined]
    yield joined


def _plain(word: str) -> Any:
    try:
        return tomllib.loads(f"value = {word}")["value"]
    except tomllib.TOMLDecodeError:
        return word
