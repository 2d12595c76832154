"""The endpoints beside chats and messages: one table, and a module for each subject.

A module is imported when one of its paths is first requested.
"""

from mockglm.endpoints.dispatcher import Endpoints
from mockglm.endpoints.table import TABLE, EndpointRow, Mark

__all__ = ["TABLE", "EndpointRow", "Endpoints", "Mark"]
