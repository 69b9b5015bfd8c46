"""Somebody on the page who chooses another item and writes the timeline: all that a browser would ask for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx


def choose_another(address: str, meanwhile: Callable[[], None] = lambda: None) -> str:
    """Choose the last item of a cue that has several, write the timeline; the item's title.

    Args:
        address: The page's, of use once.
        meanwhile: Called while the page is still open.
    """
    here = address.partition("/enter")[0]
    with httpx.Client(base_url=here, headers={"origin": here}, timeout=60) as browser:
        assert browser.get(address).status_code == 200
        with browser.stream("GET", "/api/events"):
            cues: list[dict[str, Any]] = browser.get("/api/session").json()["cues"]
            cue = next(each for each in cues if each["stem"] == "effects" and len(each["items"]) > 1)
            item = cue["items"][-1]
            choice = {"cue": cue["name"], "item": item["id"]}
            assert browser.post("/api/choose", json=choice).status_code == 200
            assert browser.post("/api/update", json={}).status_code == 200
            meanwhile()
    return str(item["title"])
