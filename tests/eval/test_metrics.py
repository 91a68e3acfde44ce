"""Each metric against somebody else's implementation of it."""

import math
import sys

import numpy as np
import piq
import pytest
import scipy.linalg
import torch
import torchmetrics.functional.image as other
from skimage.metrics import structural_similarity
from torchmetrics.functional.image import dists

from eval.metrics import create_metric, metric_names, pictures_to_tensor
from eval.metrics.fid import frechet_distance
from eval.metrics.flicker import along_motion
from eval.metrics.kid import kernel_distance
from eval.metrics.msssim import msssim
from eval.metrics.psnr import psnr
from eval.metrics.psnr_y import psnr_y
from eval.metrics.ssim import ssim
from genvc.errors import BadInput, ModelNotFound, Unsupported


def reading(metric, reference, decoded):
    meter = metric.meter()
    meter.add(reference, decoded)
    return meter.reading()


def test_psnr_is_that_of_torchmetrics(pictures):
    clean, worse = pictures
    for place in range(len(clean)):
        theirs = other.peak_signal_noise_ratio(worse[place], clean[place], data_range=1.0)
        assert float(psnr(clean, worse)[place]) == pytest.approx(float(theirs), abs=1e-4)


def test_psnr_of_equal_pictures_is_infinite_and_counts_as_100_in_a_mean(pictures):
    clean, worse = pictures
    assert psnr(clean, clean).isinf().all()
    assert reading(create_metric("psnr"), clean, clean).value == 100
    assert reading(create_metric("psnr"), clean, worse).value < 60


def test_psnr_of_the_luma_follows_bt709():
    grey = torch.full((1, 3, 8, 8), 0.5)
    green = grey.clone()
    green[:, 1] += 0.1
    assert float(psnr_y(grey, green)) == pytest.approx(-20 * math.log10(0.07152), abs=1e-4)


def test_ssim_is_that_of_piq_and_scikit_image(pictures):
    clean, worse = pictures
    ours = ssim(clean, worse)
    assert torch.allclose(ours, piq.ssim(worse, clean, downsample=False, reduction="none"), atol=1e-5)
    for place in range(len(clean)):
        one, two = (some[place].permute(1, 2, 0).double().numpy() for some in (clean, worse))
        _, full = structural_similarity(
            one, two, channel_axis=2, data_range=1.0, gaussian_weights=True, sigma=1.5,
            use_sample_covariance=False, full=True,
        )  # fmt: skip
        assert float(ours[place]) == pytest.approx(full[5:-5, 5:-5].mean(), abs=1e-5)


def test_msssim_is_that_of_piq_and_torchmetrics(pictures):
    clean, worse = pictures
    ours = msssim(clean, worse)
    assert torch.allclose(ours, piq.multi_scale_ssim(worse, clean, reduction="none"), atol=1e-5)
    for place in range(len(clean)):
        theirs = other.multiscale_structural_similarity_index_measure(
            worse[place : place + 1].double(), clean[place : place + 1].double(), data_range=1.0
        )
        # torchmetrics averages the three colours at each scale, we and piq after the product
        assert float(ours[place]) == pytest.approx(float(theirs), abs=2e-3)


def test_msssim_of_equal_pictures_is_one_and_small_pictures_are_refused(pictures):
    clean, _ = pictures
    assert torch.allclose(msssim(clean, clean), torch.ones(4), atol=1e-6)
    with pytest.raises(Unsupported, match="161"):
        msssim(clean[:, :, :160], clean[:, :, :160])


@pytest.mark.parametrize("net", ["alex", "squeeze"])
def test_lpips_agrees_with_the_package_to_four_decimals(pictures, real_weights, net):
    import lpips

    clean, worse = pictures
    with torch.inference_mode():
        theirs = lpips.LPIPS(net=net, verbose=False)(clean, worse, normalize=True).flatten()
    found = reading(create_metric(f"lpips_{net}"), clean, worse)
    assert found.per_picture == pytest.approx(theirs.tolist(), abs=2e-5)
    assert found.value == pytest.approx(float(theirs.mean()), abs=2e-5)


def test_lpips_shares_the_reference_and_does_not_mix_it_up(pictures, real_weights):
    clean, worse = pictures
    metric = create_metric("lpips_alex")
    alone = [
        reading(create_metric("lpips_alex"), one, two).value for one, two in [(clean, worse), (worse, clean)]
    ]
    first, second, third = metric.meter(), metric.meter(), metric.meter()
    first.add(clean, worse)
    second.add(clean, clean)
    third.add(worse, clean)
    assert first.reading().value == pytest.approx(alone[0], abs=1e-6)
    assert second.reading().value == pytest.approx(0, abs=1e-6)
    assert third.reading().value == pytest.approx(alone[1], abs=1e-6)


def random_vgg(folder):
    """A file of VGG16 with random weights where libraries look; its classifier is one shared zero."""
    import torchvision

    torch.manual_seed(1)
    with torch.device("meta"):
        vgg = torchvision.models.vgg16(weights=None)
    state = {}
    for name, value in vgg.state_dict().items():
        fan = value[0].numel() if value.ndim > 1 else 1
        fresh = (
            torch.randn(value.shape) * math.sqrt(2 / fan) if name.startswith("features") else torch.zeros(1)
        )
        state[name] = fresh if fresh.shape == value.shape else fresh.expand(value.shape)
    torch.save(state, folder / "vgg16-397923af.pth")


def test_dists_agrees_with_a_second_implementation(pictures, checkpoints, monkeypatch):
    clean, worse = pictures
    random_vgg(checkpoints)
    metric = create_metric("dists")
    found = reading(metric, clean, worse)
    # piq reads the heads from a file; give it those that torchmetrics brings
    heads = torch.load(dists._PATH_WEIGHT_DISTS, weights_only=True)
    torch.save(heads, checkpoints / "dists_weights.pt")
    with torch.inference_mode():
        theirs = piq.DISTS(reduction="none")(clean, worse).flatten()
    assert found.per_picture == pytest.approx(theirs.tolist(), abs=1e-4)
    assert found.value > 0.001
    assert reading(metric, clean, clean).value == pytest.approx(0, abs=1e-5)


def test_lpips_vgg_takes_the_vgg_that_is_there(pictures, checkpoints):
    clean, worse = pictures
    random_vgg(checkpoints)
    assert reading(create_metric("lpips_vgg"), clean, worse).value > 0


def test_fid_is_the_formula_with_scipy_and_that_of_piq():
    generator = torch.Generator().manual_seed(2)
    one = torch.randn(300, 24, generator=generator, dtype=torch.float64)
    two = (
        0.5
        + torch.randn(200, 24, generator=generator, dtype=torch.float64)
        @ torch.diag(torch.rand(24) + 0.5).double()
    )
    first, second = np.cov(one.numpy().T), np.cov(two.numpy().T)
    root = scipy.linalg.sqrtm(first @ second).real
    gap = one.mean(0) - two.mean(0)
    expected = float(gap @ gap) + np.trace(first + second - 2 * root)
    assert frechet_distance(one, two) == pytest.approx(expected, rel=1e-6)
    assert frechet_distance(one, two) == pytest.approx(float(piq.FID()(one, two)), rel=1e-3)
    assert frechet_distance(one, one) == pytest.approx(0, abs=1e-6)


def test_fid_stands_fewer_pictures_than_features():
    one, two = torch.rand(10, 64), torch.rand(12, 64)
    assert 0 < frechet_distance(one, two) < 64


def test_kid_is_that_of_piq_and_zero_in_the_mean():
    generator = torch.Generator().manual_seed(4)
    one, two = (torch.randn(150, 32, generator=generator, dtype=torch.float64) for _ in range(2))
    shifted = two + 0.5
    theirs = float(piq.KID()(one, shifted))
    assert kernel_distance(one, shifted) == pytest.approx(theirs, rel=1e-6)
    assert abs(kernel_distance(one, two)) < kernel_distance(one, shifted) / 20


@pytest.mark.parametrize("distance", [frechet_distance, kernel_distance])
def test_a_set_of_one_picture_is_refused(distance):
    with pytest.raises(BadInput, match="at least two"):
        distance(torch.rand(1, 8), torch.rand(5, 8))


def test_pictures_move_along_the_flow_as_scipy_moves_them():
    from scipy.ndimage import map_coordinates

    rng = np.random.default_rng(0)
    picture = rng.random((20, 30, 3), np.float32) * 255
    flow = rng.uniform(-4, 4, (20, 30, 2)).astype(np.float32)
    down, across = np.mgrid[:20, :30].astype(np.float32)
    expected = np.stack(
        [
            map_coordinates(
                picture[..., c], [down + flow[..., 1], across + flow[..., 0]], order=1, mode="nearest"
            )
            for c in range(3)
        ],
        axis=2,
    )
    # OpenCV works with 1/32 of a pixel
    assert np.abs(along_motion(picture, flow) - expected).max() < 255 / 32 * 2


def test_an_error_that_moves_with_the_scene_does_not_flicker_and_noise_does(moving):
    reference = pictures_to_tensor(moving)
    steady = (reference * 0.9).contiguous(memory_format=torch.channels_last)
    noise = reference + 0.04 * torch.randn(reference.shape, generator=torch.Generator().manual_seed(5))
    metric = create_metric("flicker")
    same, tinted, noisy = (
        reading(metric, reference, decoded).value for decoded in (reference, steady, noise)
    )
    assert same == 0
    assert tinted < 2.5
    # two independent errors of 0.04 * 255 levels
    assert noisy == pytest.approx(0.04 * 255 * math.sqrt(2), rel=0.15)


def test_flicker_does_not_hang_on_how_frames_are_batched(moving):
    reference = pictures_to_tensor(moving)
    decoded = reference * 0.9
    whole = reading(create_metric("flicker"), reference, decoded).value
    meter = create_metric("flicker").meter()
    for start in (0, 5, 7):
        end = {0: 5, 5: 7, 7: 12}[start]
        meter.add(reference[start:end], decoded[start:end])
    assert meter.reading().value == pytest.approx(whole)


def test_one_frame_cannot_flicker(moving):
    one = pictures_to_tensor(moving[:1])
    found = reading(create_metric("flicker"), one, one)
    assert found.value is None
    assert found.words == "one picture: flicker needs two frames"


def test_landmarks_follow_a_face_that_is_shifted(carphone):
    from genvc import media

    frames = [frame.rgb for frame, _ in zip(media.frames(carphone)[1], range(6), strict=False)]
    reference = pictures_to_tensor(frames)
    metric = create_metric("landmarks")
    still = reading(metric, reference, reference).value
    shifted = reading(metric, reference, reference.roll(3, dims=3)).value
    further = reading(metric, reference, reference.roll(6, dims=3)).value
    assert still == pytest.approx(0, abs=0.01)
    assert 1 < shifted < further


FFMPEG = """#!{python}
import json, os, sys
words = sys.argv[1:]
if "-filters" in words:
    print(" .. {filter} VV->V Calculate the VMAF")
elif "-version" in words:
    print("ffmpeg version 9")
else:
    first, second = (words[place + 1] for place, word in enumerate(words) if word == "-i")
    assert (first, second) == ("decoded.rgb", "reference.rgb"), "libvmaf wants the decoded one first"
    wide, high = map(int, words[words.index("-s") + 1].split("x"))
    frames = []
    with open(first, "rb") as ours, open(second, "rb") as theirs:
        while one := ours.read(wide * high * 3):
            gap = max(abs(a - b) for a, b in zip(one, theirs.read(wide * high * 3)))
            frames.append(dict(metrics=dict(vmaf=100 - gap)))
    if not frames or {fails}:
        sys.exit("no such model")
    with open("vmaf.json", "w") as file:
        json.dump(dict(frames=frames), file)
"""


@pytest.mark.parametrize(("filter_name", "fails"), [("libvmaf", False), ("libvmaf", True), ("scale", False)])
def test_vmaf_is_asked_of_an_ffmpeg_that_has_it(filter_name, fails, tmp_path, monkeypatch):
    """A stand-in for ffmpeg: it checks what it was given and scores by the largest error."""
    program = tmp_path / "ffmpeg"
    program.write_text(FFMPEG.format(python=sys.executable, filter=filter_name, fails=fails))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    if filter_name != "libvmaf":
        with pytest.raises(Unsupported, match="needs an ffmpeg with libvmaf on the PATH, this one has none"):
            create_metric("vmaf")
        return
    metric = create_metric("vmaf")
    assert metric.about()["library"] == "ffmpeg version 9"
    reference = torch.full((3, 3, 6, 8), 0.4)
    decoded = reference + torch.tensor([0, 5, 10]).view(3, 1, 1, 1) / 255
    meter = metric.meter()
    meter.add(reference[:2], decoded[:2])
    meter.add(reference[2:], decoded[2:])
    found = meter.reading()
    if fails:
        assert (found.value, found.words) == (None, "vmaf failed: no such model")
    else:
        assert found.per_picture == (100, 95, 90)
        assert found.value == 95


def test_vmaf_without_ffmpeg_is_not_available(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(Unsupported, match=r"not available: vmaf .* there is no ffmpeg"):
        create_metric("vmaf")


def test_no_face_is_said_and_no_figure_made_up():
    blank = torch.full((3, 3, 128, 128), 0.5)
    found = reading(create_metric("landmarks"), blank, blank)
    assert found.value is None
    assert found.words == "no face in 3 of 3 pictures"


@pytest.mark.parametrize("name", ["psnr", "psnr_y", "ssim", "flicker"])
def test_sizes_that_differ_are_refused(name):
    with pytest.raises(BadInput, match="sizes differ"):
        reading(create_metric(name), torch.rand(1, 3, 32, 32), torch.rand(1, 3, 32, 34))


def test_no_pictures_are_refused():
    with pytest.raises(BadInput, match="no pictures"):
        create_metric("psnr").meter().reading()
    with pytest.raises(BadInput, match="no pictures"):
        pictures_to_tensor([])


def test_every_metric_says_how_it_measures():
    for name in metric_names():
        try:
            about = create_metric(name).about()
        except (ModelNotFound, Unsupported):
            continue
        assert {"colours", "crop", "pooling"} <= set(about), name


def test_an_unknown_metric_lists_the_installed_ones():
    with pytest.raises(BadInput, match="no metric 'psnrr'; installed: dists, fid"):
        create_metric("psnrr")
