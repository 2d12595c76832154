"""Accounts: who may use what, how much of it, what has been used, and what they answer."""

from mockglm.accounts.account import STATES, Account, Overload, State, Window
from mockglm.accounts.balance import Price, Prices, Unit
from mockglm.accounts.ledger import Ledger

__all__ = ["STATES", "Account", "Ledger", "Overload", "Price", "Prices", "State", "Unit", "Window"]
