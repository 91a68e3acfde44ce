"""Fits the face basis that ships with keypoints: mean face, expression and identity.

    python -m keypoints.fit_basis --data FOLDER --out genvc

Reads every clip of FOLDER/faces/train, finds the face points, aligns all faces by generalised
Procrustes analysis, and takes the principal components of what changes within a clip (expression) and
between clips (identity). No random numbers: the same clips give the same basis.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from rich.progress import track

from genvc import media, models
from genvc.errors import BadInput

from .detector import FaceMeshDetector, Points, topology
from .motion import Floats
from .structure import procrustes

__all__ = ["fit", "main", "save"]

EXPRESSION, IDENTITY = 16, 24
_EVERY = 4
_FEWEST = 20


def fit(
    clips: Sequence[Floats], expression: int, identity: int
) -> tuple[Points, Floats, tuple[float, float]]:
    """Mean (478, 3) of unit face width and basis (expression + identity, 478, 3) of clips (n, 478, 3).

    Last come the shares of what changes within clips and of what differs between them that the rows hold.
    Every clip counts alike, however long. Raises BadInput for fewer clips than identity rows.
    """
    if len(clips) < identity:
        raise BadInput(f"{identity} identity rows need at least as many clips, not {len(clips)}")
    mean = _unit(np.mean([clip[len(clip) // 2] - clip[len(clip) // 2].mean(0) for clip in clips], 0))
    aligned: list[Floats] = []
    for _ in range(4):
        aligned = [np.stack([_own(mean, points) for points in clip]) for clip in clips]
        mean = _unit(np.mean([clip.mean(0) for clip in aligned], 0))
    changes = np.concatenate(
        [(clip - clip.mean(0)).reshape(len(clip), -1) / np.sqrt(len(clip)) for clip in aligned]
    )
    first, within = _components(changes, expression)
    people = np.stack([(clip.mean(0) - mean).ravel() for clip in aligned])
    people -= people @ first.T @ first
    second, between = _components(people, identity)
    basis = np.concatenate([first, second]).reshape(-1, *mean.shape)
    return mean, basis * np.sqrt(len(mean)), (within, between)


def _components(samples: Floats, count: int) -> tuple[Floats, float]:
    """The leading principal components (count, numbers) of samples (n, numbers), and their share."""
    _, sizes, rows = np.linalg.svd(samples, full_matrices=False)
    return rows[:count], float((sizes[:count] ** 2).sum() / (sizes**2).sum())


def _own(mean: Points, points: Points) -> Points:
    scale, rotation, shift = procrustes(mean, points)
    found: Points = (points - shift) @ rotation / scale
    return found


def _unit(points: Points) -> Points:
    centred = points - points.mean(0)
    found: Points = centred / np.ptp(centred[:, 0])
    return found


def _points(path: Path) -> Floats:
    """Points of every fourth frame of a clip that shows a face."""
    _, frames = media.frames(path)
    detector = FaceMeshDetector()
    try:
        found = [detector.detect(frame.rgb) for frame in frames]
    finally:
        detector.close()
    seen = [points for points in found if points is not None][::_EVERY]
    return np.stack(seen) if seen else np.zeros((0, 478, 3))


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with faces/train/*.mp4")
    parser.add_argument("--out", type=Path, required=True, help="the collection of models to add to")
    chosen = parser.parse_args()
    paths = sorted((chosen.data / "faces" / "train").glob("*.mp4"))
    if not paths:
        parser.error(f"no clips in {chosen.data / 'faces' / 'train'}")
    clips = [
        points for path in track(paths, "finding faces") if len(points := _points(path)) * _EVERY > _FEWEST
    ]
    mean, basis, (within, between) = fit(clips, EXPRESSION, IDENTITY)
    print(f"{within:.1%} of the changes within clips, {between:.1%} of the differences between them")
    print(save(mean, basis, len(clips), chosen.out).full_name)


def save(mean: Points, basis: Floats, clips: int, root: Path) -> models.Model:
    """Add the basis to a collection of models, a folder with models.json and weights/."""
    config = {"expression": EXPRESSION, "identity": len(basis) - EXPRESSION, "points": len(mean)}
    tensors = {"mean": torch.from_numpy(mean).half(), "basis": torch.from_numpy(basis).half()}
    tensors |= {key: torch.from_numpy(points).short() for key, points in topology().items()}
    models.save(root / "weights" / "face-basis", config, tensors)
    return models.add(
        "face-basis",
        "keypoints",
        licence="Apache-2.0",
        trained_on=f"mediapipe face points of {clips} talking-head clips, every {_EVERY}th frame",
        command="python -m keypoints.fit_basis --data $GENVC_DATA --out genvc",
        root=root,
    )


if __name__ == "__main__":
    main()
