"""The command `bench-call`: measure pictures a second, processor time and memory of live calls."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from .settings import AGAIN, KEY, REPAIR, mends
from .threads import one_thread_each

__all__ = ["bench_call", "growth"]

_START = {
    "kbps": 12,
    "fps": 25,
    "delay_ms": 40,
    "source": "camera",
}
# What is called: a codec, pixels a side, H.264 beside it, percent lost, how losses are mended
_CALLS = (
    ("keypoints", 256, False, 0, AGAIN),
    ("keypoints", 256, True, 0, AGAIN),
    ("keypoints", 256, True, 10, AGAIN),
    ("keypoints", 128, False, 0, AGAIN),
    ("keypoints", 128, False, 10, AGAIN),
    ("keypoints", 128, False, 10, REPAIR),
    ("keypoints", 128, False, 10, KEY),
    ("keypoints-warp", 256, False, 0, AGAIN),
    ("predictive", 128, False, 0, AGAIN),
    ("x264-live", 256, False, 0, AGAIN),
)
_SKIPPED = 8.0
# Memory is looked at once caches are full.
_SETTLED_SHARE = 0.2


def bench_call(
    json_file: Annotated[Path, typer.Option("--json", metavar="OUT", help="The figures.")],
    seconds: Annotated[float, typer.Option("--seconds", min=2, help="Of each call.")] = 20,
    codecs: Annotated[str, typer.Option("--codecs", metavar="NAME,...", help="Only these.")] = "",
    memory: Annotated[
        float, typer.Option("--memory", min=0, help="Seconds of calls whose memory is watched; 0: no.")
    ] = 0,
    memory_size: Annotated[int, typer.Option("--memory-size", help="Pixels a side in those.")] = 256,
    call_seconds: Annotated[
        float, typer.Option("--call-seconds", min=5, help="After which another of those begins.")
    ] = 120,
) -> None:
    """What a live call costs: the demo's server and a browser without a screen, on this machine.

    Calls that the file has from other runs of this command stay in it; the same call is replaced.
    """
    one_thread_each()
    import warnings

    from genvc.errors import BadInput, Notice

    from .trial import call_cost, machine, memory_over_time, running

    warnings.simplefilter("ignore", Notice)
    result: dict[str, Any] = {"command": "genvc bench-call", "calls": [], "memory": None}
    if json_file.is_file():
        result |= json.loads(json_file.read_text(encoding="utf-8"))
    names = [name for name in codecs.split(",") if name]
    known = sorted({codec for codec, *_ in _CALLS})
    if unknown := sorted(set(names) - set(known)):
        raise BadInput(f"no calls with {', '.join(unknown)}; there are: {', '.join(known)}")
    about = machine()
    with running() as address:
        for codec, size, compare, loss, mend in _CALLS:
            if (names and codec not in names) or mend not in mends():
                continue
            row = {"codec": codec, "size": size, "h264_beside": compare, "loss_percent": loss, "mend": mend}
            wish = {"codec": codec, "size": size, "compare": compare, "loss_percent": loss, "mend": mend}
            cost = call_cost(address, _START | wish, seconds + _SKIPPED, _SKIPPED)
            typer.echo(_line(row | _row(cost)))
            rest = [one for one in result["calls"] if any(one.get(key, AGAIN) != row[key] for key in row)]
            result["calls"] = [*rest, row | _row(cost) | {"machine": about}]
            _write(json_file, result)
        if memory:
            start = {**_START, "codec": "keypoints", "size": memory_size, "compare": True, "loss_percent": 5}
            found = memory_over_time(address, start, memory, call_seconds)
            result["memory"] = growth(found["samples"]) | {
                "what": f"keypoints at {memory_size}x{memory_size} and H.264 at 5 % loss; another browser "
                f"every {call_seconds:g} s",
                "pictures": found["pictures"],
                "machine": about,
            }
            typer.echo(
                ", ".join(f"{key} {value}" for key, value in result["memory"].items() if key != "samples")
            )
            _write(json_file, result)


def _row(cost: dict[str, Any]) -> dict[str, Any]:
    """What is kept of a call."""
    meters = cost["meters"]["codec"]
    shown = cost["fps"].get("1", 0.0)
    every = cost["cpu_ms_per_second"]
    return {
        "seconds": round(cost["seconds"], 1),
        "shown_fps": round(shown, 2),
        "h264_fps": round(cost["fps"].get("2", 0.0), 2),
        "promised_fps": meters["promised_fps"],
        "delay_ms": round(cost["delay_ms"]),
        "kbps": round(cost["wire_bytes"] * 8e-3 / max(cost["wire_seconds"], 1e-9), 2),
        "cpu_ms_per_picture": round(sum(every.values()) / max(shown, 1e-9), 1),
        "cpu_ms_per_second": {name: spent for name, spent in every.items() if spent >= 1},
        "missing": meters["missing"],
        "made_good": meters["recovered"],
        # what was not made good, and half of which was back by a key picture within so long
        "recoveries": meters["recoveries"],
        "recovery_ms": meters["recovery_ms"] and round(meters["recovery_ms"]),
        "quality": {name: round(value, 4) for name, value in meters["quality"].items()},
    }


def _line(row: dict[str, Any]) -> str:
    return (
        f"{row['codec']} {row['size']}, H.264 {'beside' if row['h264_beside'] else 'not'}, loss "
        f"{row['loss_percent']} % ({row['mend']}): {row['shown_fps']} fps, {row['kbps']} kbit/s, "
        f"{row['delay_ms']} ms, "
        f"{row['cpu_ms_per_picture']} ms of processor time a picture: {row['cpu_ms_per_second']}"
    )


def growth(samples: list[tuple[float, float]]) -> dict[str, Any]:
    """Memory once it has settled: the mean of its first and its last quarter, and the line through all."""
    import numpy as np

    at, size = np.array(samples).T
    settled = at >= _SETTLED_SHARE * at[-1]
    at, size = at[settled], size[settled]
    quarter = max(1, len(size) // 4)
    slope = float(np.polyfit(at / 60, size, 1)[0]) if len(at) > 1 else 0.0
    return {
        "seconds": samples[-1][0],
        "first_quarter_mb": round(float(size[:quarter].mean()), 1),
        "last_quarter_mb": round(float(size[-quarter:].mean()), 1),
        "most_mb": round(float(size.max()), 1),
        "mb_per_minute": round(slope, 3),
        "samples": samples[:: max(1, len(samples) // 60)],
    }


def _write(path: Path, result: dict[str, Any]) -> None:
    path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
