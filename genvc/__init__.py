"""genvc: generative and semantic codecs for pictures and video at ultra-low bit rates.

    import genvc

    genvc.encode_file("in.mp4", "out.gvc", "keypoints", options={"bitrate": 6000})
    genvc.decode_file("out.gvc", "out.mp4")

    codec = genvc.create("keypoints")
    info = codec.describe(256, 256, Fraction(25))
    packets = codec.encode(frames, info)     # a generator of Packet from an iterable of Frame
    frames = codec.decode(packets, info)     # and back

Names are loaded when they are first used, so `import genvc` is quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .codec import codec_names, create
    from .errors import BadInput, CodecNotFound, CorruptStream, GenvcError, ModelNotFound, Unsupported
    from .files import decode_file, encode_file
    from .types import Codec, Frame, Packet, StreamInfo

__all__ = [
    "BadInput",
    "Codec",
    "CodecNotFound",
    "CorruptStream",
    "Frame",
    "GenvcError",
    "ModelNotFound",
    "Packet",
    "StreamInfo",
    "Unsupported",
    "codec_names",
    "create",
    "decode_file",
    "encode_file",
]

_HOME = {
    "codec_names": "codec",
    "create": "codec",
    "decode_file": "files",
    "encode_file": "files",
    "Codec": "types",
    "Frame": "types",
    "Packet": "types",
    "StreamInfo": "types",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'genvc' has no attribute '{name}'")
    value = getattr(import_module(f".{_HOME.get(name, 'errors')}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
