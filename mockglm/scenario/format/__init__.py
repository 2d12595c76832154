"""The types of the file: what may be written, and the source of its JSON Schema.

Annotations are no text in these modules: msgspec would compile each of them at every start.
"""

from mockglm.scenario.format.file import (
    Account,
    File,
    Interaction,
    Model,
    Overload,
    Package,
    Price,
    Recording,
    Window,
)
from mockglm.scenario.format.left import Recorded, When
from mockglm.scenario.format.right import (
    Bytes,
    Chunks,
    Error,
    Filter,
    Pace,
    Reply,
    Response,
    ToolCall,
)

__all__ = [
    "Account",
    "Bytes",
    "Chunks",
    "Error",
    "File",
    "Filter",
    "Interaction",
    "Model",
    "Overload",
    "Pace",
    "Package",
    "Price",
    "Recorded",
    "Recording",
    "Reply",
    "Response",
    "ToolCall",
    "When",
    "Window",
]
