"""Classical codecs in the registry, so that they are measured on the same frames by the same code.

Video: x264, x265, av1 (SVT-AV1), vp9 in the form that is best for quality (random access: pictures may
refer to later ones), and x264-ld, x265-ld, av1-ld, vp9-ld in the form of a call (low delay: every packet
shows a picture, nothing waits). Stills: jpeg, webp, jpegxl; `avif` is the core's. Beside them `vvc`.

Their size is that of the elementary stream: the packets with the parameter sets a decoder needs, without
a file format around them. One key picture, at the start, as a talking head wants it.
"""
