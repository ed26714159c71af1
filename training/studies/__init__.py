"""Measurements behind the choices written down in docs/, each made again by one command."""
