"""Makes the stored streams that every later version has to decode as they were decoded when they were made.

    python tests/golden/make.py

For each stream: NAME.gvc; NAME.json with the hash of all decoded integers and the limits of pixels;
NAME-small.png, all pictures at an eighth of their size side by side (means of 8x8 pixels); NAME-last.png, the
last picture as it is. `genvc verify` reads them.

A stream that is there is left alone: it stands for the files that people have. Only a stream for which no
released version ever wrote another may be deleted and made again; a new version of a format adds a stream of
its own beside the old ones.
"""

import json
import sys
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import torch

import genvc
from genvc import container, media
from genvc.types import Frame, Packet, Picture

HERE = Path(__file__).parent
FPS, BLOCK = Fraction(30), 8
# How far pixels may be off, in steps of 255: the root of the mean square and the largest, of the last picture
# and of the means. Rounding differs between machines, and warping from picture to picture makes more of it.
LIMITS = {
    "keypoints": {"last": [1.0, 16], "small": [0.5, 4]},
    "predictive": {"last": [0.7, 8], "small": [0.3, 2]},
    "conceptual": {"last": [0.7, 8]},
    "auto": {"last": [1.0, 16], "small": [0.5, 4]},
    "avif": {"last": [0.3, 2]},
}


def talk(count: int, start: int = 0) -> list[Picture]:
    """A drawn head that sways before a drawn wall, 176x144."""
    y, x = np.mgrid[0:144, 0:176].astype(np.float32)
    found = []
    for k in range(start, start + count):
        middle = 88 + 9 * np.sin(k / 7)
        wall = np.stack([110 + 40 * np.sin(x / 9) * np.cos(y / 11), 130 + 0.3 * y, 150 - 0.3 * x], 2)
        skin = np.stack([200 + 20 * np.sin((x - middle) / 6), 160 + 15 * np.cos(y / 5), 0 * x + 130], 2)
        inside = ((x - middle) / 34) ** 2 + ((y - 72) / 46) ** 2 < 1
        found.append(np.clip(np.where(inside[..., None], skin, wall), 0, 255).astype(np.uint8))
    return found


def scenery(high: int, wide: int) -> Picture:
    """Hills before a sky."""
    from conceptual_scenes import scene

    return scene(high, wide)


class Drawn:
    """Stands for the detector: the mean face where a head was drawn, nothing where there is no skin."""

    def __init__(self, basis: Any) -> None:
        self.basis = basis

    def detect(self, rgb: Picture) -> Any:
        skin = (rgb[72, :, 0] > 175) & (rgb[72, :, 2] < 135)
        if skin.sum() < 40:
            return None
        middle = float(np.flatnonzero(skin).mean())
        turned = self.basis.mean * 62
        turned[:, 0] *= np.cos((middle - 88) / 40)
        return turned + np.array([middle, 72.0, 0.0])

    def close(self) -> None:
        """Nothing is held."""


def mixed() -> list[Picture]:
    """A face, a drawn landscape that pans, the face again later: references of both, and none of a face."""
    y, x = np.mgrid[0:144, 0:230].astype(np.float32)
    ridge = 60 + 18 * np.sin(x / 17) + 9 * np.sin(x / 5)
    wave = 30 * np.sin(x / 3) * np.cos(y / 4)
    world = np.stack([60 + wave - 0.3 * y, 150 - wave, 210 - y], 2)
    world[y > ridge] *= 0.5
    hills = np.clip(world, 0, 255).astype(np.uint8)
    return [*talk(12), *(hills[:, 3 * k : 3 * k + 176] for k in range(10)), *talk(18, 92)]


# name of a stream, what it is, its pictures, options of the encoder
Stream = tuple[str, str, Callable[[], list[Picture]], dict[str, Any]]
KEYPOINTS: list[Stream] = [
    (
        "head",
        "a drawn head that sways",
        lambda: talk(40),
        {"bitrate": 6000},
    ),
    ("mixed", "a drawn head, a drawn landscape, the head again", mixed, {"bitrate": 16_000, "seconds": 0.8}),
    ("faint", "a drawn head, its reference at less than the full size", lambda: talk(15), {"bitrate": 4000}),
    (
        "textured",
        "a drawn head with texture codes, painted by a generator",
        lambda: talk(12),
        {"quality": 20, "texture": True},
    ),
]
RA = {"gop": "ra"}
PREDICTIVE: list[Stream] = [
    (
        "chain",
        "intra and predicted pictures, skipped blocks, a cut, a picture that comes again",
        lambda: [*mixed(), *4 * mixed()[-1:]],
        {"quality": 50},
    ),
    (
        "between",
        "pictures between two others, by the model for the eye",
        lambda: talk(18),
        {"quality": 20, "gop": "ra"},
    ),
    ("still", "one picture of an odd size", lambda: [talk(1)[0][:131, :57]], {"bytes": 900}),
]


CONCEPTUAL: list[Stream] = [
    (
        "drawn",
        "a drawn scene: lines, regions, half size",
        lambda: [scenery(192, 264)],
        {"model": "conceptual", "lines": 0.03, "regions": 4, "quality": 32},
    ),
    (
        "plain",
        "the same at three quarters, no lines, no regions, an odd size",
        lambda: [scenery(131, 197)],
        {"model": "conceptual", "lines": 0, "quality": 60},
    ),
    (
        "fine",
        "the same at its full size",
        lambda: [scenery(96, 128)],
        {"model": "conceptual", "lines": 0.01, "quality": 95},
    ),
    (
        "still",
        "a texture that is an AV1 still at three quarters; lines, regions, an odd size",
        lambda: [scenery(131, 197)],
        {"lines": 0.02, "regions": 3, "quality": 50},
    ),
]


OTHERS: dict[str, list[Stream]] = {
    "auto": [
        (
            "both",
            "a drawn head and a drawn landscape, by two codecs",
            lambda: mixed()[3:24],
            {"bitrate": 300_000, "seconds": 0.3},
        )
    ],
    "avif": [
        (
            "subsampled",
            "two pictures of an odd size",
            lambda: [rgb[:131, :57] for rgb in talk(2)],
            {"bytes": 900},
        ),
        ("full", "one picture, 4:4:4", lambda: talk(1), {"quality": 60, "subsampling": "4:4:4"}),
    ],
}


def crossmodal_scenes() -> dict[str, tuple[str, list[Any]]]:
    """Streams of crossmodal: what they are, and what is sent of each picture, None where a scene goes on."""
    from crossmodal import palette, sketch
    from crossmodal.representation import Box, Representation

    hills = scenery(96, 128)
    boxes = (Box(0, 3, 4, 20, 32), Box(1, 31, 31, 32, 32))
    lines = sketch.drawn(hills, 2, 0.1)
    whole = Representation(
        "Hills before a blue sky, 2 fences.", palette.measured(hills, 2, 1), boxes, lines, 2
    )
    return {
        "single": ("all layers of one picture, in the short form of the container", [whole]),
        "slides": (
            "two scenes that go on; words and colours, then lines and nobody",
            [
                Representation("a blue sky", whole.palette),
                None,
                Representation(boxes=(), sketch=lines, sketch_level=2),
                None,
            ],
        ),
    }


def make(name: str, what: str, pictures: list[Picture], options: dict[str, Any]) -> None:
    """One stream of keypoints, and what is to come out of it."""
    from keypoints.moments import read

    target = HERE / "keypoints" / f"{name}.gvc"
    if target.exists():
        print(f"{target.name} is there and stays as it is")
        return
    codec: Any = genvc.create("keypoints", device="cpu", **options)
    codec.detector = lambda: Drawn(codec.basis)
    info = codec.describe(pictures[0].shape[1], pictures[0].shape[0], FPS)
    container.write(target, info, codec.encode((Frame(rgb, k) for k, rgb in enumerate(pictures)), info))
    info, packets = container.read(target)
    held = list(packets)
    shown = [frame.rgb for frame in codec.decode(held, info)]
    moments = list(read(held, info, codec.basis))
    brought = [moment.reference for moment in moments if moment.reference is not None]
    facts = {
        "what": what,
        "options": options,
        "model": info.model,
        "packets": len(held),
        "groups": sum(packet.key for packet in held),
        "scales": [reference.scale for reference in brought],
        "faces": sum(moment.picture.structure is not None for moment in moments),
        "integers": codec.integers(held, info),
        "limits": LIMITS["keypoints"],
    }
    target.with_suffix(".json").write_text(json.dumps(facts, indent=2) + "\n")
    media.write(target.with_name(f"{name}-small.png"), [Frame(small(shown), 0)], FPS)
    media.write(target.with_name(f"{name}-last.png"), [Frame(shown[-1], 0)], FPS)
    print(target.stat().st_size, facts)


def make_predictive(name: str, what: str, pictures: list[Picture], options: dict[str, Any]) -> None:
    """One stream of predictive, and what is to come out of it."""
    from predictive_records import walk

    target = HERE / "predictive" / f"{name}.gvc"
    if target.exists():
        print(f"{target.name} is there and stays as it is")
        return
    codec = genvc.create("predictive", device="cpu", **options)
    info = codec.describe(pictures[0].shape[1], pictures[0].shape[0], FPS)
    container.write(target, info, codec.encode((Frame(rgb, k) for k, rgb in enumerate(pictures)), info))
    info, packets = container.read(target)
    held = list(packets)
    integers, skipped, frames = walk(info, held)
    facts = {
        "what": what,
        "options": options,
        "model": info.model,
        "kinds": [packet.payload[0] // 64 for packet in held],
        "skipped": skipped,
        "integers": integers,
        "limits": LIMITS["predictive"],
    }
    target.with_suffix(".json").write_text(json.dumps(facts, indent=2) + "\n")
    shown = [frame.rgb for frame in frames]
    media.write(target.with_name(f"{name}-small.png"), [Frame(small(shown), 0)], FPS)
    media.write(target.with_name(f"{name}-last.png"), [Frame(shown[-1], 0)], FPS)
    print(target.stat().st_size, facts)


def make_conceptual(name: str, what: str, pictures: list[Picture], options: dict[str, Any]) -> None:
    """One stream of conceptual, and what is to come out of it."""
    target = HERE / "conceptual" / f"{name}.gvc"
    if target.exists():
        print(f"{target.name} is there and stays as it is")
        return
    codec: Any = genvc.create("conceptual", device="cpu", **options)
    info = codec.describe(pictures[0].shape[1], pictures[0].shape[0], FPS)
    container.write(target, info, codec.encode([Frame(pictures[0], 0)], info), generated=True)
    info, packets = container.read(target)
    held = list(packets)
    integers, frames = codec.integers(held, info), codec.decode(held, info)
    settings = held[0].payload[0]
    facts = {
        "what": what,
        "options": options,
        "model": info.model,
        "settings": settings,
        "integers": integers,
        "limits": LIMITS["conceptual"],
    }
    target.with_suffix(".json").write_text(json.dumps(facts, indent=2) + "\n")
    media.write(target.with_name(f"{name}-last.png"), frames, FPS)
    print(target.stat().st_size, facts)


def make_other(family: str, name: str, what: str, pictures: list[Picture], options: dict[str, Any]) -> None:
    """One stream of another codec, of which nothing is known but what every codec can do."""
    target = HERE / family / f"{name}.gvc"
    if target.exists():
        print(f"{target.name} is there and stays as it is")
        return
    target.parent.mkdir(exist_ok=True)
    codec: Any = genvc.create(family, device="cpu", **options)
    info = codec.describe(pictures[0].shape[1], pictures[0].shape[0], FPS)
    container.write(target, info, codec.encode((Frame(rgb, k) for k, rgb in enumerate(pictures)), info))
    info, packets = container.read(target)
    held = list(packets)
    shown = [frame.rgb for frame in codec.decode(held, info)]
    facts = {"what": what, "options": options, "model": info.model, "limits": LIMITS[family]}
    if hasattr(codec, "integers"):
        facts["integers"] = codec.integers(held, info)
    target.with_suffix(".json").write_text(json.dumps(facts, indent=2) + "\n")
    if "small" in LIMITS[family]:
        media.write(target.with_name(f"{name}-small.png"), [Frame(small(shown), 0)], FPS)
    media.write(target.with_name(f"{name}-last.png"), [Frame(shown[-1], 0)], FPS)
    print(target.stat().st_size, facts)


def make_crossmodal(name: str, what: str, scenes: list[Any]) -> None:
    """One stream of crossmodal and its integers; each machine paints in its own way, so no pictures."""
    from crossmodal import syntax

    target = HERE / "crossmodal" / f"{name}.gvc"
    if target.exists():
        print(f"{target.name} is there and stays as it is")
        return
    codec: Any = genvc.create("crossmodal", device="cpu")
    info = codec.describe(128, 96, FPS)
    packets = [
        Packet(b"" if scene is None else syntax.pack(scene), time, key=scene is not None)
        for time, scene in enumerate(scenes)
    ]
    container.write(target, info, packets, generated=True, short=True)
    facts = {
        "what": what,
        "model": info.model,
        "form": target.read_bytes()[3],
        "integers": codec.integers(packets, info),
        "limits": {},
    }
    target.with_suffix(".json").write_text(json.dumps(facts, indent=2) + "\n")
    print(target.stat().st_size, facts)


def small(pictures: Sequence[Picture]) -> Picture:
    """Means of 8x8 pixels, the pictures side by side: (height / 8, width / 8 * pictures, 3)."""
    high, wide = (size // BLOCK for size in pictures[0].shape[:2])
    blocks = np.stack(pictures)[:, : high * BLOCK, : wide * BLOCK].reshape(-1, high, BLOCK, wide, BLOCK, 3)
    means = np.rint(blocks.mean((2, 4))).astype(np.uint8)
    return np.concatenate(list(means), 1)


if __name__ == "__main__":
    # this script's own folder has a `keypoints` too, which holds no code
    sys.path[:1] = [
        str(HERE.parents[1]),
        *(str(HERE.parent / name) for name in ("predictive", "conceptual")),
    ]
    torch.set_num_threads(1)
    for stream_name, about, source, chosen in KEYPOINTS:
        make(stream_name, about, source(), chosen)
    for stream_name, about, source, chosen in PREDICTIVE:
        make_predictive(stream_name, about, source(), chosen)
    for stream_name, about, source, chosen in CONCEPTUAL:
        make_conceptual(stream_name, about, source(), chosen)
    for family_name, streams in OTHERS.items():
        for stream_name, about, source, chosen in streams:
            make_other(family_name, stream_name, about, source(), chosen)
    for stream_name, (about, shown_scenes) in crossmodal_scenes().items():
        make_crossmodal(stream_name, about, shown_scenes)
