"""A second reader of packets, written from docs/keypoints.md alone, agrees with the first."""

import re
from collections.abc import Callable
from dataclasses import replace
from math import cos, pi, sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genvc.entropy import AdaptiveModel, ScaleModels, SymbolDecoder
from genvc.types import Packet, Picture, StreamInfo
from keypoints.field import smooth_field
from keypoints.mesh import field_size
from keypoints.moments import read, write
from keypoints.motion import Grid, MotionBasis
from keypoints.structure import FaceBasis, Structure

PAGE = Path(__file__).parents[2] / "docs" / "keypoints.md"
E, I = 16, 24  # noqa: E741


def mirrored(*counts: int, reach: int = 12) -> AdaptiveModel:
    side = [*counts, *[1] * (reach + 1 - len(counts))]
    return AdaptiveModel([*side[:0:-1], *side, 1], 24, 4096)


def flag(no: int, yes: int) -> AdaptiveModel:
    return AdaptiveModel([no, yes], 24, 4096)


class OtherReader:
    """The exact half as the document has it, for streams that are in order."""

    def __init__(self, width: int, height: int) -> None:
        short = min(width, height)
        self.w, self.h = (min(64, max(16, round(side * 16 / short))) for side in (width, height))
        places = [
            ((u * self.h) ** 2 + (v * self.w) ** 2, u, v)
            for u in range(self.w)
            for v in range(self.h)
            if 100 * ((u * self.h) ** 2 + (v * self.w) ** 2) < 49 * (self.w * self.h) ** 2
        ]
        self.order = [(u, v) for _, u, v in sorted(places)]

    def renew(self) -> None:
        self.slot, self.face, self.shape_moved, self.field_moved = 0, 0, 0, 0
        self.parts = [1, 1]
        self.structure, self.identity = [0] * (6 + E), [0] * I
        self.sizes = ScaleModels([110] * 4 + [160] * 2 + [90] * 4 + [40] * (E - 4))
        self.jump = mirrored(96, 86, 78, 70, 63, 57, 51, 46, 41, 37, 33, 30, 27)
        self.own = mirrored(96, 77, 61, 49, 39, 31, 25, 20, 16, 13, 10, 8, 7)
        self.low = mirrored(96, 67, 47, 33, 23, 16, 11, 8, 6, 4, 3, 2, reach=24)
        self.middle, self.high = mirrored(96, 38, 15, 6, 2), mirrored(96, 14, 2)
        self.texture = mirrored(96, 38, 15, 6, 2)
        self.same = flag(24, 360)
        self.faces = [flag(192, 24), flag(24, 1440)]
        self.shapes = [flag(96, 24), flag(24, 144)]
        self.motions = [flag(96, 24), flag(24, 144)]
        self.part = [flag(192, 24), flag(24, 384)]
        self.references: dict[int, dict[str, Any]] = {}

    def packet(self, payload: bytes, key: bool) -> tuple[dict[str, Any] | None, dict[str, Any]]:
        if key:
            self.renew()
        length, at = 0, 0
        if key or len(payload) >= 200:
            while True:
                length |= (payload[at] & 127) << 7 * at
                at += 1
                if payload[at - 1] < 128:
                    break
        numbers = payload[at + length :]
        self.coder = SymbolDecoder(numbers if key else numbers.rstrip(b"\0"))
        brought = self.reference() if length else None
        shown = self.picture()
        self.coder.finish()
        return brought, shown

    def reference(self) -> dict[str, Any]:
        raw, integer = self.coder.get_bits, self.coder.get_integer
        kind = raw(1)
        scale, slot = raw(2), raw(4)
        structure = None
        if raw(1):
            structure = [old + integer(self.jump) for old in self.structure]
            if raw(1):
                self.identity = [old + integer(self.own) for old in self.identity]
        count, fineness = raw(4), raw(2)
        fields = []
        for _ in range(count):
            reach = raw(8)
            lines = []
            for _ in "xy":
                models = [self.low] * 3 + [self.middle] * 21 + [self.high] * 1000
                lines.append([integer(model) for model in models[: raw(10)]])
            fields.append((reach, lines))
        texture = None
        if kind:
            parts, numbers = 1 + raw(3), 1 + raw(4)
            texture = [[integer(self.texture) for _ in range(numbers)] for _ in range(parts)]
        if not self.references:
            self.slot = slot
            self.structure = structure or self.structure
        sizes = ScaleModels(([120] * 3 + [60] * 12)[:count])
        found = {"slot": slot, "scale": scale, "structure": structure, "fields": fields, "texture": texture}
        self.references[slot] = {"sizes": sizes, "motion": [0] * count}
        return found | {"fineness": fineness, "identity": self.identity}

    def vector(self, old: list[int], sizes: ScaleModels) -> list[int]:
        sizes.begin()
        return [value + self.coder.get_integer(sizes[k]) for k, value in enumerate(old)]

    def picture(self) -> dict[str, Any]:
        if len(self.references) > 1 and not self.coder.get(self.same):
            self.slot = self.coder.get_bits(4)
        self.face = self.coder.get(self.faces[self.face])
        if self.face:
            self.shape_moved = self.coder.get(self.shapes[self.shape_moved])
            if self.shape_moved:
                self.structure = self.vector(self.structure, self.sizes)
            self.parts = [self.coder.get(self.part[had]) for had in self.parts]
        kept = self.references[self.slot]
        if kept["motion"]:
            self.field_moved = self.coder.get(self.motions[self.field_moved])
            if self.field_moved:
                kept["motion"] = self.vector(kept["motion"], kept["sizes"])
        structure = self.structure if self.face else None
        return {"slot": self.slot, "structure": structure, "motion": kept["motion"], "parts": self.parts}


def check(other: OtherReader, packets: list[Packet], records: list[Any]) -> None:
    for packet, (reference, picture) in zip(packets, records, strict=True):
        brought, shown = other.packet(packet.payload, packet.key)
        assert (brought is None) == (reference is None)
        if brought is not None:
            assert (brought["slot"], brought["scale"]) == (reference.slot, reference.scale)
            assert (brought["structure"] is None) == (reference.structure is None)
            if reference.structure is not None:
                assert brought["structure"] == reference.structure.motion.tolist()
                assert brought["identity"] == reference.structure.identity.tolist()
            assert brought["texture"] == (None if reference.texture is None else reference.texture.tolist())
            basis = reference.basis
            assert [reach for reach, _ in brought["fields"]] == basis.reach.tolist()
            assert not basis.count or brought["fineness"] == basis.fineness
            for (_, lines), spectra in zip(brought["fields"], basis.coefficients, strict=True):
                for line, spectrum in zip(lines, spectra, strict=True):
                    wanted = [spectrum[v, u] for u, v in other.order]
                    assert line == wanted[: len(line)]
                    assert not any(wanted[len(line) :])
        assert shown["slot"] == picture.slot
        assert shown["structure"] == (None if picture.structure is None else picture.structure.tolist())
        assert shown["motion"] == picture.motion.tolist()
        assert tuple(map(bool, shown["parts"])) == picture.parts


def test_a_coded_clip_is_read_the_same_by_both(
    code: Callable[..., Any],
    walk: Callable[..., Any],
    scenery: Callable[..., Picture],
    talk: list[Picture],
    basis: FaceBasis,
) -> None:
    """Two groups, several references, a face that goes and comes."""
    stream = code([*talk[:12:3], *[scenery(176, 144)] * 3, *talk[60:88:4]], quality=60, seconds=0.4)
    records = walk(stream.info, stream.packets)
    assert sum(packet.key for packet in stream.packets) > 1
    assert sum(brought is not None for brought, _ in records) > sum(packet.key for packet in stream.packets)
    check(OtherReader(176, 144), stream.packets, records)
    # the same with texture codes
    random = np.random.default_rng(5)
    told = []
    for moment in read(stream.packets, stream.info, basis):
        codes = np.rint(random.laplace(0, 4, (4, 8))).astype(int)
        brought = None if moment.reference is None else replace(moment.reference, texture=codes)
        told.append(replace(moment, reference=brought))
    packets = list(write(told, stream.info, basis))
    check(OtherReader(176, 144), packets, walk(stream.info, packets))


def test_the_example_is_what_the_page_says(walk: Callable[..., Any]) -> None:
    block = PAGE.read_text().split("<!-- example:")[1].split("-->\n")[1].split("\n\n")[0]
    rows = [bytes.fromhex(re.sub(r"^ +(key|second|third) packet", "", row)) for row in block.splitlines()]
    packets = [Packet(row, index, index == 0) for index, row in enumerate(rows)]
    other = OtherReader(64, 64)
    brought, shown = other.packet(rows[0], True)
    assert brought is not None
    assert (brought["slot"], brought["scale"], brought["fineness"]) == (2, 0, 1)
    assert brought["structure"] is None
    assert brought["fields"] == [(10, [[5, -1], []])]
    assert (shown["slot"], shown["motion"], shown["structure"]) == (2, [3], None)
    assert other.packet(rows[1], False)[1]["motion"] == [4]
    assert other.packet(rows[2], False)[1]["structure"] == [-100, *[0] * 21]
    info = StreamInfo("keypoints", "", 64, 64, 25, b"")  # type: ignore[arg-type]
    check(OtherReader(64, 64), packets, walk(info, packets))


@pytest.mark.parametrize(("width", "height"), [(64, 48), (300, 140), (30, 77)])
def test_the_motion_is_the_documented_sum_of_cosines(width: int, height: int) -> None:
    grid = Grid(width, height)
    random = np.random.default_rng(8)
    spectra = np.zeros((2, 2, grid.high * grid.wide), np.int64)
    spectra[:, :, grid.order[:6]] = random.integers(-9, 10, (2, 2, 6))
    basis = MotionBasis(spectra.reshape(2, 2, grid.high, grid.wide), np.array([7, 0]), 2)
    motion = [5, -3]
    found = smooth_field(grid, np.tensordot(np.array(motion, float), grid.fields(basis), 1), width, height)

    high, wide = field_size(width, height)
    cell = max(1, min(width, height) / 128)
    assert (high, wide) == (round(height / cell), round(width / cell))
    for y, x in ((0, 0), (high // 2, wide // 3), (high - 1, wide - 1)):
        for axis in range(2):
            total = 0.0
            for number, reach, field in zip(motion, (7, 0), basis.coefficients, strict=True):
                step = 0.4 / (2**2 * max(reach, 1))
                for (v, u), value in np.ndenumerate(field[axis]):
                    a = (sqrt(2) if u else 1) * (sqrt(2) if v else 1)
                    wave = cos(pi * u * (x + 0.5) / wide) * cos(pi * v * (y + 0.5) / high)
                    total += number * value * step * a * wave
            assert found[y, x, axis] == pytest.approx(total * min(width, height) / 256, abs=1e-3)


def test_the_points_are_the_documented_ones(basis: FaceBasis) -> None:
    random = np.random.default_rng(9)
    for _ in range(5):
        motion = random.integers(-200, 200, 6 + E)
        identity = random.integers(-400, 400, I)
        shape = basis.mean.copy()
        for value, row in zip([*motion[6:], *identity], basis.basis, strict=True):
            shape += min(max(value / 160, -2), 2) * row
        yaw, pitch, roll = (min(max(float(value) / 96, -3.2), 3.2) for value in motion[1:4])
        turn = np.array([[cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, cos(yaw)]])
        nod = np.array([[1, 0, 0], [0, cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), cos(pitch)]])
        tilt = np.array([[cos(roll), -np.sin(roll), 0], [np.sin(roll), cos(roll), 0], [0, 0, 1]])
        wanted = 256 * np.exp(motion[0] / 128) * shape @ (tilt @ nod @ turn).T
        wanted += 256 * np.array([motion[4] / 512, motion[5] / 512, 0])
        assert basis.points(Structure(motion, identity), 256) == pytest.approx(wanted)
