"""What the service is asked, and what it is not asked since it would refuse."""

from __future__ import annotations

import json

import pytest

from avm_otio.errors import NoServiceChosenError, UnsupportedFilmError
from avm_otio.service.request import ServiceRequest, check_film_may
from avm_otio.services import DENOISE, EFFECTS, MUSIC, Service, ServiceKeys

LICENSE = {"range": [16], "duration": 8, "usage_platforms": [2]}


def test_a_request_is_the_json_of_the_reference() -> None:
    music = {"title": "t", "budget_min": 1.0, "budget_max": 100000.0, "outline": None, "bpm": 129.0}
    request = ServiceRequest(
        LICENSE,
        {
            "music": music | {"genre": [37, 38]},
            "denoise": {},
            "effects": {"start_at": "00:00:01.500000", "end_at": None},
        },
        notify_url="https://here.example/done",
    )
    assert request.payload(ServiceKeys({"effects": "fx"})) == {
        "license": {"range": [16], "duration": 8, "usage_platforms": [2]},
        "music_mapping_service": {
            "requirement": {
                "title": "t",
                "budget_min": 1.0,
                "budget_max": 100000.0,
                "bpm": 129.0,
                "genre": [37, 38],
            }
        },
        "noise_reduction_service": {},
        "fx": {"start_at": "00:00:01.500000"},
        "notify_url": "https://here.example/done",
    }
    assert request.services == (MUSIC, EFFECTS, DENOISE)


def test_a_request_for_nothing_is_refused_before_it_is_sent() -> None:
    with pytest.raises(NoServiceChosenError):
        ServiceRequest(LICENSE, {}).payload(ServiceKeys())


@pytest.mark.parametrize(
    ("film_type", "service", "allowed"),
    [
        ("normal_film", MUSIC, True),
        ("silent_film", MUSIC, True),
        ("youtube_url", MUSIC, True),
        ("audio", MUSIC, False),
        ("silent_film", DENOISE, False),
        ("audio", DENOISE, True),
        ("silent_film", EFFECTS, True),
        ("a type of tomorrow", DENOISE, True),
    ],
)
def test_which_service_a_film_may_use(film_type: str, service: Service, allowed: bool) -> None:
    if allowed:
        check_film_may(film_type, {service})
    else:
        with pytest.raises(UnsupportedFilmError):
            check_film_may(film_type, {service})


@pytest.mark.parametrize(
    ("parameters", "kept"),
    [
        ({"music": {"title": "t"}}, '"music": {"title": "t"}, "effects": null, "denoise": false'),
        ({"denoise": {}, "effects": {}}, '"music": null, "effects": {}, "denoise": true'),
    ],
)
def test_a_job_keeps_a_request_as_it_always_did_since_its_key_is_made_of_it(
    parameters: dict[str, dict[str, str]], kept: str
) -> None:
    request = ServiceRequest(LICENSE, parameters, "https://here.example/")
    assert json.dumps(request.as_json()) == f'{{"license": {json.dumps(LICENSE)}, {kept}}}'
    assert ServiceRequest.from_json(request.as_json() | {"notify_url": None}) == ServiceRequest(
        LICENSE, parameters
    )


@pytest.mark.parametrize("document", [{}, {"license": 3}, {"license": {}, "music": "loud"}])
def test_what_is_no_request_is_refused(document: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="not a request"):
        ServiceRequest.from_json(document)
