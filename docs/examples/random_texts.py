"""Ten thousand lines of random text, of any characters, of ASCII, of single scripts; the same each time."""

import random
import sys

KINDS = [
    (0x20, 0x7F),
    (0x400, 0x460),
    (0x600, 0x640),
    (0x900, 0x950),
    (0x3040, 0x3097),
    (0x4E00, 0x4F00),
    (0x1F600, 0x1F640),
]


def line(dice: random.Random) -> str:
    count = 1 + dice.randrange(24)
    if dice.random() < 0.3:
        spans = [(0x20, 0xD800), (0xE000, 0x110000)]
        return "".join(chr(dice.randrange(*dice.choice(spans))) for _ in range(count))
    first, end = dice.choice(KINDS)
    return "".join(chr(dice.randrange(first, end)) for _ in range(count))


if __name__ == "__main__":
    dice = random.Random(1)
    texts = []
    while len(texts) < 10_000:
        text = line(dice)
        # characters that some tools take for the end of a line are left out: one text a line
        if len(text.splitlines()) == 1:
            texts.append(text)
    sys.stdout.buffer.write("".join(text + "\n" for text in texts).encode("utf-8"))
