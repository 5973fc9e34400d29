"""A language server around a coding agent that runs on Mistral's Devstral models."""

__version__ = "0.1.0"
