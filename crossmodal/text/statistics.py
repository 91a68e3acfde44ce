"""What coding texts costs, each on its own and in whole bytes, beside coders that everybody knows."""

import heapq
import platform
import time
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.metadata import version
from itertools import count
from typing import Any, Final

from genvc.errors import BadInput, GenvcError

from . import full_name, words
from .coder import decode_all, encode_all, language_model, method_of
from .language import CODE_BITS

__all__ = ["huffman", "measured"]

_DICTIONARY: Final = 110 * 1024  # bytes, as zstd's own tool makes them
_END: Final = "\n"


def measured(
    texts: Sequence[str],
    learnt: Sequence[str] = (),
    model: str = "",
    progress: Callable[[int, int | None], None] | None = None,
) -> dict[str, Any]:
    """Codes and decodes the texts, and says what that took.

    Speeds are of processor time, so that what else runs on a machine does not count.

    learnt: other texts, of which the codes to compare with are made. Raises BadInput where there is nothing
    to code, and GenvcError where a text does not come back.
    """
    characters = sum(map(len, texts))
    if not characters:
        raise BadInput("there is no text in the file")
    encode_all(texts[:1], model)  # loads the model
    begun = time.process_time()
    codes = encode_all(texts, model, progress)
    encoded = time.process_time()
    back = decode_all(codes, model)
    decoded = time.process_time()
    if back != list(texts):
        raise GenvcError("a text does not come back as it was; please report this")
    sizes = sum(map(len, codes))
    return {
        "texts": len(texts),
        "characters": characters,
        "bytes": sizes,
        "bits_per_character": round(8 * sizes / characters, 4),
        "exact": True,
        "model": full_name(model),
        "methods": dict(Counter(map(method_of, codes)).most_common()),
        "length_not_told": _blind(texts, model),
        "coded_per_cpu_second": round(len(texts) / (encoded - begun), 1),
        "decoded_per_cpu_second": round(len(texts) / (decoded - encoded), 1),
        "compared": {name: round(8 * size / characters, 4) for name, size in _others(texts, learnt).items()},
        "versions": _versions(),
    }


def huffman(learnt: Sequence[str]) -> dict[str, int]:
    """Lengths in bits of a Huffman code for characters and the end of a text."""
    counts = Counter(_END.join([*learnt, ""]))
    order = count()
    heap = [(number, next(order), [character]) for character, number in sorted(counts.items())]
    lengths = dict.fromkeys(counts, 0)
    heapq.heapify(heap)
    while len(heap) > 1:
        one, other = heapq.heappop(heap), heapq.heappop(heap)
        for character in one[2] + other[2]:
            lengths[character] += 1
        heapq.heappush(heap, (one[0] + other[0], next(order), one[2] + other[2]))
    return lengths


def _blind(texts: Sequence[str], model: str) -> dict[str, float]:
    """Bits a character of the language model alone where the decoder is not told how long a code is.

    information: what the model says of a text and its end, not rounded. bytes: with the bit that makes
    a code end by itself, rounded up to whole bytes.
    """
    language = language_model(model)
    if language is None:
        return {}
    tokens = [language.vocabulary.tokens(text.encode("utf-8")) for text in texts]
    pairs = [
        (text, some)
        for text, some in zip(texts, tokens, strict=True)
        if text and len(some) < words.MAX_TOKENS
    ]
    costs = words.costs(language, [some for _, some in pairs])
    characters = sum(len(text) for text, _ in pairs)
    whole = sum(-(-(cost + CODE_BITS) // (8 * CODE_BITS)) for cost in costs)
    return {
        "information": round(sum(costs) / CODE_BITS / characters, 4),
        "bytes": round(8 * whole / characters, 4),
    }


def _others(texts: Sequence[str], learnt: Sequence[str]) -> dict[str, int]:
    """Bytes that other coders take; only of those that are installed."""
    raw = [text.encode("utf-8") for text in texts]
    found = {"utf-8": sum(map(len, raw)), "zlib": sum(len(zlib.compress(text, 9)) for text in raw)}
    if (brotli := _imported("brotli")) is not None:
        found["brotli"] = sum(len(brotli.compress(text, mode=brotli.MODE_TEXT)) for text in raw)
    if not learnt:
        return found
    lengths = huffman(learnt)
    longest = max(lengths.values()) + 21  # a character that was not there, after the longest code
    bits = [sum(lengths.get(character, longest) for character in text + _END) for text in texts]
    found["huffman"] = sum(-(-one // 8) for one in bits)
    if (zstd := _imported("zstandard")) is not None:
        try:
            made = zstd.train_dictionary(_DICTIONARY, [text.encode("utf-8") for text in learnt])
        except zstd.ZstdError:
            return found  # too few texts for a dictionary
        packer = zstd.ZstdCompressor(level=19, dict_data=made, write_content_size=False, write_dict_id=False)
        found["zstd_dictionary"] = sum(len(packer.compress(text)) for text in raw)
    return found


def _imported(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        return None


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in ("numpy", "constriction", "brotli", "zstandard"):
        try:
            found[package] = version(package)
        except ImportError:
            continue
    return found
