"""The networks of the whole codec, and the passes that training makes through them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from ..learned.exact import Exact, FixedConv, fixed
from ..learned.picture import CHANNELS, Context, PictureCoder
from ..learned.probability import Latents
from ..learned.rounding import through
from .motion import MOTION_CHANNELS, Motion
from .skip import SkipMap

__all__ = ["PARTS", "SIGNS", "STATE", "Coded", "Predictive", "Reference", "average", "begin"]

STATE = 48
# What a model can be trained without, to see what it is worth: the temporal prior, the context at more than
# one scale, all steps of the latents' context but the first.
PARTS = ("prior", "scales", "steps")
# the flow to the reference that comes later is coded with its sign turned
SIGNS = (1, -1)


@dataclass(frozen=True, slots=True)
class Reference:
    """What a predicted picture starts from: picture (samples 0 to 1), features, state of the prior.

    skipped: its skip map; None for none.
    """

    picture: Tensor
    features: Tensor
    state: Tensor
    motion_state: Tensor
    skipped: SkipMap | None = None


@dataclass(frozen=True, slots=True)
class Coded:
    """bits: (n,) of the picture, estimated. motion_bits: those of them for motion."""

    reference: Reference
    bits: Tensor
    motion_bits: Tensor


class Predictive(nn.Module):
    """Intra pictures, pictures predicted from one other, and pictures between two."""

    def __init__(self, without: Collection[str] = ()) -> None:
        """without: of PARTS."""
        super().__init__()
        self.intra = PictureCoder(False, 0, 0, without)
        self.first_state = Exact(FixedConv(CHANNELS, 96), FixedConv(96, STATE))
        self.motion = Motion(STATE, without)
        self.inter = PictureCoder(True, STATE, MOTION_CHANNELS, without)

    def code_intra(self, picture: Tensor, log_step: Tensor) -> Coded:
        """An intra picture as training sees it: straight-through rounding, estimated bits."""
        return self.intra_of(self.intra.encode(picture, None, log_step).float(), log_step)

    def intra_of(self, wanted: Tensor, log_step: Tensor, as_coded: bool = False) -> Coded:
        """What an intra picture's latents, in quantiser steps, become and cost."""
        latents, bits = through(self.intra.latents, wanted, None, None, log_step, as_coded)
        out, features = self.intra.decode(latents, None, log_step)
        state = begin(self.first_state, latents, self.intra.latents)
        return Coded(
            Reference(out.float(), features, state, torch.zeros_like(state)), bits, torch.zeros_like(bits)
        )

    def code_predicted(
        self, picture: Tensor, flows: Sequence[Tensor], references: Sequence[Reference], log_step: Tensor
    ) -> Coded:
        """A picture with one reference or two (the earlier first), as training sees it.

        flows: measured, where from in each reference, (n, 2, height / 4, width / 4).
        """
        motion_state = references[-1].motion_state
        steps = log_step.reshape(-1, 1, 1, 1)
        contexts, moved, motion_bits = [], [], torch.zeros((), device=picture.device)
        for flow, reference, sign in zip(flows, references, SIGNS, strict=False):
            wanted = self.motion.encode(sign * flow, picture, reference.picture, log_step).float()
            latents, bits = through(self.motion.latents, wanted, motion_state, None, log_step)
            motion_state = self.motion.latents.next_state(motion_state, latents, steps)
            decoded = sign * self.motion.decode(latents, log_step)
            contexts.append(self.motion.compensate(decoded, reference.picture, reference.features, log_step))
            moved.append(latents)
            motion_bits = motion_bits + bits
        context = self.motion.joined(contexts, log_step)
        wanted = self.inter.encode(picture, context, log_step).float()
        condition = fixed(average(moved) / self.motion.latents.shift)
        state = fixed(average([reference.state for reference in references]))
        coded = self.predicted_of(wanted, context, condition, state, log_step)
        return Coded(
            replace(coded.reference, motion_state=motion_state), coded.bits + motion_bits, motion_bits
        )

    def predicted_of(
        self,
        wanted: Tensor,
        context: Context,
        condition: Tensor,
        state: Tensor,
        log_step: Tensor,
        as_coded: bool = False,
        skipped: Tensor | None = None,
    ) -> Coded:
        """What a predicted picture's latents, in quantiser steps, become and cost, motion aside."""
        latents, bits = through(self.inter.latents, wanted, state, condition, log_step, as_coded, skipped)
        out, features = self.inter.decode(latents, context, log_step)
        state = self.inter.latents.next_state(state, latents, log_step.reshape(-1, 1, 1, 1))
        return Coded(
            Reference(out.float(), features, state, torch.zeros_like(state)), bits, torch.zeros_like(bits)
        )


def average(parts: Sequence[Tensor]) -> Tensor:
    """The mean of one or two parts of the same shape."""
    return parts[0] if len(parts) == 1 else (parts[0] + parts[1]) / 2


def begin(first: Exact, latents: Tensor, model: Latents) -> Tensor:
    """The state (n, 48, h, w) after an intra picture of latents (n, 192, h, w); 0 where none is kept."""
    found: Tensor = first(fixed(latents / model.shift)).clamp(-8, 8)
    return found if model.remembers else torch.zeros_like(found)
