"""A camera of this machine, by OpenCV, cut to a square."""

import threading
import time

import cv2
import numpy as np

from genvc.errors import BadInput

from .clip_camera import square
from .latest import Latest, Shot

__all__ = ["DeviceCamera"]


class DeviceCamera:
    """Puts what the camera sees into `latest` from start() to stop()."""

    def __init__(self, number: str, size: int) -> None:
        """number: which camera, from 0 on. Raises BadInput for one that is not there."""
        self.latest = Latest()
        self._size = size
        self._device = cv2.VideoCapture(int(number)) if number.isdecimal() else cv2.VideoCapture()
        if not self._device.isOpened():
            raise BadInput(f"no camera {number}")
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="camera", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        if self._thread.ident is not None:
            self._thread.join(5)
        self._device.release()

    def _run(self) -> None:
        while not self._stopped.is_set():
            fine, found = self._device.read()
            if not fine:
                self._stopped.wait(0.1)
                continue
            rgb = cv2.cvtColor(found, cv2.COLOR_BGR2RGB)
            self.latest.put(Shot(square(np.asarray(rgb, np.uint8), self._size), time.monotonic()))
