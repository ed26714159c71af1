"""Command that starts the runtime process: program, arguments, working directory and environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .child import child_environment

_BOOTSTRAP = (
    "import runpy, sys; sys.path.insert(0, sys.argv.pop(1)); "
    "runpy.run_module('core.serve', run_name='__main__', alter_sys=True)"
)
"""Makes ``core`` importable in an isolated interpreter, which ignores PYTHONPATH and the current folder."""


@dataclass(frozen=True)
class RuntimeCommand:
    """Command of the runtime process.

    Attributes:
        working_directory: a folder the user owns, never the plugin's own (Windows locks it against updates).
        log_file: where the runtime writes; its end explains an unexpected exit.
    """

    program: str
    arguments: tuple[str, ...]
    working_directory: str
    environment: Mapping[str, str] = field(default_factory=child_environment)
    log_file: str | None = None


def runtime_command(
    python: Path, code_root: Path, working_directory: Path, *, extra_environment: Mapping[str, str] | None = None
) -> RuntimeCommand:
    """Returns the command of ``python -m core.serve`` in a runtime environment.

    Args:
        python: the interpreter of the runtime environment.
        code_root: folder that holds ``core`` and ``resources``.
        working_directory: folder for the log; made where missing.
        extra_environment: variables to add, for instance a proxy's.
    """
    working_directory.mkdir(parents=True, exist_ok=True)
    log_file = working_directory / "logs" / "runtime.log"
    arguments = ("-I", "-u", "-X", "utf8", "-c", _BOOTSTRAP, str(code_root), "--log", str(log_file))
    return RuntimeCommand(
        str(python), arguments, str(working_directory), child_environment(extra=extra_environment), str(log_file)
    )
