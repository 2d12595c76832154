"""What the client sent: decoded into typed data and held against the rules."""

from mockglm.request.types import Chat, Function, Message, Part, SentCall, Thinking, Tool

__all__ = ["Chat", "Function", "Message", "Part", "SentCall", "Thinking", "Tool"]
