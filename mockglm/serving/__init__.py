"""The running server: uvicorn with a protocol of its own, in a process or a thread."""

from mockglm.serving.garbage import collect_when_idle
from mockglm.serving.protocol import GLMProtocol
from mockglm.serving.reload import Reloader
from mockglm.serving.server import BackgroundServer, Server, bind_socket

__all__ = [
    "BackgroundServer",
    "GLMProtocol",
    "Reloader",
    "Server",
    "bind_socket",
    "collect_when_idle",
]
