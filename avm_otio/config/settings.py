"""All that can be set: what a request may come from, and what concerns no single request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, TypeVar

from avm_otio import kinds, services
from avm_otio.config import options
from avm_otio.config.folders import default_cache_dir
from avm_otio.errors import UsageError
from avm_otio.kinds import Kind
from avm_otio.request import Request, rows
from avm_otio.row import Row
from avm_otio.services import ServiceKeys

_SERVICE_KEYS = "service_keys"

R = TypeVar("R", bound=Request)


@dataclass(frozen=True, slots=True)
class Key:
    """One thing that can be set.

    Attributes:
        name: Its dotted name, as in the file.
        kind: What its values are.
        help: One line.
        env: The variable that stands above the file; empty where there is none.
        table: The option table in which its names are looked up; empty where none.
        row: The field of a request that it is for; ``None`` where it is for none.
    """

    name: str
    kind: Kind
    help: str
    env: str = ""
    table: str = ""
    row: Row | None = None


def _key(kind: Kind, default: Any, help: str, env: str = "") -> Any:
    """A field, and what ``Key`` says of it."""
    key = Key("", kind, help, env)
    if callable(default):
        return field(default_factory=default, metadata={"key": key})
    return field(default=default, metadata={"key": key})


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long to wait, in seconds."""

    answer_s: float = _key(kinds.SECONDS, 60.0, "How long an answer may take.")
    film_s: float = _key(kinds.SECONDS, 600.0, "How long the answer to a whole upload may take.")
    wait_s: float = _key(kinds.SECONDS, 3600.0, "How long to wait for a result.")
    look_s: float = _key(kinds.SECONDS, 15.0, "How long to look for what came of an uncertain paid call.")


@dataclass(frozen=True, slots=True)
class CueSheetHead:
    """What stands above every cue sheet where nothing else is said."""

    production: str = _key(kinds.TEXT, "", "The programme or series.")
    episode: str = _key(kinds.TEXT, "", "Its title or number.")
    air_date: str = _key(kinds.TEXT, "", "When it is first shown.")
    company: str = _key(kinds.TEXT, "", "Who made it.")


@dataclass(frozen=True, slots=True)
class TurnoverLook:
    """What a turnover looks like where nothing else is said."""

    template: str = _key(kinds.TEXT, "", "The house's template, a .toml file; empty for the default.")


_SECTIONS: Mapping[str, type[Any]] = {
    "timeouts": Timeouts,
    "cue_sheet": CueSheetHead,
    "turnover": TurnoverLook,
}


@dataclass(frozen=True, slots=True)
class Settings:
    """What is configured.

    Attributes:
        fields: What holds for fields of a request of which the user says nothing, by their names.
        cache_dir: The folder for what can be made again.
        vision_model: The folder of a model that says what is in the picture, for the local engine.
        service_keys: The JSON keys of the services.
        options: Names of option ids, table by table.
        sources: Where each value came from, by its dotted key, in words.
    """

    fields: Mapping[str, Any] = field(default_factory=lambda: defaults())
    cache_dir: Path = _key(
        kinds.PATH, default_cache_dir, "Folder for what can be made again.", env="AVM_CACHE_DIR"
    )
    vision_model: Path | None = _key(
        kinds.PATH, None, "Folder of a model that says what is in the picture.", env="AVM_VISION_MODEL"
    )
    service_keys: ServiceKeys = field(default=ServiceKeys())
    timeouts: Timeouts = field(default_factory=Timeouts)
    cue_sheet: CueSheetHead = field(default_factory=CueSheetHead)
    turnover: TurnoverLook = field(default_factory=TurnoverLook)
    options: options.Names = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    def complete(self, request: R) -> R:
        """A request in which nothing is left open: what the user says, else what is configured.

        Raises:
            UsageError: A name that no option of the service has.
        """
        filled: dict[str, Any] = {}
        for row in rows(type(request)).values():
            if not row.setting:
                continue
            value, configured = getattr(request, row.name), self.fields[row.name]
            if row.adds_up:
                filled[row.name] = tuple(dict.fromkeys((*value, *configured)))
            elif value in (None, ()):
                filled[row.name] = configured
            elif row.table:
                try:
                    filled[row.name] = options.resolved(self.options, row.table, value)
                except UsageError as error:
                    raise UsageError(f"{row.flag}: {error.what}", error.hint) from None
        return replace(request, **filled, given=request.given or request)

    def value(self, key: Key) -> Any:
        """What is configured for a key."""
        if key.row is not None:
            return self.fields[key.row.name]
        section, _, name = key.name.rpartition(".")
        if section == _SERVICE_KEYS:
            return self.service_keys.of(services.named([name])[0])
        return getattr(getattr(self, section) if section else self, name)

    def name_option(self, table: str, id: int) -> str:
        """The name that the user gave an id; its number where there is none."""
        return options.name_of(self.options, table, id)


def defaults(kind: type[Request] = Request) -> dict[str, Any]:
    """What holds where nothing is configured, for every field of a request that can be."""
    return {row.name: row.default for row in rows(kind).values() if row.setting}


def keys(kind: type[Request] = Request) -> Mapping[str, Key]:
    """Every key by its dotted name; the names of options come beside them."""
    of_request = [
        Key(row.setting, row.kind, row.help, row.env, row.table, row)
        for row in rows(kind).values()
        if row.setting
    ]
    of_services = [
        Key(f"{_SERVICE_KEYS}.{service.name}", kinds.KEY_TEXT, f"JSON key of the service: {service.words}.")
        for service in services.SERVICES
    ]
    found = {key.name: key for key in (*of_request, *of_services)}
    for each in fields(Settings):
        if section := section_of(each):
            for inner in fields(section):
                name = f"{each.name}.{inner.name}"
                found[name] = replace(inner.metadata["key"], name=name)
        elif each.metadata:
            found[each.name] = replace(each.metadata["key"], name=each.name)
    return found


def section_of(each: Field[Any]) -> type[Any] | None:
    """The dataclass of a section's field; ``None`` for any other field."""
    return _SECTIONS.get(each.name)
