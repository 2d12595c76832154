"""The running server: uvicorn with a protocol that can reset, as a process or in a thread."""

from mockglm.serving.garbage import collect_when_idle
from mockglm.serving.protocol import GLMProtocol
from mockglm.serving.reload import Reloader
from mockglm.serving.server import BackgroundServer, Server, listen

__all__ = [
    "BackgroundServer",
    "GLMProtocol",
    "Reloader",
    "Server",
    "collect_when_idle",
    "listen",
]
