"""``python -m training.demo``: render the demo scene, prompt, classify, draw, and report accuracy."""

from __future__ import annotations

import sys

from training.demo.command import main

sys.exit(main())
