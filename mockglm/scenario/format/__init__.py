"""The types of the file: what may be written, and the source of its JSON Schema."""

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
