"""The ledger of a session: the use of accounts, and the errors once a limit is reached."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from math import ceil

from msgspec import Struct

from mockglm.accounts.account import STATES, Account, LoadCurve, Overload
from mockglm.accounts.balance import cost, usage_of
from mockglm.accounts.plan import DAY, PlanUsage, Window, WindowUse, credit_cost
from mockglm.clock import local
from mockglm.exchange import APIError, Response
from mockglm.models import MODELS

ANYBODY = "*"
"""The key of the account that stands for all that are not listed, each by itself."""

RESET = "%Y-%m-%d %H:%M:%S"
"""The service's format of a reset time: Beijing local time without an offset."""

FEW = 64
"""Windows that are kept without a look at which of them are over."""

ANSWERED = 200
EXACT = 9
"""Decimals of a balance: so many that thirds of a fen add up, too few for a float's last digits."""

UNITS = ((DAY, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


class _Use(Struct):
    """The use of one window: when it began (unix seconds), and what was used since."""

    began: float
    used: float = 0


class LimitUse(Struct, frozen=True):
    """One limit of a key and its use; of a balance, `limit` is the rest. `resets` is in unix
    seconds, None for a limit without a reset."""

    name: str
    used: float | None
    limit: float
    resets: float | None = None


class Ledger:
    """The use of every account, and the models that are overloaded. `began` is in unix seconds.

    An open ledger has no accounts, no overloads and no `load`: it limits nothing and counts
    nothing.
    """

    def __init__(
        self,
        accounts: Iterable[Account],
        overloads: Iterable[Overload],
        began: float,
        *,
        load: LoadCurve | None = None,
    ) -> None:
        self._accounts: Mapping[str, Account] = {account.key: account for account in accounts}
        self._anybody = self._accounts.get(ANYBODY)
        self.keys = frozenset(self._accounts) - {ANYBODY}
        self._overloads = tuple(overloads)
        self._load = load
        self.is_open = not self._accounts and not self._overloads and load is None
        self._began = began
        self.slots: dict[tuple[str, str], int] = {}
        self.windows: dict[tuple[str, Window], _Use] = {}
        self._most = FEW
        self._left: dict[str, float] = {}

    @property
    def takes_all(self) -> bool:
        """True if there is an account for every key that has none of its own."""
        return self._anybody is not None

    @property
    def in_flight(self) -> int:
        """The number of slots taken."""
        return sum(self.slots.values())

    @property
    def stretch(self) -> float:
        """The factor by which the requests in flight make replies slower."""
        return 1.0 if self._load is None else self._load.stretch(self.in_flight)

    def account_error(self, key: str) -> APIError | None:
        """Return the error of an account's state, None if it is in order."""
        account = self._account(key)
        code = STATES.get(account.state) if account else None
        return APIError(code) if code else None

    def has_plan(self, key: str) -> bool:
        """True if an account has a Coding Plan; a key without an account is given the benefit."""
        account = self._account(key)
        return account is None or bool(account.plan) or account.models is not None

    def permission_error(self, key: str, model: str) -> APIError | None:
        """Return the error for a model: no permission, not in the plan, no balance.

        A request without a model needs a balance alone.
        """
        account = self._account(key)
        if account is None:
            return None
        if _fits(model, account.denied):
            return APIError("1220", fields={"api": model})
        if account.models is not None and model and not _fits(model, account.models):
            return APIError("1311", fields={"model": model})
        left = self._balance(key, account)
        if left is not None and left <= 0 and not _is_free(model):
            return APIError("1113")
        return None

    def charge(self, key: str, model: str, answer: Response, *, now: float) -> tuple[str, ...]:
        """Take what an answer costs from a balance and a plan; return what is left, in words."""
        account = self._account(key)
        if account is None or answer.status != ANSWERED:
            return ()
        return self._charge_balance(key, model, answer) + self._charge_plan(
            key, model, answer, now=now
        )

    def plan_usage(self, key: str, now: float) -> PlanUsage | None:
        """Return the use of a key's plan at a time in unix seconds; None without a plan."""
        account = self._account(key)
        if account is None or not account.plan:
            return None
        return PlanUsage(account.level, tuple(self._read(key, one, now) for one in account.plan))

    def list_limits(self, key: str, model: str, now: float) -> tuple[LimitUse, ...]:
        """List the limits of a key for a model, with their use at a time in unix seconds."""
        account = self._account(key)
        if account is None:
            return ()
        found: list[LimitUse] = []
        left = self._balance(key, account)
        if left is not None:
            found.append(LimitUse(f"balance ({account.unit})", None, left))
        for use in (self._read(key, window, now) for window in account.plan):
            name = f"{use.window.counts} in {use.window.seconds:g} s"
            found.append(LimitUse(name, use.used, use.window.limit, use.resets))
        most = next((most for glob, most in account.concurrency if fnmatchcase(model, glob)), None)
        if most is not None:
            found.append(LimitUse("concurrency", self.slots.get((key, model), 0), most))
        return tuple(found)

    def enter(self, key: str, model: str, now: float) -> APIError | Callable[[], None]:
        """Take a slot and count the request, or say which limit is in the way.

        What is returned gives the slot back; calling it again does nothing.
        """
        failure = self._overloaded(model, now) or self._limited(key, model, now)
        if failure is not None:
            return failure
        account = self._account(key)
        for window in account.plan if account else ():
            self._use(key, window, now).used += window.counts == "requests"
        return self._take(key, model)

    def _account(self, key: str) -> Account | None:
        return self._accounts.get(key, self._anybody)

    def _balance(self, key: str, account: Account) -> float | None:
        return self._left.get(key, account.balance)

    def _charge_balance(self, key: str, model: str, answer: Response) -> tuple[str, ...]:
        account = self._account(key)
        left = self._balance(key, account) if account else None
        if account is None or left is None:
            return ()
        if _is_free(model):
            return (f"{model} is free, {_told(left, account.unit)}",)
        spent = cost(answer, model, unit=account.unit, prices=account.prices)
        left = self._left[key] = round(left - spent, EXACT)
        return (_told(left, account.unit),)

    def _charge_plan(
        self, key: str, model: str, answer: Response, *, now: float
    ) -> tuple[str, ...]:
        account = self._account(key)
        windows = [one for one in account.plan if one.counts == "credits"] if account else []
        if account is None or not windows:
            return ()
        spent = credit_cost(usage_of(answer), model, now, rates=account.rates)
        for window in windows:
            use = self._use(key, window, now)
            use.used = round(use.used + spent, EXACT)
        return (_told(min(self._read(key, one, now).remaining for one in windows), "credits"),)

    def _read(self, key: str, window: Window, now: float) -> WindowUse:
        use = self.windows.get((key, window))
        if use is None or now >= use.began + window.seconds:
            return WindowUse(window, 0, None)
        return WindowUse(window, use.used, use.began + window.seconds)

    def _overloaded(self, model: str, now: float) -> APIError | None:
        load = self._load
        if load is not None and load.overload is not None and self.in_flight >= load.overload:
            return APIError("1305")
        for overload in self._overloads:
            passed = overload.seconds is not None and now >= self._began + overload.seconds
            if not passed and fnmatchcase(model, overload.model):
                return APIError("1305")
        return None

    def _limited(self, key: str, model: str, now: float) -> APIError | None:
        account = self._account(key)
        if account is None:
            return None
        for window in account.plan:
            use = self._use(key, window, now)
            if use.used >= window.limit:
                return _used_up(window, use.began + window.seconds)
        limit = next((most for glob, most in account.concurrency if fnmatchcase(model, glob)), None)
        if limit is not None and self.slots.get((key, model), 0) >= limit:
            return APIError("1302")
        return None

    def _use(self, key: str, window: Window, now: float) -> _Use:
        """The use of a window; it begins with a request and is over after its seconds."""
        use = self.windows.get((key, window))
        if use is None or now >= use.began + window.seconds:
            self._sweep(now)
            use = self.windows[key, window] = _Use(now)
        return use

    def _sweep(self, now: float) -> None:
        """Forget the windows that are over, when there are twice as many as were left before."""
        if len(self.windows) < self._most:
            return
        held = self.windows.items()
        self.windows = {one: use for one, use in held if now < use.began + one[1].seconds}
        self._most = max(FEW, 2 * len(self.windows))

    def _take(self, key: str, model: str) -> Callable[[], None]:
        slot = key, model
        self.slots[slot] = self.slots.get(slot, 0) + 1
        held = [slot]

        def release() -> None:
            if held:
                self._leave(held.pop())

        return release

    def _leave(self, slot: tuple[str, str]) -> None:
        left = self.slots.pop(slot) - 1
        if left:
            self.slots[slot] = left


def _is_free(model: str) -> bool:
    known = MODELS.get(model)
    return known is not None and known.is_free


def _told(left: float, unit: str) -> str:
    figure = f"{left:.{EXACT}f}".rstrip("0").rstrip(".")
    return f"{unit} left: {figure}"


def _fits(model: str, globs: Iterable[str]) -> bool:
    return any(fnmatchcase(model, glob) for glob in globs)


def _used_up(window: Window, until: float) -> APIError:
    """1308 names the window, 1310 is the week's and the month's; both tell when it ends."""
    reset = local(ceil(until), RESET)
    if window.seconds >= DAY:
        return APIError("1310", fields={"reset": reset})
    size, unit = next(pair for pair in UNITS if window.seconds >= pair[0])
    number = f"{window.seconds / size:g}"
    return APIError("1308", fields={"number": number, "unit": unit, "reset": reset})
