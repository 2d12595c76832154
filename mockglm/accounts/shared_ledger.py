"""The ledger of a session that several processes share: its use can be taken out and put back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from hashlib import blake2b

from msgspec.structs import replace

from mockglm.accounts.account import Account, LoadCurve, Overload
from mockglm.accounts.ledger import ANYBODY, Ledger, LimitUse
from mockglm.accounts.plan import PlanUsage
from mockglm.exchange import APIError, Response

Use = tuple[float, list[tuple[str, int, float, float]], dict[str, float]]
"""The begin of a ledger, its windows (owner, position in the plan, began, used), its balances."""


@lru_cache(maxsize=4096)
def hash_key(key: str) -> str:
    """Hash a key for a store, which must not hold keys; that of all others keeps its name."""
    return key if key == ANYBODY else blake2b(key.encode(), digest_size=12).hexdigest()


class SharedLedger(Ledger):
    """A ledger that knows keys by their hashes. `taken` is the slot that was taken last."""

    def __init__(
        self,
        accounts: Iterable[Account],
        overloads: Iterable[Overload],
        began: float,
        *,
        load: LoadCurve | None = None,
    ) -> None:
        accounts = tuple(accounts)
        hashed = [replace(account, key=hash_key(account.key)) for account in accounts]
        super().__init__(hashed, overloads, began, load=load)
        self.keys = frozenset(account.key for account in accounts) - {ANYBODY}
        self.taken: tuple[str, str] | None = None

    def account_error(self, key: str) -> APIError | None:
        return super().account_error(hash_key(key))

    def permission_error(self, key: str, model: str) -> APIError | None:
        return super().permission_error(hash_key(key), model)

    def charge(self, key: str, model: str, answer: Response, *, now: float) -> tuple[str, ...]:
        return super().charge(hash_key(key), model, answer, now=now)

    def plan_usage(self, key: str, now: float) -> PlanUsage | None:
        return super().plan_usage(hash_key(key), now)

    def list_limits(self, key: str, model: str, now: float) -> tuple[LimitUse, ...]:
        return super().list_limits(hash_key(key), model, now)

    def enter(self, key: str, model: str, now: float) -> APIError | Callable[[], None]:
        self.taken = None
        return super().enter(hash_key(key), model, now)

    def _take(self, key: str, model: str) -> Callable[[], None]:
        self.taken = key, model
        return super()._take(key, model)

    def capture(self) -> Use:
        """Return all that was used, slots aside."""
        windows = []
        for (owner, window), use in self.windows.items():
            account = self._account(owner)
            if account is not None:
                windows.append((owner, account.plan.index(window), use.began, use.used))
        return self._began, windows, dict(self._left)

    def restore(self, use: Use) -> None:
        """Go on from what was used before."""
        self._began, windows, left = use
        self.windows = {}
        for owner, position, began, used in windows:
            account = self._account(owner)
            if account is not None:
                self._use(owner, account.plan[position], began).used = used
        self._left = dict(left)

    def restore_slots(self, slots: Iterable[tuple[str, str]]) -> None:
        """Replace the slots by those that all processes together have taken."""
        self.slots = {}
        for slot in slots:
            self.slots[slot] = self.slots.get(slot, 0) + 1
