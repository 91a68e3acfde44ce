"""All integers of a predictive stream, as its decoder reads them."""

import hashlib
from collections.abc import Iterable
from typing import Any
from unittest import mock

import numpy as np

import genvc
from genvc.predictive import networks
from genvc.types import Frame, Packet, StreamInfo


def walk(info: StreamInfo, packets: Iterable[Packet], device: str = "cpu") -> tuple[str, int, list[Frame]]:
    """The SHA-256 of every latent (in steps of 1/256), how many blocks were skipped, and the frames."""
    found, skipped = hashlib.sha256(), 0
    read, read_map = networks.read, networks.read_map

    def spy(*arguments: Any) -> Any:
        latents = read(*arguments)
        found.update(np.rint(latents.numpy() * 256).astype("<i4").tobytes())
        return latents

    def spy_map(*arguments: Any) -> Any:
        nonlocal skipped
        made = read_map(*arguments)
        skipped += int(made.sum())
        return made

    codec = genvc.create(info.codec, info.model, device)
    with mock.patch.object(networks, "read", spy), mock.patch.object(networks, "read_map", spy_map):
        frames = list(codec.decode(packets, info))
    return found.hexdigest(), skipped, frames
