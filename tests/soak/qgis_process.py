"""The QGIS of a soak as a child process: tasks and answers by pipes, and what is left of it at the end."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
from pathlib import Path
from typing import Any
from uuid import uuid4

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".venv-qgis" / "bin" / "python"
PROGRAM = Path(__file__).with_name("qgis_program.py")

LONGEST_S = 400.0
"""Without an answer; each step of a task has a shorter limit, so that only a main thread that hangs gets here."""
QUITTING_S = 60.0
STACK_S = 5.0
ENDING_S = 20.0
COMPLAINTS = ("Traceback", "Fatal", "Segmentation", "QThread: Destroyed", "QProcess: Destroyed", "wrapped C/C++ object")
"""What stands in the output of a program that did not do well, whatever its exit status."""


class QgisGoneError(Exception):
    """QGIS has ended or hangs."""


class QgisProcess:
    """A QGIS with the plugin of this checkout in a fresh profile.

    Args:
        folder: for the profile, temporary files and the output.
    """

    def __init__(self, folder: Path) -> None:
        profile = _profile(folder / "profiles" / "default")
        self.temporary, home = folder / "temporary", folder / "home"
        for each in (self.temporary, home):
            each.mkdir(mode=0o700)
        self._output = folder / "qgis.log"
        self._mark = uuid4().hex
        task_end, self._tasks = os.pipe()
        self._answers, answer_end = os.pipe()
        environment = {
            **os.environ,
            "GEOLANGBIND_MARK": self._mark,
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(PROGRAM.parent)]),
            "QT_QPA_PLATFORM": "offscreen",
            "TMPDIR": str(self.temporary),
            "HOME": str(home),  # the person's own settings of QGIS are neither read nor changed
            "XDG_CACHE_HOME": str(home / ".cache"),
            "XDG_CONFIG_HOME": str(home / ".config"),
            "XDG_DATA_HOME": str(home / ".local" / "share"),
            "XDG_RUNTIME_DIR": str(self.temporary),
        }
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(
                [str(PYTHON), str(PROGRAM), str(profile), str(task_end), str(answer_end)],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=(task_end, answer_end),
            )
        os.close(task_end)
        os.close(answer_end)
        self._rest = b""

    def do(self, task: dict[str, Any]) -> dict[str, Any]:
        """Let QGIS do a task; returns what became of it.

        Raises:
            QgisGoneError: it ended, or did not answer within the limit.
        """
        try:
            os.write(self._tasks, json.dumps(task).encode() + b"\n")
        except BrokenPipeError:
            raise QgisGoneError(self._why_gone()) from None
        while b"\n" not in self._rest:
            ready, _, _ = select.select([self._answers], [], [], LONGEST_S)
            if not ready:
                raise QgisGoneError(f"QGIS did not answer for {LONGEST_S:.0f} s:\n{self._stacks()}")
            block = os.read(self._answers, 65536)
            if not block:
                raise QgisGoneError(self._why_gone())
            self._rest += block
        line, _, self._rest = self._rest.partition(b"\n")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def others(self, runtime: int | None) -> list[str]:
        """Returns the commands of processes that it or an earlier runtime started and that do not end.

        Args:
            runtime: the runtime process; its children, which end with it, are its own.
        """
        kept = {self._process.pid, runtime}
        strays = [number for number in self._marked() if number not in kept and _parent(number) != runtime]
        return [command for number in strays if (command := _command(number)) and not _ends(number)]

    def quit(self) -> None:
        """Let it quit.

        Raises:
            QgisGoneError: it does not end within the limit.
        """
        os.close(self._tasks)
        self._tasks = -1
        try:
            self._process.wait(QUITTING_S)
        except subprocess.TimeoutExpired:
            raise QgisGoneError(f"QGIS did not quit within {QUITTING_S:.0f} s:\n{self._stacks()}") from None

    def complaints(self) -> list[str]:
        """Returns what is wrong after its end: status, output, processes and files that are left."""
        lines = self._output.read_text(errors="replace").splitlines()
        found = [f"QGIS printed: {line}" for line in lines if any(word in line for word in COMPLAINTS)]
        if self._process.returncode != 0:
            found.append(f"QGIS ended with status {self._process.returncode}")
        if left := self.others(None):
            found.append(f"processes are left: {left}")
        files = [path.name for path in self.temporary.rglob("*") if path.is_file() and "geolangbind" in str(path)]
        if files:
            found.append(f"temporary files are left: {files}")
        return found

    def kill(self) -> None:
        """End it and all that it started, whatever it is at."""
        for number in self._marked():
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
        self._process.wait(QUITTING_S)
        for pipe in (self._tasks, self._answers):
            if pipe >= 0:
                os.close(pipe)
        self._tasks = self._answers = -1

    def _marked(self) -> list[int]:
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if self._mark.encode() in (folder / "environ").read_bytes():
                    found.append(int(folder.name))
        return found

    def _why_gone(self) -> str:
        status = self._process.wait(QUITTING_S)
        return f"QGIS ended with status {status}:\n{self._end_of_output()}"

    def _stacks(self) -> str:
        """Returns the stacks of a QGIS that hangs, as faulthandler prints them."""
        self._process.send_signal(signal.SIGUSR1)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(STACK_S)
        return self._end_of_output()

    def _end_of_output(self) -> str:
        return self._output.read_text(errors="replace")[-6000:]


def _parent(process: int) -> int | None:
    """Returns the parent of a process; None where it has ended."""
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
    return None


def _ends(process: int) -> bool:
    """Whether a process ends within the limit for what a killed process leaves."""
    try:
        watch = os.pidfd_open(process)
    except ProcessLookupError:
        return True
    try:
        ended, _, _ = select.select([watch], [], [], ENDING_S)
    finally:
        os.close(watch)
    return bool(ended)


def _command(process: int) -> str:
    """Returns number and command line of a process."""
    with contextlib.suppress(OSError):
        words = Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        return f"{process}: {words[:300].strip()}"
    return str(process)


def _profile(folder: Path) -> Path:
    """Make a profile in which the plugin is switched on."""
    plugins = folder / "python" / "plugins"
    plugins.mkdir(parents=True)
    (plugins / "geolangbind_qgis").symlink_to(ROOT)
    (folder / "QGIS").mkdir()
    text = "[PythonPlugins]\ngeolangbind_qgis=true\nprocessing=true\n\n[geolangbind]\ntour_seen=yes\n"
    (folder / "QGIS" / "QGIS3.ini").write_text(text, encoding="ascii")
    return folder
