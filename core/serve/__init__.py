"""The runtime as a server: JSON lines on stdin and stdout, one process for one QGIS (``python -m core.serve``).

``streams`` keeps stdout for the protocol alone, ``server`` reads requests and answers them, ``jobs`` decides whose turn
it is, ``dispatch`` finds the task behind a method, ``failures`` turns every exception into a plain sentence.
"""
