"""The one place that states Assay's version; pyproject.toml reads it."""

__version__ = "0.1.0"
