"""``python -m training.calibration``."""

from training.calibration.command import main

main()
