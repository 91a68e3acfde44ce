"""Fits the classifier that says what kind of place a picture shows: ridge regression on captioned pictures.

    python -m crossmodal.training.describer --data $GENVC_DATA --out FOLDER

The pictures are those of genvc.training.captions. What a caption says by one of a scene's words is what its
score is fitted to.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from genvc import media
from genvc.training.captions import captioned

from .. import describe, surroundings
from ..describe import SceneClassifier
from ..detector import Detector, Found
from ..scene_words import SCENES
from ..surroundings import Surroundings

__all__ = ["fit", "main"]

RIDGE: Final = 300.0
SURE: Final = 0.6
_FLOOR: Final = 0.05  # of a number's spread

Matrix = npt.NDArray[np.float64]


def fit(numbers: Matrix, captions: list[list[str]]) -> SceneClassifier:
    """numbers: (pictures, numbers), as describe.evidence() gives them. Scores are divided by the square root
    of how often a scene comes, so that rare scenes are said at all."""
    import re

    labels = np.array(
        [
            [
                float(any(set(re.findall(r"\w+", one.lower())) & scene.words for one in said))
                for scene in SCENES
            ]
            for said in captions
        ]
    )
    mean, spread = numbers.mean(0), numbers.std(0) + _FLOOR
    seen = (numbers - mean) / spread
    share = labels.mean(0)
    weights = np.linalg.solve(seen.T @ seen + RIDGE * np.eye(seen.shape[1]), seen.T @ (labels - share))
    scale = 1 / np.sqrt(np.maximum(share, 1 / len(labels)))
    return SceneClassifier((weights * scale).T, share * scale, mean, spread, SURE)


def main() -> None:
    """Fit, and write the classifier's numbers to OUT/describer.npz."""
    parser = argparse.ArgumentParser(description="fit the describer's classifier")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    chosen = parser.parse_args()
    looked: list[tuple[Found, Surroundings]] = []
    said = []
    with Detector() as detector:
        for file, captions in captioned(chosen.data, "train"):
            rgb = next(iter(media.frames(file)[1])).rgb
            looked.append((detector.look(rgb), surroundings.measured(rgb)))
            said.append(captions)
    made = fit(np.array([describe.evidence(*one) for one in looked]), said)
    chosen.out.mkdir(parents=True, exist_ok=True)
    parts = {name: getattr(made, name) for name in ("weights", "bias", "mean", "spread")}
    np.savez(chosen.out / "describer.npz", **parts)
    print(json.dumps({"pictures": len(said), "scenes": len(SCENES), "sure": SURE}), file=sys.stderr)


if __name__ == "__main__":
    main()
