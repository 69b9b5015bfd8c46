"""All that can be set, as values: each key with its type, default, variable and meaning."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

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

    music: str = _key("music_mapping_service", readers.key_text, "JSON key of music recommendation")
    denoise: str = _key("noise_reduction_service", readers.key_text, "JSON key of noise reduction")
    effects: str = _key("sound_effect_service", readers.key_text, "JSON key of effect recommendation")


@dataclass(frozen=True, slots=True)
class License:
    """What the music may be used for where no flag says so: ids of the option tables."""

    range: tuple[int, ...] = _key((), readers.options, "where: ids or names", table="range")
    duration: int | None = _key(None, readers.option, "how long: an id or a name", table="duration")
    usage_platforms: tuple[int, ...] = _key(
        (), readers.options, "what for: ids or names", table="usage_platforms"
    )


@dataclass(frozen=True, slots=True)
class Requirement:
    """What the music should be like where no flag says so. Budgets are in ``Settings.currency``."""

    title: str = _key("", readers.text, "title of the request; the timeline's name if empty")
    budget_min: float | None = _key(None, readers.number, "least budget, in the currency above")
    budget_max: float | None = _key(None, readers.number, "largest budget, in the currency above")
    outline: str = _key("", readers.text, "what happens in the film")
    ref_music: str = _key("", readers.text, "address of a piece that it should be like")
    bpm: float | None = _key(None, readers.number, "beats a minute")
    genre: tuple[int, ...] = _key((), readers.options, "ids or names", table="genre")
    instrument: tuple[int, ...] = _key((), readers.options, "ids or names", table="instrument")
    language: int | None = _key(None, readers.option, "of the lyrics: an id or a name", table="language")


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long to wait, in seconds."""

    answer_s: float = _key(60.0, readers.seconds, "for an answer")
    film_s: float = _key(600.0, readers.seconds, "for the answer to a whole upload")
    wait_s: float = _key(3600.0, readers.seconds, "for the result of a service")


@dataclass(frozen=True, slots=True)
class Settings:
    """What holds for this run.

    Attributes:
        options: Names of option ids, table by table.
        service: ``local``, or the service's address.
        cache_dir: Absolute.
        sources: Where each value came from, by its dotted key, in words.
    """

    service: str = _key(LOCAL, read_service, "local, avmapping or an address", env="AVM_SERVICE")
    language: str = _key("en", readers.one_of("en", "zh"), "of the service's words", env="AVM_LANGUAGE")
    currency: str = _key("USD", readers.one_of("TWD", "USD", "EUR"), "of prices", env="AVM_CURRENCY")
    library: Path | None = field(
        default=None, metadata=_reads(readers.path, "folder of sounds for local", env="AVM_LIBRARY")
    )
    media_roots: tuple[Path, ...] = _key((), readers.paths, "folders to find moved media in")
    quality: str = _key("540p", readers.key_text, "how films are encoded: as export --quality")
    cache_dir: Path = field(
        default_factory=default_cache_dir,
        metadata=_reads(readers.path, "folder for what can be made again", env="AVM_CACHE_DIR"),
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
