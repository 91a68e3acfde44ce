"""Captioned pictures through a codec with words: bytes, words and pictures, measured."""

import io
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from genvc import container, media
from genvc.codec import marks
from genvc.errors import BadInput, GenvcError
from genvc.plugins import NOTES, installed
from genvc.training.captions import captioned
from genvc.types import Codec, Frame, Picture

from .metrics.captions import bleu, cider
from .metrics.clip import clip_scores

__all__ = ["Coded", "coded", "figures", "pictures"]


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """One picture and what became of it. bytes: of the whole file, payload: of its packet."""

    name: str
    rgb: Picture
    references: list[str]
    text: str
    bytes: int
    payload: int
    shown: Picture

    @property
    def sentence(self) -> str:
        """The first sentence of the text, which says what is there; the others say how it looks."""
        return self.text.partition(". ")[0]


def pictures(data: Path, split: str, square: int = 0) -> list[tuple[str, Picture, list[str]]]:
    """Name, picture and captions of each picture of a split; square: its side, 0 to leave it as it is.

    Raises BadInput where there are none.
    """
    found = []
    for file, said in captioned(data, split):
        rgb = next(iter(media.frames(file)[1])).rgb
        found.append((file.stem, _square(rgb, square) if square else rgb, said))
    return found


def coded(codec: Codec, name: str, rgb: Picture, references: list[str]) -> Coded:
    """Through a whole file and back; raises BadInput for a codec whose streams have no words."""
    info = codec.describe(rgb.shape[1], rgb.shape[0], Fraction(1))
    readers = installed(NOTES)
    if info.codec not in readers:
        raise BadInput(f"streams of {info.codec} have no words; those of these have: {', '.join(readers)}")
    written = io.BytesIO()
    made = codec.encode([Frame(rgb, 0)], info)
    size = container.write(written, info, made, **marks(codec))
    again, packets = container.read(io.BytesIO(written.getvalue()), verify=True)
    held = list(packets)
    text = " ".join(note.text for note in readers[info.codec].load()(held, again))
    (frame,) = codec.decode(held, again)
    return Coded(name, rgb, references, text, size.bytes, size.payload_bytes, frame.rgb)


def figures(done: list[Coded]) -> dict[str, Any]:
    """Means, the lines that say what could not be measured, and a row for each picture."""
    references = [one.references for one in done]
    rows: list[dict[str, Any]] = [
        {
            "picture": one.name,
            "bytes": one.bytes,
            "packet_bytes": one.payload,
            "ratio": one.rgb.size / one.bytes,
            "packet_ratio": one.rgb.size / max(1, one.payload),
            "text": one.text,
        }
        for one in done
    ]
    words: list[str] = []
    for row, score in zip(rows, cider([one.sentence for one in done], references), strict=True):
        row["cider_d"] = score
    _measure(rows, "lpips_alex", words, lambda: _lpips(done))
    pairs = [one.rgb for one in done], [one.shown for one in done]
    texts = [one.sentence for one in done]
    _measure(rows, "clip_score_of_originals", words, lambda: clip_scores(pairs[0], texts))
    _measure(rows, "clip_score_of_decoded", words, lambda: clip_scores(pairs[1], texts))
    means: dict[str, Any] = {"pictures": len(done)}
    for key in rows[0]:
        values = [row[key] for row in rows if key not in ("picture", "text") and row.get(key) is not None]
        if values:
            means[key] = float(np.mean(values))
    for order in (1, 2, 3, 4):
        means[f"bleu_{order}"] = bleu([one.sentence for one in done], references, order)
    whole = [one.text for one in done]
    means["bleu_4_of_whole_text"] = bleu(whole, references)
    means["cider_d_of_whole_text"] = float(np.mean(cider(whole, references)))
    # the ratio of all pixels to all bytes, which a few small pictures do not spoil
    means["ratio_of_sums"] = sum(one.rgb.size for one in done) / sum(one.bytes for one in done)
    return {"means": means, "words": words, "rows": rows}


def _measure(rows: list[dict[str, Any]], name: str, words: list[str], measure: Any) -> None:
    try:
        for row, value in zip(rows, measure(), strict=True):
            row[name] = value
    except GenvcError as error:
        words.append(f"{name}: {error}")


def _lpips(done: list[Coded]) -> list[float]:
    from .metrics.lpips import lpips_alex

    return [lpips_alex([one.rgb], [one.shown])[0] for one in done]


def _square(rgb: Picture, side: int) -> Picture:
    """The middle square, scaled."""
    import cv2

    least = min(rgb.shape[:2])
    top, left = (rgb.shape[0] - least) // 2, (rgb.shape[1] - least) // 2
    part = rgb[top : top + least, left : left + least]
    how = cv2.INTER_AREA if least > side else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(part, (side, side), interpolation=how), dtype=np.uint8)
