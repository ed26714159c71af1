"""The model runtime as seen from QGIS: installation, start, communication and diagnostics.

Everything but ``client_qt`` and ``blocking`` needs the standard library alone, so that ``make env`` and the plugin's
installer are one code.
"""
