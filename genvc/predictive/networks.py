"""The codec's networks as a running stream uses them: pictures to packets and back.

Each packet is a byte, 64 * kind + grade, and the range coder's bytes: but for an intra picture the skip map,
and side latents and latents of the motion (two of them for a picture between two others); then those of the
picture. Kinds: 0 intra, 1 predicted from one picture, 2 between two, 3 the last picture again, which is the
byte alone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ..entropy import SymbolDecoder, SymbolEncoder
from ..errors import CorruptStream
from ..learned.bands import in_bands, rows
from ..learned.basis import BLOCK
from ..learned.coding import read, write, write_cheapest
from ..learned.exact import exact_copy, fixed
from ..learned.picture import Context
from ..learned.picture_bands import analysed, part, synthesised
from ..learned.probability import levels_tables
from ..learned.quality import GRADES, lagrangian, log_step
from ..types import Picture
from .effort import improved
from .model import SIGNS, Coded, Predictive, Reference, average, begin
from .motion import measure
from .skip import SkipMap, chosen, read_map, still, taken_over, write_map

__all__ = ["BETWEEN", "INTRA", "PREDICTED", "REPEATED", "Made", "Networks", "kind_of"]

INTRA, PREDICTED, BETWEEN, REPEATED = 0, 1, 2, 3
_STARTS = {INTRA: 0, PREDICTED: 1, BETWEEN: 2, REPEATED: 1}
_LEAST_FOR_MOTION = 32
# what an error of motion costs: nothing starts from most pictures between others, and errors in chains stay
_SHARES = {PREDICTED: 0.25, BETWEEN: 0.05}


@dataclass(frozen=True, slots=True)
class Made:
    """payload: of the packet. reference: for the next picture. source: what it shows, padded.

    cost: bits plus error in bits.
    """

    payload: bytes
    reference: Reference
    source: Picture
    cost: float


@dataclass(frozen=True, slots=True)
class _Moved:
    """latents: of the flow. context: what it makes of the reference. state: the prior's, after it."""

    latents: Tensor
    context: Context
    state: Tensor


def kind_of(payload: bytes) -> int:
    """INTRA, PREDICTED, BETWEEN or REPEATED; raises CorruptStream."""
    if not payload:
        raise CorruptStream("a packet of a picture is empty")
    return payload[0] // GRADES


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
        source = _padded(rgb)
        picture = self._tensor(source)
        wanted = analysed(self.model.intra, picture, None, log)
        if effort:
            quality = torch.tensor([log], dtype=torch.float32, device=self.device)
            wanted = improved(
                lambda tried: self.model.intra_of(tried, quality, True), wanted, picture, log, effort
            )
        side = self.model.intra.latents.side_of(wanted, log)
        latents = write(coder, self.exact_intra, self.tables, wanted.cpu(), side.cpu(), None, None, log)
        reference = self._intra(latents, log)
        return self._made(INTRA, grade, coder, reference, source, picture)

    def encode_predicted(self, rgb: Picture, grade: int, last: Made, effort: int = 0) -> Made:
        """rgb: of the size of the last picture. The same picture again is repeated unless that costs more."""
        same = np.array_equal(_padded(rgb), last.source)
        if same and last.payload[0] % GRADES >= grade:
            return self._repeated(last, grade)
        made = self._encode(PREDICTED, rgb, grade, [last], effort)
        return min(made, self._repeated(last, grade), key=lambda one: one.cost) if same else made

    def encode_between(self, rgb: Picture, grade: int, before: Made, after: Made, effort: int = 0) -> Made:
        """rgb: of the size of the others."""
        return self._encode(BETWEEN, rgb, grade, [before, after], effort)

    @torch.no_grad()
    def decode(
        self,
        payload: bytes,
        width: int,
        height: int,
        references: Sequence[Reference],
        seen: Callable[[Tensor], None] | None = None,
    ) -> Reference:
        """The picture of a packet. references: as many as its kind has. seen: is handed the latents in the
        order in which they are read. Raises CorruptStream.
        """
        kind, grade = kind_of(payload), payload[0] % GRADES
        if len(references) != _STARTS[kind]:
            raise CorruptStream(
                f"a packet needs {_STARTS[kind]} pictures to start from, and {len(references)} are there"
            )
        if kind == REPEATED:
            if len(payload) > 1:
                raise CorruptStream("a packet that repeats a picture holds more than that")
            return references[0]
        log, coder = log_step(grade), SymbolDecoder(payload[1:])
        size = (-(-height // BLOCK), -(-width // BLOCK))
        if kind == INTRA:
            latents = read(coder, self.exact_intra, self.tables, size, None, None, log)
            coder.finish()
            if seen:
                seen(latents)
            return self._intra(latents, log)
        skipped = torch.from_numpy(read_map(coder, _map_before(references, *size)))
        moved: list[_Moved] = []
        state = references[-1].motion_state
        for reference, sign in zip(references, SIGNS, strict=False):
            motion = read(coder, self.exact_motion, self.tables, size, state, None, log, skipped)
            if seen:
                seen(motion)
            moved.append(self._moved(motion, reference, state, log, sign))
            state = moved[-1].state
        condition, context, state = self._joined(moved, references, log)
        latents = read(coder, self.exact_inter, self.tables, size, state, condition, log, skipped)
        coder.finish()
        if seen:
            seen(latents)
        return self._predicted(latents, context, state, moved[-1].state, log, references, skipped)

    def rgb(self, reference: Reference, width: int, height: int) -> Picture:
        """The picture as samples, without padding."""
        # damaged latents may be so large that a network ends in infinities
        shown = reference.picture[0, :, :height, :width].float().nan_to_num(0.5).clamp(0, 1)
        found = shown.permute(1, 2, 0).cpu().numpy()
        picture: Picture = np.rint(found * np.float32(255)).astype(np.uint8)
        return picture

    def _intra(self, latents: Tensor, log: float) -> Reference:
        picture, features = synthesised(self.model.intra, latents.float().to(self.device), None, log)
        state = begin(self.exact_begin, latents, self.exact_intra)
        return Reference(picture, features, state, torch.zeros_like(state))

    def _predicted(
        self,
        latents: Tensor,
        context: Context,
        state: Tensor,
        motion_state: Tensor,
        log: float,
        references: Sequence[Reference],
        skipped: Tensor,
    ) -> Reference:
        picture, features = synthesised(self.model.inter, latents.float().to(self.device), context, log)
        if skipped.any():
            held = skipped.to(self.device)
            picture = taken_over(held, picture, average([one.picture for one in references]))
            features = taken_over(held, features, average([one.features for one in references]))
        state = self.exact_inter.next_state(state, latents, log)
        return Reference(picture, features, state, motion_state, skipped.numpy())

    @torch.no_grad()
    def _encode(self, kind: int, rgb: Picture, grade: int, starts: Sequence[Made], effort: int) -> Made:
        log, coder = log_step(grade), SymbolEncoder()
        source = _padded(rgb)
        picture = self._tensor(source)
        references = [start.reference for start in starts]
        last_map = _map_before(references, picture.shape[2] // BLOCK, picture.shape[3] // BLOCK)
        skip_map = chosen(self._still(picture, references, log), last_map)
        write_map(coder, skip_map, last_map)
        skipped = torch.from_numpy(skip_map)
        moved: list[_Moved] = []
        state = references[-1].motion_state
        worth = self._worth(picture, log, _SHARES[kind])
        for start, reference, sign in zip(starts, references, SIGNS, strict=False):
            before = reference.picture.clamp(0, 1)
            flow = sign * self._flow(source, start, lagrangian(2**log))
            wanted = self._motion(flow, picture, before, log)
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
                skipped,
            )
            moved.append(self._moved(latents, reference, state, log, sign))
            state = moved[-1].state
        condition, context, state = self._joined(moved, references, log)
        wanted = analysed(self.model.inter, picture, context, log)
        if effort:
            quality = torch.tensor([log], dtype=torch.float32, device=self.device)
            floating = condition.float().to(self.device), state.float().to(self.device)
            held = skipped.to(self.device)
            old = average([one.picture for one in references])

            def code(tried: Tensor) -> Coded:
                coded = self.model.predicted_of(tried, context, *floating, quality, True, held)
                shown = taken_over(held, coded.reference.picture, old)
                return replace(coded, reference=replace(coded.reference, picture=shown))

            wanted = improved(code, wanted, picture, log, effort)
        side = self.model.inter.latents.side_of(wanted, log)
        latents = write(
            coder,
            self.exact_inter,
            self.tables,
            wanted.cpu(),
            side.cpu(),
            state,
            condition,
            log,
            skipped=skipped,
        )
        found = self._predicted(latents, context, state, moved[-1].state, log, references, skipped)
        return self._made(kind, grade, coder, found, source, picture)

    def _moved(self, latents: Tensor, reference: Reference, state: Tensor, log: float, sign: int) -> _Moved:
        flow = sign * self.model.motion.decode(latents.float().to(self.device), log)
        before = reference.picture.clamp(0, 1)
        high = latents.shape[2]

        def run(low: int, end: int) -> tuple[Tensor, Tensor]:
            mine = rows(flow, high, low, end)
            context = self.model.motion.compensate(mine, before, reference.features, log, 4 * low)
            return context.picture, context.features

        moved, features = in_bands(high, latents.shape[3], run)
        context = Context(moved, features)
        return _Moved(latents, context, self.exact_motion.next_state(state, latents, log))

    def _joined(
        self, moved: Sequence[_Moved], references: Sequence[Reference], log: float
    ) -> tuple[Tensor, Context, Tensor]:
        """For the rest of a picture: condition of its prior, prediction, state of its prior."""
        motion = average([one.latents for one in moved])
        high, wide = motion.shape[2:]

        def run(low: int, end: int) -> tuple[Tensor, Tensor]:
            parts = [part(one.context, high, low, end) for one in moved]
            context = self.model.motion.joined(parts, log)
            return context.picture, context.features

        if len(moved) == 1:
            context = moved[0].context
        else:
            picture, features = in_bands(high, wide, run)
            context = Context(picture, features)
        state = fixed(average([reference.state for reference in references]))
        return fixed(motion / self.exact_motion.shift), context, state

    def _made(
        self,
        kind: int,
        grade: int,
        coder: SymbolEncoder,
        reference: Reference,
        source: Picture,
        picture: Tensor,
    ) -> Made:
        error = (reference.picture.clamp(0, 1) - picture).square().sum().item() * 255**2
        payload = bytes([kind * GRADES + grade]) + coder.finish()
        return Made(payload, reference, source, 8 * len(payload) + error / lagrangian(2 ** log_step(grade)))

    def _still(self, picture: Tensor, references: Sequence[Reference], log: float) -> SkipMap:
        """(high, wide): blocks that may be skipped at this quality."""
        old = average([one.picture for one in references]).clamp(0, 1)
        high, wide = picture.shape[2] // BLOCK, picture.shape[3] // BLOCK

        def run(low: int, end: int) -> tuple[Tensor]:
            new = rows(picture, high, low, end) - rows(old, high, low, end)
            return (self.model.inter.coefficients(new, log),)

        return still(in_bands(high, wide, run)[0])

    def _repeated(self, last: Made, grade: int) -> Made:
        """The packet says the grade of the picture that is shown; its cost is that at the grade wanted."""
        picture = self._tensor(last.source)
        error = (last.reference.picture.clamp(0, 1) - picture).square().sum().item() * 255**2
        payload = bytes([REPEATED * GRADES + last.payload[0] % GRADES])
        return Made(payload, last.reference, last.source, 8 + error / lagrangian(2 ** log_step(grade)))

    def _motion(self, flow: Tensor, picture: Tensor, before: Tensor, log: float) -> Tensor:
        high, wide = flow.shape[2] // 4, flow.shape[3] // 4

        def run(low: int, end: int) -> tuple[Tensor]:
            mine, now, then = (rows(one, high, low, end) for one in (flow, picture, before))
            return (self.model.motion.encode(mine, now, then, log).float(),)

        return in_bands(high, wide, run)[0]

    def _worth(self, picture: Tensor, log: float, share: float) -> Tensor:
        high, wide = picture.shape[2] // BLOCK, picture.shape[3] // BLOCK

        def run(low: int, end: int) -> tuple[Tensor]:
            return (self.model.motion.worth(rows(picture, high, low, end), log, share),)

        return in_bands(high, wide, run)[0]

    def _flow(self, source: Picture, start: Made, worth: float) -> Tensor:
        high, wide = source.shape[:2]
        if min(high, wide) < _LEAST_FOR_MOTION:
            return torch.zeros((1, 2, high // 4, wide // 4), device=self.device)
        shown = self.rgb(start.reference, wide, high)
        return torch.from_numpy(measure(source, shown, start.source, worth))[None].to(self.device)

    def _tensor(self, padded: Picture) -> Tensor:
        made = torch.from_numpy(padded).to(self.device).permute(2, 0, 1)[None].float() / 255
        return made.contiguous(memory_format=torch.channels_last)


def _map_before(references: Sequence[Reference], high: int, wide: int) -> SkipMap:
    """The skip map that a picture's own is coded after."""
    before = references[-1].skipped
    return np.zeros((high, wide), np.bool_) if before is None else before


def _padded(rgb: Picture) -> Picture:
    high, wide = rgb.shape[:2]
    return np.pad(rgb, ((0, -high % BLOCK), (0, -wide % BLOCK), (0, 0)), mode="edge")


def _fewer(side: Tensor) -> list[Tensor]:
    """Side latents, the same nearer to 0, and none: what they say must be worth what they cost."""
    return [side, side.trunc(), torch.zeros_like(side)]
