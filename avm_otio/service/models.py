"""What the service says and what it is asked, as frozen values.

Unknown fields survive: ``parse(...).dump()`` gives back what came, but for the misspelt ``is_avtive``, which
is written ``is_active``, and a ``null`` where a list belongs, which is written as an empty one. Times stay
the text that was served; ``core.timing.parse_timestamp`` reads them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Annotated, Any, Self, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    StrictBool,
    StrictFloat,
    StrictInt,
    ValidationError,
    model_validator,
)

from avm_otio.errors import ContractError, NoServiceChosenError, UnsupportedFilmError
from avm_otio.services import DENOISE, EFFECTS, MUSIC, FilmType, ServiceKeys

T = TypeVar("T")
Number = StrictInt | StrictFloat
Listed = Annotated[tuple[T, ...], BeforeValidator(lambda value: () if value is None else value)]
"""A list of the contract: any of them may be absent or ``null``."""


class Service(StrEnum):
    """What can be asked for, in the words of ``--services``."""

    MUSIC = "music"
    EFFECTS = "effects"
    DENOISE = "denoise"


class Model(BaseModel):
    """A value of the contract."""

    model_config = ConfigDict(extra="allow", frozen=True, allow_inf_nan=False)

    @classmethod
    def parse(cls, data: object) -> Self:
        """Read parsed JSON.

        Raises:
            ContractError: It is not what the API promises. Says where, and never shows a value.
        """
        try:
            return cls.model_validate(data)
        except ValidationError as error:
            problem = error.errors(include_input=False, include_context=False, include_url=False)[0]
        place = ".".join(str(step) for step in problem["loc"]) or "the whole"
        raise ContractError(f"Not a {cls.__name__} as the API describes it: {place}: {problem['msg']}.")

    def dump(self) -> dict[str, Any]:
        """The value as JSON data: the fields that came and no others."""
        return self.model_dump(mode="json", exclude_unset=True)


class Music(Model):
    """A piece of music. A service result gives the first five fields only."""

    id: StrictInt
    price: Number | None = None
    duration: str | None = None
    url: str | None = None
    title: str | None = None
    is_bought: StrictBool | None = None
    like: StrictBool | None = None
    bpm: Number | None = None
    instrument: StrictInt | None = None
    genre: StrictInt | None = None
    emotion: StrictInt | None = None


class NoiseReduceAudio(Model):
    """The film's own sound with its noise reduced."""

    id: StrictInt
    url: str | None = None
    price: Number | None = None
    is_bought: StrictBool | None = None
    title: str | None = None


class SoundEffectItem(Model):
    """One sound for a cue."""

    id: StrictInt
    price: Number | None = None
    duration: str | None = None
    url: str | None = None
    title: str | None = None
    is_bought: StrictBool | None = None


class SoundEffectCue(Model):
    """A place in the film for an effect. Times are film time; the items are alternatives, best first."""

    start_at: str | None = None
    end_at: str | None = None
    object_class: StrictInt | None = None
    action_labels: Listed[StrictInt] = ()
    sound_effect_items: Listed[SoundEffectItem] = ()


class Film(Model):
    """A film. In a list it carries the last analysis's recommendations only, alone those of all."""

    id: StrictInt
    title: str | None = None
    url: str | None = None
    youtube_url: str | None = None
    is_active: StrictBool | None = None
    filename: str | None = None
    create_at: str | None = None
    expire_time: str | None = None
    duration: str | None = None
    recommended_musics: Listed[Music] = ()
    noise_reduce_audios: Listed[NoiseReduceAudio] = ()
    sound_effects: Listed[SoundEffectCue] = ()
    is_from_image: StrictBool | None = None
    image_url: str | None = None
    type: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _one_spelling(cls, data: object) -> object:
        if isinstance(data, Mapping) and "is_avtive" in data:
            rest = {key: value for key, value in data.items() if key != "is_avtive"}
            return {"is_active": data["is_avtive"]} | rest
        return data


class FilmPage(Model):
    """One page of the list of films."""

    count: StrictInt | None = None
    next: str | None = None
    previous: str | None = None
    results: Listed[Film] = ()


class MusicResult(Model):
    """What music recommendation found."""

    is_done: StrictBool | None = None
    musics: Listed[Music] = ()


class NoiseReductionResult(Model):
    """What noise reduction made."""

    is_done: StrictBool | None = None
    noise_reduce_audios: Listed[NoiseReduceAudio] = ()


class SoundEffectResult(Model):
    """What sound effect recommendation found."""

    is_done: StrictBool | None = None
    sound_effects: Listed[SoundEffectCue] = ()


class ServiceResult(Model):
    """A service result, or the body of a notification. Holds only the services that were asked for."""

    is_done: StrictBool
    music_mapping_service: MusicResult | None = None
    noise_reduction_service: NoiseReductionResult | None = None
    sound_effect_service: SoundEffectResult | None = None

    @classmethod
    def parse_with(cls, data: object, keys: ServiceKeys) -> ServiceResult:
        """Read a result or a notification whose services have these keys.

        Raises:
            ContractError: It is not a service result.
        """
        if not isinstance(data, Mapping):
            return cls.parse(data)
        return cls.parse(keys.ours(data))

    def payload(self, keys: ServiceKeys) -> dict[str, Any]:
        """The result as the service sends it."""
        return keys.theirs(self.dump())


class License(Model):
    """What the music may be used for, by the ids of the service's option tables."""

    range: tuple[StrictInt, ...]
    duration: StrictInt
    usage_platforms: tuple[StrictInt, ...]


class Requirement(Model):
    """What the music should be like. Budgets are in the currency that the client asks for."""

    title: str
    budget_min: Number
    budget_max: Number
    outline: str | None = None
    ref_music: str | None = None
    bpm: Number | None = None
    genre: tuple[StrictInt, ...] | None = None
    instrument: tuple[StrictInt, ...] | None = None
    language: StrictInt | None = None


class EffectsRange(Model):
    """Where to look for effects, film time as ``HH:MM:SS.ffffff``; the whole film by default."""

    start_at: str | None = None
    end_at: str | None = None


class ServiceRequest(Model):
    """One call that uses up an analysis."""

    license: License
    music: Requirement | None = None
    denoise: StrictBool = False
    effects: EffectsRange | None = None
    notify_url: str | None = None

    @property
    def services(self) -> frozenset[Service]:
        """The services that are asked for."""
        asked = {
            Service.MUSIC: self.music is not None,
            Service.DENOISE: self.denoise,
            Service.EFFECTS: self.effects is not None,
        }
        return frozenset(service for service, wanted in asked.items() if wanted)

    def payload(self, keys: ServiceKeys) -> dict[str, Any]:
        """The JSON body of the call.

        Raises:
            NoServiceChosenError: No service is asked for.
        """
        if not self.services:
            raise NoServiceChosenError("No service is asked for.", "Choose music, effects or denoise.")
        body: dict[str, Any] = {"license": self.license.dump()}
        if self.music is not None:
            # The reference's table says a list of requirements, its example sends one object: as the example.
            body[keys.of(MUSIC)] = {"requirement": self.music.model_dump(mode="json", exclude_none=True)}
        if self.denoise:
            body[keys.of(DENOISE)] = {}
        if self.effects is not None:
            body[keys.of(EFFECTS)] = self.effects.model_dump(mode="json", exclude_none=True)
        if self.notify_url is not None:
            body["notify_url"] = self.notify_url
        return body


def check_film_may(film_type: str, services: Collection[Service]) -> None:
    """Refuse, before anything is uploaded or paid, what the service would refuse after.

    Source: the reference, "Create a Film Service". A type that it does not name is let through.

    Raises:
        UnsupportedFilmError: This type of film may not use one of the services.
    """
    if Service.MUSIC in services and film_type == FilmType.AUDIO:
        raise UnsupportedFilmError(
            "Music is recommended for pictures only, and this is a sound file.",
            "Leave out music.",
        )
    if Service.DENOISE in services and film_type == FilmType.SILENT:
        raise UnsupportedFilmError(
            "A film without sound has no noise to reduce.",
            "Leave out denoise.",
        )


def resolve_result(result: ServiceResult, film: Film, asked: Collection[Service]) -> ServiceResult:
    """Complete a finished result from its film.

    The reference describes noise-reduced sound and effects on the film only, so a finished result may lack
    them. A list that came, even an empty one, is the service's answer and stays.

    Args:
        result: As it came.
        film: The film as ``GET /film/:id/`` gives it: with the recommendations of all its analyses.
        asked: The services of this request; what was not asked for is not filled in.
    """
    if not result.is_done:
        return result
    filled: dict[str, Model] = {}
    denoise = result.noise_reduction_service or NoiseReductionResult(is_done=True)
    if Service.DENOISE in asked and "noise_reduce_audios" not in denoise.model_fields_set:
        filled[DENOISE.request_key] = denoise.model_copy(
            update={"noise_reduce_audios": film.noise_reduce_audios}
        )
    effects = result.sound_effect_service or SoundEffectResult(is_done=True)
    if Service.EFFECTS in asked and "sound_effects" not in effects.model_fields_set:
        filled[EFFECTS.request_key] = effects.model_copy(update={"sound_effects": film.sound_effects})
    return result.model_copy(update=filled)
