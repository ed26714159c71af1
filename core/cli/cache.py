"""``core cache list|clear|verify``."""

from __future__ import annotations

import argparse
import dataclasses
import time
from typing import Any

from core.cli.common import common_options
from core.cli.console import Console

NAME = "cache"
HELP = "Show, clear and verify the feature store."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    common = common_options()
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list", help="list the stored features", parents=[common])
    clear = actions.add_parser("clear", help="remove everything, or one entry", parents=[common])
    clear.add_argument("entry", nargs="?", default="", help="beginning of an entry's name, as list shows it")
    actions.add_parser(
        "verify", help="read everything; remove what is damaged, so that it is computed again", parents=[common]
    )


def run(options: argparse.Namespace, console: Console) -> dict[str, Any]:
    """Run the command and return its result."""
    from core.dense.cache import open_cache
    from core.errors import InputError

    store = open_cache()
    facts: dict[str, Any] = {"action": options.action, "folder": str(store.root), "cap_bytes": store.cap_bytes}
    if options.action == "clear":
        if options.entry and not any(entry.digest.startswith(options.entry) for entry in store.entries()):
            raise InputError(f"The feature store has no entry {options.entry}.", hint="core cache list shows them.")
        return {**facts, "freed_bytes": store.clear(options.entry)}
    if options.action == "verify":
        return {**facts, **dataclasses.asdict(store.verify())}
    return {**facts, "entries": [dataclasses.asdict(entry) for entry in store.entries()]}


def show(result: dict[str, Any]) -> str:
    """Returns the result as text."""
    if result["action"] == "clear":
        return f"{result['freed_bytes'] / 1e6:,.1f} MB freed in {result['folder']}"
    if result["action"] == "verify":
        bad = result["corrupt"]
        end = "all whole" if not bad else f"{bad} damaged and removed; they are computed again when needed"
        return f"{result['entries']} entries, {result['chunks']} chunks: {end}"
    total = sum(entry["bytes"] for entry in result["entries"])
    lines = [f"{result['folder']}: {total / 1e6:,.1f} MB of {result['cap_bytes'] / 1e9:,.1f} GB"]
    for entry in result["entries"]:
        about = entry["about"]
        age = (time.time() - entry["last_used"]) / 3600
        lines.append(
            f"  {entry['digest'][:12]}  {entry['bytes'] / 1e6:>10,.1f} MB  "
            f"{entry['chunks_done']:>6}/{entry['chunks']:<6} chunks  "
            f"{age:>7.1f} h ago  {about.get('model') or '?'}  {about.get('raster', '?')}"
        )
    return "\n".join(lines)
