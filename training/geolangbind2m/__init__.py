"""GeoLangBind-2M from the published data sets: captioned shards of colour, elevation, radar, spectral and infrared."""
