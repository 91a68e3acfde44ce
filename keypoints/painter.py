"""From scenes to pictures: the reference seen through its field, repaired where the model has a generator."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import cv2
import numpy as np
import torch
import torch.nn.functional as F

from genvc.arithmetic import autocast
from genvc.types import Frame, Picture

from .detector import Points
from .generator import MULTIPLE, Analysed, Generator, quality_of
from .head import is_head
from .maps import Outlines, drawn
from .mesh import Field
from .scene import Scene, Shown
from .structure import Integers
from .texture import LIMIT
from .warp import to_picture, to_tensor, warp

__all__ = ["LARGEST", "Painter"]

LARGEST = 1 << 21
"""Pictures of more pixels than this are warped and not repaired: the networks would take too much memory."""

_ALONE = 1 << 15  # pixels of a picture whose painting is not worth a second thread
_KEPT_PIXELS = 1 << 22  # of analysed references together, at least one


class Painter:
    """generator and outlines: both of the model, or None for warping alone. heads: paints in the generator's
    place what is shown from a reference with a talking head, if there is one.
    """

    def __init__(
        self,
        device: torch.device,
        generator: Generator | None,
        outlines: Outlines | None,
        heads: Generator | None = None,
    ) -> None:
        self.device = device
        self.outlines = outlines
        self.generator = generator
        if generator is not None:
            self.generator = generator.to(device).to(memory_format=torch.channels_last).eval()
        self.heads = self.generator
        if heads is not None:
            self.heads = heads.to(device).to(memory_format=torch.channels_last).eval()

    def frames(self, scenes: Iterable[Scene]) -> Iterator[Frame]:
        """One frame a scene, at once."""
        known: OrderedDict[int, tuple[Shown, Analysed]] = OrderedDict()
        for scene in scenes:
            yield Frame(self.painted(scene, known), scene.pts)

    def painted(self, scene: Scene, known: "OrderedDict[int, tuple[Shown, Analysed]]") -> Picture:
        """The picture. known: references analysed so far, by identity; the latest ones are kept."""
        height, width = scene.reference.pixels.shape[2:]
        if self.generator is None or self.outlines is None or height * width > LARGEST:
            return to_picture(warp(scene.reference.pixels, [scene.field]))
        padded = (-height % MULTIPLE, -width % MULTIPLE)
        wide, high = width + padded[1], height + padded[0]
        with torch.inference_mode(), _few_threads(height * width), autocast(self.device):
            analysed = self._analysed(scene.reference, known, padded)
            field = torch.from_numpy(_beyond(scene.field, width, height, padded))
            maps = self._maps(drawn(scene.points, self.outlines, wide, high))
            generator = self._for(scene.reference.points, min(width, height))
            found = generator(analysed, field.to(self.device).permute(2, 0, 1)[None], maps)
            return to_picture(found[:, :, :height, :width] * 255)

    def _for(self, points: Points | None, short: int) -> Generator:
        """What paints from a reference with a face there: the same one for all its pictures, so that none
        differs from its neighbours.
        """
        found = self.heads if is_head(points, short) else self.generator
        assert found is not None
        return found

    def _analysed(
        self, reference: Shown, known: "OrderedDict[int, tuple[Shown, Analysed]]", padded: tuple[int, int]
    ) -> Analysed:
        assert self.outlines is not None
        if id(reference) not in known:
            pixels = F.pad(reference.pixels.float() / 255, (0, padded[1], 0, padded[0]), mode="replicate")
            high, wide = pixels.shape[2:]
            while known and (len(known) + 1) * high * wide > _KEPT_PIXELS:
                known.popitem(last=False)
            maps = self._maps(drawn(reference.points, self.outlines, wide, high))
            quality = quality_of(torch.tensor([reference.bpp], device=self.device))
            pixels = pixels.contiguous(memory_format=torch.channels_last)
            generator = self._for(reference.points, min(reference.pixels.shape[2:]))
            codes = self._codes(generator, reference)
            known[id(reference)] = (reference, generator.analyse(pixels, maps, quality, codes))
        known.move_to_end(id(reference))
        return known[id(reference)][1]

    def _codes(self, generator: Generator, reference: Shown) -> torch.Tensor | None:
        """Those of the reference as the generator takes them, None for none or for those of another one."""
        if reference.texture is None or generator.texture is None:
            return None
        if reference.texture.shape != (generator.texture.parts, generator.texture.numbers):
            return None
        codes = np.clip(reference.texture, -LIMIT, LIMIT).astype(np.float32)
        return torch.from_numpy(codes)[None].to(self.device)

    def texture(self, rgb: Picture, points: Points | None) -> Integers | None:
        """Texture codes of a picture that becomes a reference, for the generator that will paint from it.

        points: of its face, as the decoder will have them. None where there is nothing to say.
        """
        height, width = rgb.shape[:2]
        generator = self._for(points, min(height, width)) if self.generator is not None else None
        if generator is None or generator.texture is None or height * width > LARGEST:
            return None
        assert self.outlines is not None
        down, right = -height % MULTIPLE, -width % MULTIPLE
        with torch.inference_mode(), _few_threads(height * width), autocast(self.device):
            pixels = F.pad(to_tensor(rgb, self.device).float() / 255, (0, right, 0, down), mode="replicate")
            maps = self._maps(drawn(points, self.outlines, width + right, height + down))
            codes = generator.texture.codes(pixels.contiguous(memory_format=torch.channels_last), maps)
        found: Integers = codes[0].round().long().cpu().numpy()
        return found if found.any() else None

    def _maps(self, maps: "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]") -> torch.Tensor:
        return torch.from_numpy(maps).to(self.device)[None].float() / 255


@contextmanager
def _few_threads(pixels: int) -> Iterator[None]:
    """One thread for a small picture: more are hardly faster and wait for each other."""
    before = torch.get_num_threads()
    if pixels > _ALONE or before == 1:
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _beyond(field: Field, width: int, height: int, padded: tuple[int, int]) -> Field:
    """The field over the padded picture; where there is padding, a value for each pixel."""
    if padded == (0, 0):
        return field
    dense = cv2.resize(field, (width, height), interpolation=cv2.INTER_LINEAR)
    found: Field = np.pad(dense, ((0, padded[0]), (0, padded[1]), (0, 0)), mode="edge")
    return found
