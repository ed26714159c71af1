"""``python -m training.geolangbind2m SOURCE FOLDER -o SHARDS``."""

from __future__ import annotations

import sys

from training.geolangbind2m.command import main

sys.exit(main())
