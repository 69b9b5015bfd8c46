"""The service's contract as an OpenAPI document, made of the shapes of what is asked and answered.

What the engine refuses beyond these shapes, since no schema can say it (two usages in one request, a stretch
past the film's end, a budget upside down), it refuses in the contract's error shape.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model
from pydantic.json_schema import models_json_schema

from avm_otio import __version__, services
from avm_otio.engine.library_pages import PARAMETERS, LibrarySound, LibrarySounds
from avm_otio.services import FilmType, Laying, Service

Id = Annotated[int, Field(ge=-(2**63) + 1, lt=2**63)]
Amount = Annotated[float, Field(ge=0, le=1e15, description="In the currency of `avma-currency`.")]
Timestamp = Annotated[
    str, Field(pattern=r"^\d{2,}:\d{2}:\d{2}(\.\d{1,6})?$", description="`HH:MM:SS.uuuuuu`")
]
Address = Annotated[str, Field(description="Where it can be downloaded.")]
MAX_ID = 10**18 - 1
"""The largest id in an address."""


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Error(_Shape):
    """Why a call was refused."""

    message: Annotated[list[str], Field(min_length=1)]


class CreatedFilm(_Shape):
    """A Film was made."""

    id: int


class CreatedService(_Shape):
    """A film service was begun."""

    session_id: int


class FilmForm(BaseModel):
    """A film to upload: one of the two."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    file: Annotated[str, Field(json_schema_extra={"format": "binary"})] = ""
    youtube_url: str = ""


class License(BaseModel):
    """What the music may be used for."""

    range: Annotated[list[Id], Field(min_length=1, description="Ids of regions.")]
    duration: Annotated[Id, Field(description="Id of a duration.")]
    usage_platforms: Annotated[list[Id], Field(min_length=1, description="Ids of platforms, of one usage.")]


class Requirement(BaseModel):
    """What music is wanted."""

    title: Annotated[str, Field(pattern=r"\S")]
    budget_min: Amount
    budget_max: Amount
    outline: str | None = None
    ref_music: Any = None
    bpm: Annotated[float, Field(ge=0, le=1e15)] | None = None
    genre: list[Id] | None = None
    instrument: list[Id] | None = None
    language: Any = None


class AskedSpot(BaseModel):
    """A sound that somebody spotted."""

    at: Timestamp
    until: Timestamp | None = None
    words: Annotated[str, Field(pattern=r"\S", max_length=300)]
    kind: Literal["effect", "ambience"] | None = None


class Stretch(BaseModel):
    """Where in the film effects are wanted; the whole film where nothing is said."""

    start_at: Timestamp | None = None
    end_at: Timestamp | None = None
    avm_density: (
        Literal["none", "sparse", "normal", "dense"] | Annotated[float, Field(ge=0, le=1000)] | None
    ) = Field(None, description="This engine's own: effects a minute.")
    avm_spots: Annotated[list[AskedSpot], Field(max_length=5000)] | None = Field(
        None, description="This engine's own: sounds that are wanted at places of the film, by words."
    )
    avm_words: str | None = Field(None, description="This engine's own: what is in the film, in words.")


class Item(_Shape):
    """A sound to choose."""

    id: int
    price: float
    duration: Timestamp
    url: Address
    title: str
    is_bought: bool


class Music(Item):
    """Music to choose."""

    avm_reasons: Annotated[list[str], Field(description="This engine's own: why it is offered.")]


class FilmMusic(Music):
    """Music as a Film lists it."""

    like: bool
    bpm: float | None
    instrument: int
    genre: int
    emotion: int


class Points(_Shape):
    """Where a sound strikes, from the first sample of its file."""

    begins: Timestamp
    attack: Timestamp
    peak: Timestamp
    ends: Timestamp


class EffectItem(Item):
    """An effect to choose."""

    avm_points: Annotated[
        Points | None, Field(description="This engine's own: where it strikes; null for more than 30 s.")
    ]


class EffectCue(_Shape):
    """A place in the film, and the effects to choose from."""

    start_at: Timestamp
    end_at: Timestamp
    object_class: int
    action_labels: list[int]
    sound_effect_items: list[EffectItem]
    avm_role: Annotated[
        Literal["whoosh", "impact", "riser", "tick", "ambience", "spot"],
        Field(description="This engine's own: what all of its sounds do."),
    ]
    avm_laid_by: Annotated[
        Literal["attack", "peak", "end", "beginning"],
        Field(description="This engine's own: what of a sound lies on `start_at`; its end on `end_at`."),
    ]
    avm_spot: Annotated[
        int | None, Field(description="This engine's own: the number in `avm_spots` that it answers, from 0.")
    ]
    avm_is_timed: Annotated[bool, Field(description="This engine's own: whether `until` was given for it.")]
    avm_reasons: Annotated[list[str], Field(description="This engine's own: why it lies there.")]
    avm_confidence: Annotated[float, Field(ge=0, le=1, description="This engine's own.")]


class NoiseReducedSound(_Shape):
    """The film's own sound, noise reduced."""

    id: int
    url: Address
    price: float
    is_bought: bool
    title: str


class _Film(_Shape):
    id: int
    title: str
    url: Address
    youtube_url: str | None
    is_active: bool
    filename: str
    create_at: Annotated[str, Field(description="ISO 8601, with offset.")]
    expire_time: Annotated[str, Field(description="ISO 8601, with offset.")]
    duration: Timestamp
    is_from_image: bool
    image_url: str | None
    type: FilmType


_LISTED = {Laying.BED: Music, Laying.CUES: EffectCue, Laying.REPLACES: NoiseReducedSound}
_ON_FILM = _LISTED | {Laying.BED: FilmMusic}


def _asked(service: Service) -> Any:
    """What a service is asked: music what it should be, effects a stretch of the film, the others nothing."""
    if service.parameters_key:
        one_or_list = Requirement | Annotated[list[Requirement], Field(min_length=1, max_length=1)]
        parameters: dict[str, Any] = {service.parameters_key: (one_or_list, ...)}
        return create_model(f"Asked_{service.request_key}", **parameters)
    return Stretch if service.laying is Laying.CUES else dict[str, Any]


def _list_of(shape: Any) -> Any:
    return list[shape]


def _answered(service: Service) -> type[BaseModel]:
    fields: dict[str, Any] = {
        "is_done": (bool, ...),
        service.result_list: (_list_of(_LISTED[service.laying]), ...),
    }
    return create_model(f"Found_{service.request_key}", __base__=_Shape, **fields)


def _models() -> dict[str, type[BaseModel]]:
    """Every shape by its name."""
    on_film: dict[str, Any] = {
        service.film_list: (_list_of(_ON_FILM[service.laying]), ...) for service in services.SERVICES
    }
    film = create_model("Film", __base__=_Film, **on_film)
    fields: dict[str, Any] = {
        "count": (int, ...),
        "next": (str | None, ...),
        "previous": (str | None, ...),
        "results": (_list_of(film), ...),
    }
    page = create_model("FilmPage", __base__=_Shape, **fields)
    fields = {service.request_key: (_asked(service) | None, None) for service in services.SERVICES}
    fields |= {
        "license": (License, ...),
        "notify_url": (
            Annotated[str, Field(pattern=r"^https?://[A-Za-z0-9.-]+(:\d{1,4})?/\S*$")] | None,
            None,
        ),
    }
    call = create_model("ServiceCall", **fields)
    fields = {service.request_key: (_answered(service), None) for service in services.SERVICES}
    result = create_model("Result", __base__=_Shape, is_done=(bool, ...), message=(list[str], None), **fields)
    return {
        model.__name__: model
        for model in (
            Error,
            CreatedFilm,
            CreatedService,
            FilmForm,
            film,
            page,
            call,
            result,
            LibrarySound,
            LibrarySounds,
        )
    }


def openapi() -> dict[str, Any]:
    """The OpenAPI 3.1 document of the engine; a new one each time, the caller's to change."""
    models = _models()
    mode: Literal["validation"] = "validation"
    _, shapes = models_json_schema(
        [(model, mode) for model in models.values()], ref_template="#/components/schemas/{model}"
    )
    schemas = shapes["$defs"]
    schemas["ServiceCall"]["anyOf"] = [
        {"required": [service.request_key], "properties": {service.request_key: {"type": "object"}}}
        for service in services.SERVICES
    ]
    film_id, session_id = _id("film_id"), _id("session_id")
    return {
        "openapi": "3.1.0",
        "info": {"title": "A.V. Mapping API, as the local engine speaks it", "version": __version__},
        "security": [{"token": []}],
        "paths": {
            "/film/": {
                "post": _call(
                    "createFilm",
                    "Upload a film.",
                    "CreatedFilm",
                    body={"multipart/form-data": {"schema": _ref("FilmForm")}},
                    refusals=(408, 413, 507),
                ),
                "get": _call("listFilms", "Films, 20 a page.", "FilmPage", [_PAGE], refusals=(404,)),
            },
            "/film/{film_id}/": {
                "get": _call(
                    "getFilm", "A film and what was found for it.", "Film", [film_id], refusals=(404,)
                )
            },
            "/film/{film_id}/service/": {
                "post": _call(
                    "createService",
                    "Ask for services.",
                    "CreatedService",
                    [film_id],
                    body={"application/json": {"schema": _ref("ServiceCall")}},
                    refusals=(404, 408, 413, 507),
                )
            },
            "/film/{film_id}/service/{session_id}/": {
                "get": _call(
                    "getResult", "What was found so far.", "Result", [film_id, session_id], refusals=(404,)
                )
            },
            "/library/sounds/": {
                "get": _call(
                    "findSounds",
                    "Search the library: outside the service's contract.",
                    "LibrarySounds",
                    [
                        {"name": name, "in": "query", "schema": schema, "description": text}
                        for name, (schema, text) in PARAMETERS.items()
                    ],
                    refusals=(404,),
                )
            },
            "/library/sounds/{sound_id}/": {
                "get": _call(
                    "getSound",
                    "A sound of the library: outside the service's contract.",
                    "LibrarySound",
                    [_id("sound_id")],
                    refusals=(404,),
                )
            },
        },
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "authorization",
                    "description": "The word `Token`, a space, and the token.",
                }
            },
        },
    }


_PAGE = {"name": "page", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": MAX_ID}}
_LOCALE = [
    {"name": "accept-language", "in": "header", "schema": {"enum": ["zh", "en"], "type": "string"}},
    {"name": "avma-currency", "in": "header", "schema": {"enum": ["TWD", "USD", "EUR"], "type": "string"}},
]


def _id(name: str) -> dict[str, Any]:
    schema = {"type": "integer", "minimum": 0, "maximum": MAX_ID}
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _call(
    operation: str,
    summary: str,
    answer: str,
    parameters: list[dict[str, Any]] | None = None,
    *,
    body: dict[str, Any] | None = None,
    refusals: tuple[int, ...] = (),
) -> dict[str, Any]:
    """One operation: every refusal has the same shape."""
    texts = {
        400: "It is against the contract.",
        401: "The token is missing or wrong.",
        404: "There is no such thing.",
        408: "The body did not come in time.",
        413: "The body is too large.",
        507: "The engine's disk is full.",
    }
    refused = {
        str(status): {"description": texts[status], "content": _json("Error")}
        for status in (400, 401, *refusals)
    }
    made: dict[str, Any] = {
        "operationId": operation,
        "summary": summary,
        "parameters": [*(parameters or ()), *_LOCALE],
        "responses": {"200": {"description": "Done.", "content": _json(answer)}, **refused},
    }
    if body is not None:
        made["requestBody"] = {"required": True, "content": body}
    return made


def _json(name: str) -> dict[str, Any]:
    return {"application/json": {"schema": _ref(name)}}
