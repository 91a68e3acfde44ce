"""The language model as it is trained: a recurrent network that knows how many bits are left.

A GRU (Cho et al., 2014) over word tokens with tied embeddings (Press and Wolf, 2017), one output layer
for the frequent tokens and one for all others (adaptive softmax, Grave et al., 2017), the same dropout
mask over a whole text (Gal and Ghahramani, 2016), words and weights of the state dropped for a whole batch
(Merity et al., AWD-LSTM, 2018). What is new: besides the last token each step is told
how many bits of the text's code are left, which a decoder knows that knows the code's length. It sees
the end come, and rare words where many bits are left.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

__all__ = ["BUDGETS", "Language", "Shape", "budget_of"]

FINE, STEP, COARSE = 32, 3, 24
BUDGETS = 1 + FINE + COARSE
"""0: nothing is known of the code's length. 1 to 32: so many bits less one are left; then three bits each."""


def budget_of(bits: Tensor) -> Tensor:
    """1 to 56: the input for so many whole bits that are left, none for less."""
    bits = bits.clamp(0, FINE + STEP * COARSE - 1)
    return 1 + torch.where(bits < FINE, bits, FINE + (bits - FINE) // STEP)


@dataclass(frozen=True, slots=True)
class Shape:
    """tokens: of the vocabulary. head: how many of them are frequent. embedding, state: widths."""

    tokens: int
    head: int = 1024
    embedding: int = 256
    state: int = 512


class Language(nn.Module):
    """Logits of the next token, after tokens and budgets (texts, steps)."""

    def __init__(
        self, shape: Shape, dropout: float = 0.0, word_dropout: float = 0.0, state_dropout: float = 0.0
    ) -> None:
        """dropout: share of what a token says, and of the state's outputs. word_dropout: share of the
        vocabulary that says nothing. state_dropout: share of the weights from state to state.
        """
        super().__init__()
        self.shape, self.dropout = shape, dropout
        self.word_dropout, self.state_dropout = word_dropout, state_dropout
        self.embedding = nn.Embedding(shape.tokens, shape.embedding)
        self.budget = nn.Embedding(BUDGETS, shape.embedding)
        self.gru = nn.GRU(shape.embedding, shape.state, batch_first=True)
        self.project = nn.Linear(shape.state, shape.embedding)
        self.bias = nn.Parameter(torch.zeros(shape.tokens))
        self.tail = nn.Linear(shape.embedding, 1)
        nn.init.normal_(self.embedding.weight, std=0.1)
        nn.init.zeros_(self.budget.weight)

    def forward(self, tokens: Tensor, budgets: Tensor) -> Tensor:
        """(texts, steps, embedding): what output embeddings are compared with."""
        seen = self._dropped(self._said(tokens)) + self.budget(budgets)
        state = self._followed(seen)
        found: Tensor = self.project(self._dropped(state))
        return found

    def nats(self, hidden: Tensor, targets: Tensor) -> Tensor:
        """(n): what each target costs. hidden: (n, embedding)."""
        head = self.shape.head
        weight, bias = self.embedding.weight, self.bias
        first = torch.cat([hidden @ weight[:head].T + bias[:head], self.tail(hidden)], 1)
        rare = targets >= head
        cost = F.cross_entropy(first, targets.clamp(max=head), reduction="none")
        if rare.any():
            second = hidden[rare] @ weight[head:].T + bias[head:]
            among = F.cross_entropy(second, targets[rare] - head, reduction="none")
            cost = cost.index_add(0, torch.nonzero(rare)[:, 0], among)
        return cost

    def _said(self, tokens: Tensor) -> Tensor:
        said: Tensor = self.embedding(tokens)
        if not self.training or not self.word_dropout:
            return said
        keep = torch.empty(self.shape.tokens, device=said.device).bernoulli_(1 - self.word_dropout)
        return said * (keep / (1 - self.word_dropout))[tokens][..., None]

    def _followed(self, seen: Tensor) -> Tensor:
        """The states after each step, (texts, steps, state)."""
        if not self.training or not self.state_dropout:
            followed: Tensor = self.gru(seen)[0]
            return followed
        weights: dict[str, Tensor] = dict(self.gru.named_parameters())
        weights["weight_hh_l0"] = F.dropout(weights["weight_hh_l0"], self.state_dropout)
        dropped: Tensor = functional_call(self.gru, weights, (seen,))[0]
        return dropped

    def _dropped(self, values: Tensor) -> Tensor:
        if not self.training or not self.dropout:
            return values
        keep = torch.empty_like(values[:, :1]).bernoulli_(1 - self.dropout).div_(1 - self.dropout)
        return values * keep
