"""``python -m core.train``: train by a recipe, or fine-tune on local rasters and labels."""

from __future__ import annotations

import sys

import training  # noqa: F401 - registers its sources; this entry point is the one module of core above training
from core.cli.train import main

sys.exit(main())
