"""Salus: one workbench for medical deep learning, one protocol, evidence one can believe."""

__version__ = "0.1.0"
