"""A film service's answer, as served."""

from __future__ import annotations

BED = {
    "id": 12,
    "price": 5760.0,
    "is_bought": False,
    "title": "音樂",
    "like": False,
    "duration": "00:00:47.578141",
    "bpm": 129.2,
    "instrument": 33,
    "genre": 37,
    "emotion": 28,
    "url": "https://media.example/12",
}


CUE = {
    "start_at": "00:00:02.237288",
    "end_at": "25:00:02",
    "object_class": 1166,
    "action_labels": [741, 1135],
    "sound_effect_items": [{"id": 652, "price": 200, "duration": None, "url": "https://media.example/652"}],
}


AUDIO = {"id": 873, "url": "https://media.example/873", "price": 0.0, "is_bought": False, "title": "N-873"}


FILM = {
    "id": 1320,
    "title": "test",
    "is_active": True,
    "duration": "00:00:23.406717",
    "type": "normal_film",
    "recommended_musics": [BED],
    "noise_reduce_audios": [AUDIO],
    "sound_effects": [CUE],
    "create_at": "2023-01-11T18:31:18.973624+08:00",
    "is_from_image": False,
    "image_url": None,
}
