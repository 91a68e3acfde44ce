"""Call another machine over UDP, without a browser: sends a clip or a camera, prints the meters."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from genvc.errors import BadInput

from .threads import one_thread_each

if TYPE_CHECKING:
    from .recording import Recording

__all__ = ["call"]

_WATCH_SECONDS = 0.1


def call(
    listen: Annotated[
        str | None, typer.Option("--listen", metavar="HOST:PORT", help="Wait there to be called.")
    ] = None,
    connect: Annotated[str | None, typer.Option("--connect", metavar="HOST:PORT", help="Call there.")] = None,
    send: Annotated[
        str, typer.Option("--send", metavar="WHAT", help="sample, a clip, camera:0, or nothing.")
    ] = "sample",
    codec: Annotated[
        str, typer.Option("--codec", metavar="NAME", help="keypoints, keypoints-warp, predictive or auto.")
    ] = "keypoints",
    bitrate: Annotated[str, typer.Option("--bitrate", metavar="RATE", help="Of the pictures.")] = "12k",
    size: Annotated[int, typer.Option("--size", help="128, 192, 256 or 384 pixels a side.")] = 256,
    fps: Annotated[int, typer.Option("--fps", help="Pictures a second at most.")] = 25,
    mend: Annotated[
        str,
        typer.Option(
            "--mend",
            metavar="WAY",
            help="What mends losses: again (lost pictures are sent again), repair (copies and pieces go "
            "along) or key (key pictures alone).",
        ),
    ] = "again",
    save: Annotated[
        Path | None, typer.Option("--save", metavar="OUT.mkv", help="Keep what was received.")
    ] = None,
    seconds: Annotated[float | None, typer.Option("--seconds", help="End after so long.")] = None,
    loss: Annotated[float, typer.Option("--loss", min=0, max=90, help="Percent to lose on purpose.")] = 0,
) -> None:
    """Call another machine, or be called: pictures both ways over UDP, not encrypted."""
    import warnings

    one_thread_each()
    from genvc.cli.transcode import parse_rate
    from genvc.errors import Notice

    from .network import Conditions
    from .peer import Peer, address_of
    from .recording import Recording
    from .settings import Settings
    from .warming import warm

    # codecs remark on each stream's rate; here the meters say it
    warnings.simplefilter("ignore", Notice)
    settings = Settings(codec, parse_rate(bitrate), size, fps, mend)
    if (listen is None) == (connect is None):
        raise BadInput("say one of --listen HOST:PORT and --connect HOST:PORT")
    camera = _camera(send, size)
    warm(settings)
    kept = Recording(save, fps) if save is not None else None
    peer = Peer(
        address_of(listen) if listen else None,
        address_of(connect) if connect else None,
        settings,
        None if camera is None else camera.latest,
        (lambda shown: None) if kept is None else kept.put,
        Conditions(loss=loss / 100),
    )
    if listen:
        typer.echo(f"waiting at UDP port {peer.port}")
    try:
        peer.start()
        if camera is not None:
            camera.start()
        _watch(peer, seconds)
    finally:
        if camera is not None:
            camera.stop()
        peer.stop()
        if kept is not None:
            kept.close()
    typer.echo(_ending(peer, kept))
    if peer.encoding is not None and peer.encoding.error:
        raise BadInput(peer.encoding.error)


def _camera(what: str, size: int) -> Any:
    from genvc.samples import sample_path

    from .camera import DeviceCamera
    from .clip_camera import ClipCamera

    if what == "nothing":
        return None
    if what.startswith("camera:"):
        return DeviceCamera(what.removeprefix("camera:"), size)
    return ClipCamera(str(sample_path("carphone")) if what == "sample" else what, size)


def _watch(peer: Any, seconds: float | None) -> None:
    """Prints the meters every second until the call is over."""
    begun = said = time.monotonic()
    while not peer.over.is_set():
        now = time.monotonic()
        if seconds is not None and now - begun >= seconds:
            return
        if peer.encoding is not None and peer.encoding.error:
            return
        if now - said >= 1:
            said = now
            typer.echo(_line(peer.meters(), now - begun))
        peer.over.wait(_WATCH_SECONDS)


def _line(meters: dict[str, Any], at: float) -> str:
    return (
        f"{at:6.0f} s  sent {meters['sent_kbps']:.1f} kbit/s (key {meters['sent_key_kbps']:.1f}), last "
        f"{meters['last_packet']} B  received {meters['received_kbps']:.1f} kbit/s, {meters['fps']:.1f} fps  "
        f"round trip {meters['round_trip_ms']:.0f} ms  lost {meters['missing']}, "
        f"made good {meters['recovered']}"
    )


def _ending(peer: Any, kept: "Recording | None") -> str:
    meters = peer.meters()
    words = f"{peer.words}; " if peer.words else ""
    saved = "" if kept is None else f", {kept.frames} kept in {kept.path}"
    return (
        f"{words}sent {meters['sent_bytes']} bytes, {meters['sent_pictures']} pictures; received "
        f"{meters['received_bytes']} bytes, {meters['shown']} pictures{saved}"
    )
