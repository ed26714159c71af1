"""Writes the sample scene of the plugin, a part of the simulated demo scene: ``python scripts/sample_scene.py``.

Reflectance is rounded to 0.002, which is below the noise of the sensor and halves the file.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
import rasterio
from rasterio.windows import Window

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from training.simulate.demo import write_demo  # noqa: E402 - of the checkout

TARGET = ROOT / "resources" / "sample" / "sample_scene.tif"
PART = Window(64, 128, 512, 512)
STEP = 20
"""Digital numbers of 0.0001 that are told apart."""


def main() -> None:
    """Render the demo scene and keep a part of it."""
    TARGET.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        write_demo(Path(folder))
        with rasterio.open(Path(folder) / "scene.tif") as scene:
            values = scene.read(window=PART)
            profile = scene.profile | {"width": PART.width, "height": PART.height}
            profile |= {"transform": scene.window_transform(PART), "compress": "deflate", "predictor": 2, "zlevel": 9}
            profile |= {"interleave": "band", "blockxsize": 128, "blockysize": 128}
            with rasterio.open(TARGET, "w", **profile) as target:
                target.write(np.maximum((values + STEP // 2) // STEP * STEP, STEP * (values > 0)))
                target.update_tags(**scene.tags())
                target.scales, target.offsets = scene.scales, scene.offsets
                for band, name in enumerate(scene.descriptions, start=1):
                    target.set_band_description(band, name)
    print(f"{TARGET}  {TARGET.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
