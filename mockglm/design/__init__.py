"""The design of all pages, of the inspector and of reports: colours, type and basic parts."""

from pathlib import Path

FOLDER = Path(__file__).parent
"""The folder of `design.css`, which pages link or include."""

__all__ = ["FOLDER"]
