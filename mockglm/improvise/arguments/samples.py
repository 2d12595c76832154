"""What usually stands in a parameter, by its name: harmless, for an agent may act on it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeVar

__all__ = ["number", "split", "text"]

Value = TypeVar("Value")

TEXTS: Mapping[str, str] = {
    "address": "1 Example Street",
    "author": "Alice",
    "body": "This is an example.",
    "branch": "main",
    "channel": "general",
    "city": "Beijing",
    "cmd": "ls",
    "code": "print('hello')",
    "color": "blue",
    "command": "ls",
    "content": "This is an example.",
    "country": "China",
    "currency": "CNY",
    "cwd": ".",
    "date": "2026-01-15",
    "day": "Monday",
    "description": "An example",
    "dir": ".",
    "directory": ".",
    "domain": "example.com",
    "email": "user@example.com",
    "encoding": "utf-8",
    "file": "example.txt",
    "filename": "example.txt",
    "filepath": "example.txt",
    "folder": ".",
    "glob": "*.md",
    "host": "example.com",
    "id": "example-1",
    "instruction": "Look at the example",
    "key": "example",
    "keyword": "example",
    "lang": "en",
    "language": "en",
    "link": "https://example.com",
    "locale": "en-US",
    "location": "Beijing",
    "message": "Hello",
    "month": "2026-01",
    "name": "example",
    "note": "An example",
    "owner": "example",
    "path": "example.txt",
    "pattern": "example",
    "phone": "+8610000000",
    "place": "Beijing",
    "priority": "medium",
    "prompt": "Look at the example",
    "query": "example",
    "question": "Which one?",
    "reason": "As asked",
    "repo": "example",
    "repository": "example",
    "sql": "SELECT 1",
    "statement": "SELECT 1",
    "status": "open",
    "subject": "Example",
    "summary": "An example",
    "symbol": "AAPL",
    "table": "example",
    "tag": "example",
    "text": "Hello",
    "time": "09:00",
    "timestamp": "2026-01-15T09:00:00Z",
    "timezone": "Asia/Shanghai",
    "title": "Example",
    "type": "example",
    "uri": "https://example.com",
    "url": "https://example.com",
    "user": "alice",
    "username": "alice",
    "version": "1.0.0",
    "zip": "100000",
}

NUMBERS: Mapping[str, float] = {
    "age": 30,
    "amount": 100,
    "count": 5,
    "day": 15,
    "days": 3,
    "duration": 30,
    "height": 100,
    "hour": 9,
    "latitude": 39.9,
    "lat": 39.9,
    "limit": 10,
    "lng": 116.4,
    "lon": 116.4,
    "longitude": 116.4,
    "max": 10,
    "minutes": 30,
    "month": 1,
    "offset": 0,
    "page": 1,
    "port": 8080,
    "price": 9.9,
    "quantity": 1,
    "score": 0.8,
    "confidence": 0.8,
    "seconds": 10,
    "size": 10,
    "temperature": 21,
    "timeout": 60,
    "width": 100,
    "year": 2026,
}

WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def split(name: str) -> tuple[str, ...]:
    """The words of an identifier in snake, kebab or camel case, lower case."""
    return tuple(word.lower() for word in WORD.findall(name))


def text(name: str) -> str:
    """The sample for a string parameter of this name."""
    return _last(name, TEXTS) or "example"


def number(name: str) -> float:
    """The sample for a numeric parameter of this name."""
    found = _last(name, NUMBERS)
    return 1 if found is None else found


def _last(name: str, table: Mapping[str, Value]) -> Value | None:
    words = split(name)
    singular = (word.removesuffix("s") for word in reversed(words))
    return next((table[word] for word in (*reversed(words), *singular) if word in table), None)
