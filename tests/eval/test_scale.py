"""What measuring costs: memory that a longer clip does not raise, and frames a second."""

import time
from fractions import Fraction

import numpy as np
import pytest
import torch

from eval.clip import Clip
from eval.metering import Metering, MetricSet
from eval.process import call
from eval.stage import Measuring, decode_stage, encode_stage
from genvc import media
from genvc.types import Frame

# By the end of the short clip the allocator has taken what it takes.
SHORT, LONG = 72, 240
# All the frames that the long clip has more would be 83 MB, as floats 330 MB.
GROWTH_MB = 35


def drifting(count):
    """Frames of 512x320."""
    ground = np.kron(np.random.default_rng(3).integers(0, 255, (20, 32, 3)), np.ones((16, 16, 1)))
    for place in range(count):
        yield Frame(np.roll(ground, place, axis=1).astype(np.uint8), place)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_length_of_the_clip(fakes, tmp_path):
    from genvc_fake_codecs import memory_of_measuring

    peaks = {}
    for count in (SHORT, LONG):
        path = tmp_path / f"{count}.mkv"
        media.write(path, drifting(count), Fraction(25))
        clip, stream = Clip(str(path), path.stem), str(tmp_path / f"{count}.gvc")
        encoded = call(encode_stage, clip, "grain", "quality=50", False, stream, 1)
        decoded = call(decode_stage, stream, 1)
        wanted = Measuring(stream, ("psnr", "flicker"), str(tmp_path / f"features-{count}"))
        assert (encoded["frames"], decoded["decoded_frames"]) == (count, count)
        peaks[count] = {
            "encode": encoded["encode_memory_mb"],
            "decode": decoded["decode_memory_mb"],
            "measure": call(memory_of_measuring, clip, [wanted]),
        }
    for stage, peak in peaks[LONG].items():
        assert peak < peaks[SHORT][stage] + GROWTH_MB, stage


@pytest.mark.slow
def test_psnr_msssim_and_lpips_measure_ten_frames_a_second_on_two_cores(checkpoints):
    import torchvision

    torch.manual_seed(0)
    # the time does not hang on what the weights are
    torch.save(
        torchvision.models.alexnet(weights=None).state_dict(), checkpoints / "alexnet-owt-7be5be79.pth"
    )
    names = ["psnr", "msssim", "lpips_alex"]
    metering = Metering(MetricSet(names), names)
    batches = [torch.rand(16, 3, 256, 256).contiguous(memory_format=torch.channels_last) for _ in range(4)]
    metering.add(batches[0], batches[1])
    # One thread, and its processor time: where others use the machine too, the threads of a pair wait for
    # each other at full load. What one core does, two do.
    torch.set_num_threads(1)
    started = time.process_time()
    metering.add(batches[1], batches[2])
    metering.add(batches[2], batches[3])
    seconds = time.process_time() - started
    assert {entry["words"] for entry in metering.readings().values()} == {""}
    assert 32 / seconds >= 10
