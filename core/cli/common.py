"""Options that every command takes, before and after an action's name."""

from __future__ import annotations

import argparse


def common_options() -> argparse.ArgumentParser:
    """Returns a parent parser with ``--json``, ``--quiet`` and ``--verbose``; options not given are not set."""
    common = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    common.add_argument("--json", action="store_true", help="print the result as JSON")
    common.add_argument("--quiet", action="store_true", help="show no progress")
    common.add_argument("--verbose", action="store_true", help="show what happens inside, and tracebacks")
    return common
