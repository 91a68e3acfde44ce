"""Captions by models of the library transformers, such as BLIP: the only file here that puts them to work.

Li et al., "BLIP: bootstrapping language-image pre-training", 2022. Any model that AutoModelForImageTextToText
knows will do, from a folder or by its name on the hub.
"""

import re
from pathlib import Path
from typing import Any, Final

import numpy as np

from genvc import device as devices
from genvc.errors import BadInput, ModelNotFound
from genvc.types import Picture

from .representation import MAX_TEXT

__all__ = ["TransformersCaptioner"]

_BATCH: Final = 8
_TOKENS: Final = 40
_PATIENCE: Final = 15.0  # seconds
_NAME: Final = re.compile(r"[\w.-]+(/[\w.-]+)?")


class TransformersCaptioner:
    """Loads the model at once; what code a model's folder holds is never run."""

    def __init__(self, name: str, device: str = "auto", batch: int = _BATCH) -> None:
        """name: a folder, or OWNER/NAME on the hub, which is asked where it is not in its cache. batch:
        pictures at once. Raises BadInput without the extra `diffusion`, ModelNotFound."""
        place = devices.pick(device)
        try:
            import transformers
        except ImportError as error:
            raise BadInput(
                "a captioner needs the package transformers: pip install 'genvc[diffusion]'"
            ) from error
        library: Any = transformers
        library.utils.logging.disable_progress_bar()
        here = Path(name).is_dir()
        if not here and not _NAME.fullmatch(name):
            raise ModelNotFound(f"no captioning model '{name}': there is no such folder")
        if not here:
            here = _kept(name)
        self._processor, self._model = _loaded(library, name, here)
        self._model.to(place).eval()
        self._device, self._batch = place, batch

    def captions(self, pictures: list[Picture]) -> list[str]:
        """One sentence for each picture, by beam search; raises BadInput for a picture without pixels."""
        import torch

        said: list[str] = []
        for start in range(0, len(pictures), self._batch):
            part = pictures[start : start + self._batch]
            if any(rgb.size == 0 for rgb in part):
                raise BadInput("a picture without pixels has no caption")
            seen = self._processor(images=[np.ascontiguousarray(rgb) for rgb in part], return_tensors="pt")
            with torch.no_grad():
                tokens = self._model.generate(**seen.to(self._device), max_new_tokens=_TOKENS, num_beams=3)
            found = self._processor.batch_decode(tokens, skip_special_tokens=True)
            said += [" ".join(text.split())[:MAX_TEXT] for text in found]
        return said


def _loaded(library: Any, name: str, here: bool) -> tuple[Any, Any]:
    """Processor and model. here: out of a folder or the hub's cache alone. Raises ModelNotFound."""
    try:
        processor = library.AutoProcessor.from_pretrained(name, local_files_only=here)
        model = library.AutoModelForImageTextToText.from_pretrained(
            name, local_files_only=here, use_safetensors=True
        )
    except (OSError, ValueError, KeyError) as error:
        raise ModelNotFound(
            f"no captioning model '{name}' in a folder or on the hub: {_reason(error)}"
        ) from error
    return processor, model


def _kept(name: str) -> bool:
    """Whether a model is in the hub's cache; if not, raises ModelNotFound unless the hub has it.

    That is one question; loading a model that is not there asks for minutes.
    """
    import huggingface_hub

    if isinstance(huggingface_hub.try_to_load_from_cache(name, "config.json"), str):
        return True
    try:
        huggingface_hub.HfApi().model_info(name, timeout=_PATIENCE)
    except Exception as error:  # whatever the hub's library and its network library raise
        raise ModelNotFound(
            f"no captioning model '{name}' in a folder, and the hub did not answer for it: {_reason(error)}"
        ) from error
    return False


def _reason(error: Exception) -> str:
    return str(error).strip().split("\n")[0]
