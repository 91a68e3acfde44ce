"""The .gvc container: one stream's header, its packets in checked groups, and a final count.

    summary = container.write("clip.gvc", info, packets)
    info, packets = container.read("clip.gvc", verify=True)

docs/bitstream.md has the format byte by byte.
"""

from .layout import Track
from .reader import Piece, Reader, read
from .salvage import Salvage
from .writer import Summary, Writer, write

__all__ = ["Piece", "Reader", "Salvage", "Summary", "Track", "Writer", "read", "write"]
