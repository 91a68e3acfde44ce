"""Train the language model that codes texts."""

from pathlib import Path
from typing import Annotated, Any

import typer

from genvc.training.command import Batch, Device, Out, Rate, Seed, Start, Steps, Threads, training

__all__ = ["train"]


def train(
    data: Annotated[
        Path, typer.Option("--data", metavar="DIR", help="captions_text/train.txt and val.txt in it.")
    ],
    out: Out,
    steps: Steps = 12500,
    blind_steps: Annotated[
        int, typer.Option("--blind-steps", min=0, help="At first, in which no code's length is told.")
    ] = 2000,
    plain_steps: Annotated[
        int, typer.Option("--plain-steps", min=0, help="At first, in which all texts count alike.")
    ] = 5000,
    flat: Annotated[
        float, typer.Option("--flat", min=0.1, help="Bits; the smaller, the less texts with room left count.")
    ] = 3.0,
    start: Start = "",
    batch: Batch = 48,
    rate: Rate = 2e-3,
    dropout: Annotated[float, typer.Option("--dropout", min=0, max=0.9)] = 0.35,
    word_dropout: Annotated[
        float, typer.Option("--word-dropout", min=0, max=0.9, help="Share of words that say nothing.")
    ] = 0.0,
    state_dropout: Annotated[
        float, typer.Option("--state-dropout", min=0, max=0.9, help="Share of the state's weights dropped.")
    ] = 0.0,
    state: Annotated[
        int, typer.Option("--state", min=1, max=1024, help="Width of the recurrent state.")
    ] = 512,
    embedding: Annotated[int, typer.Option("--embedding", min=1, max=1024)] = 256,
    head: Annotated[int, typer.Option("--head", min=6, help="Tokens that count as frequent.")] = 1024,
    seed: Seed = 1,
    threads: Threads = 1,
    device: Device = "auto",
    every: Annotated[int, typer.Option("--every", min=1, help="Steps between validations.")] = 250,
) -> None:
    """Train on the captions of the training split; what a run needs to go on is in its checkpoint."""
    from genvc.errors import BadInput

    from ..ngrams import NGrams
    from . import counting
    from .captions import captions
    from .loop import Stage
    from .loop import train as run
    from .vocabulary import load, save

    texts, held = captions(data, "train"), captions(data, "val")
    if len(texts) < batch:
        raise BadInput(f"there are {len(texts)} captions to train on, fewer than a batch")
    out.mkdir(parents=True, exist_ok=True)
    if (out / "checkpoint.pt").exists():
        vocabulary, counts = load(out), counting.load(out)
    else:
        save(vocabulary := _vocabulary(start, texts), out)
        counts = counting.counted([vocabulary.tokens(text) for text in texts], len(vocabulary))
        counting.save(counts, out)
    ngrams = NGrams(counts, len(vocabulary))
    stage = Stage(
        steps,
        batch,
        rate,
        seed,
        dropout,
        state,
        embedding,
        head,
        blind_steps,
        plain_steps,
        flat,
        word_dropout,
        state_dropout,
    )
    with training(out, threads, device, f"{steps} steps") as place:
        run(stage, texts, held, vocabulary, ngrams, out, place, every, start)


def _vocabulary(start: str, texts: list[bytes]) -> Any:
    """That of a checkpoint or a model to start from, or a new one."""
    from genvc.models import full_name
    from genvc.models import load as shipped

    from .vocabulary import learned, load, stored

    if not start:
        return learned(texts)
    if Path(start).is_file():
        return load(Path(start).parent)
    return stored(shipped(full_name(start), "crossmodal")[1])
