"""Measurements behind the decisions in docs/, each reproduced by one command."""
