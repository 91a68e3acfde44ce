"""Search streams by what they say in words, without decoding a picture."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

__all__ = ["search"]


def search(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of .gvc files, or one file.")],
    query: Annotated[str, typer.Argument(metavar="QUERY", help="Words, in any order.")],
    limit: Annotated[int, typer.Option("--limit", min=1, help="Show so many scenes at most.")] = 20,
) -> int:
    """Rank the scenes of .gvc streams by a query (BM25 over their texts), as JSON.

    Files that are damaged or have no words are named on stderr. Exit code 1 where nothing is found.
    """
    from genvc.container import read
    from genvc.errors import BadInput, GenvcError
    from genvc.plugins import NOTES, installed

    from .index import Index, terms

    if not terms(query):
        raise BadInput(f"'{query}' has no word to look for")
    if not folder.exists():
        raise BadInput(f"no file or folder '{folder}'")
    files = [folder] if folder.is_file() else sorted(folder.rglob("*.gvc"))
    if not files:
        raise BadInput(f"no .gvc files in '{folder}'")
    readers = installed(NOTES)
    scenes: list[dict[str, Any]] = []
    for file in files:
        try:
            info, packets = read(file, verify=True)
            if info.codec not in readers:
                continue
            found = list(readers[info.codec].load()(packets, info))
        except GenvcError as error:
            print(f"genvc: {file}: {error}", file=sys.stderr)
            continue
        name = file.name if file == folder else str(file.relative_to(folder))
        scenes += [
            {"file": name, "seconds": round(float(note.pts / info.fps), 3), "text": note.text}
            for note in found
        ]
    if not scenes:
        raise BadInput(
            f"no stream in '{folder}' has words; codecs with words: {', '.join(readers) or 'none'}"
        )
    ranked = Index([scene["text"] for scene in scenes]).ranked(query)
    results = [{"score": round(score, 4), **scenes[place]} for place, score in ranked[:limit]]
    print(
        json.dumps({"query": query, "scenes": len(scenes), "results": results}, indent=2, ensure_ascii=False)
    )
    return 0 if results else 1
