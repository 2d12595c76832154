"""The running server: uvicorn with a protocol that can reset, as a process or in a thread."""

from mockglm.serving.protocol import GLMProtocol
from mockglm.serving.quiet import collect
from mockglm.serving.reload import Reloader
from mockglm.serving.server import Background, Server, listen

__all__ = [
    "Background",
    "GLMProtocol",
    "Reloader",
    "Server",
    "collect",
    "listen",
]
