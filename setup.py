"""Puts the stored streams of tests/golden into the wheel as genvc/golden, where `genvc verify` finds them."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

STREAMS = Path("tests/golden")


class BuildWithStreams(build_py):
    """The packages, and the streams beside them; nothing of this for an editable installation."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            for path in STREAMS.rglob("*"):
                if path.suffix in (".gvc", ".json", ".png"):
                    target = Path(self.build_lib, "genvc", "golden", path.relative_to(STREAMS))
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(path, target)


setup(cmdclass={"build_py": BuildWithStreams})
