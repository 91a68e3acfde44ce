"""Every family's stored streams have the same integers on few instructions and many, on one thread and two.

`genvc verify` compares the pictures too; here is what must not differ by a bit.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from genvc.verify import golden_streams

ROOT = Path(__file__).parents[1]
SCRIPT = """
import json, sys
from pathlib import Path
import genvc
from crossmodal import text
from genvc import container

found = {}
for path in map(Path, sys.argv[1:]):
    name = f"{path.parent.name}/{path.stem}"
    if path.suffix == ".code":
        stored = json.loads((path.parent / "texts.json").read_text(encoding="utf-8"))
        found[name] = text.decode(path.read_bytes(), model=stored["model"])
        continue
    info, packets = container.read(path)
    codec = genvc.create(info.codec, info.model, "cpu")
    if hasattr(codec, "integers"):
        found[name] = codec.integers(packets, info)
print(json.dumps(found))
"""
# instructions of torch's own kernels, of oneDNN's, threads; SSE4.1 is below any machine that runs this
MACHINES = [("default", "SSE41", "1"), ("avx2", "AVX2", "2")]


def expected() -> dict[str, str]:
    found = {}
    for path in golden_streams().glob("*/*.gvc"):
        facts = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        if "integers" in facts:
            found[f"{path.parent.name}/{path.stem}"] = facts["integers"]
    texts = json.loads((golden_streams() / "crossmodal" / "texts.json").read_text(encoding="utf-8"))["texts"]
    return {**found, **{f"crossmodal/text-{name}": text for name, text in texts.items()}}


@pytest.mark.slow
@pytest.mark.parametrize(("kernels", "instructions", "threads"), MACHINES)
def test_stored_streams_have_the_same_integers(kernels: str, instructions: str, threads: str) -> None:
    streams = [*golden_streams().glob("*/*.gvc"), *golden_streams().glob("*/*.code")]
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "ATEN_CPU_CAPABILITY": kernels,
        "ONEDNN_MAX_CPU_ISA": instructions,
        "OMP_NUM_THREADS": threads,
    }
    command = [sys.executable, "-c", SCRIPT, *map(str, streams)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=400)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == expected()


def test_every_family_has_stored_streams() -> None:
    families = {name.partition("/")[0] for name in expected()}
    assert families == {"auto", "keypoints", "predictive", "conceptual", "crossmodal"}
