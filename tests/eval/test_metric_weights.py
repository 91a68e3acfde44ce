"""Weights that are missing, damaged or hold NaN: said by name, never a figure."""

import pytest
import torch

from eval.metrics import create_metric
from eval.metrics.inception import FILE, SIZE
from eval.metrics.sets import MOST, Features, SetMetric
from genvc.errors import BadInput, ModelNotFound

FILES = {
    "lpips_alex": "alexnet-owt-7be5be79.pth",
    "lpips_squeeze": "squeezenet1_1-b8a52dc0.pth",
    "lpips_vgg": "vgg16-397923af.pth",
    "dists": "vgg16-397923af.pth",
    "fid": FILE,
    "kid": FILE,
}


@pytest.mark.parametrize(("metric", "file"), FILES.items())
def test_missing_weights_are_named(metric, file, checkpoints):
    from eval.metrics.inception import inception_features

    inception_features.cache_clear()
    with pytest.raises(ModelNotFound, match=f"weights missing: {file}"):
        create_metric(metric)


@pytest.mark.parametrize("metric", ["lpips_alex", "lpips_squeeze", "dists"])
def test_a_file_that_is_no_weights_is_named(metric, checkpoints):
    (checkpoints / FILES[metric]).write_bytes(b"not a checkpoint")
    with pytest.raises(BadInput, match=f"weights damaged: {FILES[metric]}"):
        create_metric(metric)


def test_weights_that_hold_nan_are_named(checkpoints):
    import torchvision

    state = torchvision.models.alexnet(weights=None).state_dict()
    state["features.0.weight"][3, 1, 2, 2] = float("nan")
    torch.save(state, checkpoints / FILES["lpips_alex"])
    with pytest.raises(
        BadInput, match=r"weights damaged: .* of alexnet-owt-7be5be79\.pth holds values that are not"
    ):
        create_metric("lpips_alex")


def test_fid_and_kid_run_on_the_inception_that_is_there(checkpoints, monkeypatch):
    from eval.metrics import inception

    torch.manual_seed(0)
    state = random_inception(monkeypatch)
    torch.save(state, checkpoints / FILE)
    inception.inception_features.cache_clear()
    fid, kid = create_metric("fid"), create_metric("kid")
    assert fid.features is kid.features  # looked at once for both
    pictures = torch.rand(3, 3, 64, 64)
    features = fid.features(pictures)
    assert features.shape == (3, SIZE)
    assert fid.distance(features, features) == pytest.approx(0, abs=1e-3)
    inception.inception_features.cache_clear()


def random_inception(monkeypatch):
    """The state of FID's Inception v3 with random weights, as piq builds it before it loads the file."""
    from piq.feature_extractors import fid_inception

    kept = {}

    class Stop(Exception):
        pass

    def keep(network, state):
        kept.update(network.state_dict())
        raise Stop

    with monkeypatch.context() as patch:
        patch.setattr(fid_inception, "load_state_dict_from_url", lambda *_, **__: {})
        patch.setattr(torch.nn.Module, "load_state_dict", keep)
        with pytest.raises(Stop):
            fid_inception.InceptionV3()
    return kept


def test_features_of_a_long_clip_are_thinned_evenly():
    metric = SetMetric(lambda pictures: pictures[:, 0, 0, :1], lambda one, two: 0.0, {})
    features = Features(metric)
    count = 3 * MOST
    for start in range(0, count, 64):
        features.add(
            torch.arange(start, start + 64, dtype=torch.float32).view(-1, 1, 1, 1).expand(-1, 3, 2, 2)
        )
    kept = features.tensor().flatten()
    assert MOST / 2 < len(kept) <= MOST
    assert torch.equal(kept, torch.arange(0, count, 4, dtype=torch.float32))
