"""Choice of the torch build by the graphics driver, shown before anything is installed."""

from __future__ import annotations

import os
import re
import shutil
import ssl
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.request import HTTPSHandler, ProxyHandler, Request, build_opener

from .child import child_environment
from .programs import run_lines
from .translation import tr

TORCH_INDEX = "https://download.pytorch.org/whl"
DRIVER_LISTING = Path("/proc/driver/nvidia/version")

CUDA_BY_DRIVER = ((580, ("cu132", "cu130")), (570, ("cu128",)), (560, ("cu126",)), (525, ("cu126",)))
"""Oldest driver of each CUDA generation (NVIDIA's release notes) and the torch builds made for it, newest first."""

_GIGABYTE = 1_000_000_000
CUDA_DOWNLOAD_BYTES, CUDA_DISK_BYTES = 34 * _GIGABYTE // 10, 69 * _GIGABYTE // 10
CPU_DOWNLOAD_BYTES, CPU_DISK_BYTES = 8 * _GIGABYTE // 10, 22 * _GIGABYTE // 10
"""Of the whole environment on Linux: measured with CUDA; for the CPU, less the CUDA libraries."""

_ANSWER_SECONDS = 5
_SMI_PLACES = ("/usr/bin/nvidia-smi", "/usr/lib/wsl/lib/nvidia-smi", r"C:\\Windows\\System32\\nvidia-smi.exe")


@dataclass(frozen=True)
class NvidiaDriver:
    """An NVIDIA driver and its graphics card.

    Attributes:
        version: for instance "580.65.06".
        name: the card's name; empty where only the driver is known.
        memory_mebibytes: the card's memory; 0 where unknown.
    """

    version: str
    name: str = ""
    memory_mebibytes: int = 0

    @property
    def major(self) -> int:
        """Major version, which decides the CUDA versions that run."""
        return int(self.version.partition(".")[0])


@dataclass(frozen=True)
class TorchBuild:
    """A build of torch.

    Attributes:
        kind: ``cpu``, ``cuda`` or ``mps``.
        indexes: addresses of PyTorch's own index that have this build, best first; empty where the plain registry
            has it. Each is tried in turn, for torch alone, then the plain registry.
        reason: why this one, in words.
        download_bytes: about how much is downloaded for the whole environment.
        disk_bytes: about how much the whole environment takes.
    """

    kind: str
    indexes: tuple[str, ...]
    reason: str
    download_bytes: int
    disk_bytes: int


def find_nvidia_driver() -> NvidiaDriver | None:
    """Returns the driver; None if there is none."""
    program = shutil.which("nvidia-smi") or next((place for place in _SMI_PLACES if Path(place).is_file()), None)
    if program is not None:
        query = [program, "--query-gpu=driver_version,name,memory.total", "--format=csv,noheader,nounits"]
        try:
            status, output = run_lines(query, environment=child_environment(), folder=Path(tempfile.gettempdir()))
        except OSError:
            status, output = 1, ""
        if status == 0:
            found = parse_smi(output)
            if found is not None:
                return found
    if DRIVER_LISTING.is_file():
        match = re.search(r"\s(\d{3,}\.\d+(?:\.\d+)?)\s", DRIVER_LISTING.read_text(errors="replace"))
        if match:
            return NvidiaDriver(match.group(1))
    return None


def parse_smi(output: str) -> NvidiaDriver | None:
    """Returns the first card that ``nvidia-smi --query-gpu=driver_version,name,memory.total`` lists, or None."""
    match = re.match(r"\s*(\d+\.[\d.]+)\s*,\s*(.+?)\s*,\s*(\d+)?", output)
    return None if match is None else NvidiaDriver(match.group(1), match.group(2), int(match.group(3) or 0))


def choose_build(
    wanted: str = "auto", *, driver: NvidiaDriver | None = None, platform: str = sys.platform
) -> TorchBuild:
    """Returns the build for this computer.

    Args:
        wanted: ``auto``, ``cpu`` or ``cuda``.
        driver: what ``find_nvidia_driver`` found.
        platform: as in ``sys.platform``.
    """
    if platform == "darwin":
        return TorchBuild("mps", (), tr("Apple's graphics are used through Metal"), CPU_DOWNLOAD_BYTES, CPU_DISK_BYTES)
    generations = () if driver is None else _cuda_generations(driver)
    if wanted == "cuda" or (wanted == "auto" and generations):
        named = driver and tr("{0}, driver {1}").format(driver.name or tr("NVIDIA card"), driver.version)
        shown = named or tr("as asked for")
        # Linux wheels of the plain registry hold the newest CUDA; Windows wheels there hold none.
        newest = CUDA_BY_DRIVER[0][1]
        tags = generations or newest
        plain_registry_has_it = platform.startswith("linux") and tags == newest
        indexes = () if plain_registry_has_it else tuple(f"{TORCH_INDEX}/{tag}" for tag in tags)
        return TorchBuild("cuda", indexes, shown, CUDA_DOWNLOAD_BYTES, CUDA_DISK_BYTES)
    if wanted == "cpu":
        reason = tr("as asked for")
    elif driver is None:
        reason = tr("no NVIDIA driver was found")
    else:
        reason = tr("the NVIDIA driver {0} is too old for this torch; with 525 or newer the card can be used").format(
            driver.version
        )
    # Where only the plain registry can be reached, Linux gets the large build with CUDA inside; it runs without a card.
    indexes = (f"{TORCH_INDEX}/cpu",) if platform.startswith("linux") else ()
    return TorchBuild("cpu", indexes, reason, CPU_DOWNLOAD_BYTES, CPU_DISK_BYTES)


def with_answering_indexes(build: TorchBuild, network: Mapping[str, str]) -> TorchBuild:
    """Returns the build without indexes that cannot be reached, so that the plan is what will be installed.

    Args:
        build: from ``choose_build``.
        network: proxy and certificate variables, see ``proxies.proxy_environment``.
    """
    answering = tuple(index for index in build.indexes if _answers(f"{index}/torch/", network))
    if answering == build.indexes:
        return build
    if answering or build.kind != "cpu":
        return replace(build, indexes=answering)
    larger = tr("the package registry's torch has CUDA inside, as PyTorch's own index cannot be reached")
    reason = f"{build.reason}; {larger}"
    return TorchBuild("cpu", (), reason, CUDA_DOWNLOAD_BYTES, CUDA_DISK_BYTES)


def _answers(address: str, network: Mapping[str, str]) -> bool:
    """Whether a server returns this page."""
    proxy = network.get("HTTPS_PROXY")
    handlers = [] if proxy is None else [ProxyHandler({"http": proxy, "https": proxy})]
    try:
        context = ssl.create_default_context(cafile=network.get("SSL_CERT_FILE") or os.environ.get("PIP_CERT") or None)
        opener = build_opener(HTTPSHandler(context=context), *handlers)
        with opener.open(Request(address, method="HEAD"), timeout=_ANSWER_SECONDS) as answer:
            return answer.status == 200
    except (OSError, ValueError):
        return False


def _cuda_generations(driver: NvidiaDriver) -> tuple[str, ...]:
    return next((tags for oldest, tags in CUDA_BY_DRIVER if driver.major >= oldest), ())
