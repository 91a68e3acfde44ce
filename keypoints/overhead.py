"""What the container adds to the packets of keypoints, in bytes, for those who keep to a rate."""

__all__ = ["GROUP_BYTES", "HEADER_BYTES", "PACKET_BYTES"]

HEADER_BYTES = 78
GROUP_BYTES = 14
PACKET_BYTES = 1.02
