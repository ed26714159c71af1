"""A computer without a network gets everything in one folder, and takes nothing from it that was changed on the way."""

from __future__ import annotations

import base64
import dataclasses
import http.server
import json
import os
import shutil
import threading
from urllib.request import ProxyHandler, Request, build_opener

import pytest
from wheels import make_recipe, make_wheel, make_wheels

from geolangbind_qgis.runtime import __main__ as command
from geolangbind_qgis.runtime import installation
from geolangbind_qgis.runtime.bundle import BUNDLE_FILE, pack_bundle, read_bundle, verify_bundle
from geolangbind_qgis.runtime.environment import build_environment
from geolangbind_qgis.runtime.environment_check import find_environment
from geolangbind_qgis.runtime.plan import plan_environment
from geolangbind_qgis.runtime.setup_error import SetupError


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    return make_wheels(tmp_path_factory.mktemp("connected") / "wheels")


@pytest.fixture(scope="module")
def recipe(tmp_path_factory):
    return make_recipe(tmp_path_factory.mktemp("recipe"))


@pytest.fixture(scope="module")
def connected(tmp_path_factory, wheels, recipe):
    """The environment of the computer with a network."""
    target = tmp_path_factory.mktemp("first") / "env"
    build_environment(plan_environment(target, wheels=wheels, recipe=recipe))
    return target


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "my-model"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"weights")
    (folder / "config.json").write_text("{}")
    return folder


@pytest.fixture(scope="module")
def packed(tmp_path_factory, connected, recipe, wheels, model):
    folder = tmp_path_factory.mktemp("stick") / "bundle"
    pack_bundle(folder, connected, recipe, models=[model], wheels=wheels)
    return folder


@pytest.fixture
def bundle(packed, tmp_path):
    """A copy that a test may change."""
    return shutil.copytree(packed, tmp_path / "bundle")


@pytest.fixture
def importing(tmp_path, monkeypatch):
    """Stands in for the runtime's own command: the small environment has no torch. Gives what was asked of it."""
    code = tmp_path / "code" / "core"
    code.mkdir(parents=True)
    told = tmp_path / "told"
    (code / "__main__.py").write_text(
        f"import sys\nopen({str(told)!r}, 'a').write(' '.join(sys.argv[1:]) + '\\n')\n"
        "print(open(__file__ + '.says').read(), end='')\n"
        "raise SystemExit(int(open(__file__ + '.status').read()))\n"
    )
    (code / "__main__.py.says").write_text("")
    (code / "__main__.py.status").write_text("0")
    monkeypatch.setattr(installation, "CODE_ROOT", code.parent)
    return told


def test_a_bundle_is_installed_without_a_network_and_its_models_are_imported(bundle, recipe, tmp_path, importing):
    target = tmp_path / "env"
    plan = plan_environment(target, wheels=bundle, recipe=recipe)
    assert str(bundle) in "\n".join(plan.describe())
    manifest = build_environment(plan)
    assert manifest.versions == {"tinygeo": "1.2"}
    assert find_environment(target, recipe) is not None
    assert importing.read_text() == f"models import {bundle / 'models' / 'my-model'} --name my-model\n"


def test_the_plan_says_the_size_of_what_the_bundle_holds(bundle, recipe, tmp_path):
    plan = plan_environment(tmp_path / "env", wheels=bundle, recipe=recipe)
    packed = sum(path.stat().st_size for path in (bundle / "wheels").iterdir())
    assert plan.build.download_bytes == 0
    assert packed < plan.build.disk_bytes < 3 * packed


def test_a_bundle_brings_its_models_to_an_environment_that_is_complete(bundle, recipe, connected, monkeypatch):
    brought = []

    def build(plan, **_):
        brought.extend(folder.name for folder in plan.bundle.models)
        raise SetupError("That will do.", "Go on.")

    monkeypatch.setattr(command, "runtime_recipe", lambda **_: recipe)
    monkeypatch.setattr(command, "build_environment", build)
    assert command.main(["--target", str(connected)]) == 0
    assert brought == []
    assert command.main(["--target", str(connected), "--wheels", str(bundle)]) == 1
    assert brought == ["my-model"]


def test_a_model_that_is_there_already_is_no_failure_and_a_damaged_one_is(bundle, recipe, tmp_path, importing):
    code = installation.CODE_ROOT / "core"
    (code / "__main__.py.status").write_text("1")
    (code / "__main__.py.says").write_text("There is already a model called my-model.\n")
    build_environment(plan_environment(tmp_path / "env", wheels=bundle, recipe=recipe))
    (code / "__main__.py.says").write_text("model.safetensors is damaged or cut short.\n")
    with pytest.raises(SetupError, match="my-model of the bundle cannot be used") as caught:
        build_environment(plan_environment(tmp_path / "env", wheels=bundle, recipe=recipe))
    assert "cut short" in caught.value.hint
    assert find_environment(tmp_path / "env", recipe) is None


def test_the_list_names_every_file_with_its_hash(packed, recipe):
    found = read_bundle(packed)
    assert {name.split("/")[0] for name in found.files} == {"wheels", "models"}
    assert "models/my-model/model.safetensors" in found.files
    assert [folder.name for folder in found.models] == ["my-model"]
    verify_bundle(found, recipe)


def refused(bundle, recipe, tmp_path, match):
    with pytest.raises(SetupError, match=match):
        build_environment(plan_environment(tmp_path / "env", wheels=bundle, recipe=recipe))
    assert not (tmp_path / "env").exists()


def test_a_bundle_that_is_refused_leaves_a_folder_that_was_there_as_it_was(bundle, recipe, tmp_path):
    (tmp_path / "env").mkdir()
    (bundle / "models" / "my-model" / "model.safetensors").write_bytes(b"other weights")
    with pytest.raises(SetupError, match=r"model\.safetensors has changed"):
        build_environment(plan_environment(tmp_path / "env", wheels=bundle, recipe=recipe))
    assert list((tmp_path / "env").iterdir()) == []


def test_a_file_that_changed_on_the_way_is_refused_before_anything_is_installed(bundle, recipe, tmp_path):
    wheel = next((bundle / "wheels").glob("tinygeo*.whl"))
    wheel.write_bytes(wheel.read_bytes() + b"x")
    refused(bundle, recipe, tmp_path, "tinygeo.* has changed")


def test_a_file_that_was_lost_on_the_way_is_named(bundle, recipe, tmp_path):
    (bundle / "models" / "my-model" / "model.safetensors").unlink()
    refused(bundle, recipe, tmp_path, "model.safetensors is missing")


def test_a_wheel_that_somebody_added_is_refused(bundle, recipe, tmp_path):
    make_wheel(bundle / "wheels", "tinygeo", "1.2.1", {"tinygeo/__init__.py": b"answer = 666\n"})
    refused(bundle, recipe, tmp_path, "its list does not name")


def test_a_link_in_the_place_of_a_file_is_refused(bundle, recipe, tmp_path):
    file = bundle / "models" / "my-model" / "model.safetensors"
    (tmp_path / "secret").write_bytes(file.read_bytes())
    file.unlink()
    file.symlink_to(tmp_path / "secret")
    refused(bundle, recipe, tmp_path, "model.safetensors is missing")


@pytest.mark.parametrize(
    "name", ["../outside.whl", "/etc/passwd", "wheels/../../outside.whl", "a.whl", "wheels\\..\\b"]
)
def test_a_bundle_that_names_files_outside_is_refused(bundle, recipe, tmp_path, name):
    values = json.loads((bundle / BUNDLE_FILE).read_text())
    values["files"][name] = "0" * 64
    (bundle / BUNDLE_FILE).write_text(json.dumps(values))
    refused(bundle, recipe, tmp_path, "outside its folder")


@pytest.mark.parametrize(
    "content", ["", "[]", '{"format": 1}', '{"format": 99, "files": {}, "requirements": [], "system": ""}']
)
def test_a_list_that_cannot_be_read_is_refused(bundle, recipe, tmp_path, content):
    (bundle / BUNDLE_FILE).write_text(content)
    refused(bundle, recipe, tmp_path, "cannot be read|another version")


def test_a_bundle_for_another_version_is_refused(bundle, recipe, tmp_path):
    (tmp_path / "runtime.lock").write_text("tinygeo==1.3\n")
    refused(bundle, dataclasses.replace(recipe, locks=(tmp_path / "runtime.lock",)), tmp_path, "another version")


def test_a_folder_that_holds_something_is_not_filled(connected, recipe, wheels, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(SetupError, match="not empty"):
        pack_bundle(tmp_path, connected, recipe, wheels=wheels)


class _Guarded(http.server.BaseHTTPRequestHandler):
    """Answers to those with the right login alone."""

    header, status, demand, login = "Authorization", 401, "WWW-Authenticate", "reader:p@ss"

    def admitted(self) -> bool:
        expected = "Basic " + base64.b64encode(self.login.encode()).decode()
        if self.headers.get(self.header) == expected:
            return True
        self.send_response(self.status)
        self.send_header(self.demand, 'Basic realm="here"')
        self.send_header("Content-Length", "0")
        self.end_headers()
        return False

    def answer(self, content: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


@pytest.fixture
def guarded(wheels):
    """An index of packages that wants a login, behind a proxy that wants another; gives both ports and what passed."""
    passed = []

    class Index(_Guarded):
        def do_GET(self):
            if not self.admitted():
                return
            name = self.path.rstrip("/").rpartition("/")[2]
            if name.endswith(".whl"):
                self.answer((wheels / name).read_bytes(), "application/octet-stream")
                return
            found = [path.name for path in wheels.glob("*.whl") if path.name.replace("_", "-").startswith(f"{name}-")]
            links = "".join(f'<a href="/files/{file}">{file}</a>' for file in found)
            self.answer(f"<!DOCTYPE html><html><body>{links}</body></html>".encode(), "text/html")

    class Proxy(_Guarded):
        header, status, demand, login = "Proxy-Authorization", 407, "Proxy-Authenticate", "ann:s3cr:t"

        def do_GET(self):
            if not self.admitted():
                return
            passed.append(self.path)
            headers = {name: value for name, value in self.headers.items() if name.lower() == "authorization"}
            try:
                with build_opener(ProxyHandler({})).open(Request(self.path, headers=headers)) as answer:
                    self.answer(answer.read(), answer.headers["Content-Type"])
            except OSError as problem:
                self.send_response(getattr(problem, "code", 502))
                self.send_header("WWW-Authenticate", 'Basic realm="here"')
                self.send_header("Content-Length", "0")
                self.end_headers()

    servers = [http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) for handler in (Index, Proxy)]
    for server in servers:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield servers[0].server_address[1], servers[1].server_address[1], passed
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def plain_network(monkeypatch):
    for name in list(os.environ):
        if name.upper().startswith("PIP_") or "PROXY" in name.upper():
            monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_RETRIES", "0")


def test_a_mirror_with_a_login_behind_a_proxy_with_a_login_serves(recipe, tmp_path, guarded, plain_network):
    index, proxy, passed = guarded
    network = {
        "enabled": True,
        "host": "127.0.0.1",
        "port": proxy,
        "user": "ann",
        "password": "s3cr:t",
        "index": f"http://reader:p%40ss@127.0.0.1:{index}/simple",
    }
    plan = plan_environment(tmp_path / "env", recipe=recipe, proxy=network)
    plan = dataclasses.replace(plan, build=dataclasses.replace(plan.build, indexes=()))
    lines = []
    assert build_environment(plan, proxy=network, log=lines.append).versions == {"tinygeo": "1.2"}
    assert any(path.endswith(".whl") for path in passed)
    said = "\n".join(lines) + (tmp_path / "env" / "geolangbind-setup.log").read_text()
    assert "s3cr" not in said
    assert "p%40ss" not in said
    assert "p@ss" not in said


def test_a_wrong_login_at_the_proxy_is_reported_as_one(recipe, tmp_path, guarded, plain_network):
    index, proxy, _ = guarded
    network = {"enabled": True, "host": "127.0.0.1", "port": proxy, "user": "ann", "password": "wrong"}
    network["index"] = f"http://reader:p%40ss@127.0.0.1:{index}/simple"
    plan = plan_environment(tmp_path / "env", recipe=recipe, proxy=network)
    plan = dataclasses.replace(plan, build=dataclasses.replace(plan.build, indexes=()))
    with pytest.raises(SetupError) as caught:
        build_environment(plan, proxy=network)
    assert caught.value.code in ("proxy", "package")
    assert find_environment(tmp_path / "env", recipe) is None
