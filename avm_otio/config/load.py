"""Reading what is configured: environment > file > default. What the user says stands above it all."""

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
from avm_otio.config.settings import Key, Settings, defaults, keys, section_of
from avm_otio.errors import InputError, UsageError
from avm_otio.request import Request
from avm_otio.services import ServiceKeys
from avm_otio.text import nearest


def load_settings(kind: type[Request] = Request) -> Settings:
    """Read what is configured.

    Args:
        kind: Whose fields can be.

    Raises:
        InputError: The file or a variable cannot be used.
    """
    file = config_file()
    return settings_from(read_file(file), file, os.environ, kind)


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
        raise InputError(f"{file} cannot be read ({error.strerror}).", "Check its permissions.") from error


def settings_from(
    text: str, file: Path, environ: Mapping[str, str], kind: type[Request] = Request
) -> Settings:
    """The settings that a file's text and an environment give.

    Args:
        text: The configuration, TOML.
        file: Where it was read: for messages, and its folder is what relative paths in it are meant from.
        environ: Variables; an empty one is one that is not set.
        kind: Whose fields can be configured.

    Raises:
        InputError: The text or a variable cannot be used.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{file} is not TOML: {error}.", "Correct that line.") from None
    table = keys(kind)
    names = _option_names(document.pop("options", {}), file)
    in_file = _flat(document, file, table)
    of_request = defaults(kind)
    own: dict[str, Any] = {}
    changed: dict[str, str] = {}
    sources = dict.fromkeys(table, "default")
    for key in table.values():
        if environ.get(key.env):
            value = _read(key, environ[key.env], names, key.env)
            sources[key.name] = key.env
        elif key.name in in_file:
            value = _read(key, in_file[key.name], names, f"{key.name} in {file}")
            value = _from_folder(value, file.parent)
            sources[key.name] = str(file)
        else:
            continue
        if key.row is not None:
            of_request[key.row.name] = value
        elif key.name.startswith("service_keys."):
            changed[key.name.partition(".")[2]] = value
        else:
            own[key.name] = value
    settings: Settings = _build(
        Settings,
        own,
        fields=of_request,
        service_keys=ServiceKeys(changed),
        options=names,
        sources=MappingProxyType(sources),
    )
    return settings


def unknown_key_hint(name: str, kind: type[Request] = Request) -> str:
    """What to do about a key that there is not."""
    from avm_otio.mix.presets import figures_of_a_mix

    figure = name.rpartition(".")[2]
    if figure in figures_of_a_mix():
        return (
            f"Figures of the mix are given together: avm-otio config set soundtrack.figures {figure}=NUMBER,…"
        )
    table = keys(kind)
    near = options.nearest(name, [*table, *_sections(table), *(f"options.{each}" for each in options.TABLES)])
    if not near:  # the right name in no table, or in another
        last = {key.rpartition(".")[2]: key for key in table}
        found = nearest(name.rpartition(".")[2], last)
        near = f"Did you mean {last[found]}? " if found else ""
    sections = _sections(table)
    section = nearest(name.partition(".")[0], sections) if "." in name else ""
    here = [key for key in table if key.startswith(f"{section}.")] if section else list(table)
    return f"{near}There are {', '.join(here)}."


def read_value(key: Key, raw: object) -> Any:
    """A key's value as the file or the environment has it.

    Raises:
        ValueError: It cannot be; "must be …".
    """
    if isinstance(raw, str):
        raw = raw.strip()
    value = key.kind.read(raw)
    if isinstance(value, tuple):
        return tuple(map(_at_home, value))
    return _at_home(value)


def _sections(table: Mapping[str, Key]) -> set[str]:
    return {name.partition(".")[0] for name in table if "." in name}


def _flat(document: Mapping[str, Any], file: Path, table: Mapping[str, Key]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in document.items():
        if name not in _sections(table):
            found[name] = value
        elif isinstance(value, dict):
            found |= {f"{name}.{inner}": each for inner, each in value.items()}
        else:
            raise InputError(f"{name} in {file} must be a table.", f"Write [{name}] on a line of its own.")
    for name in found:
        if name not in table:
            raise InputError(f"{file} has an unknown key: {name}.", unknown_key_hint(name))
    return found


def _option_names(tables: object, file: Path) -> options.Names:
    if not isinstance(tables, dict):
        raise InputError(f"options in {file} must be a table.", "Write [options.genre] and names beneath it.")
    for table, entries in tables.items():
        if table not in options.TABLES:
            near = options.nearest(table, list(options.TABLES))
            raise InputError(
                f"{file} has an unknown option table: options.{table}.",
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


def _read(key: Key, raw: object, names: options.Names, where: str) -> Any:
    try:
        value = read_value(key, raw)
    except ValueError as refused:
        raise InputError(f"{where} {refused}.", key.help) from None
    if not key.table:
        return value
    try:
        return options.resolved(names, key.table, value)
    except UsageError as unknown:
        raise InputError(f"{where}: {unknown.what}", unknown.hint) from None


def _at_home(value: Any) -> Any:
    """A path whose ``~`` is the user's home; anything else as it is."""
    if not isinstance(value, Path):
        return value
    try:
        return value.expanduser()
    except RuntimeError:
        raise ValueError("begins with ~, and there is no such home folder") from None


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
