"""CLIP score: how well words fit a picture, where somebody has put CLIP's weights on this machine.

Hessel et al., "CLIPScore: a reference-free evaluation metric for image captioning", 2021, by torchmetrics.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from genvc.errors import BadInput, ModelNotFound
from genvc.types import Picture

__all__ = ["FOLDER", "clip_scores"]

FOLDER = "GENVC_CLIP"
"""Names a folder openai/NAME with a CLIP model as transformers saves it: .../openai/clip-vit-base-patch16."""


def clip_scores(pictures: Sequence[Picture], texts: Sequence[str]) -> list[float]:
    """100 times the cosine of picture and text, at least 0, one for each pair; nothing is downloaded.

    Raises ModelNotFound ("weights missing: ...") when there is no such folder, BadInput without the packages.
    """
    folder = os.environ.get(FOLDER, "")
    # torchmetrics tells by the name whose model it is, and would run the code of some others
    if Path(folder).parent.name != "openai" or not (Path(folder) / "config.json").is_file():
        raise ModelNotFound(f"weights missing: {FOLDER} names no folder openai/NAME with a CLIP model")
    try:
        import torch
        from torchmetrics.functional.multimodal import clip_score
    except ImportError as error:
        raise BadInput(f"the CLIP score needs genvc[eval,diffusion] ({error})") from error
    where: Any = folder
    found = []
    for rgb, text in zip(pictures, texts, strict=True):
        shown = torch.from_numpy(np.ascontiguousarray(np.moveaxis(rgb, 2, 0)))
        found.append(float(clip_score(shown, text, model_name_or_path=where)))
    return found
