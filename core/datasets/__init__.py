"""Readers for the image sets that training and evaluation share; pixels stay as they are stored."""
