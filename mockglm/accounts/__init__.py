"""Accounts: who may use what, how much of it, what has been used, and what they answer."""

from mockglm.accounts.account import STATES, Account, LoadCurve, Overload, State
from mockglm.accounts.balance import Price, Prices, Unit
from mockglm.accounts.ledger import Ledger, LimitUse
from mockglm.accounts.plan import (
    LEVELS,
    CreditRate,
    Level,
    PlanUsage,
    Rates,
    Window,
    WindowUse,
)
from mockglm.accounts.shared_ledger import SharedLedger

__all__ = [
    "LEVELS",
    "STATES",
    "Account",
    "CreditRate",
    "Ledger",
    "Level",
    "LimitUse",
    "LoadCurve",
    "Overload",
    "PlanUsage",
    "Price",
    "Prices",
    "Rates",
    "SharedLedger",
    "State",
    "Unit",
    "Window",
    "WindowUse",
]
