"""``python -m core.serve [--log FILE]``: the runtime process of QGIS."""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import sys
from pathlib import Path


def main(arguments: list[str] | None = None) -> None:
    """Serve stdin until it ends, then exit at once: no thread of a library may keep the process alive."""
    parser = argparse.ArgumentParser(
        prog="python -m core.serve", description="Model runtime for QGIS: JSON lines on stdio."
    )
    parser.add_argument("--log", type=Path, help="log file; it is rotated (default: stderr)")
    options = parser.parse_args(arguments)

    from core.model.allocator import keep_freed_memory
    from core.serve.log import start_logging
    from core.serve.streams import claim_stdout

    keep_freed_memory()
    rotating = start_logging(options.log)
    _raise_oom_score()
    output = claim_stdout()

    from core.model.model_cache import ModelCache
    from core.serve.dispatch import prepare_for_more, warm_up
    from core.serve.server import Server

    models = ModelCache()

    def after_job() -> None:
        if rotating is not None:
            rotating.rotate_if_large()
        if models.holds_any:
            prepare_for_more()

    Server(sys.stdin.buffer, output, models=models, after_job=after_job, after_hello=warm_up).run()
    logging.shutdown()
    os._exit(0)


def _raise_oom_score() -> None:
    """On Linux, raise the out-of-memory score, so that the system ends this process before QGIS."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500", encoding="ascii")


if __name__ == "__main__":
    main()
