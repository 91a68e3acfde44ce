"""The language model in whole numbers: how likely each token is next, alike on every machine.

Numbers are integers in units of 2^-12. Sums of products are taken in float64, where those of any such
numbers here stay far below 2^53, or, where they take most of the time, of weights and states of 8 bits in
float32, where they stay below 2^24: no order of summation, thread count or library changes a result. All
else is single operations that IEEE 754 rounds to nearest. Sigmoid, exponential and logarithm are tables of
integers that ship with the weights.
"""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from genvc.errors import BadInput

from .ngrams import NGrams, Numbers, Whole
from .tokens import Vocabulary

__all__ = ["CODE_BITS", "MIXED", "MOST_TOLD", "LanguageModel", "budget_of", "tables"]

States = npt.NDArray[np.float32]

POINT: Final = 1 << 12
LIMIT: Final = 64 * POINT
"""Activations stay within +-64."""
_FINE_SIGMOID: Final = 1 << 10  # entries of the table of the sigmoid, from 0 to 12, for each whole number
_FINE_EXP: Final = 1 << 8  # and of the exponential, from 0 down to -17
_SIGMOID_END: Final = 12
_EXP_END: Final = 17
_EXP_ONE: Final = 1 << 24
_LOG_BITS: Final = 8
CODE_BITS: Final = 16
"""What a token costs is counted in 1/16 bit."""

MIXED: Final = 0.25
"""How much the counts of the training texts have to say beside the network; chosen on validation captions."""

MAX_STATE: Final = 1 << 10
_HALF: Final = np.float32(0.5)
_ONE_STEP: Final = np.float32(1 / POINT)
_STATE_STEP: Final = np.float32(1 / 32)  # states enter the product with 7 bits after the point
_SIGMOID_STEP: Final = np.float32(1 / 4)

MOST_TOLD: Final = 31
"""The model is told the length of codes up to so many bytes; beyond, budgets are 0."""
_FINE, _STEP, _COARSE = 32, 3, 24
_BUDGETS: Final = 1 + _FINE + _COARSE


def budget_of(length: Whole, spent: Whole) -> Whole:
    """What the model is told at a step, from the code's length in bytes and the cost so far in 1/16 bit.

    0 where the length is 0 or beyond MOST_TOLD; else 1 + bits left up to 31, then one more for every
    three bits, 56 at most.
    """
    left = np.clip(8 * length - -(-spent // CODE_BITS), 0, _FINE + _STEP * _COARSE - 1)
    told = 1 + np.where(left < _FINE, left, _FINE + (left - _FINE) // _STEP)
    return np.where((length > 0) & (length <= MOST_TOLD), told, 0)


def tables() -> dict[str, npt.NDArray[np.int32]]:
    """The tables that a model ships; computed once, at its export, since libraries differ in last digits."""
    sigmoid = 1 / (1 + np.exp(-np.arange(_SIGMOID_END * _FINE_SIGMOID + 1) / _FINE_SIGMOID))
    exp = np.exp(-np.arange(_EXP_END * _FINE_EXP + 1) / _FINE_EXP)
    log = np.log2(1 + (np.arange(1 << _LOG_BITS) + 0.5) / (1 << _LOG_BITS))
    return {
        "table.sigmoid": np.rint(sigmoid * POINT).astype(np.int32),
        "table.exp": np.rint(exp * _EXP_ONE).astype(np.int32),
        "table.log": np.rint(log * CODE_BITS).astype(np.int32),
    }


class LanguageModel:
    """A trained model: vocabulary, weights, tables and counts; states are the callers'.

    tensors: as training/export.py writes them. Raises BadInput where they are not a language model's.
    """

    def __init__(self, tensors: Mapping[str, Any]) -> None:
        try:
            words, pieces = (bytes(tensors[key]).split(b" ") for key in ("words", "pieces"))
            self.vocabulary = Vocabulary(words, pieces)
            self.ngrams = NGrams(tensors, len(self.vocabulary))
            half, self._exp, self._log = (
                _table(tensors["table." + key]) for key in ("sigmoid", "exp", "log")
            )
            # the table is of 0 and more; sigmoid(-x) = 1 - sigmoid(x)
            self._sigmoid = np.concatenate([POINT - half[:0:-1], half]).astype(np.float32)
            weights = {key: _whole(tensors[key]) for key in tensors if key.startswith("language.")}
            weights["language.state"] = np.zeros(1)
            embedding, budget = weights["language.embedding"], weights["language.budget"]
            self._embedding, self._into = embedding, weights["language.input"].T.copy()
            self._on, self._on_shift = _steps_of(tensors["language.state"], tensors["state_shift"])
            self._on_bias = weights["language.state_bias"].astype(np.float32)
            self.size, gates = self._on.shape
            bias_in = weights["language.input_bias"]
            # what the gates make of a token is computed when it first comes, and kept
            self._gates = np.zeros((len(embedding), gates), np.float32)
            self._known = np.zeros(len(embedding), np.bool_)
            self._budget = _rounded(budget @ self._into + bias_in * POINT, POINT).astype(np.float32)
            self._project = weights["language.project"].T.copy()
            self.width = self._project.shape[1]
            self._project_bias = weights["language.project_bias"]
            tail, self.head = weights["language.tail"], int(tensors["head"])
            first = np.concatenate([embedding[: self.head], tail[None]])
            self._first, self._second = first.T.copy(), embedding[self.head :].T.copy()
            bias = weights["language.bias"]
            self._first_bias = np.append(bias[: self.head], weights["language.tail_bias"])
            self._second_bias = bias[self.head :]
        except (KeyError, ValueError, TypeError, IndexError, OverflowError) as error:
            raise BadInput(f"the weights are not those of a language model: {error}") from error
        width = embedding.shape[1]
        fits = (
            embedding.shape[0] == len(bias) == len(self.vocabulary)
            and budget.shape == (_BUDGETS, width)
            and self._into.shape == (width, gates)
            and gates == 3 * self.size <= 3 * MAX_STATE
            and self._project.shape == (self.size, width)
            and 0 < self.head < len(bias)
            and half.shape == (_SIGMOID_END * _FINE_SIGMOID + 1,)
            and self._exp.shape == (_EXP_END * _FINE_EXP + 1,)
            and self._log.shape == (1 << _LOG_BITS,)
            and 0 <= half.min() <= half.max() <= POINT
            and 0 <= self._log.min() <= self._log.max() <= CODE_BITS
            and bias.shape == (len(self.vocabulary),)
            and bias_in.shape == self._on_bias.shape == (gates,)
            and self._project_bias.shape == tail.shape == (width,)
            and weights["language.tail_bias"].shape == (1,)
            and 0 <= self._exp.min() < self._exp[0] == self._exp.max() == _EXP_ONE
            and all(one.size and np.abs(one).max() < LIMIT for one in weights.values())
        )
        if not fits:
            raise BadInput("the weights of the language model do not fit each other")

    def step(self, state: States, tokens: Whole, budgets: Whole) -> tuple[States, Numbers]:
        """The states after these tokens, and what the next tokens' probabilities come from: (n, width).

        state: float32 (n, size), zeros before the first token, which is END.
        """
        new = tokens[~self._known[tokens]]
        if len(new):
            self._gates[new] = _rounded(self._embedding[new] @ self._into, POINT)
            self._known[new] = True
        seen = self._gates[tokens] + self._budget[budgets]
        # whole numbers of 8 bits each: the sum is below 2^24, so that a float32 holds it exactly
        sums = np.floor(state * _STATE_STEP + _HALF) @ self._on
        kept = np.floor(sums * self._on_shift + _HALF) + self._on_bias
        both, size = 2 * self.size, self.size
        gates = self._sigmoid_of(seen[:, :both] + kept[:, :both])
        reset, update = gates[:, :size], gates[:, size:]
        memory = np.clip(kept[:, both:], -LIMIT, LIMIT)
        fresh = seen[:, both:] + np.floor(reset * memory * _ONE_STEP + _HALF)
        # tanh(x) = 2 sigmoid(2 x) - 1
        new_state = 2 * self._sigmoid_of(2 * fresh) - POINT
        state = np.floor(((POINT - update) * new_state + update * state) * _ONE_STEP + _HALF)
        hidden = _rounded(state.astype(np.float64) @ self._project + self._project_bias * POINT, POINT)
        return state, np.clip(hidden, -LIMIT, LIMIT)

    def frequent(self, hidden: Numbers) -> Numbers:
        """(n, head + 1): integers in proportion to frequent tokens' probabilities; the last: all others'.

        They are the network's; mixture.py adds the counts.
        """
        return self._counts(hidden @ self._first + self._first_bias * POINT)

    def rare(self, hidden: Numbers) -> Numbers:
        """(n, tokens - head): the same of the other tokens, given that it is one of them."""
        return self._counts(hidden @ self._second + self._second_bias * POINT)

    def _counts(self, sums: Numbers) -> Numbers:
        logits = _rounded(sums, _FINE_EXP)
        below = np.minimum(logits.max(1, keepdims=True) - logits, len(self._exp) - 1)
        counts: Numbers = self._exp[below.astype(np.intp)]
        return counts

    def _sigmoid_of(self, values: States) -> States:
        """Of values in units of 2^-12."""
        places = np.floor(values * _SIGMOID_STEP + _HALF)
        reach = _SIGMOID_END * _FINE_SIGMOID
        found: States = self._sigmoid[(np.clip(places, -reach, reach) + reach).astype(np.int32)]
        return found

    def log2(self, values: Numbers) -> Numbers:
        """In 1/16 bit, by the model's own table; values: whole, at least 1."""
        mantissa, exponent = np.frexp(values)
        place = np.floor(mantissa * (2 << _LOG_BITS)).astype(np.intp) - (1 << _LOG_BITS)
        found: Numbers = CODE_BITS * (exponent - 1) + self._log[place]
        return found


def _table(numbers: Any) -> Numbers:
    found = np.asarray(numbers)
    if found.dtype.kind not in "iu":
        raise ValueError("a table is not of whole numbers")
    return found.astype(np.float64)


def _whole(weights: Any) -> Numbers:
    """Weights in units of 2^-12."""
    found: Numbers = np.rint(np.asarray(weights).astype(np.float64) * POINT)
    return found


def _steps_of(weights: Any, shift: Any) -> tuple[States, States]:
    """Weights of 8 bits, (size, gates), and what a sum of products with a state of 7 bits is multiplied by.

    shift: (gates) bits after the point of each gate's weights; the product is in units of 2^-12.
    """
    steps, shift = np.asarray(weights), np.asarray(shift)
    if (
        steps.dtype != np.int8
        or shift.dtype.kind not in "iu"
        or shift.shape != steps.shape[:1]
        or shift.min() < 0
        or shift.max() > 12
    ):
        raise ValueError("the weights of the state are not bytes with their point")
    return steps.T.astype(np.float32), np.ldexp(np.float32(1), 5 - shift.astype(np.int32))


def _rounded(sums: Numbers, unit: int) -> Numbers:
    """Sums in units of 2^-24 in those of 1 / unit; halves go up."""
    found: Numbers = np.floor(sums * (unit / (POINT * POINT)) + 0.5)
    return found
