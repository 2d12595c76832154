"""Attack mockglm and print what held: `python -m tests.attack [--quick] [--soak MINUTES]`.

All servers are processes of this checkout on loopback; nothing else is reached.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence

from tests.attack.attack import Result, judge
from tests.attack.in_bulk import attack_in_bulk
from tests.attack.on_files import attack_files
from tests.attack.on_recorders import attack_recorders
from tests.attack.on_servers import LARGE, ON_SERVERS
from tests.attack.process import running

REQUESTS, CONNECTIONS = 100_000, 2000
QUICK_REQUESTS, QUICK_CONNECTIONS = 400, 80


def attack_servers(*, is_quick: bool) -> Iterator[Result]:
    """Attack one server after the other."""
    for attacks in (ON_SERVERS,) if is_quick else (ON_SERVERS, LARGE):
        with running("serve", "--speed", "0", "--log", "none") as process:
            for attack in attacks:
                yield judge(attack, process)


def main(arguments: Sequence[str]) -> int:
    """Print a row for each attack; returns 1 if one of them succeeded."""
    parser = argparse.ArgumentParser(prog="scripts/attack", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a small part of each, in a minute")
    parser.add_argument("--soak", type=float, default=0.0, metavar="MINUTES")
    options = parser.parse_args(arguments)
    is_quick = options.quick
    results = [
        *_print(attack_servers(is_quick=is_quick)),
        *_print(attack_recorders(is_quick=is_quick)),
        *_print(attack_files(is_quick=is_quick)),
        *_print(
            attack_in_bulk(
                requests=QUICK_REQUESTS if is_quick else REQUESTS,
                connections=QUICK_CONNECTIONS if is_quick else CONNECTIONS,
                minutes=options.soak,
            )
        ),
    ]
    held = sum(one.is_held for one in results)
    sys.stdout.write(f"\nheld: {held} of {len(results)}\n")
    return 0 if held == len(results) else 1


def _print(results: Iterator[Result]) -> Iterator[Result]:
    for one in results:
        sys.stdout.write(
            f"| {one.name} | {'held' if one.is_held else 'NOT HELD'}: {one.outcome} |\n"
        )
        sys.stdout.flush()
        yield one


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
