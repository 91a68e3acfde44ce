"""Lines are drawn within their budget, come back as they were, and cost less than in other formats."""

import numpy as np
import pytest
from conceptual_scenes import scene

from conceptual.line_model import MOST, ONE, LineNetwork, chance, log_odds, read_lines, write_lines
from conceptual.lines import drawn
from genvc.entropy import SymbolDecoder, SymbolEncoder


@pytest.mark.parametrize("share", [0.0, 0.01, 0.05])
def test_lines_keep_to_their_share(share: float) -> None:
    lines = drawn(scene(150, 211), share)
    assert lines.shape == (75, 106)
    assert lines.mean() <= share + 1e-3
    assert lines.any() == (share > 0)


def test_more_lines_hold_those_that_tell_most() -> None:
    few, many = drawn(scene(160, 240), 0.015), drawn(scene(160, 240), 0.06)
    assert few.any()
    assert (many & few).sum() > 0.9 * few.sum()


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (33, 2), (40, 57)])
def test_maps_of_any_size_come_back(line_network: LineNetwork, size: tuple[int, int]) -> None:
    lines = np.random.default_rng(size[1]).random(size) < 0.2
    coder = SymbolEncoder()
    write_lines(coder, line_network, lines)
    reader = SymbolDecoder(coder.finish())
    assert np.array_equal(read_lines(reader, line_network, *size), lines)
    reader.finish()


def test_counts_learn_a_pattern_that_the_network_knows_nothing_of(line_network: LineNetwork) -> None:
    lines = np.zeros((96, 96), np.bool_)
    lines[:, ::3] = True
    coder = SymbolEncoder()
    write_lines(coder, line_network, lines)
    assert 8 * len(coder.finish()) < 0.35 * lines.size


def test_chances_and_log_odds_are_the_same_integers_on_every_machine() -> None:
    odds = np.arange(-MOST, MOST + 1)
    exact = 65536 / (1 + np.exp(-odds / ONE))
    # no value is so near to a half that another exp could round it otherwise
    assert np.abs(exact - np.floor(exact) - 0.5).min() > 1e-6
    assert (np.diff(chance(odds)) >= 0).all()
    assert chance(odds).min() >= 1
    middle = np.arange(-6 * ONE, 6 * ONE)
    assert np.abs(log_odds(chance(middle)) - middle).max() < 0.1 * ONE


def test_the_shipped_network_beats_png_webp_and_jbig2() -> None:
    from conceptual.build import MODEL, engine_of
    from conceptual.line_formats import jbig2_bytes, own_bytes, png_bytes, webp_bytes
    from genvc.device import pick
    from genvc.models import full_name

    network = engine_of(full_name(MODEL), pick("cpu")).lines
    for share in (0.01, 0.04):
        lines = drawn(scene(256, 384), share)
        ours = own_bytes(network, lines)
        assert ours < 0.7 * min(png_bytes(lines), webp_bytes(lines))
        assert ours < jbig2_bytes(lines)


def test_the_coder_of_jbig2_that_we_compare_with_is_near_the_entropy() -> None:
    from conceptual.line_formats import jbig2_bytes

    chance_of_one = 0.05
    lines = np.random.default_rng(2).random((400, 600)) < chance_of_one
    entropy = -np.log2([chance_of_one, 1 - chance_of_one]) @ [chance_of_one, 1 - chance_of_one]
    # noise in 2^16 contexts: what they learn of it costs something
    assert entropy < 8 * jbig2_bytes(lines) / lines.size < 1.15 * entropy
    assert jbig2_bytes(np.zeros((400, 600), np.bool_)) < 20
