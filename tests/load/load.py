"""Loads the demo's server with scripted clients, and one machine with many coders; records what happened.

python tests/load/load.py server --seconds 300 --clients 50 --sessions 8 [--json docs/results/load.json]
python tests/load/load.py decoders CLIP --count 8 [--json docs/results/load.json]
python tests/load/load.py encoders --rounds 10 --count 6 [--json docs/results/load.json]
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]


def main() -> int:
    """Exit code 1 where something was not as it has to be."""
    words = argparse.ArgumentParser(description="Load the demo's server, or one machine with coders.")
    kinds = words.add_subparsers(dest="kind", required=True)
    server = kinds.add_parser("server", help="scripted clients of the demo, on the loopback")
    server.add_argument("--seconds", type=float, default=300)
    server.add_argument("--clients", type=int, default=50)
    server.add_argument("--sessions", type=int, default=8)
    decoders = kinds.add_parser("decoders", help="many decoders in one process and in many")
    decoders.add_argument("clip", type=Path)
    decoders.add_argument("--count", type=int, default=8)
    decoders.add_argument("--frames", type=int, default=50)
    encoders = kinds.add_parser("encoders", help="memory while encoders of calls come and go")
    encoders.add_argument("--rounds", type=int, default=10)
    encoders.add_argument("--count", type=int, default=6)
    for one in (server, decoders, encoders):
        one.add_argument("--json", type=Path)
    asked = words.parse_args()
    if asked.kind == "server":
        from load_server import loaded

        found = loaded(asked.clients, asked.sessions, asked.seconds)
        about = f"server --seconds {asked.seconds:g} --clients {asked.clients} --sessions {asked.sessions}"
    elif asked.kind == "encoders":
        from load_encoders import encoded

        found = encoded(asked.rounds, asked.count)
        about = f"encoders --rounds {asked.rounds} --count {asked.count}"
    else:
        from load_decoders import decoded

        found = decoded(asked.clip, asked.count, asked.frames)
        about = f"decoders CLIP --count {asked.count} --frames {asked.frames}"
    found = {"command": f"python tests/load/load.py {about}", **found}
    print(json.dumps(found, indent=2))
    if asked.json:
        record(asked.json, asked.kind, found)
    return 1 if found["faults"] else 0


def record(path: Path, kind: str, found: dict[str, Any]) -> None:
    """Puts this run in place of the last one of its kind."""
    known: dict[str, Any] = json.loads(path.read_text()) if path.is_file() else {}
    path.write_text(json.dumps({**known, kind: found}, indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(main())
