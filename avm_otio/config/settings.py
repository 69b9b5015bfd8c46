"""All that can be set, as values: each key with its type, default, variable and meaning."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from avm_otio import services
from avm_otio.config import options, readers
from avm_otio.config.addresses import LOCAL, origin_of, read_service
from avm_otio.config.folders import default_cache_dir

T = TypeVar("T")


def _reads(read: Callable[[object], Any], says: str, *, env: str = "", table: str = "") -> Mapping[str, Any]:
    return {"read": read, "says": says, "env": env, "table": table}


def _key(default: T, read: Callable[[object], Any], says: str, *, env: str = "", table: str = "") -> T:
    """A field: its default, and what ``Key`` says of it."""
    made: T = field(default=default, metadata=_reads(read, says, env=env, table=table))
    return made


@dataclass(frozen=True, slots=True)
class ServiceKeys:
    """The JSON keys of the three services; the reference gives the first only, the others are assumed."""

    music: str = _key(services.MUSIC.request_key, readers.key_text, "the JSON key of music recommendation")
    denoise: str = _key(services.DENOISE.request_key, readers.key_text, "the JSON key of noise reduction")
    effects: str = _key(
        services.EFFECTS.request_key, readers.key_text, "the JSON key of effect recommendation"
    )


@dataclass(frozen=True, slots=True)
class License:
    """What the music may be used for where no flag says so: ids of the option tables."""

    range: tuple[int, ...] = _key((), readers.options, "where it is used: ids or names", table="range")
    duration: int | None = _key(None, readers.option, "for how long: an id or a name", table="duration")
    usage_platforms: tuple[int, ...] = _key(
        (), readers.options, "what it is used in: ids or names", table="usage_platforms"
    )


@dataclass(frozen=True, slots=True)
class Requirement:
    """What the music should be like where no flag says so. Budgets are in ``Settings.currency``."""

    title: str = _key("", readers.text, "the title of the request")
    budget_min: float | None = _key(None, readers.number, "the least budget, in your currency")
    budget_max: float | None = _key(None, readers.number, "the largest budget, in your currency")
    outline: str = _key("", readers.text, "what happens in the film")
    ref_music: str = _key("", readers.text, "the address of a piece that it should be like")
    bpm: float | None = _key(None, readers.number, "the tempo in beats a minute")
    genre: tuple[int, ...] = _key((), readers.options, "genres: ids or names", table="genre")
    instrument: tuple[int, ...] = _key((), readers.options, "instruments: ids or names", table="instrument")
    language: int | None = _key(None, readers.option, "the lyrics' language: id or name", table="language")


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long to wait, in seconds."""

    answer_s: float = _key(60.0, readers.seconds, "how long an answer may take")
    film_s: float = _key(600.0, readers.seconds, "how long the answer to a whole upload may take")
    wait_s: float = _key(3600.0, readers.seconds, "how long to wait for a result")
    look_s: float = _key(15.0, readers.seconds, "how long to look for what came of an uncertain paid call")


@dataclass(frozen=True, slots=True)
class Settings:
    """What holds for this run.

    Attributes:
        service: ``local``, or the service's address.
        options: Names of option ids, table by table.
        sources: Where each value came from, by its dotted key, in words.
    """

    service: str = _key(LOCAL, read_service, "local, avmapping or an address", env="AVM_SERVICE")
    language: str = _key("en", readers.one_of("en", "zh"), "the service's language", env="AVM_LANGUAGE")
    currency: str = _key("USD", readers.one_of("TWD", "USD", "EUR"), "what prices are in", env="AVM_CURRENCY")
    library: Path | None = field(
        default=None, metadata=_reads(readers.path, "the folder of sounds for local", env="AVM_LIBRARY")
    )
    media_roots: tuple[Path, ...] = _key((), readers.paths, "folders in which moved media are found by name")
    quality: str = _key(
        "540p", readers.one_of("360p", "540p", "720p", "1080p"), "the size of films that are made"
    )
    cache_dir: Path = field(
        default_factory=default_cache_dir,
        metadata=_reads(readers.path, "the folder for what can be made again", env="AVM_CACHE_DIR"),
    )
    service_keys: ServiceKeys = field(default_factory=ServiceKeys)
    license: License = field(default_factory=License)
    requirement: Requirement = field(default_factory=Requirement)
    timeouts: Timeouts = field(default_factory=Timeouts)
    options: options.Names = field(default_factory=lambda: MappingProxyType({}))
    sources: Mapping[str, str] = field(
        default_factory=lambda: MappingProxyType({}), repr=False, compare=False
    )

    @property
    def origin(self) -> str:
        """Scheme, host and port of the service: what its token belongs to."""
        return origin_of(self.service)

    def resolve_option(self, table: str, word: str | int) -> int:
        """The id that a name or a number means in an option table.

        Raises:
            UsageError: The table has no such name.
        """
        return options.resolve(self.options, table, word)

    def name_option(self, table: str, id: int) -> str:
        """The name that the user gave an id; its number where there is none."""
        return options.name_of(self.options, table, id)


@dataclass(frozen=True, slots=True)
class Key:
    """One thing that can be set.

    Attributes:
        name: Its dotted name, as in the file.
        read: Makes a value of what TOML, a flag or the environment gave; raises ``ValueError`` in words.
        says: What it is.
        env: The variable that sets it; empty where there is none.
        table: The option table that its value draws on; empty where none.
    """

    name: str
    read: Callable[[object], Any]
    says: str
    env: str
    table: str


def _keys(kind: type[Any], prefix: str = "") -> Iterator[Key]:
    for each in fields(kind):
        if each.metadata:
            yield Key(name=prefix + each.name, **each.metadata)
        elif section := section_of(each):
            yield from _keys(section, f"{each.name}.")


def section_of(each: Field[Any]) -> type[Any] | None:
    """The dataclass of a section's field; ``None`` for any other field."""
    made_by = each.default_factory
    return made_by if isinstance(made_by, type) else None


KEYS = {key.name: key for key in _keys(Settings)}
"""Every key by its dotted name; the names of options come beside them."""
