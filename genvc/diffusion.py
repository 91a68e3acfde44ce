"""Pictures by text-to-image models of the library diffusers, found on this machine and nowhere else.

Words are the prompt; a picture to start from gets noise and is painted anew (SDEdit, Meng et al., 2022);
lines steer a ControlNet (Zhang et al., 2023) where one is named.
"""

import math
import os
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from . import device as devices
from .errors import BadInput, ModelNotFound
from .painter import Painter
from .types import Picture

__all__ = ["FOLDER", "SCHEDULERS", "Diffusion", "working"]

FOLDER: Final = "GENVC_DIFFUSION"
"""Names a folder that has models in OWNER/NAME, as save_pretrained writes them."""

SCHEDULERS: Final = {
    "own": "",
    "ddim": "DDIMScheduler",
    "dpm": "DPMSolverMultistepScheduler",
    "euler": "EulerDiscreteScheduler",
    "lcm": "LCMScheduler",
}
"""Names of schedulers, and their classes in diffusers; "own" is the one that a model comes with."""

_FOLD: Final = 64  # sides are multiples of it
_SIDE: Final = 512
_FEW: Final = 4  # steps
_SAFE: Final[dict[str, Any]] = {"local_files_only": True, "use_safetensors": True}


class Diffusion:
    """Loads the model when the first picture is asked for.

    A stream may name any model, so names are looked for on this machine only: below the folder in
    GENVC_DIFFUSION, then in the hub's cache. Nothing is downloaded, and no code of a model is run.
    """

    def __init__(self, painter: Painter, device: str = "auto", scheduler: str = "own") -> None:
        """scheduler: of SCHEDULERS."""
        self._painter, self._device, self._scheduler = painter, device, scheduler
        self._pipeline: Any = None

    def __call__(
        self,
        prompt: str,
        size: tuple[int, int],
        initial: Picture | None,
        lines: npt.NDArray[np.bool_] | None,
        changed: float,
    ) -> npt.NDArray[np.float32]:
        """(rows, columns, 3), 0 to 255, the same on the same machine. Raises ModelNotFound, BadInput.

        size: (rows, columns), see working(). initial: a picture of that size to start from, or None.
        changed: the share of the noise that it gets, above 0 to 1. lines: a map of any size for the
        ControlNet, None for an empty one.
        """
        import torch

        painter, steps = self._painter, self._painter.steps
        if self._pipeline is None:
            self._pipeline = self._loaded()
        pipeline = self._pipeline
        settings: dict[str, Any] = {"width": size[1], "height": size[0]}
        control = _tensor(_drawing(lines, size)) if painter.controlnet else None
        if initial is not None:
            from diffusers import AutoPipelineForImage2Image

            pipeline = AutoPipelineForImage2Image.from_pipe(pipeline)
            # of the steps that are planned, only this share is run
            steps = math.ceil(steps / changed)
            settings = {"image": _tensor(initial), "strength": changed}
            if control is not None:
                settings["control_image"] = control
        elif control is not None:
            settings["image"] = control
        pipeline.set_progress_bar_config(disable=True)
        made = pipeline(
            prompt=prompt,
            num_inference_steps=steps,
            # models of few steps have their guidance built in
            guidance_scale=0.0 if painter.steps <= _FEW else 7.5,
            generator=torch.Generator("cpu").manual_seed(painter.seed),
            output_type="np",
            **settings,
        ).images[0]
        return np.nan_to_num(np.asarray(made, np.float32)) * 255

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
                parts["controlnet"] = library.ControlNetModel.from_pretrained(_where(name), **_SAFE)
                name = self._painter.name
            pipeline = library.AutoPipelineForText2Image.from_pretrained(_where(name), **parts, **_SAFE)
        except (OSError, ValueError, KeyError, AttributeError) as error:
            raise ModelNotFound(
                f"no model '{name}' for diffusers here: put it into OWNER/NAME below the folder "
                f"that {FOLDER} names, or fetch it: hf download {name} ({str(error).strip().splitlines()[0]})"
            ) from error
        kind: Any = type(pipeline.scheduler)
        if SCHEDULERS[self._scheduler]:
            kind = getattr(library, SCHEDULERS[self._scheduler])
        config = dict(pipeline.scheduler.config)
        if self._painter.steps <= _FEW:
            # few steps are to begin where the noise is, not where it ends
            config["timestep_spacing"] = "trailing"
        pipeline.scheduler = kind.from_config(config)
        return pipeline.to(place)


def working(width: int, height: int) -> tuple[int, int]:
    """(rows, columns) of about as many pixels as models are trained for, or fewer for a small picture."""
    scale = min(1.0, _SIDE / math.sqrt(width * height))
    rows, columns = (max(_FOLD, round(size * scale / _FOLD) * _FOLD) for size in (height, width))
    return min(rows, 2 * _SIDE), min(columns, 2 * _SIDE)


def _where(name: str) -> str:
    """The model's folder, or its name in the hub's cache."""
    folder = os.environ.get(FOLDER)
    if folder and (Path(folder) / name).is_dir():
        return str(Path(folder) / name)
    return name


def _drawing(lines: npt.NDArray[np.bool_] | None, size: tuple[int, int]) -> Picture:
    """White lines on black, as ControlNets for edges want them."""
    import cv2

    drawn = np.zeros(size, np.uint8)
    if lines is not None:
        white = lines.astype(np.uint8) * 255
        drawn = np.asarray(cv2.resize(white, size[::-1], interpolation=cv2.INTER_NEAREST))
    return np.repeat(drawn[..., None], 3, 2)


def _tensor(rgb: Picture) -> Any:
    """(1, 3, rows, columns), 0 to 1."""
    import torch

    return torch.from_numpy(np.ascontiguousarray(np.moveaxis(rgb, 2, 0)))[None].float() / 255
