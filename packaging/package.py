"""Packs the plugin into a zip that QGIS installs (``make package``); what goes in is read from ``pb_tool.cfg``.

    python3 packaging/package.py [--output dist]

Needs the standard library alone. Caches and hidden files stay out; ``pb_tool zip`` packs the same files.
"""

from __future__ import annotations

import argparse
import configparser
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LARGEST_BYTES = 20_000_000
"""The plugin repository's limit."""

_LEFT_OUT_FOLDERS = {"__pycache__", ".pytest_cache", ".ruff_cache", ".mypy_cache"}
_LEFT_OUT_ENDINGS = {".pyc", ".pyo", ".tmp", ".log"}
_SAME_TIME = (2020, 1, 1, 0, 0, 0)


def main(arguments: list[str] | None = None) -> int:
    """Pack; give the exit status."""
    parser = argparse.ArgumentParser(description="Pack the plugin into a zip that QGIS installs.")
    parser.add_argument("--output", type=Path, default=ROOT / "dist", help="folder for the zip")
    options = parser.parse_args(arguments)
    try:
        path = package(options.output)
    except PackagingError as problem:
        print(f"package: {problem}", file=sys.stderr)
        return 1
    print(f"{path} ({path.stat().st_size / 1e6:.1f} MB)")
    return 0


class PackagingError(Exception):
    """What keeps the plugin from being packed."""


def package(output: Path, root: Path = ROOT) -> Path:
    """Write ``<name>-<version>.zip`` and give its path; the same sources give the same bytes.

    Raises:
        PackagingError: something named in ``pb_tool.cfg`` is missing, or the zip would be too large.
    """
    config = configparser.ConfigParser()
    config.read(root / "pb_tool.cfg", encoding="utf-8")
    metadata = configparser.ConfigParser()
    metadata.read(root / "metadata.txt", encoding="utf-8")
    name = config["plugin"]["name"]
    output.mkdir(parents=True, exist_ok=True)
    target = output / f"{name}-{metadata['general']['version']}.zip"
    unfinished = target.with_suffix(".unfinished")
    with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for relative, path in sorted(_contents(config, root)):
            entry = zipfile.ZipInfo(f"{name}/{relative}", _SAME_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, path.read_bytes())
    size = unfinished.stat().st_size
    if size > LARGEST_BYTES:
        unfinished.unlink()
        raise PackagingError(f"The zip would have {size / 1e6:.1f} MB; the limit is {LARGEST_BYTES / 1e6:.0f} MB.")
    unfinished.replace(target)
    return target


def _contents(config: configparser.ConfigParser, root: Path) -> Iterator[tuple[str, Path]]:
    """Yields the path inside the plugin and the file of every packaged file."""
    files = config["files"]
    for listed in (*files["python_files"].split(), *files["extras"].split()):
        if not (root / listed).is_file():
            raise PackagingError(f"{listed} is named in pb_tool.cfg but missing.")
        yield listed, root / listed
    folders = {folder: folder for folder in files["extra_dirs"].split()}
    folders[config["help"]["target"]] = config["help"]["dir"]
    for inside, folder in folders.items():
        if not (root / folder).is_dir():
            raise PackagingError(f"The folder {folder} is named in pb_tool.cfg but missing.")
        for path in (root / folder).rglob("*"):
            relative = path.relative_to(root / folder)
            if path.is_file() and not _left_out(relative):
                yield f"{inside}/{relative.as_posix()}", path


def _left_out(relative: Path) -> bool:
    """Whether a file has no place in the zip."""
    if relative.suffix in _LEFT_OUT_ENDINGS or any(part.startswith(".") for part in relative.parts):
        return True
    return any(part in _LEFT_OUT_FOLDERS for part in relative.parts)


if __name__ == "__main__":
    sys.exit(main())
