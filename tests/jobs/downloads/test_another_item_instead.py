"""An item that can never be had gives its place to the next one of its cue."""

from __future__ import annotations

import pytest

from avm_otio.errors import DownloadError, NetworkError
from avm_otio.mix.answers import read_cues
from avm_otio.services import MUSIC
from tests.jobs.downloads.hosting import BED, BOOM, SLAM, Host, Run, answer, headed, item
from tests.loopback_http import Reply, raw, redirect, reset
from tests.media.ranges import ranged

FOR_GOOD = {
    **{f"{status}": raw(status, b"") for status in (400, 401, 403, 404, 405, 410, 418, 451)},
    "a redirect to nowhere": redirect("data:audio/wav,x"),
    "redirects without end": redirect("/8"),
    "an address inside": redirect("http://10.0.0.1/x"),
    "text": raw(200, b"<html>down</html>", content_type="text/html"),
    "nothing": raw(200, b""),
    "no sound": raw(200, bytes(range(200, 256)) * 300),
    "a header of 0 channels": raw(200, headed(0, 16)),
    "too much": raw(200, BOOM, content_length=str(3 * 2**30)),
    "packed": raw(200, BOOM, content_encoding="gzip"),
}
"""What an item ends in that can never be had."""


TODAY = {
    **{f"{status}": raw(status, b"") for status in (408, 429, 500, 502, 503, 504, 507, 520, 599)},
    "a line that is cut": reset,
    "half of it": ranged(BOOM, cut=3000, etag=None),
}
"""What may pass."""


@pytest.mark.parametrize("fault", FOR_GOOD.values(), ids=FOR_GOOD)
def test_the_next_item_of_a_cue_takes_the_place_of_one_that_can_never_be_had(
    host: Host, run: Run, fault: Reply
) -> None:
    host["/7"], host["/8"], host["/9"] = ranged(BOOM), fault, ranged(SLAM)
    bad, good, other = (item(host, number, f"/{number}") for number in (8, 9, 7))
    run.offered = document = answer(effects=[[bad, good], [other, bad], [bad]])
    cues = read_cues(document)
    assert run(cues) == {"effect 7": BOOM, "effect 9": SLAM}
    assert list(run.lost) == ["effect 8"]
    left = cues.without(run.lost)
    assert [each.id for each in left.chosen] == [9, 7]
    assert [(each.item.id, each.instead and each.instead.id) for each in left.unavailable] == [
        (8, 9),
        (8, None),
    ]
    assert (cues.total.price, left.total.price) == (2, 2)
    assert run(left) == {"effect 7": BOOM, "effect 9": SLAM}
    assert {name for name, _ in run.heard.events} == {"item_downloaded", "item_unavailable"}
    assert run.heard.warned == []
    assert sorted(path.name for path in run.folder.iterdir()) == ["7 Boom.wav", "9 Boom.wav"]


@pytest.mark.parametrize("fault", TODAY.values(), ids=TODAY)
def test_what_may_pass_ends_the_run_and_chooses_nothing_else(host: Host, run: Run, fault: Reply) -> None:
    host["/8"], host["/9"] = fault, ranged(SLAM)
    cues = read_cues(answer(effects=[[item(host, 8, "/8"), item(host, 9, "/9")]]))
    with pytest.raises(DownloadError) as caught:
        run(cues)
    assert caught.value.may_pass
    assert (run.kept, run.lost) == ({}, {})
    host["/8"] = ranged(BOOM)
    assert run(cues) == {"effect 8": BOOM}


@pytest.mark.parametrize("fault", FOR_GOOD.values(), ids=FOR_GOOD)
def test_an_item_is_tried_once_more_where_the_service_says_that_it_lies_now(
    host: Host, run: Run, fault: Reply
) -> None:
    host["/8"], host["/now"] = fault, ranged(BOOM)
    run.offered = answer(effects=[[item(host, 8, "/now")]])
    assert run(read_cues(answer(effects=[[item(host, 8, "/8")]]))) == {"effect 8": BOOM}
    assert run.lost == {}


@pytest.mark.parametrize("fault", FOR_GOOD.values(), ids=FOR_GOOD)
def test_nothing_is_decided_where_the_service_cannot_be_asked(host: Host, run: Run, fault: Reply) -> None:
    host["/7"], host["/8"] = ranged(BOOM), fault
    run.offered = NetworkError("GET /film/3/: no answer.")
    with pytest.raises(DownloadError, match="8 Boom") as caught:
        run(read_cues(answer(effects=[[item(host, 8, "/8"), item(host, 7, "/7")]])))
    assert "no fresh address" in caught.value.hint
    assert run.lost == {}


def test_nothing_is_decided_where_nothing_at_all_can_be_had(host: Host, run: Run) -> None:
    cues = read_cues(answer([item(host, 1, "/1")], [[item(host, 8, "/8"), item(host, 9, "/9")]]))
    with pytest.raises(DownloadError):
        run(cues)
    assert run.lost == {}


def test_the_next_item_is_the_best_that_can_be_had_and_spare_ones_move_up(host: Host, run: Run) -> None:
    offered = [item(host, number, f"/{number}") for number in range(6)]
    host["/2"], host["/4"], host["/5"] = ranged(BOOM), ranged(SLAM), ranged(BED)
    run.offered = answer(offered)
    cues = read_cues(answer(offered))
    assert run(cues, 1) == {"music 2": BOOM, "music 4": SLAM}
    assert sorted(run.lost) == ["music 0", "music 1", "music 3"]
    assert [each.id for each in cues.without(run.lost).by_service[MUSIC][0].items] == [2, 4, 5]


def test_a_line_says_of_each_item_what_takes_its_place_and_where() -> None:
    cues = read_cues(
        {
            "recommended_musics": [{"id": 1, "title": "Bed"}, {"id": 2, "title": "Calm"}],
            "sound_effects": [
                {"start_at": f"00:00:0{second}", "sound_effect_items": [{"id": 7, "title": "Boom"}]}
                for second in range(8)
            ],
        }
    ).without({"music 1": "1 Bed: it answered 404.", "effect 7": "7 Boom: gone."})
    assert cues.check(skip_bad=False) == (
        "Music 1 cannot be had (1 Bed: it answered 404); “Calm” (music 2) takes its place: under the film.",
        "Effect 7 cannot be had (7 Boom: gone); nothing takes its place, which stays empty: at "
        "00:00:00.000000, at 00:00:01.000000, at 00:00:02.000000, at 00:00:03.000000, at 00:00:04.000000 "
        "and 3 more.",
    )
