"""The worst picture of one codec beside another's."""

from eval.bound import Coded, worse


def test_the_worst_picture_is_where_the_difference_is_largest() -> None:
    found = worse(Coded(10.0, [0.1, 0.3, 0.2]), Coded(12.0, [0.2, 0.26, 0.19]))
    assert found["worst_picture"] == 1
    assert found["worst_by"] == 0.04
    assert found["mean_by"] == -0.0167
    assert found["kbps"] == [10.0, 12.0]
    assert found["lpips_alex"] == [0.2, 0.2167]


def test_a_codec_that_is_never_worse_has_a_negative_worst() -> None:
    assert worse(Coded(1.0, [0.1, 0.1]), Coded(1.0, [0.3, 0.2]))["worst_by"] == -0.1
