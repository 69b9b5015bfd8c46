"""The table of services: what each is called, what it is asked, what comes back, and how that is laid.

Everything that deals with services loops over it. A further service takes a row here, somebody in the local
engine who finds what it answers (``engine.work``), the docs and schemas that scripts make of the table, and
whatever makes it special where that happens; CONTRIBUTING.md walks through it. The table stands low, below
the timeline, since settings, client, engine and mix all read it; a row therefore names its stem by the word
of ``timeline.model.Stem``.

The service's reference gives the keys of music only. Those of the two other services are assumptions by
analogy; ``[service_keys]`` in the configuration overrides them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class FilmType(StrEnum):
    """The service's ``type`` of a Film."""

    NORMAL = "normal_film"
    SILENT = "silent_film"
    AUDIO = "audio"
    YOUTUBE = "youtube_url"


class Laying(StrEnum):
    """How what a service offers is laid.

    A ``BED`` lies under the whole film, and what ``REPLACES`` takes the place of the film's own sound: the
    service answers with alternatives for the whole film. ``CUES`` lie at places of their own, each with
    alternatives.
    """

    BED = "bed"
    CUES = "cues"
    REPLACES = "replaces"


@dataclass(frozen=True, slots=True)
class Unsupported:
    """A type of film that a service does not take.

    Attributes:
        film_type: The type.
        message: Why, as a sentence.
        message_zh: The same in Chinese, for the local engine's answers.
        hint: What to do.
    """

    film_type: FilmType
    message: str
    message_zh: str
    hint: str


@dataclass(frozen=True, slots=True)
class Service:
    """A row of the table.

    Attributes:
        name: In ``--services``, in requests and in ``[service_keys]``.
        words: What it offers, in words, for messages.
        item: One thing that it offers, in a word: before the id in a job's journal.
        items: Several of them: the key of their number in a summary.
        request_key: The default JSON key of the service in a request and in a result.
        parameters_key: The key under which its parameters stand there; empty where nothing is between.
        is_flag: Whether a question holds ``true`` for it, since it takes no parameters.
        is_always_named: Whether a question that does not ask for it says so: the key of a job is made of it,
            and holds good for those that were made before the table had the other rows.
        is_documented: Whether the reference gives that key and ``result_list``. Where it does not, a
            finished result without the list is completed from the Film.
        result_list: The key of its list in a result.
        film_list: The key of its list on the Film.
        laying: How what it offers is laid.
        stem: The stem of which its tracks are: a word of ``timeline.model.Stem``.
        track: The name of a track of it; ``{number}`` counts from 1.
        spare_track: The name of a track of alternatives; empty where none are laid.
        lost_track: The name of a track of what lost its picture in a changed cut, kept there switched off.
        unsupported: The types of film that it does not take.
    """

    name: str
    words: str
    item: str
    items: str
    request_key: str
    result_list: str
    film_list: str
    laying: Laying
    stem: str
    track: str
    spare_track: str = ""
    lost_track: str = ""
    parameters_key: str = ""
    is_flag: bool = False
    is_always_named: bool = False
    is_documented: bool = False
    unsupported: tuple[Unsupported, ...] = ()

    def owns_track(self, name: str) -> bool:
        """Whether a track of this name is one of its own."""
        names = filter(None, (self.track, self.spare_track, self.lost_track))
        return any(re.fullmatch(re.escape(each).replace(r"\{number\}", r"\d+"), name) for each in names)


MUSIC = Service(
    name="music",
    words="music",
    item="music",
    items="music",
    request_key="music_mapping_service",
    parameters_key="requirement",
    is_always_named=True,
    is_documented=True,
    result_list="musics",
    film_list="recommended_musics",
    laying=Laying.BED,
    stem="music",
    track="AVM Music {number}",
    spare_track="AVM Music alternatives {number}",
    lost_track="AVM Music without picture {number}",
    unsupported=(
        Unsupported(
            FilmType.AUDIO,
            "Music is recommended for pictures only, and this is a sound file.",
            "音訊檔無法使用音樂推薦服務。",
            "Leave out music.",
        ),
    ),
)
EFFECTS = Service(
    name="effects",
    words="sound effect",
    item="effect",
    items="effects",
    request_key="sound_effect_service",
    is_always_named=True,
    result_list="sound_effects",
    film_list="sound_effects",
    laying=Laying.CUES,
    stem="effects",
    track="AVM Effects {number}",
    spare_track="AVM Effects alternatives {number}",
    lost_track="AVM Effects without picture {number}",
)
DENOISE = Service(
    name="denoise",
    words="noise-reduced sound",
    item="dialogue",
    items="dialogue",
    request_key="noise_reduction_service",
    is_flag=True,
    is_always_named=True,
    result_list="noise_reduce_audios",
    film_list="noise_reduce_audios",
    laying=Laying.REPLACES,
    stem="dialogue",
    track="AVM Dialogue (noise reduced)",
    lost_track="AVM Dialogue without picture {number}",
    unsupported=(
        Unsupported(
            FilmType.SILENT,
            "A film without sound has no noise to reduce.",
            "無聲影片無法使用降噪服務。",
            "Leave out denoise.",
        ),
    ),
)
SERVICES = (MUSIC, EFFECTS, DENOISE)
"""All services. Read it as ``services.SERVICES``: a test adds a row."""


@dataclass(frozen=True, slots=True)
class ServiceKeys:
    """The JSON keys that a service really uses.

    Attributes:
        changed: By the name of a service, its key where that is not the table's.
    """

    changed: Mapping[str, str] = field(default_factory=dict)

    def of(self, service: Service) -> str:
        """The key of a service."""
        return self.changed.get(service.name, service.request_key)

    def ours(self, answer: Mapping[str, Any]) -> dict[str, Any]:
        """An answer as it came, with its services under the table's keys."""
        names = {self.of(service): service.request_key for service in SERVICES}
        return {names.get(key, key): value for key, value in answer.items()}


def service_names() -> tuple[str, ...]:
    """The names of all services."""
    return tuple(service.name for service in SERVICES)


def any_of_names() -> str:
    """The names of all services, for a sentence: ``music, effects or denoise``."""
    *rest, last = service_names()
    return f"{', '.join(rest)} or {last}"


def named(names: Iterable[str]) -> tuple[Service, ...]:
    """The services of these names, in the table's order."""
    wanted = set(names)
    return tuple(service for service in SERVICES if service.name in wanted)


def count_of(summary: Mapping[str, Any]) -> int:
    """How many clips were laid, by a summary: of every service that was there when it was made."""
    return sum(summary.get(service.items, 0) for service in SERVICES)


def owner_of_track(name: str) -> Service | None:
    """The service to which a track of this name belongs; ``None`` for the user's own."""
    return next((service for service in SERVICES if service.owns_track(name)), None)
