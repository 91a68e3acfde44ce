"""Pictures by text-to-image models of the library diffusers: the only file here that puts them to work.

The words are the prompt, the colours and lines that paint.base makes are the initial picture (SDEdit, Meng
et al., 2022), the sketch steers a ControlNet (Zhang et al., 2023) where one is named.
"""

import math
import os
from pathlib import Path
from typing import Any, Final

import numpy as np

from genvc import device as devices
from genvc.errors import BadInput, ModelNotFound
from genvc.types import Picture

from . import paint
from .header import Painter
from .representation import Representation

__all__ = ["FOLDER", "DiffusionPainter"]

FOLDER: Final = "GENVC_DIFFUSION"
"""Names a folder that has models in OWNER/NAME, as save_pretrained writes them."""

_FOLD: Final = 64  # sides are multiples of it
_SIDE: Final = 512
_FEW: Final = 4  # steps
_CHANGED: Final = 0.7  # share of the noise that the initial picture gets
_EMPTY: Final = "a photograph"


class DiffusionPainter:
    """Loads the model when the first picture is asked for.

    A stream may name any model, so names are looked for on this machine only: below the folder in
    GENVC_DIFFUSION, then in the hub's cache. Nothing is downloaded, and no code of a model is run.
    """

    def __init__(self, painter: Painter, device: str = "auto") -> None:
        self._painter, self._device = painter, device
        self._pipeline: Any = None

    def __call__(self, shown: Representation, width: int, height: int) -> Picture:
        """uint8 (height, width, 3), the same on the same machine. Raises ModelNotFound, BadInput."""
        import torch

        painter = self._painter
        if self._pipeline is None:
            self._pipeline = self._loaded()
        rows, columns = _working(width, height)
        settings: dict[str, Any] = {"width": columns, "height": rows}
        pipeline = self._pipeline
        steps = painter.steps
        control = None
        if painter.controlnet:
            control = _tensor(_lines(shown, rows, columns))
        if shown.palette is not None:
            from diffusers import AutoPipelineForImage2Image

            pipeline = AutoPipelineForImage2Image.from_pipe(self._pipeline)
            initial = paint.enlarged(paint.base(shown, rows // 8, columns // 8), columns, rows)
            # of the steps that are planned, only this share is run
            steps = math.ceil(steps / _CHANGED)
            settings = {"image": _tensor(initial), "strength": _CHANGED}
            if control is not None:
                settings["control_image"] = control
        elif control is not None:
            settings["image"] = control
        pipeline.set_progress_bar_config(disable=True)
        made = pipeline(
            prompt=shown.text or _EMPTY,
            num_inference_steps=steps,
            # models of few steps have their guidance built in
            guidance_scale=0.0 if painter.steps <= _FEW else 7.5,
            generator=torch.Generator("cpu").manual_seed(painter.seed),
            output_type="np",
            **settings,
        ).images[0]
        return paint.enlarged(np.nan_to_num(np.asarray(made, np.float32)) * 255, width, height)

    def _loaded(self) -> Any:
        place = devices.pick(self._device)
        try:
            import diffusers
            import transformers
        except ImportError as error:
            raise BadInput(
                "this painter needs the package diffusers: pip install 'genvc[diffusion]'"
            ) from error
        library: Any = diffusers
        for one in (library, transformers):
            one.utils.logging.disable_progress_bar()
        name = self._painter.name
        parts: dict[str, Any] = {}
        try:
            if self._painter.controlnet:
                name = self._painter.controlnet
                parts["controlnet"] = library.ControlNetModel.from_pretrained(*_where(name), **_SAFE)
                name = self._painter.name
            pipeline = library.AutoPipelineForText2Image.from_pretrained(*_where(name), **parts, **_SAFE)
        except (OSError, ValueError, KeyError, AttributeError) as error:
            raise ModelNotFound(
                f"no model '{name}' for diffusers here: put it into OWNER/NAME below the folder "
                f"that {FOLDER} names, or fetch it: hf download {name} ({str(error).strip().splitlines()[0]})"
            ) from error
        return pipeline.to(place)


_SAFE: Final[dict[str, Any]] = {"local_files_only": True, "use_safetensors": True}


def _where(name: str) -> tuple[str]:
    """The model's folder, or its name in the hub's cache."""
    folder = os.environ.get(FOLDER)
    if folder and (Path(folder) / name).is_dir():
        return (str(Path(folder) / name),)
    return (name,)


def _working(width: int, height: int) -> tuple[int, int]:
    """(rows, columns) of about as many pixels as models are trained for, or fewer for a small picture."""
    scale = min(1.0, _SIDE / math.sqrt(width * height))
    rows, columns = (max(_FOLD, round(size * scale / _FOLD) * _FOLD) for size in (height, width))
    return min(rows, 2 * _SIDE), min(columns, 2 * _SIDE)


def _lines(shown: Representation, rows: int, columns: int) -> Picture:
    """White lines on black, as ControlNets for edges want them."""
    import cv2

    lines = np.zeros((rows, columns), np.uint8)
    if shown.sketch is not None:
        lines = np.asarray(
            cv2.resize(shown.sketch.astype(np.uint8) * 255, (columns, rows), interpolation=cv2.INTER_NEAREST)
        )
    return np.repeat(lines[..., None], 3, 2)


def _tensor(rgb: Picture) -> Any:
    """(1, 3, rows, columns), 0 to 1."""
    import torch

    return torch.from_numpy(np.ascontiguousarray(np.moveaxis(rgb, 2, 0)))[None].float() / 255
