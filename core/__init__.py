"""GeoLangBind runtime: language-aligned features for any Earth-observation sensor, computed locally."""

__version__ = "0.1.0"
