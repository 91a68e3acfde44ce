"""Training of the language model on captions: its loss, and what captions cost that it does not know."""

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from genvc.errors import BadInput
from genvc.models import full_name, load
from genvc.training import several
from genvc.training.run import Run, perform, saved

from ..language import MIXED
from ..ngrams import ONE, NGrams
from ..tokens import END, Vocabulary
from .counting import left_out
from .network import Language, Shape, budget_of
from .weights import state_of

__all__ = ["Stage", "train"]

_LONGEST = 64  # tokens of a text that is trained on
_MOST = 31  # bytes of a code whose length the model is told
_BLIND = 0.15  # share of texts whose code's length is not told
_GLUED, _SPELLED = 0.03, 0.1
_TESTED = 0.2
_ROOM = 4  # bits left at which a shorter code is tried
_DOUBT = 1.5
_POOL = 50  # batches that are sorted by length together
_IGNORED = -1


@dataclass(frozen=True, slots=True)
class Stage:
    """What a checkpoint belongs to.

    blind_steps: at first, in which no code's length is told. plain_steps: at first, in which all texts count
    alike; after them those count little whose code has room left: by the logistic function of the bits
    that are too many, in units of `flat` bits.
    """

    steps: int
    batch: int
    rate: float
    seed: int
    dropout: float
    state: int
    embedding: int
    head: int
    blind_steps: int
    plain_steps: int
    flat: float = 3.0
    word_dropout: float = 0.0
    state_dropout: float = 0.0
    name: str = "text"


@dataclass(frozen=True, slots=True)
class Batch:
    """rows: of the ledger, -1 for texts that were changed. tokens: (texts, steps), END first and last."""

    rows: Tensor
    tokens: Tensor


class Ledger(nn.Module):
    """What each token of each training text cost when it was last seen, and its code's length in bytes.

    The budgets of a text come from it: a model that is told how many bits are left changes what tokens
    cost, which settles after a few rounds.
    """

    costs: Tensor
    length: Tensor

    def __init__(self, texts: int) -> None:
        super().__init__()
        self.register_buffer("costs", torch.zeros(texts, _LONGEST, dtype=torch.float16))
        self.register_buffer("length", torch.zeros(texts, dtype=torch.int16))

    def budgets(self, rows: Tensor, lengths: Tensor, steps: int) -> Tensor:
        """(texts, steps): inputs of the network for codes of these lengths, 0 where none is known."""
        length = lengths[:, None]
        spent = self.costs[rows, :steps].float().cumsum(1).roll(1, 1)
        spent[:, 0] = 0
        known = (length > 0) & (length <= _MOST) & (rows >= 0)[:, None]
        return torch.where(known, budget_of((8 * length - spent).floor().long()), 0)

    def tested(self, rows: Tensor) -> Tensor:
        """Which texts to try with a code of a byte less: some of those that left half a byte and more."""
        length = self.length[rows].int()
        left = 8 * length - self.costs[rows].float().sum(1)
        return (left > _ROOM) & (length > 1) & (torch.rand(len(rows), device=rows.device) < _TESTED)

    def enter(self, rows: Tensor, bits: Tensor, told: Tensor, lengths: Tensor) -> None:
        """bits: (texts, steps), what tokens cost now, 0 beyond the end. told: whose lengths these were."""
        whole, old = bits.sum(1), self.length[rows].int()
        guessed = ((whole - 3) / 8).ceil().int()
        # costs vary with what was dropped: only what is clearly too much moves a text up
        moved = lengths + (whole > 8 * lengths + _DOUBT).int() - (whole < 8 * lengths - 9).int()
        failed = told & (lengths < old) & (whole > 8 * lengths + _DOUBT)
        length = torch.where(old == 0, guessed, torch.where(told & ~failed, moved, old)).clamp(1, 127)
        kept = rows >= 0
        use = kept & ~failed & (told | (old == 0))
        self.length[rows[kept]] = length[kept].short()
        self.costs[rows[use], : bits.shape[1]] = bits[use].half()


def batches(texts: Sequence[bytes], vocabulary: Vocabulary, count: int, seed: int) -> Iterator[Batch]:
    """Endless batches of texts of about one length, some with glued marks or spelled words."""
    dice = random.Random(seed)
    plain = [vocabulary.tokens(text) for text in texts]
    rows = [row for row, tokens in enumerate(plain) if len(tokens) < _LONGEST - 1]
    if len(rows) < count:
        raise BadInput(f"{len(rows)} captions are short enough to train on, fewer than a batch")
    while True:
        dice.shuffle(rows)
        for at in range(0, len(rows) - count + 1, _POOL * count):
            pool = sorted(rows[at : at + _POOL * count], key=lambda row: len(plain[row]))
            groups = [pool[begin : begin + count] for begin in range(0, len(pool), count)]
            dice.shuffle(groups)
            for group in groups:
                yield _batch(group, texts, plain, vocabulary, dice)


def _batch(
    group: list[int],
    texts: Sequence[bytes],
    plain: list[list[int]],
    vocabulary: Vocabulary,
    dice: random.Random,
) -> Batch:
    rows, chosen = [], []
    for row in group:
        draw = dice.random()
        if draw < _GLUED:
            text = texts[row]
            for mark in (b".", b",", b"'s"):
                text = text.replace(b" " + mark, mark)
            if dice.random() < 0.3:
                text = text.removesuffix(b".")
            tokens = vocabulary.tokens(text)
        elif draw < _GLUED + _SPELLED:
            words = texts[row].split(b" ")
            # rare words are spelled more often: they are most like those that are not in the vocabulary
            rare = max(words, key=vocabulary.rank)
            tokens = vocabulary.tokens(texts[row], frozenset([rare, rare.lower()]))
        else:
            tokens = plain[row]
        same = tokens == plain[row]
        if not same and len(tokens) > _LONGEST - 2:
            same, tokens = True, plain[row]
        rows.append(row if same else -1)
        chosen.append([END, *tokens, END])
    longest = max(map(len, chosen))
    padded = [tokens + [_IGNORED] * (longest - len(tokens)) for tokens in chosen]
    return Batch(torch.tensor(rows), torch.tensor(padded))


def train(
    stage: Stage,
    texts: Sequence[bytes],
    held: Sequence[bytes],
    vocabulary: Vocabulary,
    ngrams: NGrams,
    out: Path,
    device: torch.device,
    every: int = 250,
    start: str = "",
) -> None:
    """Trains into out/checkpoint.pt, from there if it exists; out/curve.jsonl at each validation.

    ngrams: counts of these texts; the network learns what they do not say.
    start: what to begin with otherwise: a checkpoint, of the same texts, or the name of a model, of the
    same vocabulary. Raises BadInput for a checkpoint of another stage, or of other texts, ModelNotFound.
    """
    rank, device = several.begin(device)
    try:
        run = _Run(stage, texts, held, vocabulary, ngrams, out, device, start)
        seed = stage.seed + run.done + 1000 * rank
        torch.manual_seed(seed)
        perform(run, batches(texts, vocabulary, stage.batch, seed), out, every, rank == 0)
    finally:
        several.end()


class _Run(Run[Batch]):
    """The state of a training."""

    def __init__(
        self,
        stage: Stage,
        texts: Sequence[bytes],
        held: Sequence[bytes],
        vocabulary: Vocabulary,
        ngrams: NGrams,
        out: Path,
        device: torch.device,
        start: str,
    ) -> None:
        torch.manual_seed(stage.seed)
        self.device = device
        # what the counts say of each token, without the text that it stands in
        said = left_out(ngrams, [vocabulary.tokens(text) for text in texts])[:, :_LONGEST]
        # texts that are changed may be longer than all others
        said = np.pad(said, ((0, 0), (0, _LONGEST - said.shape[1])))
        self.said = torch.from_numpy(said).to(device)
        shape = Shape(len(vocabulary), min(stage.head, len(vocabulary) - 1), stage.embedding, stage.state)
        self.net = Language(shape, stage.dropout, stage.word_dropout, stage.state_dropout).to(device)
        self.mean = Language(shape).to(device).eval()
        self.ledger = Ledger(len(texts)).to(device)
        self.held = [[END, *vocabulary.tokens(text), END] for text in held]
        self.held_said = _said(ngrams, self.held).to(device)
        self.letters = sum(len(text.decode()) for text in held)
        super().__init__(
            stage,
            out / "checkpoint.pt",
            self.net,
            self.mean,
            [{"params": list(self.net.parameters()), "lr": stage.rate, "peak": stage.rate}],
        )
        self.begin((lambda: self._started(start)) if start else None, device)

    def _started(self, start: str) -> dict[str, Tensor]:
        """A model's weights, or an earlier training's averaged ones, whose ledger is taken over."""
        if not Path(start).is_file():
            shipped = state_of(load(full_name(start), "crossmodal")[1])
            try:
                self.mean.load_state_dict(shipped)
            except RuntimeError as error:
                raise BadInput(f"the model '{start}' is of another size or vocabulary") from error
            return shipped
        held = saved(start, self.device)
        try:
            self.ledger.load_state_dict(held["ledger"])
            averaged: dict[str, Tensor] = held["average"]
            self.mean.load_state_dict(averaged)
        except (KeyError, RuntimeError) as error:
            raise BadInput(f"{start} is not of a training of this model on these texts") from error
        return averaged

    def others(self) -> dict[str, Any]:
        """The ledger, without which a training could not go on as it was."""
        return {"ledger": self.ledger}

    def loss(self, batch: Batch) -> Tensor:
        """Nats a token."""
        tokens, rows = batch.tokens.to(self.device), batch.rows.to(self.device)
        inputs, targets = tokens[:, :-1].clamp(min=0), tokens[:, 1:]
        told = torch.zeros(len(rows), dtype=torch.bool, device=self.device)
        lengths = self.ledger.length[rows].int()
        budgets = torch.zeros_like(inputs)
        if self.done >= self.stage.blind_steps:
            told = (torch.rand(len(rows), device=self.device) >= _BLIND) & (rows >= 0)
            lengths = lengths - (told & self.ledger.tested(rows)).int()
            budgets = self.ledger.budgets(rows, lengths, inputs.shape[1]) * told[:, None]
            told &= budgets[:, 0] > 0
        hidden = self.net(inputs, budgets)
        there = targets != _IGNORED
        said = torch.where((rows >= 0)[:, None], self.said[rows, : targets.shape[1]], -1.0)
        nats = _mixed(self.net.nats(hidden[there], targets[there]), said[there])
        bits = torch.zeros(targets.shape, device=self.device)
        bits[there] = nats.detach() / math.log(2)
        if self.done < self.stage.plain_steps:
            weights = torch.ones_like(nats)
        else:
            over = bits.sum(1) - 8 * lengths
            flat = torch.where(told, 2 * torch.sigmoid(over / self.stage.flat), 1.0)
            flat = torch.where(told & (lengths < self.ledger.length[rows]) & (over > _DOUBT), 0.0, flat)
            weights = flat[:, None].expand_as(bits)[there]
        self.ledger.enter(rows, bits, told, lengths)
        return (weights * nats).sum() / weights.sum()

    @torch.no_grad()
    def validated(self) -> dict[str, Any]:
        """Bits a character: without and with the code's length told, the latter rounded up to bytes."""
        blind = self._costs(self.held, [0] * len(self.held)).tolist()
        found = {"bits": sum(blind) / self.letters, "bytes": 8 * sum(map(_trimmed, blind)) / self.letters}
        best = [8.0 * math.ceil(bits / 8 + 1) for bits in blind]
        for shift in range(-2, 2):
            lengths = [min(_MOST, max(1, math.ceil((bits - 3) / 8) + shift)) for bits in blind]
            costs = self._costs(self.held, lengths).tolist()
            for number, (bits, length) in enumerate(zip(costs, lengths, strict=True)):
                if bits <= 8 * length:
                    best[number] = min(best[number], 8.0 * length)
        found["told"] = sum(best) / self.letters
        return {name: round(value, 4) for name, value in found.items()}

    def _costs(self, texts: Sequence[list[int]], lengths: Sequence[int]) -> Tensor:
        """Bits of texts whose codes are so many bytes long, step by step as a coder works; 0: not told."""
        count = max(map(len, texts))
        padded = [one + [_IGNORED] * (count - len(one)) for one in texts]
        tokens = torch.tensor(padded, device=self.device)
        length = torch.tensor(lengths, device=self.device)
        spent = torch.zeros(len(texts), device=self.device)
        state: Tensor | None = None
        for step in range(count - 1):
            budgets = torch.where(length > 0, budget_of((8 * length - spent).floor().long()), 0)
            seen = self.mean.embedding(tokens[:, step].clamp(min=0)) + self.mean.budget(budgets)
            out, state = self.mean.gru(seen[:, None], state)
            hidden = self.mean.project(out[:, 0])
            there = tokens[:, step + 1] != _IGNORED
            nats = _mixed(self.mean.nats(hidden[there], tokens[there, step + 1]), self.held_said[there, step])
            spent[there] += nats / math.log(2)
        return spent


def _mixed(nats: Tensor, said: Tensor) -> Tensor:
    """What tokens cost by network and counts. said: (n,), the counts' shares, -1: by the network alone."""
    both = -torch.log((1 - MIXED) * torch.exp(-nats) + MIXED * said.clamp(min=0))
    return torch.where(said >= 0, both, nats)


def _said(ngrams: NGrams, texts: Sequence[list[int]]) -> Tensor:
    """(texts, longest - 1): the shares by counts of the tokens after the first one, 0 beyond the end."""
    found = torch.zeros(len(texts), max(map(len, texts)) - 1)
    for row, text in enumerate(texts):
        contexts = ngrams.begin(1)
        for step, token in enumerate(text[1:]):
            one = np.array([token])
            found[row, step] = float(ngrams.chance(contexts, one)[0]) / ONE
            contexts = ngrams.follow(contexts, one)
    return found


def _trimmed(bits: float) -> float:
    """Bytes on average of the shortest code without a length told; see SymbolEncoder.finish()."""
    whole = math.ceil(bits / 8)
    return whole - sum(2 ** (8 * fewer - bits) for fewer in range(1, whole))
