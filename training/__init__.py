"""Recipes, data preparation and the scene simulator: everything that makes the embedded model again.

Importing it registers its training sources, so that recipes may name them.
"""

from core.pretrain.sources.registry import register_source

register_source("aerial", "training.aerial_source:AerialSource:AerialSettings")
register_source("simulated", "training.simulated_source:SimulatedSource:SimulatedSettings")
