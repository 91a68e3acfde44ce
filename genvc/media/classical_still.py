"""Classical still pictures as the bytes of their files: JPEG, WebP, JPEG XL by Pillow."""

import importlib
import io
import warnings
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError, features

from ..errors import BadInput, CorruptStream, Unsupported
from ..types import Picture
from .limits import check_size

__all__ = ["decode_still", "encode_still", "still_version"]


def encode_still(rgb: Picture, form: str, options: Mapping[str, Any]) -> bytes:
    """The file of one picture.

    rgb: uint8 (height, width, 3). form: Pillow's name of the format; options are Pillow's for it.
    Raises BadInput for another array, Unsupported when this Pillow does not write the format.
    """
    if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3:
        raise BadInput(f"a picture is uint8 (height, width, 3), not {rgb.dtype} {rgb.shape}")
    check_size(rgb.shape[1], rgb.shape[0])
    _need(form)
    file = io.BytesIO()
    try:
        Image.fromarray(rgb).save(file, form, **options)
    except (KeyError, OSError, RuntimeError, ValueError) as error:
        raise Unsupported(f"this Pillow does not write the picture as {form}: {error}") from error
    return file.getvalue()


def decode_still(data: bytes, form: str, width: int, height: int) -> Picture:
    """The picture of such a file; raises CorruptStream unless it is one of that size, Unsupported."""
    _need(form)
    try:
        with warnings.catch_warnings(), Image.open(io.BytesIO(data), formats=[form]) as picture:
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            if picture.size != (width, height):
                raise CorruptStream(f"a picture of {picture.size[0]}x{picture.size[1]}, not {width}x{height}")
            return np.array(picture.convert("RGB"))
    except (
        UnidentifiedImageError,
        OSError,
        SyntaxError,
        ValueError,
        EOFError,
        MemoryError,
        RuntimeError,
        Image.DecompressionBombWarning,
        Image.DecompressionBombError,
    ) as error:
        raise CorruptStream(f"a picture does not decode as {form}") from error


def still_version(form: str) -> str:
    """The library behind a format, for the record; "" when it does not say."""
    if form == "JXL":
        try:
            return f"pillow-jxl-plugin {version('pillow-jxl-plugin')}"
        except PackageNotFoundError:
            return ""
    library = {"JPEG": "libjpeg_turbo", "WEBP": "webp", "AVIF": "avif"}.get(form, "")
    return f"{library} {features.version(library)}" if library else ""


def _need(form: str) -> None:
    """Raises Unsupported unless Pillow, or a plug-in for it that is installed, knows the format."""
    Image.init()
    if form == "JXL" and form not in Image.SAVE:
        try:
            importlib.import_module("pillow_jxl")
        except ImportError as error:
            raise Unsupported("this Pillow has no JPEG XL; the package pillow-jxl-plugin adds it") from error
    if form not in Image.SAVE:
        raise Unsupported(f"this Pillow has no {form}")
