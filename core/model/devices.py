"""Choice of device and precision, with labels for the user."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from pathlib import Path

import torch

from core.errors import DeviceError, UsageError

PRECISIONS = {"float32": torch.float32, "bf16": torch.bfloat16, "float16": torch.float16}
_ALIASES = {"bfloat16": "bf16", "fp16": "float16", "half": "float16", "fp32": "float32", "float": "float32"}


@dataclass(frozen=True)
class ComputeDevice:
    """A device and the precision it computes in.

    Attributes:
        kind: "cuda", "mps" or "cpu".
        precision: "float32", "bf16" or "float16".
        name: the processor's own name.
        memory_bytes: its memory; 0 where unknown.
        index: which GPU; 0 otherwise.
    """

    kind: str
    precision: str
    name: str
    memory_bytes: int = 0
    index: int = 0

    @property
    def torch_device(self) -> torch.device:
        """The device as torch names it."""
        return torch.device(self.kind, self.index) if self.kind == "cuda" else torch.device(self.kind)

    @property
    def autocast_dtype(self) -> torch.dtype | None:
        """The dtype to autocast to; None for float32."""
        return None if self.precision == "float32" else PRECISIONS[self.precision]

    @property
    def label(self) -> str:
        """A short description: "NVIDIA RTX A5000 24 GB, bf16" or "CPU, bf16"."""
        if self.kind == "cuda":
            return f"{self.name} {round(self.memory_bytes / 2**30)} GB, {self.precision}"
        return f"{self.name}, {self.precision}"


def choose_device(device: str = "auto", dtype: str = "auto") -> ComputeDevice:
    """Choose where to compute and how precisely.

    Args:
        device: "auto" (the first of CUDA, MPS, CPU that is there), "cpu", "cuda", "cuda:1" or "mps".
        dtype: "auto" (bf16 where the hardware multiplies it fast, else float32), "float32", "bf16" or "float16".

    Raises:
        DeviceError: the device requested is not there.
        UsageError: the device or precision is unknown.
    """
    precision = _ALIASES.get(dtype, dtype)
    if precision not in PRECISIONS and precision != "auto":
        raise UsageError(f"Unknown precision {dtype}.", hint=f"Use auto, {', '.join(PRECISIONS)}.")
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    kind, _, number = device.partition(":")
    if kind == "cuda":
        return _cuda(int(number) if number.isdigit() else 0, precision)
    if kind == "mps":
        if not torch.backends.mps.is_available():
            raise DeviceError("This computer has no Apple GPU that torch can use.", hint="Use device auto or cpu.")
        return ComputeDevice("mps", "float32" if precision == "auto" else precision, "Apple GPU")
    if kind == "cpu":
        if precision == "auto":
            precision = "bf16" if cpu_multiplies_bf16() else "float32"
        return ComputeDevice("cpu", precision, "CPU", _memory_bytes())
    raise UsageError(f"Unknown device {device}.", hint="Use auto, cpu, cuda, cuda:1 or mps.")


def cpu_multiplies_bf16() -> bool:
    """Whether this processor multiplies bf16 natively (AMX or AVX512-BF16); emulated, it is slower than float32."""
    for name in ("_is_amx_tile_supported", "_is_avx512_bf16_supported"):
        check = getattr(torch.cpu, name, None)
        if check is not None and check():
            return True
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return "amx_bf16" in flags or "avx512_bf16" in flags


def _cuda(index: int, precision: str) -> ComputeDevice:
    if not torch.cuda.is_available():
        built = "this torch was built without CUDA" if torch.version.cuda is None else "no driver or GPU was found"
        raise DeviceError(f"No NVIDIA GPU can be used: {built}.", hint="Use device auto or cpu, or run the doctor.")
    if index >= torch.cuda.device_count():
        raise DeviceError(f"There is no GPU {index}; {torch.cuda.device_count()} found.", hint="Use device auto.")
    properties = torch.cuda.get_device_properties(index)
    if precision == "auto":
        precision = "bf16" if properties.major >= 8 else "float32"
    return ComputeDevice("cuda", precision, properties.name, properties.total_memory, index)


def _memory_bytes() -> int:
    if platform.system() == "Windows":
        return 0
    import os

    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
