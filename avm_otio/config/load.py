"""Reading what is set: flag > environment > file > default."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from types import MappingProxyType
from typing import Any

from avm_otio.config import options
from avm_otio.config.folders import config_file
from avm_otio.config.settings import KEYS, Key, Settings, section_of
from avm_otio.errors import AvmError, InputError, UsageError

_SECTIONS = {name.partition(".")[0] for name in KEYS if "." in name}


def load_settings(flags: Mapping[str, object] | None = None) -> Settings:
    """Read what is set: flag > environment > file > default.

    Args:
        flags: What the command line said, by dotted key; ``None`` and ``()`` are flags that were not given.

    Raises:
        UsageError: A flag's value cannot be.
        InputError: The file or a variable cannot be used.
    """
    file = config_file()
    return settings_from(read_file(file), file, os.environ, flags or {})


def read_file(file: Path) -> str:
    """The file's text; empty where there is no file.

    Raises:
        InputError: It cannot be read.
    """
    try:
        return file.read_text(encoding="utf-8-sig")  # some editors on Windows begin with a byte order mark
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError:
        raise InputError(f"{file} is not text in UTF-8.", "Save it as UTF-8.") from None
    except OSError as error:
        raise InputError(f"{file} cannot be read ({error.strerror}).", "Mend its permissions.") from error


def settings_from(text: str, file: Path, environ: Mapping[str, str], flags: Mapping[str, object]) -> Settings:
    """The settings that a file's text, an environment and flags give.

    Args:
        text: The configuration, TOML.
        file: Where it was read: for messages, and its folder is what relative paths in it are meant from.
        environ: Variables; an empty one is one that is not set.
        flags: By dotted key.

    Raises:
        UsageError: A flag's value cannot be.
        InputError: The text or a variable cannot be used.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{file} is not TOML: {error}.", "Mend that line.") from None
    names = _option_names(document.pop("options", {}), file)
    in_file = _flat(document, file)
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for key in KEYS.values():
        if flags.get(key.name) not in (None, ()):
            value = _read(key, flags[key.name], names, key.name, UsageError)
            source = "command line"
        elif environ.get(key.env):
            value = _read(key, environ[key.env], names, key.env, InputError)
            source = key.env
        elif key.name in in_file:
            value = _read(key, in_file[key.name], names, f"{key.name} in {file}", InputError)
            value = _from_folder(value, file.parent)
            source = str(file)
        else:
            sources[key.name] = "default"
            continue
        values[key.name] = value
        sources[key.name] = source
    settings: Settings = _build(Settings, values, options=names, sources=MappingProxyType(sources))
    return settings


def unknown_key_hint(name: str) -> str:
    """What to do about a key that there is not."""
    near = options.nearest(name, [*KEYS, *_SECTIONS, *(f"options.{table}" for table in options.TABLES)])
    return f"{near}avm-otio config show lists all keys."


def _flat(document: Mapping[str, Any], file: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in document.items():
        if name not in _SECTIONS:
            found[name] = value
        elif isinstance(value, dict):
            found |= {f"{name}.{inner}": each for inner, each in value.items()}
        else:
            raise InputError(f"{name} in {file} must be a table.", f"Write [{name}] on a line of its own.")
    for name in found:
        if name not in KEYS:
            raise InputError(f"{file} has a key that there is not: {name}.", unknown_key_hint(name))
    return found


def _option_names(tables: object, file: Path) -> options.Names:
    if not isinstance(tables, dict):
        raise InputError(f"options in {file} must be a table.", "Write [options.genre] and names beneath it.")
    for table, entries in tables.items():
        if table not in options.TABLES:
            near = options.nearest(table, list(options.TABLES))
            raise InputError(
                f"{file} has an option table that there is not: options.{table}.",
                f"{near}There are {', '.join(options.TABLES)}.",
            )
        if not isinstance(entries, dict):
            raise InputError(
                f"options.{table} in {file} must be a table.", "Write lines such as cinematic = 37."
            )
        for name, id in entries.items():
            if isinstance(id, bool) or not isinstance(id, int) or id < 0:
                raise InputError(
                    f"options.{table}.{name} in {file} must be a whole number, not {id!r}.",
                    "Give the id that the service has for it.",
                )
    return MappingProxyType({table: MappingProxyType(entries) for table, entries in tables.items()})


def _read(key: Key, raw: object, names: options.Names, where: str, error: type[AvmError]) -> Any:
    raw = str(raw) if isinstance(raw, Path) else raw
    raw = [str(each) if isinstance(each, Path) else each for each in raw] if isinstance(raw, tuple) else raw
    try:
        value = key.read(raw)
    except ValueError as refused:
        raise error(f"{where} {refused}.", f"It is {key.says}.") from None
    if not key.table:
        return value
    try:
        if isinstance(value, tuple):
            return tuple(options.resolve(names, key.table, each) for each in value)
        return options.resolve(names, key.table, value)
    except UsageError as unknown:
        raise error(f"{where}: {unknown.what}", unknown.hint) from None


def _from_folder(value: Any, folder: Path) -> Any:
    if isinstance(value, Path):
        return folder / value
    if isinstance(value, tuple):
        return tuple(_from_folder(each, folder) for each in value)
    return value


def _build(kind: type[Any], values: Mapping[str, Any], prefix: str = "", **more: Any) -> Any:
    for each in fields(kind):
        if section := section_of(each):
            more[each.name] = _build(section, values, f"{each.name}.")
        elif prefix + each.name in values:
            more[each.name] = values[prefix + each.name]
    return kind(**more)
