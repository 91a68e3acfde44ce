"""Stored codes of texts, and stored streams, decode to the same for ever; `genvc text encode` made the codes.

A code that is there is left alone: it stands for those that people have.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import genvc
from crossmodal import syntax
from crossmodal.representation import LAYERS
from crossmodal.text import decode, encode
from crossmodal.text.coder import decode_all, encode_all
from genvc import container

HERE = Path(__file__).parents[1] / "golden" / "crossmodal"
STORED = json.loads((HERE / "texts.json").read_text(encoding="utf-8"))
# captions as people write them, but of nobody's data
NEW = [
    "A girl in a pink dress runs along the beach .",
    "Two men play chess in the park .",
    "A cat sleeps on a red sofa .",
]


@pytest.mark.parametrize("name", ["single", "slides"])
def test_a_stored_stream_has_the_integers_of_the_day_it_was_made(name: str) -> None:
    facts = json.loads((HERE / f"{name}.json").read_text(encoding="utf-8"))
    assert (HERE / f"{name}.gvc").read_bytes()[3] == facts["form"]
    info, packets = container.read(HERE / f"{name}.gvc")
    codec: Any = genvc.create("crossmodal", device="cpu")
    assert codec.integers(packets, info) == facts["integers"]


def test_each_layer_counts_in_the_hash_of_integers() -> None:
    codec: Any = genvc.create("crossmodal", device="cpu")
    info, (packet,) = container.read(HERE / "single.gvc")
    whole = syntax.unpack(packet.payload, info.width, info.height)
    scenes = [whole, replace(whole, text="other words"), *map(whole.without, LAYERS)]
    hashes = {codec.integers([replace(packet, payload=syntax.pack(scene))], info) for scene in scenes}
    assert len(hashes) == len(scenes) == 6


@pytest.mark.parametrize("name", STORED["texts"])
def test_a_stored_code_is_still_this_text(name: str) -> None:
    code = (HERE / f"text-{name}.code").read_bytes()
    assert decode(code, model=STORED["model"]) == STORED["texts"][name]
    assert encode(STORED["texts"][name], model=STORED["model"]) == code


def test_the_model_that_ships_knows_captions() -> None:
    codes = encode_all(NEW)
    assert decode_all(codes) == NEW
    assert 8 * sum(map(len, codes)) < 1.3 * sum(map(len, NEW))
