"""Tiny models of the classes that are used for real, with random weights, written once a session."""

from pathlib import Path

import numpy as np
import pytest

from genvc.types import Picture


def drawn(width: int = 160, height: int = 120) -> Picture:
    """A red disc on a green meadow under a blue sky."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    picture = np.where((y < height / 2)[..., None], [90, 150, 230], [60, 150, 60]).astype(np.float32)
    disc = (x - width / 2) ** 2 + (y - height / 2) ** 2 < (height / 4) ** 2
    picture[disc] = [200, 40, 40]
    return (picture + 6 * np.sin(x / 3)[..., None]).clip(0, 255).astype(np.uint8)


@pytest.fixture
def picture() -> Picture:
    return drawn()


@pytest.fixture(scope="session")
def tiny_blip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BLIP for captions with two layers and 40 words."""
    transformers = pytest.importorskip("transformers", reason="the extra diffusion is not installed")
    import torch

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("blip")
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[DEC]", "[ENC]"]
    words = [f"word{number}" for number in range(33)]
    (folder / "vocab.txt").write_text("\n".join(special + words) + "\n")
    tokenizer = transformers.BertTokenizerFast(vocab=str(folder / "vocab.txt"))
    text = {
        "vocab_size": 40, "hidden_size": 16, "encoder_hidden_size": 16, "intermediate_size": 32,
        "num_hidden_layers": 2, "num_attention_heads": 2, "bos_token_id": 5, "sep_token_id": 3,
        "eos_token_id": 3, "pad_token_id": 0, "max_position_embeddings": 64,
    }  # fmt: skip
    vision = {
        "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
        "image_size": 32, "patch_size": 8,
    }  # fmt: skip
    config = transformers.BlipConfig(text_config=text, vision_config=vision)
    transformers.BlipForConditionalGeneration(config).save_pretrained(folder)
    pixels = transformers.BlipImageProcessor(size={"height": 32, "width": 32})
    transformers.BlipProcessor(image_processor=pixels, tokenizer=tokenizer).save_pretrained(folder)
    return folder
