"""Addresses that have expired are asked for afresh, once for all items."""

from __future__ import annotations

import pytest

from avm_otio.errors import LinkExpiredError, NetworkError
from avm_otio.mix.answers import read_cues
from tests.jobs.downloads.hosting import BOOM, Host, Run, answer, item
from tests.loopback_http import raw
from tests.media.ranges import ranged


def test_addresses_that_have_expired_are_asked_for_afresh_once_for_all(host: Host, run: Run) -> None:
    for number in (1, 7, 8):
        host[f"/{number}?old"], host[f"/{number}?new"] = raw(403, b"expired"), ranged(BOOM)
    old, new = ([item(host, number, f"/{number}?{age}") for number in (1, 7, 8)] for age in ("old", "new"))
    run.offered = {"id": 3} | answer(new[:1], [[item(host, 99), new[2]], [new[1]]])  # in another order
    cues = read_cues(answer(old[:1], [[old[1], old[2]]]))
    assert run(cues, 1) == {"music 1": BOOM, "effect 7": BOOM, "effect 8": BOOM}
    assert run.asked_afresh == 1
    assert run.heard.progress[-1] == (3, 3)


def test_a_part_is_gone_on_with_behind_the_fresh_address(host: Host, run: Run) -> None:
    host["/7?old"], host["/7?new"] = [ranged(BOOM, cut=5000), raw(410, b"")], ranged(BOOM)
    run.offered = answer(effects=[[item(host, 7, "/7?new")]])
    assert run(read_cues(answer(effects=[[item(host, 7, "/7?old")]]))) == {"effect 7": BOOM}
    assert host.asked["/7?new"][0]["range"] == "bytes=5000-"


def test_so_are_items_whose_server_is_gone_or_that_came_without_an_address(host: Host, run: Run) -> None:
    host["/1"] = host["/7"] = ranged(BOOM)
    run.offered = answer([item(host, 1, "/1")], [[item(host, 7, "/7")]])
    nobody = item(host, 7, "/7") | {"url": "http://127.0.0.1:9/7"}
    assert len(run(read_cues(answer([item(host, 1, None)], [[nobody]])))) == 2
    assert run.asked_afresh == 1


def test_an_address_that_is_expired_afresh_is_not_asked_for_without_end(host: Host, run: Run) -> None:
    run.offered = answer(effects=[[item(host, 7, "/new")]])
    with pytest.raises(LinkExpiredError, match="7 Boom"):
        run(read_cues(answer(effects=[[item(host, 7, "/old")]])))
    assert (run.asked_afresh, len(host.asked["/new"])) == (1, 1)


@pytest.mark.parametrize(
    ("offered", "hint"),
    [
        (NetworkError("GET /film/3/: no answer.", "Look at the network."), "no fresh address: GET /film/3/"),
        ({"id": 3}, "has it no longer"),
    ],
)
def test_where_there_is_no_fresh_address_it_says_why(
    host: Host, run: Run, offered: object, hint: str
) -> None:
    run.offered = offered
    cues = read_cues(answer(effects=[[item(host, 7, "/7")], [item(host, 8, "/8")]]))
    with pytest.raises(LinkExpiredError) as caught:
        run(cues)
    assert hint in caught.value.hint
    assert run.asked_afresh == 1
