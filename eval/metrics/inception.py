"""The Inception v3 of FID and KID: TensorFlow's weights of 2015 in their PyTorch port."""

from collections.abc import Callable
from functools import lru_cache
from importlib.metadata import version

from piq.feature_extractors import InceptionV3
from torch import Tensor

from .weights import checkpoint, loading, refuse_nan

__all__ = ["FILE", "SIZE", "facts", "inception_features"]

FILE = "pt_inception-2015-12-05-6726825d.pth"
SIZE = 2048


@lru_cache(maxsize=1)
def inception_features() -> Callable[[Tensor], Tensor]:
    """A function from RGB pictures (n, 3, height, width) in [0, 1] to pool3 features (n, 2048).

    The network resizes to 299x299 (bilinear). Raises ModelNotFound when the weights are missing,
    BadInput when they hold NaN.
    """
    path = checkpoint(FILE, "the Inception v3 of FID and KID")
    with loading(path):
        network = InceptionV3().eval()
    refuse_nan(network, path)

    def features(pictures: Tensor) -> Tensor:
        pooled: Tensor = network(pictures)[0]
        return pooled.flatten(1)

    return features


def facts() -> dict[str, str]:
    """Backbone, library, colours and crop for the report."""
    return {
        "backbone": f"Inception v3, pool3 ({FILE})",
        "library": f"piq {version('piq')} for the network",
        "colours": "RGB, full range scaled to -1..1",
        "crop": "none, resized to 299x299",
    }
