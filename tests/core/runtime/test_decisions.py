"""What set-up decides and says: child environments, proxies, builds of torch, pip's failures, private data."""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import subprocess
import sys
from pathlib import Path

import pytest
import tomllib

from geolangbind_qgis.runtime.accelerators import TorchBuild, choose_build, parse_smi, with_answering_indexes
from geolangbind_qgis.runtime.child import child_environment
from geolangbind_qgis.runtime.diagnostics import diagnostics_report, private
from geolangbind_qgis.runtime.launch import runtime_command
from geolangbind_qgis.runtime.manifest import Manifest
from geolangbind_qgis.runtime.pip_failures import explain_pip
from geolangbind_qgis.runtime.programs import run_lines
from geolangbind_qgis.runtime.proxies import proxy_environment, without_secrets
from geolangbind_qgis.runtime.pythons import choose_python, probe_python
from geolangbind_qgis.runtime.requirements import runtime_recipe
from geolangbind_qgis.runtime.setup_error import SetupError
from geolangbind_qgis.runtime.worker_exits import Ending, WorkerExit, explain_exit

ROOT = Path(__file__).resolve().parents[3]


def test_a_child_inherits_nothing_of_qgis_python_proj_gdal_or_qt():
    inherited = {
        "PATH": "/usr/bin",
        "HOME": "/home/ann",
        "PYTHONHOME": "/qgis",
        "PYTHONPATH": "/qgis/python",
        "PROJ_LIB": "/qgis/proj",
        "PROJ_DATA": "/qgis/proj",
        "GDAL_DATA": "/qgis/gdal",
        "GDAL_DRIVER_PATH": "/qgis/gdal/plugins",
        "QT_PLUGIN_PATH": "/qgis/qt",
        "QGIS_PREFIX_PATH": "/qgis",
        "VIRTUAL_ENV": "/venv",
        "GDAL_HTTP_PROXY": "proxy:8080",
        "https_proxy": "http://proxy:8080",
        "OMP_NUM_THREADS": "4",
    }
    cleaned = child_environment(inherited, extra={"NEW": "1"})
    assert cleaned == {
        "PATH": "/usr/bin",
        "HOME": "/home/ann",
        "GDAL_HTTP_PROXY": "proxy:8080",
        "https_proxy": "http://proxy:8080",
        "OMP_NUM_THREADS": "4",
        "NEW": "1",
    }


def test_library_folders_with_another_gdal_are_left_out_and_others_stay(tmp_path):
    for name, file in (("qgis", "libgdal.so.31"), ("driver", "libcuda.so.1")):
        (tmp_path / name).mkdir()
        (tmp_path / name / file).touch()
    cleaned = child_environment({"LD_LIBRARY_PATH": f"{tmp_path}/qgis:{tmp_path}/driver:"})
    assert cleaned == {"LD_LIBRARY_PATH": f"{tmp_path}/driver"}


def test_a_poisoned_environment_does_not_reach_the_runtime(tmp_path):
    """A PYTHONPATH with a broken json and a PYTHONHOME that is nowhere would stop any Python."""
    (tmp_path / "json.py").write_text("raise RuntimeError('the wrong json')")
    poisoned = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(tmp_path), "PYTHONHOME": str(tmp_path)}
    command = runtime_command(Path(sys.executable), ROOT, tmp_path / "work")
    process = subprocess.run(
        [command.program, *command.arguments],
        input=b'{"id":1,"method":"ping","params":{}}\n',
        cwd=tmp_path,
        env=child_environment(poisoned),
        capture_output=True,
        check=True,
    )
    assert json.loads(process.stdout) == {"id": 1, "result": {"running": 0, "waiting": 0}}


@pytest.mark.parametrize(
    ("wanted", "driver", "platform", "kind", "index"),
    [
        ("auto", None, "linux", "cpu", "/cpu"),
        ("auto", "580.65.06, NVIDIA RTX A5000, 24564", "linux", "cuda", None),
        ("auto", "580.65.06, NVIDIA RTX A5000, 24564", "win32", "cuda", "/cu132"),
        ("auto", "571.10, NVIDIA T4, 15360", "linux", "cuda", "/cu128"),
        ("auto", "470.82.01, Tesla K80, 11441", "linux", "cpu", "/cpu"),
        ("cpu", "580.65.06, NVIDIA RTX A5000, 24564", "linux", "cpu", "/cpu"),
        ("cpu", None, "win32", "cpu", None),
        ("auto", None, "darwin", "mps", None),
    ],
)
def test_the_driver_decides_which_torch_is_installed(wanted, driver, platform, kind, index):
    found = None if driver is None else parse_smi(driver)
    build = choose_build(wanted, driver=found, platform=platform)
    assert build.kind == kind
    assert build.indexes[0].endswith(index) if index else build.indexes == (), build
    assert build.reason
    if found is not None and kind == "cuda":
        assert found.name in build.reason


def test_an_old_driver_is_named_as_the_reason():
    build = choose_build(driver=parse_smi("470.82.01, Tesla K80, 11441"), platform="linux")
    assert "470.82.01 is too old" in build.reason


def test_unreadable_output_of_the_driver_is_no_driver():
    assert parse_smi("NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.") is None


def test_where_pytorchs_own_index_cannot_be_reached_the_plan_shows_the_larger_build():
    build = TorchBuild("cpu", ("http://127.0.0.1:9/cpu",), "no NVIDIA driver was found", 1, 2)
    shown = with_answering_indexes(build, {})
    assert shown.indexes == ()
    assert shown.disk_bytes > 5e9
    assert "cannot be reached" in shown.reason


def test_a_proxy_becomes_variables_with_its_login_quoted():
    settings = {
        "enabled": True,
        "type": "HttpProxy",
        "host": "proxy.org",
        "port": 8080,
        "user": "a@b",
        "password": "p:w/",
    }
    variables = proxy_environment({**settings, "excludes": ["localhost", "10.0.0.1"]})
    assert variables["HTTPS_PROXY"] == "http://a%40b:p%3Aw%2F@proxy.org:8080"
    assert variables["NO_PROXY"] == "localhost,10.0.0.1"


@pytest.mark.parametrize(
    "settings", [None, {}, {"enabled": False, "host": "proxy.org"}, {"enabled": True, "type": "NoProxy", "host": "x"}]
)
def test_without_a_proxy_nothing_is_set(settings):
    assert proxy_environment(settings) == {}


def test_a_socks_proxy_is_refused_with_a_way_out():
    with pytest.raises(SetupError, match="SOCKS") as caught:
        proxy_environment({"enabled": True, "type": "Socks5Proxy", "host": "proxy.org"})
    assert "wheels" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("Looking in indexes: https://ann:s3cret@mirror.org/simple", "s3cret"),
        ("GET https://host/x.tif?token=s3cret&a=1", "s3cret"),
        ("https://host/?AWSAccessKeyId=a&Signature=s3cret", "s3cret"),
    ],
)
def test_secrets_are_taken_out_of_addresses(text, secret):
    assert secret not in without_secrets(text)


@pytest.mark.parametrize(
    ("output", "code", "words"),
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "space", "full"),
        ("ProxyError('Cannot connect to proxy.', OSError('Tunnel connection failed: 407 Proxy'))", "proxy", "proxy"),
        ("SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]'))", "network", "certificate"),
        ("NewConnectionError: Temporary failure in name resolution\nERROR: No matching distribution found for torch",
         "network", "cannot be reached"),
        ("ERROR: Could not install packages due to an OSError: [WinError 5] Access is denied", "rights", "written"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE", "package", "refused"),
        ("ERROR: No matching distribution found for torch==9.9", "package", "no torch"),
        ("ERROR: something new https://u:p@host/", "setup", "https://***@host/"),
        ("", "setup", "no reason"),
    ],
)  # fmt: skip
def test_what_pip_says_becomes_one_sentence_and_one_advice(output, code, words):
    problem = explain_pip(output)
    assert problem.code == code
    assert words in problem.message
    assert problem.hint


@pytest.fixture
def stand_in(tmp_path):
    """Make programs that answer as some Python would."""

    def make(**facts):
        answer = {"version": [3, 11, 2], "bits": 64, "missing": [], "executable": "", **facts}
        path = tmp_path / "python3"
        path.write_text(f"#!/bin/sh\necho '{json.dumps(answer)}'\n")
        path.chmod(0o755)
        return path

    return make


@pytest.mark.parametrize(
    ("facts", "problem", "hint"),
    [
        ({"missing": ["ensurepip"]}, "lacks ensurepip", "sudo apt install python3-venv"),
        ({"version": [3, 9, 18]}, "3.9 is not 3.11 to", "Python 3.11 or newer"),
        ({"version": [3, 15, 0]}, "3.15 is not 3.11 to", "Python 3.11 or newer"),
        ({"bits": 32}, "32-bit", "Python"),
    ],
)
def test_a_python_that_does_not_do_is_refused_with_the_reason(stand_in, facts, problem, hint):
    if not sys.platform.startswith("linux"):
        pytest.skip("the hint names this system's packages")
    with pytest.raises(SetupError, match=problem) as caught:
        choose_python(stand_in(**facts))
    assert hint in caught.value.hint


def test_this_python_is_usable():
    python = probe_python(Path(sys.executable))
    assert python.usable
    assert python.version == sys.version_info[:3]


def test_stopping_a_program_stops_its_children_too(tmp_path):
    code = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(3600)'])\n"
        "print(child.pid, flush=True); time.sleep(3600)\n"
    )
    pids = []
    with pytest.raises(SetupError):
        run_lines(
            [sys.executable, "-c", code],
            environment={"PATH": "/usr/bin:/bin"},
            folder=tmp_path,
            on_line=lambda line: pids.append(int(line)),
            cancelled=lambda: bool(pids),
        )
    with contextlib.suppress(ProcessLookupError):
        ended = os.pidfd_open(pids[0])  # readable once it has ended
        try:
            assert select.select([ended], [], [], 10)[0]
        finally:
            os.close(ended)


@pytest.mark.parametrize(
    ("death", "code", "words"),
    [
        (WorkerExit(Ending.SIGNALLED, 9, True), "memory", "memory ran out"),
        (WorkerExit(Ending.SIGNALLED, 6, True, log_tail="terminate: std::bad_alloc"), "memory", "memory ran out"),
        (WorkerExit(Ending.SIGNALLED, 11, True), "runtime", "memory fault"),
        (
            WorkerExit(Ending.EXITED, 1, False, log_tail="OSError: [WinError 126] Error loading c10.dll"),
            "runtime",
            "Visual C",
        ),
        (WorkerExit(Ending.EXITED, 75, True), "device", "graphics card"),
        (WorkerExit(Ending.EXITED, 1, True), "runtime", "unexpectedly"),
        (WorkerExit(Ending.STOPPED), "cancelled", "stopped"),
    ],
)
def test_every_end_of_the_runtime_has_a_sentence(death, code, words):
    explained = explain_exit(death)
    assert explained.code == code
    assert words in explained.message
    assert explained.hint


def test_diagnostics_hold_what_helps_and_nothing_private(monkeypatch, tmp_path):
    home = tmp_path / "home" / "ann"
    home.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    manifest = Manifest(
        f"{home}/env/bin/python", ["hash"], "cuda", {"torch": "2.15.0"}, "3.11.2", note="Update the driver."
    )
    report = diagnostics_report(
        {"QGIS": "3.22.16", "Plugin": "0.1.0"},
        environment=manifest,
        environment_folder=home / "env",
        runtime_facts={"device": {"label": "NVIDIA RTX A5000 24 GB, bf16"}},
        recent_errors=["memory: The computer ran out of memory."],
        layer_facts={"Source": "https://ann:s3cret@tiles.org/{z}", "Bands": 12, "File": "/home/bob/secret/scene.tif"},
        log_tail="\n".join(f"line {number}" for number in range(100)),
    )
    for words in (
        "3.22.16",
        "RTX A5000",
        "2.15.0",
        "~/env",
        "out of memory",
        "Bands | 12",
        "Update the driver",
        "line 99",
    ):
        assert words in report
    for words in ("ann", "bob", "s3cret", "line 1\n"):
        assert words not in report


def test_home_is_shortened_only_where_it_is_the_home(monkeypatch):
    monkeypatch.setenv("HOME", "/srv/ann")
    assert private("/srv/ann/x and /srv/annabel/y") == "~/x and /srv/annabel/y"


def names(file):
    lines = [line.split("#")[0].strip() for line in file.read_text().splitlines()]
    return {re.split(r"[>=<\[]", line)[0].lower().replace("_", "-"): line for line in lines if line}


@pytest.mark.parametrize(("file", "group"), [("runtime", None), ("test", "test")])
def test_requirement_files_agree_with_pyproject_and_their_lock(file, group):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = project["dependencies"] if group is None else project["optional-dependencies"][group]
    folder = ROOT / "resources" / "requirements"
    wanted, locked = names(folder / f"{file}.txt"), names(folder / f"{file}.lock")
    assert set(wanted.values()) == set(declared)
    assert set(wanted) <= set(locked)
    for name, requirement in wanted.items():
        oldest = [int(part) for part in requirement.partition(">=")[2].split(".")]
        assert [int(part) for part in re.findall(r"\d+", locked[name].partition("==")[2])] >= oldest, name


def test_the_text_tower_is_pinned_by_hash():
    recipe = runtime_recipe()
    assert "--hash=sha256:" in recipe.text_tower.read_text()
    assert recipe.text_tower_sha256 in recipe.text_tower.read_text()


def test_set_up_needs_no_qgis_no_torch_and_no_package():
    """The installer runs in any plain Python: nothing but the standard library is imported."""
    code = (
        "import sys; import geolangbind_qgis.runtime.__main__, geolangbind_qgis.runtime.diagnostics\n"
        "foreign = {'qgis', 'PyQt5', 'numpy', 'torch', 'packaging', 'requests'} & set(sys.modules)\n"
        "assert not foreign, foreign"
    )
    subprocess.run([sys.executable, "-S", "-c", code], cwd=ROOT, check=True)
