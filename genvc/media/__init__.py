"""Media files to frames and back: the only part of genvc that knows PyAV and Pillow.

info, clip = media.frames("in.mp4", size=256)
media.write("out.mkv", clip, info.fps)
"""

from ..types import Picture
from .info import MediaInfo
from .limits import MAX_PIXELS, MAX_SIDE, check_size
from .sheet import labelled_row, labelled_sheet
from .sink import check_target, holds_sound, md5, write
from .sound import Sound, Waiting, sound_of
from .source import frames, probe
from .still import decode_still_av1, encode_still_av1, encode_still_av1_to_size

__all__ = [
    "MAX_PIXELS",
    "MAX_SIDE",
    "MediaInfo",
    "Picture",
    "Sound",
    "Waiting",
    "check_size",
    "check_target",
    "decode_still_av1",
    "encode_still_av1",
    "encode_still_av1_to_size",
    "frames",
    "holds_sound",
    "labelled_row",
    "labelled_sheet",
    "md5",
    "probe",
    "sound_of",
    "write",
]
