"""Writes the software bill of materials of the locked runtime, as CycloneDX 1.5 JSON.

    .venv/bin/python packaging/sbom.py [--output dist]

Names and versions are those of ``resources/requirements``; licences are read from the installed packages.
"""

from __future__ import annotations

import argparse
import configparser
import importlib.metadata
import json
import re
import uuid
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "resources" / "requirements"
LOCKS = ("runtime.lock", "text-tower.txt")
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s]+)(?:\s+--hash=sha256:([0-9a-f]{64}))?")


def main(arguments: list[str] | None = None) -> int:
    """Write the file; returns the exit status."""
    parser = argparse.ArgumentParser(description="Write the software bill of materials of the locked runtime.")
    parser.add_argument("--output", type=Path, default=ROOT / "dist", help="folder for the file")
    options = parser.parse_args(arguments)
    print(write_sbom(options.output))
    return 0


def write_sbom(output: Path, root: Path = ROOT) -> Path:
    """Write ``<name>-<version>.cdx.json`` and return its path; the same sources and packages give the same bytes."""
    metadata = configparser.ConfigParser()
    metadata.read(root / "metadata.txt", encoding="utf-8")
    about = metadata["general"]
    output.mkdir(parents=True, exist_ok=True)
    target = output / f"geolangbind_qgis-{about['version']}.cdx.json"
    components = [component(*pin) for pin in pins(root / "resources" / "requirements")]
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(components, sort_keys=True))}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "name": about["name"],
                "version": about["version"],
                "licenses": [{"expression": "GPL-3.0-or-later"}],
            }
        },
        "components": components,
    }
    target.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return target


def pins(folder: Path = REQUIREMENTS) -> list[tuple[str, str, str]]:
    """Returns name, version and SHA-256 ("" where none is pinned) of every locked package, by name."""
    found = {}
    for file in LOCKS:
        for line in (folder / file).read_text(encoding="utf-8").splitlines():
            if match := _PIN.match(line):
                found[match[1].lower()] = (match[1], match[2], match[3] or "")
    return [found[name] for name in sorted(found)]


def component(name: str, version: str, sha256: str) -> dict[str, Any]:
    """Returns the entry of one package."""
    entry: dict[str, Any] = {
        "type": "library",
        "name": name,
        "version": version,
        "purl": f"pkg:pypi/{re.sub(r'[-_.]+', '-', name).lower()}@{version}",
    }
    if sha256:
        entry["hashes"] = [{"alg": "SHA-256", "content": sha256}]
    if licence := _licence(name):
        entry["licenses"] = [{"license": {"name": licence}}]
    return entry


def _licence(name: str) -> str:
    """Returns what the installed package says of its licence, in one line; "" where it says nothing."""
    try:
        about = importlib.metadata.metadata(name)
    except importlib.metadata.PackageNotFoundError:
        return ""
    classified = [
        line.rpartition(" :: ")[2] for line in about.get_all("Classifier") or () if line.startswith("License :: ")
    ]
    said = about.get("License-Expression") or ", ".join(classified) or about.get("License") or ""
    return said.strip().splitlines()[0][:120] if said.strip() else ""


if __name__ == "__main__":
    raise SystemExit(main())
