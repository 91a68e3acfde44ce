"""All integers of a conceptual stream, as its decoder reads them."""

import hashlib
from collections.abc import Iterable

import numpy as np
import torch

from conceptual.build import engine_of
from genvc.types import Frame, Packet, StreamInfo


def walk(info: StreamInfo, packets: Iterable[Packet], device: str = "cpu") -> tuple[str, list[Frame]]:
    """The SHA-256 of lines, labels, codes and latents (in steps of 1/256), and the frames."""
    engine = engine_of(info.model, torch.device(device))
    found, frames = hashlib.sha256(), []
    for packet in packets:
        layers = engine.read(packet.payload, info.width, info.height)
        labels = np.zeros(0, np.uint8) if layers.style.labels is None else layers.style.labels
        latents = (layers.latents * 256).round().long().numpy()
        for part in (layers.lines, labels, layers.style.whole, layers.style.own, latents):
            found.update(np.ascontiguousarray(part).astype("<i4").tobytes())
        frames.append(Frame(engine.paint(layers, info.width, info.height), packet.pts))
    return found.hexdigest(), frames
