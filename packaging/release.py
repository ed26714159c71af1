"""Makes what a release publishes: the plugin's zip, its bill of materials, checksums, and their signature.

    .venv/bin/python packaging/release.py --key ~/.ssh/release_ed25519

Checksums are signed with OpenSSH (``ssh-keygen -Y sign``, namespace ``geolangbind``); SECURITY.md
says how they are checked. Without ``--key`` they stay unsigned, and that is said.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "packaging"))

from package import package  # noqa: E402 - beside this file
from sbom import write_sbom  # noqa: E402

NAMESPACE = "geolangbind"
CHECKSUMS = "SHA256SUMS"


def main(arguments: list[str] | None = None) -> int:
    """Make the release; returns the exit status."""
    parser = argparse.ArgumentParser(description="Make the zip, its bill of materials and signed checksums.")
    parser.add_argument("--output", type=Path, default=ROOT / "dist", help="folder for the files")
    parser.add_argument("--key", type=Path, help="OpenSSH key that signs the checksums")
    options = parser.parse_args(arguments)
    files = [package(options.output), write_sbom(options.output)]
    checksums = write_checksums(options.output, files)
    print("\n".join(map(str, [*files, checksums])))
    if options.key is None:
        print("Not signed: name a key with --key.")
        return 0
    print(sign(checksums, options.key))
    return 0


def write_checksums(folder: Path, files: Sequence[Path]) -> Path:
    """Write the SHA-256 of files as ``sha256sum --check`` reads them."""
    lines = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files]
    (folder / CHECKSUMS).write_text("".join(lines), encoding="ascii")
    return folder / CHECKSUMS


def sign(checksums: Path, key: Path) -> Path:
    """Sign a file with an OpenSSH key; returns the signature beside it.

    Raises:
        RuntimeError: there is no ssh-keygen, or it refuses.
    """
    program = shutil.which("ssh-keygen")
    if program is None:
        raise RuntimeError("There is no ssh-keygen; install OpenSSH.")
    signature = checksums.with_name(f"{checksums.name}.sig")
    signature.unlink(missing_ok=True)
    command = [program, "-Y", "sign", "-f", str(key), "-n", NAMESPACE, str(checksums)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode or not signature.is_file():
        raise RuntimeError(f"ssh-keygen does not sign: {done.stderr.strip()}")
    return signature


if __name__ == "__main__":
    raise SystemExit(main())
