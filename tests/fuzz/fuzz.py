"""Fuzzes the decoders and records what it did.

    python tests/fuzz/fuzz.py --seconds 60 [--target keypoints ...] [--corpus DIR] [--json FILE]

With atheris installed (pip install atheris) libFuzzer follows the coverage of genvc's Python code and keeps
what reaches new code in the corpus; without it mutations are drawn at random, which is said. Either way the
mutations know the format (fuzz_mutations.py). Each target runs in a process of its own, so that a fault of a
native library is one line here. What fails is left below the corpus, and belongs into tests/fuzz/crashes.
"""

import argparse
import hashlib
import importlib
import importlib.util
import json
import os
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

# seconds by the clock, generous because a machine may be busy or stand still for a while; MiB
_HANG, _MEMORY = 900, 4096
TARGETS = (
    "container",
    "entropy",
    "text",
    "link",
    "keypoints-exact",
    "conceptual-exact",
    "crossmodal-exact",
    "keypoints",
    "predictive",
    "conceptual",
    "crossmodal",
    "avif",
    "auto",
)
# what is imported late, and has to be seen by atheris all the same
_MODULES = (
    "genvc.auto",
    "genvc.predictive.codec",
    "keypoints.codec",
    "conceptual.codec",
    "crossmodal.codec",
    "crossmodal.text.coder",
)


def change(target: str, data: bytes, seed: int, most: int = 1 << 16) -> bytes:
    """One mutation that suits the target."""
    from fuzz_mutations import mutated, payload_mutated

    if target in ("entropy", "text", "link"):
        return payload_mutated(data, random.Random(seed))[:most]
    return mutated(data, seed, most)


def main() -> int:
    """Runs the targets one after the other; exit code 1 where one failed."""
    words = argparse.ArgumentParser(description="Fuzz the decoders of genvc.")
    words.add_argument("--seconds", type=float, default=60, help="for each target")
    words.add_argument("--target", nargs="*", default=list(TARGETS), choices=TARGETS)
    words.add_argument("--corpus", type=Path, help="where to keep inputs from run to run")
    words.add_argument("--json", type=Path, help="adds this run to the record")
    words.add_argument("--seed", type=int, default=0, help="0: another one each time")
    words.add_argument("--random", action="store_true", help="without atheris")
    words.add_argument("--work", help=argparse.SUPPRESS)
    asked = words.parse_args()
    guided = not asked.random and importlib.util.find_spec("atheris") is not None
    if asked.work:
        corpus = asked.corpus
        run = guided_run if guided else random_run
        run(asked.work, corpus, asked.seconds, asked.seed or time.time_ns() % (1 << 31))
        return 0
    print("atheris: guided by coverage" if guided else "no atheris: mutations drawn at random")
    faults = 0
    with tempfile.TemporaryDirectory() as scratch:
        for target in asked.target:
            corpus = (asked.corpus or Path(scratch)) / target
            corpus.mkdir(parents=True, exist_ok=True)
            found = one_target(target, corpus, asked, guided)
            faults += found["faults"]
            print(", ".join(f"{key} {value}" for key, value in found.items()), flush=True)
            if asked.json:
                record(asked.json, found)
    return 1 if faults else 0


def one_target(target: str, corpus: Path, asked: argparse.Namespace, guided: bool) -> dict[str, Any]:
    """What one target did, in a process of its own."""
    command = [sys.executable, str(HERE / "fuzz.py"), "--work", target, "--corpus", str(corpus)]
    command += ["--seconds", str(asked.seconds), "--seed", str(asked.seed), *["--random"] * (not guided)]
    began, busy = time.monotonic(), _busy()
    # a fault ends libFuzzer, so inputs that fail are put aside below the corpus
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=corpus)
    took, busy = time.monotonic() - began, _busy() - busy
    text = done.stderr + done.stdout
    failed = sorted((corpus / "faults").glob("*")) if (corpus / "faults").is_dir() else []
    # whoever stops a run from outside has found nothing
    ended = done.returncode != 0 and not failed and "run interrupted" not in text
    if ended:
        print(text[-3000:], file=sys.stderr)
    runs = re.findall(r"stat::number_of_executed_units: (\d+)|executions: (\d+)", text)
    coverage = re.findall(r"\bcov: (\d+)", text)
    return {
        "target": target,
        "engine": "atheris" if guided else "random",
        "executions": int(max(runs[-1])) if runs else 0,
        "seconds": round(took, 1),
        "cpu_seconds": round(busy, 1),
        "corpus": sum(path.is_file() for path in corpus.iterdir()),
        "coverage": int(coverage[-1]) if coverage else None,
        "faults": len(failed) + ended,
    }


def _busy() -> float:
    """Seconds of the processor that the targets' processes took so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def record(path: Path, found: dict[str, Any]) -> None:
    """Adds a run to what is recorded of its target: sums of executions and seconds, the largest corpus."""
    known: dict[str, Any] = json.loads(path.read_text()) if path.is_file() else {}
    command = "python tests/fuzz/fuzz.py --seconds N --corpus DIR --json docs/results/fuzz.json"
    known.setdefault("command", command)
    targets = known.setdefault("targets", {})
    old = targets.get(found["target"], {})
    targets[found["target"]] = {
        "engine": found["engine"],
        "runs": old.get("runs", 0) + 1,
        "executions": old.get("executions", 0) + found["executions"],
        "seconds": round(old.get("seconds", 0) + found["seconds"], 1),
        "cpu_seconds": round(old.get("cpu_seconds", 0) + found["cpu_seconds"], 1),
        "corpus": max(old.get("corpus", 0), found["corpus"]),
        "coverage": max(old.get("coverage") or 0, found["coverage"] or 0) or None,
        "faults": old.get("faults", 0) + found["faults"],
    }
    known["executions"] = sum(one["executions"] for one in targets.values())
    known["hours"] = round(sum(one["seconds"] for one in targets.values()) / 3600, 2)
    known["cpu_hours"] = round(sum(one.get("cpu_seconds", 0) for one in targets.values()) / 3600, 2)
    path.write_text(json.dumps(known, indent=2) + "\n")


def keep_fault(corpus: Path, data: bytes, error: BaseException) -> None:
    """Puts an input that fails aside, with what happened."""
    folder = corpus / "faults"
    folder.mkdir(exist_ok=True)
    name = hashlib.sha256(data).hexdigest()[:12]
    # one of a kind is enough
    frames = traceback.extract_tb(error.__traceback__)
    kind = f"{type(error).__name__}-{Path(frames[-1].filename).stem}-{frames[-1].lineno}"
    if not list(folder.glob(f"{kind}-*")):
        (folder / f"{kind}-{name}").write_bytes(data)
        traceback.print_exception(error)


def put_seeds(target: str, corpus: Path) -> list[bytes]:
    from fuzz_seeds import seeds

    found = seeds(target)
    for data in found:
        (corpus / f"seed-{hashlib.sha256(data).hexdigest()[:12]}").write_bytes(data)
    return found


def random_run(target: str, corpus: Path, seconds: float, seed: int) -> None:
    """Mutations of what is in the corpus, drawn at random."""
    from fuzz_targets import bounded, warm

    put_seeds(target, corpus)
    warm(target)
    inputs = [path.read_bytes() for path in sorted(corpus.iterdir()) if path.is_file()]
    source = random.Random(seed)
    until, count = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        data = change(target, source.choice(inputs), source.randrange(1 << 31))
        count += 1
        try:
            bounded(target, data)
        except Exception as error:
            keep_fault(corpus, data, error)
    print(f"executions: {count}")


def guided_run(target: str, corpus: Path, seconds: float, seed: int) -> None:
    """libFuzzer, which ends the process."""
    import atheris

    # all of genvc has to be imported in here for the first time, or its coverage is not seen
    with atheris.instrument_imports(include=["genvc", "keypoints", "conceptual", "crossmodal"]):
        import fuzz_targets

        for module in _MODULES:
            importlib.import_module(module)
    put_seeds(target, corpus)
    fuzz_targets.warm(target)

    def one(data: bytes) -> None:
        try:
            fuzz_targets.bounded(target, data)
        except Exception as error:
            keep_fault(corpus, data, error)

    def changed(data: bytes, most: int, seed: int) -> bytes:
        return change(target, bytes(data), seed, most)

    options = [
        f"-max_total_time={int(seconds)}",
        f"-seed={seed}",
        f"-timeout={_HANG}",
        f"-rss_limit_mb={_MEMORY}",
        "-max_len=65536",
        "-len_control=0",
        "-print_final_stats=1",
        f"-artifact_prefix={corpus}{os.sep}",
    ]
    atheris.Setup([sys.argv[0], *options, str(corpus)], one, custom_mutator=changed)
    atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main())
