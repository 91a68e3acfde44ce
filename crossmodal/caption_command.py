"""Put pictures and videos into words."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from genvc.types import Frame, Picture

__all__ = ["caption"]


def caption(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Pictures, videos or .gvc streams.")],
    scenes: Annotated[
        bool, typer.Option("--scenes", help="A sentence for each scene of a video, with its time.")
    ] = False,
    captioner: Annotated[
        str,
        typer.Option("--captioner", metavar="MODEL", help="For transformers: a folder or a name on the hub."),
    ] = "",
    batch: Annotated[
        int, typer.Option("--batch", min=1, max=256, help="Pictures a captioner sees at once.")
    ] = 8,
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda, ...")] = "auto",
) -> None:
    """Describe pictures and videos in a sentence each, as JSON. A stream with words says its own."""
    from genvc import media

    from .build import classifier
    from .describe import describe
    from .detector import Detector
    from .scenes import CUT, Scenes

    lines: list[dict[str, Any]] = []
    waiting: list[tuple[dict[str, Any], Picture]] = []
    made = None
    if captioner:
        from .captioner import TransformersCaptioner

        made = TransformersCaptioner(captioner, device)

    def told(least: int) -> None:
        if made is not None and len(waiting) >= least:
            said = made.captions([rgb for _, rgb in waiting])
            for (entry, _), text in zip(waiting, said, strict=True):
                entry["caption"] = text
            waiting.clear()

    with Detector() as detector:
        for file in files:
            stream = _notes(file)
            if stream is not None:
                lines += stream
                continue
            info, frames = media.frames(file)
            cut = Scenes(CUT)
            for frame in _watched(frames, scenes):
                if scenes and not cut.opens(frame.rgb):
                    continue
                entry: dict[str, Any] = {"file": Path(file).name}
                if scenes:
                    entry["seconds"] = round(float(frame.pts / info.fps), 3)
                lines.append(entry)
                if made is not None:
                    waiting.append((entry, frame.rgb))
                    told(batch)
                else:
                    found = describe(frame.rgb, detector, classifier())
                    entry |= {"caption": found.sentence, "details": list(found.details)}
    told(1)
    print(json.dumps(lines, indent=2, ensure_ascii=False))


def _watched(frames: "Iterator[Frame]", scenes: bool) -> "Iterator[Frame]":
    """All frames, or the first one."""
    for frame in frames:
        yield frame
        if not scenes:
            return


def _notes(file: str) -> list[dict[str, Any]] | None:
    """The words of a .gvc stream; None for other files. Raises BadInput for a stream without words."""
    from genvc.container import read
    from genvc.errors import BadInput
    from genvc.plugins import NOTES, installed

    try:
        with open(file, "rb") as opened:
            if opened.read(3) != b"GVC":
                return None
    except OSError:
        return None
    info, packets = read(Path(file), verify=True)
    point = installed(NOTES).get(info.codec)
    if point is None:
        raise BadInput(f"'{file}' is a stream of {info.codec}, which has no words; decode it first")
    return [
        {
            "file": Path(file).name,
            "seconds": round(float(note.pts / info.fps), 3),
            "caption": note.text,
        }
        for note in point.load()(packets, info)
    ]
