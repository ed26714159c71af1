"""One converter for each of GeoLangBind-2M's sources, from the folder layout it is published in."""
