"""DINOv2 ViT-S/14: patch tokens of its eighth block, distilled into a student (VECT)."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from core.errors import ModelError
from core.model.teachers import rgb_bands
from core.platform_folders import cache_base
from training.teachers.files import find_teacher_file
from training.teachers.sessions import open_session

BLOCK_OUTPUT = "/backbone/encoder/layer.8/Add_1_output_0"
"""Tokens after the block; later blocks of this file were fine-tuned for saliency."""
SIZE, GRID, CHANNELS = 224, 16, 384
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class DinoV2Teacher:
    """Tokens of red, green and blue.

    Raises:
        ModelError: its file, onnx or onnxruntime is not on this computer.
    """

    def __init__(self) -> None:
        self.grid = GRID
        self.channels = CHANNELS
        self._session = open_session(_cut_after_block())
        self._mean, self._deviation = (torch.tensor(values).view(3, 1, 1) for values in (MEAN, DEVIATION))

    @torch.no_grad()
    def features(self, images: Tensor, wavelengths_um: Tensor) -> Tensor:
        """Return tokens (B, 256, 384) of images (B, C, H, W) in model units.

        Raises:
            SensorError: red, green or blue is not among the bands.
        """
        unit = (images[:, list(rgb_bands(wavelengths_um))].float().cpu() + 1) / 2
        unit = F.interpolate(unit, size=(SIZE, SIZE), mode="bicubic", antialias=True, align_corners=False).clamp(0, 1)
        shown = ((unit - self._mean) / self._deviation).numpy()
        name = self._session.get_inputs()[0].name
        tokens = np.concatenate([self._session.run(None, {name: image[None]})[0] for image in shown])
        return torch.from_numpy(tokens[:, 1:]).to(images.device)


def _cut_after_block() -> Path:
    """Return the path of the network up to the block, made once."""
    whole = find_teacher_file("dinov2")
    cut = cache_base() / "teachers" / "vit_s_block8.onnx"
    if cut.is_file() and cut.stat().st_mtime_ns >= whole.stat().st_mtime_ns:
        return cut
    try:
        import onnx
    except ImportError as problem:
        raise ModelError(
            "Cutting the DINOv2 teacher needs onnx, which is not installed.",
            hint="Install the extra: pip install .[training]",
        ) from problem
    cut.parent.mkdir(parents=True, exist_ok=True)
    marked, partial = (cut.with_name(f".{os.getpid()}_{part}.onnx") for part in ("marked", "cut"))
    try:
        model = onnx.load(str(whole))
        model.graph.output.append(onnx.helper.make_tensor_value_info(BLOCK_OUTPUT, onnx.TensorProto.FLOAT, None))
        onnx.save(model, str(marked))
        onnx.utils.extract_model(str(marked), str(partial), ["input_image"], [BLOCK_OUTPUT], check_model=False)
        os.replace(partial, cut)
    finally:
        marked.unlink(missing_ok=True)
        partial.unlink(missing_ok=True)
    return cut
