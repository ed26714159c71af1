"""The model runtime seen from QGIS: setting its environment up, starting it, talking to it, reporting on it.

Everything but ``client_qt`` and ``blocking`` needs the standard library alone, so that ``make env`` and the plugin's
installer are one code.
"""
