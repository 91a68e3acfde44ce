"""The structure of a face as small integers: pose and expression, and back to points.

A face is a mean shape plus a linear basis, turned, scaled and moved (weak perspective):

    points = scale * rotation * (mean + coefficients @ basis) + shift

The basis has `expression` rows that change from frame to frame, then `identity` rows that are sent
with a reference picture only. Source: the 3D morphable models of Blanz and Vetter, 1999, fitted here
to mediapipe's points by alternating Procrustes alignment and projection.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .detector import Points

__all__ = ["POSE", "FaceBasis", "Structure", "procrustes"]

POSE = 6
"""Integers of the pose: log-scale, turn (yaw), nod (pitch), tilt (roll), shift right, shift down."""

# Quantiser steps: scale in natural log, angles in radians, shift and coefficients in face widths
# times 1/256 (the face is some 110 pixels wide in a 256x256 picture, so about 0.4 pixels).
_SCALE_STEP = 1 / 128
_ANGLE_STEP = 1 / 96
_SHIFT_STEP = 1 / 512
_COEFFICIENT_STEP = 1 / 160

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Structure:
    """One face in integers. motion: (6 + expression,). identity: (identity,)."""

    motion: Integers
    identity: Integers


class FaceBasis:
    """The shipped mean face and its basis.

    mean: (478, 3) with unit face width, centred. basis: (rows, 478, 3), rows orthonormal up to a
    common factor such that a coefficient of 1 moves the points by one face width rms.
    """

    def __init__(self, mean: npt.NDArray[np.float64], basis: npt.NDArray[np.float64], expression: int):
        self.mean = mean
        self.basis = basis
        self.expression = expression
        self.identity = len(basis) - expression
        self._flat = basis.reshape(len(basis), -1) / basis.shape[1]

    def fit(
        self,
        points: Points,
        short_side: int,
        guess: "npt.NDArray[np.float64] | None" = None,
        keep: "npt.NDArray[np.float64] | None" = None,
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Pose (6,) and coefficients (rows,) that come closest to the points.

        keep: identity coefficients that are known already. guess: coefficients to start from. Shifts
        are in units of the picture's short side from the picture's corner.
        """
        shape = self.mean if guess is None else self.shape(guess)
        coefficients = np.zeros(len(self.basis))
        for _ in range(3):
            scale, rotation, shift = procrustes(shape, points)
            own = (points - shift) @ rotation / scale
            coefficients = self._flat @ (own - self.mean).ravel()
            if keep is not None:
                rest = own - self.mean - np.tensordot(keep, self.basis[self.expression :], 1)
                coefficients[: self.expression] = self._flat[: self.expression] @ rest.ravel()
                coefficients[self.expression :] = keep
            shape = self.shape(coefficients)
        scale, rotation, shift = procrustes(shape, points)
        yaw, pitch, roll = _angles(rotation)
        pose = np.array(
            [np.log(scale / short_side), yaw, pitch, roll, shift[0] / short_side, shift[1] / short_side]
        )
        return pose, coefficients

    def shape(self, coefficients: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """The face itself, (478, 3), before it is turned and moved."""
        return self.mean + np.tensordot(coefficients, self.basis, 1)

    def points(self, structure: Structure, short_side: int) -> Points:
        """The points that the integers say, in pixels; z relative to the middle of the head."""
        pose, coefficients = self.from_integers(structure)
        rotation = _rotation(pose[1], pose[2], pose[3])
        scale = float(np.exp(pose[0])) * short_side
        found = scale * self.shape(coefficients) @ rotation.T
        found[:, 0] += pose[4] * short_side
        found[:, 1] += pose[5] * short_side
        return found

    def steps(self, coarse: float = 1.0) -> npt.NDArray[np.float64]:
        """Quantiser step of each number of pose and coefficients, (6 + rows,)."""
        steps = np.full(POSE + len(self.basis), _COEFFICIENT_STEP)
        steps[:POSE] = (_SCALE_STEP, _ANGLE_STEP, _ANGLE_STEP, _ANGLE_STEP, _SHIFT_STEP, _SHIFT_STEP)
        return steps * coarse

    def from_integers(self, structure: Structure) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Pose (6,) and coefficients (rows,); integers beyond any face are held at the edge of what is."""
        values = np.concatenate([structure.motion, structure.identity]) * self.steps()
        pose = np.clip(values[:POSE], (-6, -3.2, -3.2, -3.2, -4, -4), (3, 3.2, 3.2, 3.2, 5, 5))
        return pose, np.clip(values[POSE:], -2, 2)


def procrustes(
    shape: Points, points: Points
) -> tuple[float, npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Scale, rotation (3, 3) and shift (3,) with scale * rotation @ shape + shift nearest to points."""
    middle, centre = shape.mean(0), points.mean(0)
    a, b = shape - middle, points - centre
    u, s, vt = np.linalg.svd(b.T @ a)
    sign = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    rotation = (u * sign) @ vt
    scale = float((s * sign).sum() / max((a * a).sum(), 1e-12))
    return scale, rotation, centre - scale * rotation @ middle


def _rotation(yaw: float, pitch: float, roll: float) -> npt.NDArray[np.float64]:
    """Rotation matrix: turn about y, then nod about x, then tilt about z."""
    cy, sy, cp, sp, cr, sr = (
        np.cos(yaw),
        np.sin(yaw),
        np.cos(pitch),
        np.sin(pitch),
        np.cos(roll),
        np.sin(roll),
    )
    turn = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    nod = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    tilt = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    found: npt.NDArray[np.float64] = tilt @ nod @ turn
    return found


def _angles(rotation: npt.NDArray[np.float64]) -> tuple[float, float, float]:
    """Yaw, pitch and roll of a rotation matrix, the inverse of _rotation."""
    pitch = float(np.arcsin(np.clip(rotation[2, 1], -1, 1)))
    yaw = float(np.arctan2(-rotation[2, 0], rotation[2, 2]))
    roll = float(np.arctan2(-rotation[0, 1], rotation[1, 1]))
    return yaw, pitch, roll
