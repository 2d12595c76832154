"""The store of session state that several processes share: its interface, and Redis or Valkey."""

from mockglm.store.interface import Change, Loaded, Store
from mockglm.store.records import Record, decode_journal, decode_notice, encode_record
from mockglm.store.redis_store import RedisStore, StoreOptions, parse_url
from mockglm.store.state import LedgerState, SessionState, count_queued, decode_state, encode_state

__all__ = [
    "Change",
    "LedgerState",
    "Loaded",
    "Record",
    "RedisStore",
    "SessionState",
    "Store",
    "StoreOptions",
    "count_queued",
    "decode_journal",
    "decode_notice",
    "decode_state",
    "encode_record",
    "encode_state",
    "parse_url",
]
