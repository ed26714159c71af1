"""Report of a failed command: one line on stderr, with ``--json`` also JSON on stdout, and an exit status."""

from __future__ import annotations

import json
import sys
import traceback

from core.cli.streams import printable
from core.errors import GeoLangBindError, UsageError
from core.serve.failures import explain_exception

FAILED, USAGE, STOPPED = 1, 2, 130


def report_failure(problem: Exception, *, as_json: bool = False, verbose: bool = False) -> int:
    """Print the error and return the exit status.

    Args:
        problem: any exception.
        as_json: print the error as JSON as well.
        verbose: print the traceback as well.

    Returns:
        The exit status.
    """
    if verbose:
        traceback.print_exception(problem)
    explained = explain_exception(problem)
    words = f"{explained.message} {explained.hint}"
    if not isinstance(problem, GeoLangBindError) and explained.code == "unexpected":
        words = f"{explained.message} {str(problem)[:200]} Run it with --verbose for the details."
    print(printable(" ".join(words.split())), file=sys.stderr)
    if as_json:
        error = {"code": explained.code, "message": explained.message, "hint": explained.hint}
        print(json.dumps({"error": error}, ensure_ascii=False))
    return USAGE if isinstance(problem, UsageError) else FAILED
