"""``avm-otio doctor``: checks the set-up and suggests fixes."""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from importlib import metadata
from pathlib import Path

import click

from avm_otio import __version__
from avm_otio.addresses import LOCAL
from avm_otio.cli.output import Output, pass_output
from avm_otio.config.folders import config_file
from avm_otio.config.load import load_settings
from avm_otio.config.settings import Settings
from avm_otio.config.tokens import find_token
from avm_otio.errors import AvmError, InputError, UsageError
from avm_otio.request import Request
from avm_otio.words import counted

_PACKAGES = ("opentimelineio", "pyaaf2", "av", "numpy", "httpx", "pydantic", "starlette", "click")

_RESULT_ADAPTER = "avm_result"
"""OTIO's name of our adapter for saved answers."""

_REINSTALL = "Install it again: pip install --force-reinstall avm-otio"
_REINSTALL_AV = "Install PyAV from its wheel: pip install --force-reinstall --only-binary av av"
_SOUNDS = {".wav", ".aif", ".aiff", ".flac", ".mp3", ".m4a", ".ogg", ".opus"}
_ENOUGH_ROOM_BYTES = 2 * 1024**3
"""Enough for a long film's proxy and what is downloaded for it."""


class State(StrEnum):
    """How a check went."""

    OK = "ok"
    NOTE = "note"
    PROBLEM = "problem"


_SIGNS = {State.OK: "✓", State.NOTE: "!", State.PROBLEM: "✗"}


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at: what was found, and how to fix it."""

    name: str
    state: State
    says: str
    fix: str = ""


@click.command(epilog="Example: avm-otio doctor")
@click.option("--online", is_flag=True, help="Ask the service too; this costs nothing.")
@pass_output
def doctor(output: Output, online: bool) -> None:
    """Check the set-up and suggest fixes.

    Exits with 0 when all that is needed is there, else with 3.
    """
    usable = True
    for check in _checks(online):
        usable &= check.state is not State.PROBLEM
        output.result(f"{_SIGNS[check.state]} {check.name}: {check.says}")
        if check.fix:
            output.result(f"    {check.fix}")
        output.event("check", name=check.name, state=check.state, message=check.says, hint=check.fix)
    output.event("done", usable=usable)
    if not usable:
        raise click.exceptions.Exit(InputError.exit_code)


def _checks(online: bool) -> Iterator[Check]:
    yield _packages()
    yield _codecs()
    yield _formats()
    try:
        settings = load_settings()
    except AvmError as error:
        yield Check("configuration", State.PROBLEM, error.what, error.hint)
        settings = Settings()
    else:
        there = "read" if config_file().exists() else "not there, so the defaults hold"
        yield Check("configuration", State.OK, f"{config_file()}, {there}")
    request = settings.complete(Request())
    yield _token(request)
    if online:
        yield _service(request)
    yield _library(request)
    yield _cache(settings.cache_dir)
    yield from _plugins()


def _packages() -> Check:
    found = [f"Python {platform.python_version()}", f"avm-otio {__version__}"]
    missing = []
    for name in _PACKAGES:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        return Check("versions", State.PROBLEM, f"missing: {', '.join(missing)}", _REINSTALL)
    return Check("versions", State.OK, ", ".join(found))


def _codecs() -> Check:
    try:
        from av.codec import Codec
        from av.error import FFmpegError
    except ImportError as error:
        return Check("media library", State.PROBLEM, f"PyAV cannot be loaded ({error})", _REINSTALL)
    missing = []
    for says, name in (("H.264", "libx264"), ("AAC", "aac")):
        try:
            Codec(name, "w")
        except (FFmpegError, ValueError):
            missing.append(says)
    if missing:
        says = f"cannot encode {' or '.join(missing)}"
        return Check("media library", State.PROBLEM, says, _REINSTALL_AV)
    return Check("media library", State.OK, "encodes H.264 and AAC")


def _formats() -> Check:
    import opentimelineio as otio

    from avm_otio.formats.table import editors, readable

    says = f"reads {', '.join(readable())}; writes for {', '.join(editors())}"
    if _RESULT_ADAPTER not in otio.adapters.available_adapter_names():
        message = f"{says}; other programs with OpenTimelineIO do not find our adapter for saved answers"
        return Check("timeline formats", State.NOTE, message, _REINSTALL)
    return Check("timeline formats", State.OK, says)


def _token(request: Request) -> Check:
    if request.service == LOCAL:
        return Check("token", State.OK, "not needed: the local engine is used")
    try:
        token = find_token(request.origin)
    except AvmError as error:
        return Check("token", State.PROBLEM, error.what, error.hint)
    return Check("token", State.OK, f"set for {request.origin}, from {token.source}")


def _service(request: Request) -> Check:
    if request.service == LOCAL:
        return Check("service", State.OK, "the local engine, which needs no network")
    try:
        from avm_otio.service.client import Client

        token = find_token(request.origin).reveal()
        with Client(request.service, token, language=request.language, currency=request.currency) as client:
            next(client.films(), None)
    except AvmError as error:
        return Check("service", State.PROBLEM, error.what, error.hint)
    return Check("service", State.OK, f"{request.service} answers and takes the token")


def _library(request: Request) -> Check:
    folder = request.library
    if folder is None:
        says = "none set, so local uses the synthesised starter library"
        return Check("library", State.OK, says, "Your own: avm-otio config set library FOLDER")
    if not folder.is_dir():
        hint = "Change it: avm-otio config set library FOLDER"
        return Check("library", State.PROBLEM, f"there is no folder {folder}", hint)
    count = sum(Path(name).suffix.lower() in _SOUNDS for _, _, names in os.walk(folder) for name in names)
    if not count:
        return Check("library", State.PROBLEM, f"no sounds in {folder}", "Put sounds in.")
    return Check("library", State.OK, f"{counted(count, 'sound')} in {folder}")


def _cache(folder: Path) -> Check:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
        free_bytes = shutil.disk_usage(folder).free
    except OSError as error:
        says = f"{folder} cannot be written ({error.strerror})"
        return Check("cache", State.PROBLEM, says, "Choose another: avm-otio config set cache_dir FOLDER")
    says = f"{folder}, {free_bytes / 1024**3:.1f} GB free"
    if free_bytes < _ENOUGH_ROOM_BYTES:
        return Check("cache", State.NOTE, says, "Free some room: exports and downloads need it.")
    return Check("cache", State.OK, says)


def _plugins() -> Iterator[Check]:
    """The menu actions that are installed, and those that could be."""
    from avm_otio import hosts

    missing = []
    for host in hosts.HOSTS.values():
        with suppress(InputError, UsageError):  # no such editor on this system, or no plugin in this package
            hosts.plugin_files(host)
            found = [each for each in hosts.status(host, hosts.Place.here()) if each.version or each.troubles]
            missing += [] if found else [host]
            for each in found:
                troubles = "; ".join(each.troubles)
                sign = State.NOTE if troubles else State.OK
                yield Check(f"plugin for {host.title}", sign, f"{each.version}, {each.folder}", troubles)
    if missing:
        says = f"no menu action for {', '.join(host.title for host in missing)}"
        yield Check("plugins", State.OK, says, "To have one: avm-otio plugin install EDITOR")
