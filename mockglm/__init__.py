"""Play, record, break and judge the Zhipu GLM v4 chat API."""

__version__ = "0.1.0"

__all__ = ["__version__"]
