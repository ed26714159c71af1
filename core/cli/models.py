"""``core models list|show|fetch|import|check``."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from core.cli.common import common_options
from core.cli.console import Console
from core.cli.model_facts import facts_text, size_text
from core.cli.streams import printable
from core.errors import ModelError

NAME = "models"
HELP = "List, show, fetch, import and check models."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    common = common_options()
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list", help="list the available models", parents=[common])
    shown = actions.add_parser("show", help="show all that is known of a model", parents=[common])
    shown.add_argument("name", help="name, as list shows it")
    fetch = actions.add_parser("fetch", help="fetch a published model after its licence is accepted", parents=[common])
    fetch.add_argument("name", help="name, as list shows it")
    fetch.add_argument("--accept-licence", action="store_true", help="you have read the licence and accept it")
    take = actions.add_parser("import", help="take a model from a local file or folder", parents=[common])
    take.add_argument("path", help="weights file, or folder with one")
    take.add_argument("--name", help="name of the imported model")
    take.add_argument("--link", action="store_true", help="remember the folder instead of copying it")
    take.add_argument("--architecture", help="open_clip's name of weights without a configuration, such as ViT-B-16")
    check = actions.add_parser("check", help="see whether a model is whole and loads", parents=[common])
    check.add_argument("name", help="name or path")


def run(options: argparse.Namespace, console: Console) -> dict[str, Any]:
    """Run the command and return its result."""
    from core.model import zoo

    if options.action == "fetch":
        accept = options.accept_licence or (False if options.json else _ask)
        card = zoo.fetch_model(options.name, accept_licence=accept, context=console.context)
        return {"models": [card.to_json()]}
    if options.action == "import":
        card = zoo.import_model(options.path, options.name, link=options.link, architecture=options.architecture)
        return {"models": [card.to_json()]}
    if options.action == "show":
        return zoo.model_facts(options.name)
    if options.action == "check":
        report = zoo.check_model(options.name)
        if not report.sound:
            raise ModelError(" ".join(report.problems))
        return {"name": report.name, "findings": list(report.findings)}
    return {"models": [card.to_json() for card in zoo.list_models()]}


def show(result: dict[str, Any]) -> str:
    """Returns the result as text."""
    if "findings" in result:
        return "\n".join((f"{result['name']} is sound.", *result["findings"]))
    if "not_known" in result:
        return facts_text(result)
    lines = []
    for card in result["models"]:
        where = "here" if card["available"] else "not fetched"
        licence = card["licence"] or "not stated"
        lines.append(f"{card['name']:<24}{where:<12}{size_text(card['size']):>15}  {licence:<18}{card['title']}")
    return "\n".join(lines)


def _ask(card: Any) -> bool:  # noqa: ANN401 - ModelCard
    """Show the licence and ask for acceptance, if stdin is a terminal."""
    if not sys.stdin.isatty():
        return False
    print(printable(f"{card.title}: {card.licence}\n{card.licence_text}\n{card.licence_url}"), file=sys.stderr)
    print("Do you accept this licence? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")
