"""What the tests share: material, made or found, and a small number of threads."""

import faulthandler
import os
import signal
import sys
import threading

# Before anything imports torch: results and times must not hang on how many cores there are. Two threads, as
# many as the smallest machine has that runs these tests; one where each core has a worker of its own. Workers
# inherit what the process that began them was told, so they have to be told otherwise.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.update(OMP_NUM_THREADS="1", OPENCV_FOR_THREADS_NUM="1")
else:
    os.environ.setdefault("OMP_NUM_THREADS", "2")
# A thread that has nothing to do sleeps: where others want the cores, two that spin take ten times as long.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

# A shell that runs this in the background has Ctrl-C ignored, here and in
# what the tests begin and stop with it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from genvc import Frame
from genvc.errors import BadInput
from genvc.samples import sample_path

_LEAVING = 60.0  # seconds that a process may take to end when all tests have
_status = [1]


def pytest_sessionfinish(exitstatus: int) -> None:
    """Kept for leave()."""
    _status[0] = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """From here on no test's time is watched: a thread that never ends would hold up the process for ever.

    Workers are ended by the process that began them, and wait for that.
    """
    if "PYTEST_XDIST_WORKER" in os.environ:
        return

    def leave() -> None:
        print(f"the tests have ended {_LEAVING:g} s ago, and something still runs:", file=sys.stderr)
        faulthandler.dump_traceback(all_threads=True)
        os._exit(_status[0])

    late = threading.Timer(_LEAVING, leave)
    late.daemon = True
    late.start()
    # and where even this thread is not let run
    faulthandler.dump_traceback_later(2 * _LEAVING, exit=True)


@pytest.fixture(scope="session", autouse=True)
def few_threads() -> None:
    """Also where torch was told otherwise before."""
    import torch

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))


def _folder(variable: str) -> Path:
    said = os.environ.get(variable)
    if not said:
        pytest.skip(f"{variable} is not set")
    return Path(said)


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real material, laid out as CONTRIBUTING.md says."""
    return _folder("GENVC_DATA")


@pytest.fixture(scope="session")
def anchors() -> Path:
    """The folder of streams that other codecs made of that material."""
    return _folder("GENVC_ANCHORS")


@pytest.fixture(scope="session")
def carphone() -> Path:
    """The sample talking head, 176x144, 120 frames."""
    try:
        return sample_path("carphone")
    except BadInput as error:
        pytest.skip(str(error))


MakeClip = Callable[[int, int, int], list[Frame]]


@pytest.fixture(scope="session")
def make_clip() -> MakeClip:
    """(width, height, frames) -> a clip with a gradient, a moving disc and a little texture."""

    def make(width: int, height: int, count: int) -> list[Frame]:
        down, across = np.mgrid[0:height, 0:width].astype(np.float32)
        radius = max(1.0, min(width, height) / 4)
        frames = []
        for index in range(count):
            x = width / 2 + np.cos(index / 3) * width / 5
            y = height / 2 + np.sin(index / 3) * height / 5
            disc = np.clip(radius - np.hypot(across - x, down - y), 0, 1)
            picture = np.stack(
                [
                    60 + 120 * across / width + 70 * disc,
                    200 - 120 * down / height - 90 * disc,
                    90 + 20 * np.sin(across / 3) * np.cos(down / 4) + 60 * disc,
                ],
                axis=2,
            )
            frames.append(Frame(np.clip(picture, 0, 255).astype(np.uint8), index))
        return frames

    return make


@pytest.fixture(scope="session")
def tiny_diffusion(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a Stable Diffusion (tiny/painter) and a ControlNet for it (tiny/lines)."""
    diffusers = pytest.importorskip("diffusers", reason="the extra diffusion is not installed")
    transformers = pytest.importorskip("transformers", reason="the extra diffusion is not installed")
    import json

    import torch

    torch.manual_seed(0)
    root = tmp_path_factory.mktemp("diffusion")
    words = root / "words"
    words.mkdir()
    letters = [chr(code) for code in range(97, 123)]
    tokens = ["<|startoftext|>", "<|endoftext|>", *letters, *(letter + "</w>" for letter in letters)]
    (words / "vocab.json").write_text(json.dumps({token: place for place, token in enumerate(tokens)}))
    (words / "merges.txt").write_text("#version: 0.2\n")
    tokenizer = transformers.CLIPTokenizer.from_pretrained(words)
    tokenizer.model_max_length = 32
    encoder = transformers.CLIPTextModel(
        transformers.CLIPTextConfig(
            vocab_size=len(tokens),
            hidden_size=16,
            intermediate_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            max_position_embeddings=32,
            bos_token_id=0,
            eos_token_id=1,
            pad_token_id=1,
        )
    )
    shape = {
        "block_out_channels": (8, 16), "layers_per_block": 1, "norm_num_groups": 4,
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"), "cross_attention_dim": 16,
        "attention_head_dim": 4, "in_channels": 4,
    }  # fmt: skip
    unet = diffusers.UNet2DConditionModel(
        sample_size=8, out_channels=4, up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"), **shape
    )
    vae = diffusers.AutoencoderKL(
        block_out_channels=(8, 8, 8, 8), norm_num_groups=4, latent_channels=4, sample_size=64,
        down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
    )  # fmt: skip
    pipeline = diffusers.StableDiffusionPipeline(
        vae=vae, text_encoder=encoder, tokenizer=tokenizer, unet=unet,
        scheduler=diffusers.DDIMScheduler(beta_schedule="scaled_linear"),
        safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    )  # fmt: skip
    pipeline.save_pretrained(root / "tiny" / "painter")
    lines = diffusers.ControlNetModel(conditioning_embedding_out_channels=(4, 4, 8, 8), **shape)
    for parameter in lines.parameters():
        # a new one has layers of zeros, so that it changes nothing
        if not parameter.any():
            torch.nn.init.normal_(parameter, 0, 0.3)
    lines.save_pretrained(root / "tiny" / "lines")
    return root
