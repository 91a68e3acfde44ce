"""Native code's remarks are turned away, and the standard error is there again afterwards."""

import os
import threading
import time

from genvc.quiet import quietly


def test_two_that_load_at_once_leave_the_standard_error_as_it_was() -> None:
    before = os.fstat(2)
    begun = threading.Event()

    def first() -> None:
        begun.set()
        time.sleep(0.2)

    def second() -> None:
        # still at it when the first one is done
        time.sleep(0.4)

    one = threading.Thread(target=quietly, args=(first,))
    one.start()
    assert begun.wait(10)
    quietly(second)
    one.join()
    after = os.fstat(2)
    assert (after.st_dev, after.st_ino) == (before.st_dev, before.st_ino)
