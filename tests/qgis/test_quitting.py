"""Quitting QGIS in the midst of work: a process of its own ends by itself, and nothing of it is left."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Event
from uuid import uuid4

import pytest
from conftest import ROOT, RUNTIME_PYTHON, write_scene
from tile_server import TileServer

from geolangbind_qgis.runtime.environment_check import find_environment
from geolangbind_qgis.runtime.install_lock import install_lock

PROGRAM = Path(__file__).with_name("quitting_program.py")
PATIENCE_S = 240
LONGEST_S = 20.0
"""How long quitting may take: the runtime has six seconds to clean up, then it is ended."""

COMPLAINTS = ("Traceback", "Fatal", "Segmentation", "QThread: Destroyed", "QProcess: Destroyed", "wrapped C/C++ object")
"""What stands in the output of a program that did not end well, whatever its exit status."""


@pytest.fixture
def profile(tmp_path):
    """A fresh profile with the plugin of this checkout switched on."""
    folder = tmp_path / "profiles" / "default"
    plugins = folder / "python" / "plugins"
    plugins.mkdir(parents=True)
    (plugins / "geolangbind_qgis").symlink_to(ROOT)
    (folder / "QGIS").mkdir()
    switched_on = "[PythonPlugins]\ngeolangbind_qgis=true\nprocessing=true\n"
    (folder / "QGIS" / "QGIS3.ini").write_text(switched_on, encoding="ascii")
    return folder


class Quitting:
    """A QGIS that began work and quit in the midst of it.

    Attributes:
        mark: word in the environment of the process and of all that it started.
        temporary: its folder for temporary files.
        home: caches and files of the person.
        status: exit status.
        output: all that it printed.
        at_work: processes at work at the moment of quitting.
        seconds: from that moment to the end.
    """

    def __init__(self, command, moment, source, tmp_path, *, provider="gdal", display=()):
        self.mark = uuid4().hex
        self.temporary, self.home = tmp_path / "temporary", tmp_path / "home"
        for folder in (self.temporary, self.home):
            folder.mkdir(mode=0o700)
        says = tmp_path / "says.json"
        environment = {
            **os.environ,
            "GEOLANGBIND_MOMENT": moment,
            "GEOLANGBIND_SOURCE": str(source),
            "GEOLANGBIND_PROVIDER": provider,
            "GEOLANGBIND_WHEELS": str(tmp_path / "wheels"),
            "GEOLANGBIND_ASKED": str(tmp_path / "asked"),
            "GEOLANGBIND_SAYS": str(says),
            "GEOLANGBIND_CACHE": str(tmp_path / "cache"),
            "HOME": str(self.home),
            "TMPDIR": str(self.temporary),
            "XDG_RUNTIME_DIR": str(self.temporary),
            "OMP_NUM_THREADS": "1",
        }
        marked = [*display, "env", f"GEOLANGBIND_MARK={self.mark}", *command]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "errors": "replace"}
        process = subprocess.Popen(marked, env=environment, **pipes)
        try:
            self.output, _ = process.communicate(timeout=PATIENCE_S)
            ended = time.time()
        finally:
            left = self.processes()
            for number in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(number, signal.SIGKILL)
        self.orphans = left
        self.status = process.returncode
        moment = json.loads(says.read_text()) if says.is_file() else {"at_work": [], "seconds": 0.0}
        self.at_work, self.seconds = moment["at_work"], ended - moment["seconds"]

    def processes(self):
        """Returns the processes that carry the mark."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if self.mark.encode() in (folder / "environ").read_bytes():
                    found.append(int(folder.name))
        return found

    def was_clean(self):
        """Look at everything that a bad end leaves."""
        assert self.status == 0, self.output
        assert [line for line in self.output.splitlines() if any(word in line for word in COMPLAINTS)] == []
        assert self.orphans == []
        assert self.seconds < LONGEST_S
        assert [path for path in self.temporary.rglob("*") if path.is_file() or "geolangbind" in path.name] == []


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    """A layer that takes the runtime a while."""
    return write_scene(tmp_path_factory.mktemp("scene") / "large.tif", size=1200)


@pytest.fixture
def runtime_python():
    if not RUNTIME_PYTHON.is_file():
        pytest.skip("the runtime environment is missing: make env")


def without_window(profile):
    return [sys.executable, str(PROGRAM), str(profile)]


def half_written(folder):
    return [path for path in folder.rglob("*") if ".part" in path.name or path.name.startswith("making-")]


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["in mid-run", "in an algorithm", "starting"])
def test_quitting_while_the_runtime_is_at_work_is_clean(profile, tmp_path, runtime_python, scene, moment):
    quitting = Quitting(without_window(profile), moment, scene, tmp_path)
    quitting.was_clean()
    assert quitting.at_work != []
    assert half_written(tmp_path) == []


@pytest.mark.slow
def test_quitting_while_the_runtime_is_set_up_is_clean_and_half_of_it_is_not_taken_for_whole(profile, tmp_path, scene):
    (tmp_path / "wheels").mkdir()
    (tmp_path / "wheels" / "none-1-py3-none-any.whl").write_bytes(b"")  # nothing is fetched, whatever happens
    quitting = Quitting(without_window(profile), "set-up", scene, tmp_path)
    quitting.was_clean()
    assert quitting.at_work != []
    environment = profile / "geolangbind" / "environment"
    assert environment.is_dir()
    assert find_environment(environment) is None
    with install_lock(environment):
        pass


@pytest.fixture
def stalled(tmp_path):
    """A server that takes requests and answers none."""
    over = Event()

    def never(z, x, y):
        (tmp_path / "asked").touch()
        return over.wait(PATIENCE_S)

    server = TileServer(missing=never)
    yield server
    over.set()
    server.close()


@pytest.mark.slow
def test_quitting_while_a_server_does_not_answer_is_clean(profile, tmp_path, runtime_python, stalled):
    quitting = Quitting(without_window(profile), "fetching", stalled.layer_source, tmp_path, provider="wms")
    quitting.was_clean()


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["in mid-run", "fetching"])
def test_the_real_program_quits_cleanly(profile, tmp_path, runtime_python, scene, stalled, moment):
    if not shutil.which("xvfb-run"):
        pytest.skip("QGIS's own window needs a display: xvfb-run is missing")
    source, provider = (scene, "gdal") if moment == "in mid-run" else (stalled.layer_source, "wms")
    command = ["env", "PATH=/usr/bin:/bin", "QT_QPA_PLATFORM=xcb", "qgis", "--nologo", "--noversioncheck"]
    command += ["--profiles-path", str(tmp_path), "--code", str(PROGRAM)]
    quitting = Quitting(command, moment, source, tmp_path, provider=provider, display=["xvfb-run", "-a"])
    quitting.was_clean()
    assert half_written(tmp_path) == []
