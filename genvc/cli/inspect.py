"""The command `info`: what is in a file, and where its bytes go."""

import json
from typing import Annotated, Any

import typer

__all__ = ["info_command"]

_SHOWN_GROUPS = 20


def info_command(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A .gvc file, or any media file.")],
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, packet by packet.")] = False,
) -> None:
    """Show what is in a .gvc or media file."""
    about = _stream(file) if _is_stream(file) else _media(file)
    if as_json:
        typer.echo(json.dumps(about, indent=2))
        return
    groups = about.pop("groups", [])
    notes = about.pop("notes", [])
    for key, value in about.items():
        if key == "tracks":
            for track in value:
                typer.echo(
                    f"track {track['track']:<5}{track['packets']} packets, {track['bytes']} bytes, "
                    f"{track['kbps']:.2f} kbit/s"
                )
        elif value not in ("", None):
            typer.echo(f"{key.replace('_', ' '):<19} {value}")
    for note in notes[:_SHOWN_GROUPS]:
        typer.echo(f"from {note['seconds']:<14.2f} {note['text']}")
    if len(notes) > _SHOWN_GROUPS:
        typer.echo(f"... and {len(notes) - _SHOWN_GROUPS} more notes (--json has them all)")
    for group in groups[:_SHOWN_GROUPS]:
        packets = group["packets"]
        keys = sum(packet["bytes"] for packet in packets if packet["key"])
        typer.echo(
            f"group {group['group']:<5} from frame {group['pts']}: {len(packets)} packets, "
            f"{sum(packet['bytes'] for packet in packets)} bytes, {keys} of them key"
        )
    if len(groups) > _SHOWN_GROUPS:
        typer.echo(f"... and {len(groups) - _SHOWN_GROUPS} more groups (--json has them all)")


def _is_stream(file: str) -> bool:
    try:
        with open(file, "rb") as opened:
            return opened.read(3) == b"GVC"
    except OSError:
        return False  # the reader of media files says why


def _stream(file: str) -> dict[str, Any]:
    """A .gvc stream; raises CorruptStream where it is damaged."""
    from pathlib import Path

    from ..container import Reader

    reader = Reader(Path(file))
    info = reader.info
    groups: list[dict[str, Any]] = []
    total = Path(file).stat().st_size
    sizes: dict[int, list[int]] = {}
    ends: list[int] = []
    for piece in reader.pieces():
        if piece.kind == "group":
            groups.append({"group": piece.group, "offset": piece.offset, "pts": 0, "packets": []})
        packet = piece.packet
        if packet is None:
            continue
        packets = groups[-1]["packets"]
        if not packets:
            groups[-1]["pts"] = packet.pts
        size = len(packet.payload)
        packets.append({"pts": packet.pts, "bytes": size, "key": packet.key, "track": packet.track})
        sizes.setdefault(packet.track, []).append(size)
        if packet.track == 0:
            ends = [ends[0] if ends else packet.pts, max(packet.pts, *ends[1:], 0)]
    seconds = float((ends[1] - ends[0] + 1) / info.fps) if ends else 0.0
    payload = sum(map(sum, sizes.values()))

    def kbps(count: int) -> float:
        return round(count * 8 / 1000 / seconds, 3) if seconds else 0.0

    return {
        "format": "gvc",
        "codec": info.codec,
        "model": info.model,
        "generated": "yes: painted by a network, or edited" if reader.generated else "",
        "encrypted": "yes: sizes and times can be seen, nothing else" if reader.encrypted else "",
        "width": info.width,
        "height": info.height,
        "fps": str(info.fps),
        "params": info.params.hex(),
        "seconds": round(seconds, 3),
        "frames": len(sizes.get(0, [])),
        "bytes": total,
        "kbps": kbps(total),
        "container_bytes": total - payload,
        "container_kbps": kbps(total - payload),
        "tracks": [
            {"track": track, "packets": len(some), "bytes": sum(some), "kbps": kbps(sum(some))}
            for track, some in sorted(sizes.items())
        ],
        "notes": _notes(file),
        "groups": groups,
    }


def _notes(file: str) -> list[dict[str, Any]]:
    """What the stream says in words, where its codec has words."""
    from pathlib import Path

    from ..container import read
    from ..plugins import NOTES, installed

    info, packets = read(Path(file))
    point = installed(NOTES).get(info.codec)
    if point is None:
        return []
    return [
        {"pts": note.pts, "seconds": round(float(note.pts / info.fps), 3), "text": note.text}
        for note in point.load()(packets, info)
    ]


def _media(file: str) -> dict[str, Any]:
    from pathlib import Path

    from ..media import probe

    info = probe(file)
    size = Path(file).stat().st_size if Path(file).is_file() else None
    rate = round(size * 8 / 1000 / info.seconds, 3) if size and info.seconds else None
    return {
        "format": info.format,
        "codec": info.codec,
        "pixels": info.pixels,
        "width": info.width,
        "height": info.height,
        "fps": str(info.fps),
        "frames": info.frames,
        "seconds": info.seconds,
        "bytes": size,
        "kbps": rate,
        "audio": info.audio,
    }
