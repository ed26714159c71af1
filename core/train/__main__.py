"""``python -m core.train``: train by a recipe, or fine-tune on local rasters and labels."""

from __future__ import annotations

import sys

from core.cli.train import main

sys.exit(main())
