"""What is seen at 4.4 kbit/s on real talking heads, by LPIPS (alex): a floor, not a record."""

import io
import os
import warnings
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch

import genvc
from genvc import container, media

# name of a validation clip, most mean LPIPS, most LPIPS of its worst twentieth of pictures
FLOORS = [("face_0054_a", 0.05, 0.12), ("face_0060_a", 0.05, 0.12), ("face_0099_a", 0.08, 0.20)]
MOST_PICTURES = 175
BITRATE = 4400


@pytest.fixture(scope="module")
def lpips_alex() -> torch.nn.Module:
    if not os.environ.get("TORCH_HOME"):
        pytest.skip("TORCH_HOME is not set")
    lpips = pytest.importorskip("lpips")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network: torch.nn.Module = lpips.LPIPS(net="alex", verbose=False)
    return network.eval()


@pytest.mark.slow
@pytest.mark.parametrize(("clip", "mean", "worst"), FLOORS)
def test_a_talking_head_at_few_bits(
    data: Path, lpips_alex: torch.nn.Module, clip: str, mean: float, worst: float
) -> None:
    info, stream = media.frames(data / "faces" / "val" / f"{clip}.mp4")
    frames = list(islice(stream, MOST_PICTURES))
    codec = genvc.create("keypoints", device="cpu", bitrate=BITRATE)
    header = codec.describe(info.width, info.height, info.fps)
    packets = list(codec.encode(frames, header))
    file = io.BytesIO()
    container.write(file, header, packets)
    spent = 8 * len(file.getvalue()) * float(info.fps) / len(frames)
    assert spent < 1.1 * BITRATE

    def tensor(rgb: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(np.array(rgb)).permute(2, 0, 1)[None].float() / 127.5 - 1

    losses = []
    with torch.inference_mode():
        for index, frame in enumerate(codec.decode(packets, header)):
            if index % 3 == 0:
                losses.append(float(lpips_alex(tensor(frames[index].rgb), tensor(frame.rgb))))
    tail = float(np.mean(np.sort(losses)[-max(1, len(losses) // 20) :]))
    print(f"{clip}: {spent:.0f} bit/s, LPIPS {np.mean(losses):.4f}, worst twentieth {tail:.4f}")
    assert np.mean(losses) < mean
    assert tail < worst
