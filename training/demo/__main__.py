"""``python -m training.demo``: render the demo scene, prompt it, classify it, show it, and say how good it is."""

from __future__ import annotations

import sys

from training.demo.command import main

sys.exit(main())
