"""The codec's networks as a running stream uses them: pictures to packets and back.

Each packet is a byte, 64 * kind + grade, and the range coder's bytes: side latents and latents of the motion
(two of them for a picture between two others), then of the picture. Kinds: 0 intra, 1 predicted from one
picture, 2 between two.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..entropy import SymbolDecoder, SymbolEncoder
from ..errors import CorruptStream
from ..types import Picture
from .basis import BLOCK
from .effort import improved
from .exact import exact_copy, fixed
from .latents import read, write, write_cheapest
from .model import SIGNS, Predictive, Reference, average, begin
from .motion import measure
from .picture import Context
from .probability import levels_tables
from .quality import GRADES, lagrangian, log_step

__all__ = ["BETWEEN", "INTRA", "PREDICTED", "Made", "Networks", "kind_of"]

INTRA, PREDICTED, BETWEEN = 0, 1, 2
_LEAST_FOR_MOTION = 32
# what an error of motion costs: nothing starts from most pictures between others, and errors in chains stay
_SHARES = {PREDICTED: 0.25, BETWEEN: 0.05}


@dataclass(frozen=True, slots=True)
class Made:
    """payload: of the packet. reference: for the next picture. cost: bits plus error in bits."""

    payload: bytes
    reference: Reference
    cost: float


@dataclass(frozen=True, slots=True)
class _Moved:
    """latents: of the flow. context: what it makes of the reference. state: the prior's, after it."""

    latents: Tensor
    context: Context
    state: Tensor


def kind_of(payload: bytes) -> int:
    """INTRA, PREDICTED or BETWEEN; raises CorruptStream."""
    if not payload:
        raise CorruptStream("a packet of a picture is empty")
    kind = payload[0] // GRADES
    if kind > BETWEEN:
        raise CorruptStream(f"a packet is of kind {kind}, and the last one is {BETWEEN}")
    return kind


class Networks:
    """A model ready to run: its free half on a device, its exact half on the CPU."""

    def __init__(self, model: Predictive, device: torch.device) -> None:
        self.device = device
        self.exact_intra = exact_copy(model.intra.latents)
        self.exact_inter = exact_copy(model.inter.latents)
        self.exact_motion = exact_copy(model.motion.latents)
        self.exact_begin = exact_copy(model.first_state)
        self.tables = levels_tables()
        self.model = model.to(device).to(memory_format=torch.channels_last).eval().requires_grad_(False)

    @torch.no_grad()
    def encode_intra(self, rgb: Picture, grade: int, effort: int = 0) -> Made:
        """rgb: (height, width, 3), of any size. effort: steps, see effort.py."""
        log, coder = log_step(grade), SymbolEncoder()
        picture = self._tensor(rgb)
        wanted = self.model.intra.encode(picture, None, log).float()
        if effort:
            quality = torch.tensor([log], dtype=torch.float32, device=self.device)
            wanted = improved(
                lambda tried: self.model.intra_of(tried, quality, True), wanted, picture, log, effort
            )
        side = self.model.intra.latents.side_of(wanted, log)
        latents = write(coder, self.exact_intra, self.tables, wanted.cpu(), side.cpu(), None, None, log)
        reference = self._intra(latents, log)
        return self._made(INTRA, grade, coder, reference, picture)

    def encode_predicted(self, rgb: Picture, grade: int, last: Reference, effort: int = 0) -> Made:
        """rgb: of the size of the reference before padding."""
        return self._encode(PREDICTED, rgb, grade, [last], effort)

    def encode_between(
        self, rgb: Picture, grade: int, before: Reference, after: Reference, effort: int = 0
    ) -> Made:
        """rgb: of the size of the references before padding."""
        return self._encode(BETWEEN, rgb, grade, [before, after], effort)

    @torch.no_grad()
    def decode(self, payload: bytes, width: int, height: int, references: Sequence[Reference]) -> Reference:
        """The picture of a packet. references: as many as its kind has. Raises CorruptStream."""
        kind, grade = kind_of(payload), payload[0] % GRADES
        if len(references) != kind:
            raise CorruptStream(
                f"a packet needs {kind} pictures to start from, and {len(references)} are there"
            )
        log, coder = log_step(grade), SymbolDecoder(payload[1:])
        size = (-(-height // BLOCK), -(-width // BLOCK))
        if kind == INTRA:
            latents = read(coder, self.exact_intra, self.tables, size, None, None, log)
            coder.finish()
            return self._intra(latents, log)
        moved: list[_Moved] = []
        state = references[-1].motion_state
        for reference, sign in zip(references, SIGNS, strict=False):
            motion = read(coder, self.exact_motion, self.tables, size, state, None, log)
            moved.append(self._moved(motion, reference, state, log, sign))
            state = moved[-1].state
        condition, context, state = self._joined(moved, references, log)
        latents = read(coder, self.exact_inter, self.tables, size, state, condition, log)
        coder.finish()
        return self._predicted(latents, context, state, moved[-1].state, log)

    def rgb(self, reference: Reference, width: int, height: int) -> Picture:
        """The picture as samples, without padding."""
        # damaged latents may be so large that a network ends in infinities
        shown = reference.picture[0, :, :height, :width].float().nan_to_num(0.5).clamp(0, 1)
        found = shown.permute(1, 2, 0).cpu().numpy()
        picture: Picture = np.rint(found * np.float32(255)).astype(np.uint8)
        return picture

    def _intra(self, latents: Tensor, log: float) -> Reference:
        picture, features = self.model.intra.decode(latents.float().to(self.device), None, log)
        state = begin(self.exact_begin, latents, self.exact_intra)
        return Reference(picture, features, state, torch.zeros_like(state))

    def _predicted(
        self, latents: Tensor, context: Context, state: Tensor, motion_state: Tensor, log: float
    ) -> Reference:
        picture, features = self.model.inter.decode(latents.float().to(self.device), context, log)
        return Reference(picture, features, self.exact_inter.next_state(state, latents, log), motion_state)

    @torch.no_grad()
    def _encode(
        self, kind: int, rgb: Picture, grade: int, references: Sequence[Reference], effort: int
    ) -> Made:
        log, coder = log_step(grade), SymbolEncoder()
        picture = self._tensor(rgb)
        moved: list[_Moved] = []
        state = references[-1].motion_state
        worth = self.model.motion.worth(picture, log, _SHARES[kind])
        for reference, sign in zip(references, SIGNS, strict=False):
            before = reference.picture.clamp(0, 1)
            flow = sign * self._flow(picture, before)
            wanted = self.model.motion.encode(flow, picture, before, log).float()
            side = self.model.motion.latents.side_of(wanted, log)
            latents = write_cheapest(
                coder,
                self.exact_motion,
                self.tables,
                wanted.cpu(),
                _fewer(side.cpu()),
                state,
                None,
                log,
                worth.cpu(),
            )
            moved.append(self._moved(latents, reference, state, log, sign))
            state = moved[-1].state
        condition, context, state = self._joined(moved, references, log)
        wanted = self.model.inter.encode(picture, context, log).float()
        if effort:
            quality = torch.tensor([log], dtype=torch.float32, device=self.device)
            floating = condition.float().to(self.device), state.float().to(self.device)
            wanted = improved(
                lambda tried: self.model.predicted_of(tried, context, *floating, quality, True),
                wanted,
                picture,
                log,
                effort,
            )
        side = self.model.inter.latents.side_of(wanted, log)
        latents = write(coder, self.exact_inter, self.tables, wanted.cpu(), side.cpu(), state, condition, log)
        found = self._predicted(latents, context, state, moved[-1].state, log)
        return self._made(kind, grade, coder, found, picture)

    def _moved(self, latents: Tensor, reference: Reference, state: Tensor, log: float, sign: int) -> _Moved:
        flow = sign * self.model.motion.decode(latents.float().to(self.device), log)
        context = self.model.motion.compensate(flow, reference.picture.clamp(0, 1), reference.features, log)
        return _Moved(latents, context, self.exact_motion.next_state(state, latents, log))

    def _joined(
        self, moved: Sequence[_Moved], references: Sequence[Reference], log: float
    ) -> tuple[Tensor, Context, Tensor]:
        """For the rest of a picture: condition of its prior, prediction, state of its prior."""
        motion = average([one.latents for one in moved])
        context = self.model.motion.joined([one.context for one in moved], log)
        state = fixed(average([reference.state for reference in references]))
        return fixed(motion / self.exact_motion.shift), context, state

    def _made(
        self, kind: int, grade: int, coder: SymbolEncoder, reference: Reference, picture: Tensor
    ) -> Made:
        error = (reference.picture.clamp(0, 1) - picture).square().sum().item() * 255**2
        payload = bytes([kind * GRADES + grade]) + coder.finish()
        return Made(payload, reference, 8 * len(payload) + error / lagrangian(2 ** log_step(grade)))

    def _flow(self, picture: Tensor, before: Tensor) -> Tensor:
        if min(picture.shape[2:]) < _LEAST_FOR_MOTION:
            return picture.new_zeros((1, 2, picture.shape[2] // 4, picture.shape[3] // 4))
        both = [
            np.rint(rgb[0].permute(1, 2, 0).cpu().numpy() * 255).astype(np.uint8) for rgb in (picture, before)
        ]
        return torch.from_numpy(measure(both[0], both[1]))[None].to(self.device)

    def _tensor(self, rgb: Picture) -> Tensor:
        high, wide = rgb.shape[:2]
        padded = np.pad(rgb, ((0, -high % BLOCK), (0, -wide % BLOCK), (0, 0)), mode="edge")
        made = torch.from_numpy(padded).to(self.device).permute(2, 0, 1)[None].float() / 255
        return made.contiguous(memory_format=torch.channels_last)


def _fewer(side: Tensor) -> list[Tensor]:
    """Side latents, the same nearer to 0, and none: what they say must be worth what they cost."""
    return [side, side.trunc(), torch.zeros_like(side)]
