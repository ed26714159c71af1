"""Set-up on every system that QGIS runs on, by facts of that system: Linux, Windows, macOS, Flatpak, Snap."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import types
import venv
from pathlib import Path

import pytest
from wheels import make_recipe, make_wheels

from geolangbind_qgis.runtime import programs
from geolangbind_qgis.runtime.child import child_environment
from geolangbind_qgis.runtime.environment import build_environment
from geolangbind_qgis.runtime.environment_check import environment_python, find_environment
from geolangbind_qgis.runtime.install_lock import install_lock
from geolangbind_qgis.runtime.launch import runtime_command
from geolangbind_qgis.runtime.plan import plan_environment
from geolangbind_qgis.runtime.platforms import FLATPAK, LINUX, MACOS, SNAP, WINDOWS, Platform, sandbox_of
from geolangbind_qgis.runtime.programs import end_with_children, start_options
from geolangbind_qgis.runtime.python_places import candidates
from geolangbind_qgis.runtime.pythons import choose_python, probe_python
from geolangbind_qgis.runtime.setup_error import SetupError

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def stand_in(tmp_path):
    """Make programs that answer as some Python would."""

    def make(name="python3", folder=tmp_path, **facts):
        answer = {"version": [3, 12, 4], "bits": 64, "missing": [], "executable": "", "has_pip": False, **facts}
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / name
        path.write_text(f"#!/bin/sh\necho '{json.dumps(answer)}'\n")
        path.chmod(0o755)
        return path

    return make


@pytest.fixture
def recipe(tmp_path):
    return make_recipe(tmp_path / "recipe")


@pytest.mark.parametrize(
    ("variables", "flatpak_info", "sandbox"),
    [
        ({"FLATPAK_ID": "org.qgis.qgis"}, False, FLATPAK),
        ({}, True, FLATPAK),
        ({"SNAP": "/snap/qgis/7", "SNAP_NAME": "qgis"}, False, SNAP),
        ({"SNAP": "/snap/code/1", "SNAP_NAME": "code"}, False, ""),  # QGIS started from a terminal that is a Snap
        ({}, False, ""),
    ],
)
def test_a_sandbox_is_known_by_what_it_sets(variables, flatpak_info, sandbox):
    assert sandbox_of(variables, flatpak_info=flatpak_info) == sandbox


@pytest.mark.parametrize(
    ("system", "python"), [(LINUX, "bin/python"), (MACOS, "bin/python"), (WINDOWS, "Scripts/python.exe")]
)
def test_the_interpreter_of_an_environment_lies_where_the_system_has_it(system, python):
    assert environment_python(Path("/x/env"), Platform(system)) == Path("/x/env") / python


def test_windows_drops_folders_with_another_gdal_from_its_path(tmp_path):
    for name, file in (("qgis", "gdal309.dll"), ("driver", "nvcuda.dll")):
        (tmp_path / name).mkdir()
        (tmp_path / name / file).touch()
    path = f"{tmp_path / 'qgis'};{tmp_path / 'driver'}"
    cleaned = child_environment({"PATH": path, "LD_LIBRARY_PATH": path}, platform=Platform(WINDOWS))
    assert cleaned == {"PATH": str(tmp_path / "driver"), "LD_LIBRARY_PATH": path}


class Process:
    """Stands for a program that ends only when it is made to."""

    pid = 4711

    def __init__(self):
        self.asked = []

    def terminate(self):
        self.asked.append("terminate")

    def kill(self):
        self.asked.append("kill")

    def wait(self, seconds):
        if "kill" not in self.asked and signal.SIGKILL not in self.asked:
            raise subprocess.TimeoutExpired("program", seconds)


def test_a_program_is_started_and_ended_as_each_system_does_it(monkeypatch):
    assert start_options(Platform(WINDOWS)) == {"creationflags": 0x08000000}
    assert start_options(Platform(MACOS)) == start_options(Platform(LINUX)) == {"start_new_session": True}
    on_windows, on_linux = Process(), Process()
    end_with_children(on_windows, Platform(WINDOWS))
    assert on_windows.asked == ["terminate", "kill"]
    monkeypatch.setattr(programs.os, "killpg", lambda pid, number: on_linux.asked.append(number))
    end_with_children(on_linux, Platform(LINUX))
    assert on_linux.asked == [signal.SIGTERM, signal.SIGKILL]


def test_the_lock_on_windows_is_held_against_a_second_set_up(tmp_path, monkeypatch):
    held = []

    def locking(descriptor, mode, count):
        if held:
            raise OSError("held")
        held.append((mode, count))

    monkeypatch.setitem(sys.modules, "msvcrt", types.SimpleNamespace(LK_NBLCK=2, locking=locking))
    with install_lock(tmp_path / "env", Platform(WINDOWS)):
        assert held == [(2, 1)]
        with pytest.raises(SetupError, match="at work"), install_lock(tmp_path / "env", Platform(WINDOWS)):
            pass


@pytest.mark.parametrize(
    ("platform", "place"),
    [
        (Platform(WINDOWS, variables={"LOCALAPPDATA": "{}"}), "Programs/Python/Python312/python.exe"),
        (Platform(WINDOWS, variables={"PROGRAMFILES": "{}"}), "Python313/python.exe"),
        (Platform(WINDOWS, variables={"USERPROFILE": "{}"}), "miniforge3/python.exe"),
        (Platform(LINUX, variables={"HOME": "{}"}), "miniforge3/bin/python3"),
        (Platform(LINUX, variables={"HOME": "{}"}), ".pyenv/versions/3.12.4/bin/python3"),
        (Platform(MACOS, variables={"HOME": "{}"}), ".local/share/uv/python/cpython-3.13.1-macos-aarch64/bin/python3"),
    ],
)
def test_pythons_installed_without_an_administrator_are_found(platform, place, tmp_path, stand_in):
    home = tmp_path / "Zoë Müller"
    path = stand_in(name=Path(place).name, folder=(home / place).parent)
    variables = {name: text.format(home) for name, text in platform.variables.items()}
    assert path in list(candidates(Platform(platform.system, variables=variables), search_path=""))


def test_what_only_looks_like_a_python_is_not_started(tmp_path, stand_in):
    shop = stand_in(folder=tmp_path / "WindowsApps")
    on_windows = candidates(Platform(WINDOWS), search_path=str(shop.parent))
    assert shop not in on_windows
    assert shop in candidates(Platform(LINUX), search_path=str(shop.parent))
    assert Path("/usr/bin/python3") not in candidates(Platform(MACOS), search_path="/usr/bin")


@pytest.mark.parametrize(
    ("platform", "facts", "problem", "hint"),
    [
        (Platform(LINUX), {"missing": ["venv", "ensurepip"]}, "lacks venv, ensurepip", "sudo apt install python3-venv"),
        (Platform(LINUX), {"missing": ["ensurepip"]}, "lacks ensurepip", "Miniforge in your home folder"),
        (Platform(LINUX), {"version": [3, 9, 2]}, "3.9 is not", "needs no administrator"),
        (Platform(LINUX, FLATPAK), {"missing": ["ensurepip"]}, "lacks ensurepip", "flatpak run --devel org.qgis.qgis"),
        (Platform(LINUX, SNAP), {"version": [3, 10, 12]}, "3.10 is not", "qgis.org"),
        (Platform(WINDOWS), {"missing": ["venv"]}, "lacks venv", "python.org"),
        (Platform(WINDOWS), {"version": [3, 9, 18]}, "3.9 is not", "needs no administrator"),
        (Platform(MACOS), {"machine": "x86_64"}, "Intel", "Apple silicon"),
    ],
    ids=lambda value: f"{value.system}{value.sandbox}" if isinstance(value, Platform) else "",
)
def test_where_no_python_does_one_sentence_says_what_to_do(stand_in, platform, facts, problem, hint):
    with pytest.raises(SetupError, match=problem) as caught:
        choose_python(stand_in(**facts), platform)
    assert hint in caught.value.hint
    assert caught.value.hint.count(". ") <= 2


def test_an_intel_python_is_no_problem_elsewhere(stand_in):
    path = stand_in(machine="x86_64")
    assert probe_python(path, Platform(LINUX)).usable
    assert probe_python(path, Platform(WINDOWS)).usable


def test_a_plan_inside_a_flatpak_or_snap_says_what_that_means(tmp_path, stand_in, recipe):
    wheels = make_wheels(tmp_path / "wheels")
    for sandbox, words in ((FLATPAK, "Flatpak"), (SNAP, "Snap's own common folder"), ("", "")):
        plan = plan_environment(
            tmp_path / "env", python=stand_in(), wheels=wheels, recipe=recipe, platform=Platform(LINUX, sandbox)
        )
        assert words in "\n".join(plan.describe())
        assert bool(plan.remarks) == bool(sandbox)


def test_a_snap_keeps_the_environment_where_updates_do_not_copy_it():
    variables = {"SNAP_USER_COMMON": "/home/ann/snap/qgis/common"}
    assert Platform(LINUX, SNAP, variables=variables).data_folder == Path("/home/ann/snap/qgis/common/geolangbind")
    assert Platform(LINUX, variables=variables).data_folder is None


def test_a_path_that_windows_cannot_write_is_refused_beforehand(tmp_path, stand_in, recipe):
    wheels = make_wheels(tmp_path / "wheels")
    target = tmp_path / ("long" * 30)
    with pytest.raises(SetupError, match="too long for Windows") as caught:
        plan_environment(target, python=stand_in(), wheels=wheels, recipe=recipe, platform=Platform(WINDOWS))
    assert r"C:\geolangbind" in caught.value.hint
    assert plan_environment(target, python=stand_in(), wheels=wheels, recipe=recipe, platform=Platform(LINUX))


def test_a_home_with_spaces_and_letters_beyond_ascii_is_no_obstacle(tmp_path, recipe):
    home = tmp_path / "Zoë Müller's Karten 地図"
    home.mkdir()
    wheels = make_wheels(home / "Räder und wheels")
    plan = plan_environment(home / "QGIS profil" / "environment", wheels=wheels, recipe=recipe)
    build_environment(plan)
    manifest = find_environment(plan.target, recipe)
    answer = subprocess.run(
        [manifest.python, "-I", "-c", "import tinygeo; print(tinygeo.answer)"], capture_output=True, check=True
    )
    assert answer.stdout.strip() == b"42"
    (home / "Erweiterung ñ").symlink_to(ROOT)
    command = runtime_command(Path(sys.executable), home / "Erweiterung ñ", home / "Läufe")
    process = subprocess.run(
        [command.program, *command.arguments],
        input=b'{"id":1,"method":"ping","params":{}}\n',
        cwd=command.working_directory,
        env=dict(command.environment),
        capture_output=True,
        check=True,
    )
    assert json.loads(process.stdout) == {"id": 1, "result": {"running": 0, "waiting": 0}}


def test_without_ensurepip_the_pip_of_the_base_python_is_used(tmp_path, recipe):
    """Debian has ensurepip in a package of its own; with python3-pip instead the environment is made all the same."""
    base = tmp_path / "base"
    venv.create(base, with_pip=True)
    (packages,) = base.glob("lib/python3*/site-packages")
    (packages / "no_ensurepip.pth").write_text("import sys; sys.modules['ensurepip'] = None\n")
    python = probe_python(base / "bin" / "python")
    assert python.usable
    assert python.lends_pip
    plan = plan_environment(
        tmp_path / "env", python=base / "bin" / "python", wheels=make_wheels(tmp_path / "wheels"), recipe=recipe
    )
    assert build_environment(plan).versions == {"tinygeo": "1.2"}
