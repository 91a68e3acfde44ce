"""One group of pictures, from frames to the records that are coded: all but the pixels of references."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from genvc.types import Picture

from .detector import Points
from .guide import Guide
from .joints import Joints
from .likeness import Grey, difference, shapes
from .motion import Floats, Grid, MotionBasis, fit_basis, measure, moved, project, texture
from .openness import mismatch, openness
from .quantize import steady_round
from .references import Choice, Study, attempt, choose, extended, half, sample_span, study
from .structure import POSE, FaceBasis, Integers, Structure
from .syntax import PictureRecord, ReferenceRecord

__all__ = ["Effort", "Group", "Plan", "analysed", "worst_pictures"]

_ANALYSIS = 256
# OpenCV's flow takes nothing below 12 pixels, and comparisons are made at half the size.
_SMALLEST = 32
_MOST_WORST = 6


@dataclass(frozen=True, slots=True)
class Effort:
    """How finely motion is coded. 1 is the finest; larger numbers halve the precision with each step."""

    coarse: float = 1.0
    fields: int = 8
    hold: int = 1
    """Motion changes at every hold-th picture only."""
    fineness: int = 1

    def coarser(self) -> "Effort":
        """The next step down."""
        fields = max(min(2, self.fields), self.fields - 1)
        return Effort(self.coarse * 1.35, fields, self.hold, min(self.fineness, 1))

    def within(self, fields: int) -> "Effort":
        """The same with at most so many fields."""
        return replace(self, fields=min(self.fields, fields))


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What will be sent. references: records in order of first use; sources: their pictures' indices.

    first_use: the picture before which each reference is sent. pictures: one record for each picture.
    """

    references: list[ReferenceRecord]
    sources: list[int]
    first_use: list[int]
    pictures: list[PictureRecord]

    def at_scale(self, scale: int) -> "Plan":
        """The same with the pixels of all references coded at SCALES[scale]."""
        return replace(self, references=[replace(record, scale=scale) for record in self.references])

    def textured(self, codes: Sequence[Integers | None]) -> "Plan":
        """The same with texture codes of each reference."""
        records = zip(self.references, codes, strict=True)
        return replace(self, references=[replace(record, texture=some) for record, some in records])


class Group:
    """The pictures of one group with all that was measured on them, each thing once."""

    def __init__(
        self,
        frames: Sequence[Picture],
        faces: Sequence[Points | None],
        joints: Sequence[Joints | None],
        grid: Grid,
        basis: FaceBasis,
    ):
        self.grid = grid
        self.basis = basis
        self.height = frames[0].shape[0]
        self.short = min(frames[0].shape[:2])
        self.grey = [analysed(frame) for frame in frames]
        self.halves = [half(picture) for picture in self.grey]
        self.faces = list(faces)
        self.guide = Guide(self.faces, joints)
        self.half_scale = self.halves[0].shape[0] / self.height
        self.study: Study = study(self.halves, self.guide, self.half_scale, grid)
        self._flows: dict[tuple[int, int], Floats] = {}
        self._structure = self._fit_structure()

    def __len__(self) -> int:
        return len(self.grey)

    def choices(self, most: int) -> list[Choice]:
        """The best sets of 1, 2, ... references."""
        return choose(self.study, self._mismatches(), most, len(self))

    def _mismatches(self) -> Floats:
        """What each sample loses to eyes and mouth that differ from a candidate's, (samples, candidates)."""
        open_now = [None if face is None else openness(face) for face in self.faces]
        found = np.zeros(self.study.differences.shape)
        for row, sample in enumerate(self.study.samples):
            for column, candidate in enumerate(self.study.candidates):
                one, other = open_now[sample], open_now[candidate]
                if one is not None and other is not None:
                    found[row, column] = mismatch(one, other)
        return found

    def sharpened(self, choice: Choice) -> Choice:
        """The same references, with each change of reference at the picture where it does most good.

        The choice was made on a sample; a cut between two samples is found to the picture here.
        """
        users = choice.users.copy()
        for after in np.flatnonzero(np.diff(choice.users)):
            old, new = int(choice.users[after]), int(choice.users[after + 1])
            low, high = sample_span(self.study.samples, int(after), len(self))
            span = range(low, high)
            both = [[self._loss(i, choice.references[slot]) for slot in (old, new)] for i in span]
            costs = np.array(both, np.float64).reshape(-1, 2)
            # the best place: what the old one loses before it plus what the new one loses from it on
            total = np.concatenate([[0], costs[:, 0].cumsum()]) + np.concatenate(
                [costs[::-1, 1].cumsum()[::-1], [0]]
            )
            place = low + int(total.argmin())
            users[low:place], users[place:high] = old, new
        return Choice(choice.references, users, choice.difference)

    def _loss(self, picture: int, reference: int) -> float:
        return attempt(self.halves, self.guide, self.half_scale, picture, reference, self.grid)

    def losses(self, plan: Plan) -> Floats:
        """What each picture loses to warping when shown as planned, (pictures,), as the study measures it."""
        fields = [self.grid.fields(record.basis) for record in plan.references]
        found = np.zeros(len(self))
        for index, record in enumerate(plan.pictures):
            source = plan.sources[record.slot]
            if index != source:
                spectrum = np.tensordot(record.motion.astype(np.float64), fields[record.slot], 1)
                unit = min(self.halves[index].shape) / 256
                seen = moved(self.halves[source], self.grid.inverse(spectrum) * unit)
                found[index] = difference(shapes(self.halves[index]), shapes(seen))
        return found

    def add_candidates(self, pictures: list[int]) -> None:
        """Let these pictures be references too."""
        self.study = extended(self.study, self.halves, self.guide, self.half_scale, self.grid, pictures)

    def _fit_structure(self) -> "tuple[Integers, Floats] | None":
        """Identity in integers (identity,) and, for each picture, pose and expression in steps."""
        seen = [index for index, face in enumerate(self.faces) if face is not None]
        if not seen:
            return None
        some = seen[:: max(1, len(seen) // 8)]
        fits = [self.basis.fit(self.faces[index], self.short)[1] for index in some]  # type: ignore[arg-type]
        steps = self.basis.steps()
        own = np.median(np.stack(fits), 0)[self.basis.expression :]
        identity = np.rint(own / steps[POSE + self.basis.expression :]).astype(np.int64)
        keep = identity * steps[POSE + self.basis.expression :]
        numbers = POSE + self.basis.expression
        found = np.full((len(self), numbers), np.nan)
        guess = None
        for index in seen:
            pose, guess = self.basis.fit(self.faces[index], self.short, guess, keep)  # type: ignore[arg-type]
            found[index] = np.concatenate([pose, guess[: self.basis.expression]]) / steps[:numbers]
        return identity, found

    def plan(self, choice: Choice, effort: Effort) -> Plan:
        """Fit motion to the chosen references and round everything to integers."""
        structure = self._rounded_structure(effort)
        identity = self._structure[0] if self._structure else np.zeros(self.basis.identity, np.int64)
        records: list[ReferenceRecord] = []
        motion: list[Integers] = [np.zeros(0, np.int64)] * len(self)
        first_use: list[int] = []
        for slot, source in enumerate(choice.references):
            users = np.flatnonzero(choice.users == slot)
            first_use.append(int(users[0]) if len(users) else 0)
            basis, steps = self._fit_motion(source, users, effort)
            face = structure[source]
            record = ReferenceRecord(slot, None if face is None else Structure(face, identity), basis)
            records.append(record)
            for index, numbers in zip(users, steps, strict=True):
                motion[index] = numbers
        pictures = [
            PictureRecord(int(choice.users[index]), structure[index], motion[index])
            for index in range(len(self))
        ]
        return Plan(records, list(choice.references), first_use, pictures)

    def _rounded_structure(self, effort: Effort) -> list[Integers | None]:
        if self._structure is None:
            return [None] * len(self)
        values = self._structure[1]
        seen = np.flatnonzero(~np.isnan(values[:, 0]))
        held = _held(values[seen], effort.hold)
        whole = steady_round(held, 0.12 * effort.coarse)
        found: list[Integers | None] = [None] * len(self)
        for index, numbers in zip(seen, whole, strict=True):
            found[index] = numbers
        return found

    def _flow(self, picture: int, reference: int) -> Floats:
        key = (picture, reference)
        if key not in self._flows:
            if picture == reference:
                self._flows[key] = np.zeros((2, self.grid.high, self.grid.wide))
            else:
                unit = 256 / min(self.grey[0].shape)
                scale = self.grey[picture].shape[0] / self.height
                guess = self.guide.guess(picture, reference, self.grey[picture].shape, scale)
                self._flows[key] = measure(self.grey[picture], self.grey[reference], self.grid, guess) * unit
        return self._flows[key]

    def _fit_motion(
        self, source: int, users: "np.ndarray[tuple[int], np.dtype[np.int64]]", effort: Effort
    ) -> tuple[MotionBasis, Integers]:
        flows = np.stack([self._flow(int(index), source) for index in users])
        size = (self.grid.wide, self.grid.high)
        weight = cv2.resize(texture(self.grey[source]), size, interpolation=cv2.INTER_AREA).astype(np.float64)
        weight += 0.3 * weight.mean() + 1e-3
        fields = min(effort.fields, 2 + len(users) // 8)
        basis = fit_basis(
            flows, weight, self.grid, 0.12 * effort.coarse, fields, 0.35 * effort.coarse, effort.fineness
        )
        values = _held(project(flows, weight, basis, self.grid), effort.hold)
        start = np.zeros(basis.count, np.int64)
        return basis, steady_round(values, 0.12, start)


def analysed(frame: Picture) -> Grey:
    """Grey, with a short side of at most 256: what motion is measured on."""
    grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    height, width = grey.shape
    factor = max(min(_ANALYSIS / min(width, height), 1.0), _SMALLEST / min(width, height))
    if factor == 1.0:
        return grey  # type: ignore[return-value]
    size = (round(width * factor), round(height * factor))
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    return cv2.resize(grey, size, interpolation=way)  # type: ignore[return-value]


def _held(values: Floats, hold: int) -> Floats:
    """Each run of `hold` moments takes its first one's values."""
    if hold <= 1 or not len(values):
        return values
    found: Floats = values[np.arange(len(values)) // hold * hold]
    return found


def worst_pictures(losses: Floats) -> list[int]:
    """The worst picture of each run of pictures that lose far more than most do."""
    limit = max(0.2, 2.0 * float(np.median(losses)))
    found: list[int] = []
    run: list[int] = []
    for index in [*np.flatnonzero(losses > limit).tolist(), len(losses) + 2]:
        if run and index > run[-1] + 1:
            found.append(max(run, key=lambda place: float(losses[place])))
            run = []
        run.append(index)
    return sorted(found, key=lambda place: -float(losses[place]))[:_MOST_WORST]
