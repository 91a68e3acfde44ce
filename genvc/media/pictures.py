"""Picture files to frames: PNG, JPEG, WebP, AVIF, GIF, TIFF, BMP, and folders of them, by Pillow.

Turned upright by EXIF, embedded colour profiles turned to sRGB, transparency laid over ALPHA_COLOUR,
16-bit grey scaled to 8 bits. GIF, WebP, PNG and AVIF animations are clips: the tick is the shortest
time a frame stays. A folder is a clip at FOLDER_FPS whose names are sorted with numbers as numbers.
"""

import io
import itertools
import re
import warnings
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import IO

import numpy as np
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from ..errors import BadInput, GenvcError
from ..types import Frame, Picture
from .colour import over_background
from .info import MediaInfo
from .limits import check_size, scaled

__all__ = ["FOLDER_FPS", "folder_frames", "is_picture", "picture_frames"]

FOLDER_FPS = Fraction(25)
_ANIMATED = {"GIF", "WEBP", "PNG", "AVIF"}
_SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".avif", ".gif", ".bmp", ".tif", ".tiff", ".ppm", ".pgm"}
_SIGNATURES = (
    re.compile(rb"\x89PNG|\xff\xd8\xff|GIF8[79]a|RIFF....WEBP|BM.{4}\0\0\0\0|II\*\0|MM\0\*", re.S),
    re.compile(rb"....ftyp(avif|avis|mif1)|P[2356]\s", re.S),
)


def is_picture(head: bytes) -> bool:
    """Whether a file that begins so (16 bytes are enough) is a picture file."""
    return any(signature.match(head) for signature in _SIGNATURES)


def picture_frames(
    file: Path | IO[bytes], name: str, size: int | None = None
) -> tuple[MediaInfo, Iterator[Frame]]:
    """One frame, or the frames of an animation; size: pixels of the short side, None to keep it.

    Raises BadInput for a file that is damaged or no picture, Unsupported for one over the limits.
    """
    try:
        with warnings.catch_warnings():
            # our own limit is lower than the one Pillow warns at
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(file)
        check_size(*image.size, what=f"'{name}'")
        count = getattr(image, "n_frames", 1) if image.format in _ANIMATED else 1
        times = _times(image, count)
        tick = min((after - before for before, after in itertools.pairwise(times)), default=1000)
        first = _picture(image, 0, size)
    except GenvcError:
        raise
    # Pillow's readers raise whatever a damaged file makes them stumble over.
    except Exception as error:
        raise BadInput(f"'{name}' is no picture that can be read: {_reason(error)}") from error
    info = MediaInfo(
        width=first.shape[1],
        height=first.shape[0],
        fps=Fraction(1000, tick) if count > 1 else Fraction(1),
        frames=count,
        seconds=times[-1] / 1000 if count > 1 else None,
        format=str(image.format).lower(),
        codec=str(image.format).lower(),
        pixels=image.mode,
    )

    def frames() -> Iterator[Frame]:
        yield Frame(first, 0)
        last = 0
        for index in range(1, count):
            try:
                rgb = _picture(image, index, size)
            except Exception as error:
                raise BadInput(f"'{name}' is damaged after {index} frames: {_reason(error)}") from error
            last = max(last + 1, round(times[index] / tick))
            yield Frame(rgb, last)

    return info, frames()


def folder_frames(folder: Path, size: int | None = None) -> tuple[MediaInfo, Iterator[Frame]]:
    """The pictures of a folder, one frame each; raises BadInput when there are none or sizes differ."""
    paths = sorted((path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES), key=_by_number)
    if not paths:
        raise BadInput(f"no pictures in the folder '{folder}'")
    one, first = picture_frames(paths[0], str(paths[0]), size)
    info = MediaInfo(
        width=one.width,
        height=one.height,
        fps=FOLDER_FPS,
        frames=len(paths),
        seconds=float(len(paths) / FOLDER_FPS),
        format="folder",
        codec=one.codec,
        pixels=one.pixels,
    )

    def frames() -> Iterator[Frame]:
        yield next(first)
        for index, path in enumerate(paths[1:], 1):
            this, pictures = picture_frames(path, str(path), size)
            if (this.width, this.height) != (info.width, info.height):
                raise BadInput(
                    f"'{path}' is {this.width}x{this.height}, "
                    f"the pictures before it {info.width}x{info.height}"
                )
            yield Frame(next(pictures).rgb, index)

    return info, frames()


def _times(image: Image.Image, count: int) -> list[int]:
    """When each frame begins, in milliseconds, and when the last one ends."""
    times = [0]
    for index in range(count if count > 1 else 0):
        image.seek(index)
        if image.format in ("WEBP", "AVIF"):
            image.load()  # these say their times only when decoded
        stays = int(image.info.get("duration", 0))
        # browsers show frames of 10 ms and less for 100 ms, and so do we
        times.append(times[-1] + (stays if stays > 10 else 100))
    return times


def _picture(image: Image.Image, index: int, size: int | None) -> Picture:
    """One frame of an open picture file: upright, sRGB, opaque, scaled."""
    if index or getattr(image, "n_frames", 1) > 1:
        image.seek(index)
    image.load()
    upright = ImageOps.exif_transpose(image)
    if upright.mode.startswith(("I", "F")):
        rgb = _from_deep_grey(upright)
    elif upright.has_transparency_data:
        rgb = over_background(np.asarray(_srgb(upright.convert("RGBA"))))
    else:
        rgb = np.asarray(_srgb(upright))
    wide, high = scaled(rgb.shape[1], rgb.shape[0], size)
    if (high, wide) != rgb.shape[:2]:
        check_size(wide, high)
        rgb = np.asarray(Image.fromarray(rgb).resize((wide, high), Image.Resampling.LANCZOS))
    return np.ascontiguousarray(rgb)


def _srgb(image: Image.Image) -> Image.Image:
    """The picture in RGB (RGBA for RGBA); an embedded profile other than sRGB is applied."""
    goal = "RGBA" if image.mode == "RGBA" else "RGB"
    profile = image.info.get("icc_profile")
    if profile and image.mode in ("RGB", "RGBA", "CMYK", "L"):
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            if "srgb" not in ImageCms.getProfileDescription(source).lower():
                target = ImageCms.createProfile("sRGB")
                turned = ImageCms.profileToProfile(image, source, target, outputMode=goal)
                if turned is not None:
                    return turned
        # a damaged profile is no reason to refuse the picture
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            pass
    return image.convert(goal)


def _from_deep_grey(image: Image.Image) -> Picture:
    """RGB from grey of 16 bits (also where Pillow keeps it in 32)."""
    if image.mode == "F":
        raise BadInput("pictures of floating-point samples are not supported")
    values = np.clip(np.asarray(image).astype(np.int64), 0, 65535)
    grey = ((values + 128) // 257).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


def _by_number(path: Path) -> list[tuple[int, str]]:
    """A sort key by which frame2 comes before frame10."""
    parts = re.findall(r"\d+|\D+", path.name)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def _reason(error: Exception) -> str:
    text = str(error).split("\n", maxsplit=1)[0]
    return "not a known kind" if isinstance(error, UnidentifiedImageError) else text or "damaged"
