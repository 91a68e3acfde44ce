"""Stored codes of texts decode to the same texts for ever; `genvc text encode` made them.

A code that is there is left alone: it stands for those that people have.
"""

import json
from pathlib import Path

import pytest

from crossmodal.text import decode, encode
from crossmodal.text.coder import decode_all, encode_all

HERE = Path(__file__).parents[1] / "golden" / "crossmodal"
STORED = json.loads((HERE / "texts.json").read_text(encoding="utf-8"))
# captions as people write them, but of nobody's data
NEW = [
    "A girl in a pink dress runs along the beach .",
    "Two men play chess in the park .",
    "A cat sleeps on a red sofa .",
]


@pytest.mark.parametrize("name", STORED["texts"])
def test_a_stored_code_is_still_this_text(name: str) -> None:
    code = (HERE / f"text-{name}.code").read_bytes()
    assert decode(code, model=STORED["model"]) == STORED["texts"][name]
    assert encode(STORED["texts"][name], model=STORED["model"]) == code


def test_the_model_that_ships_knows_captions() -> None:
    codes = encode_all(NEW)
    assert decode_all(codes) == NEW
    assert 8 * sum(map(len, codes)) < 1.3 * sum(map(len, NEW))
