"""Count the mutations that the tests of the checks notice: `python -m tests.mutation [MODULE…]`."""

from __future__ import annotations

import sys
from pathlib import Path

from mockglm.conformance import checks
from tests.mutation.killing import is_noticed
from tests.mutation.mutations import find_mutations

ENOUGH = 0.98
HOME = Path(checks.__file__).parent


def main(names: list[str]) -> int:
    """Write the survivors of each module; returns 1 if there are too many."""
    noticed = total = 0
    for path in sorted(HOME.glob("*.py")):
        if path.stem == "__init__" or (names and path.stem not in names):
            continue
        found = list(find_mutations(path.read_text(encoding="utf-8")))
        survivors = [one for one in found if not is_noticed(path.stem, one.tree)]
        total += len(found)
        noticed += len(found) - len(survivors)
        sys.stdout.write(f"{path.stem}: {len(found) - len(survivors)} of {len(found)}\n")
        sys.stdout.writelines(f"  {one}\n" for one in survivors)
        sys.stdout.flush()
    sys.stdout.write(f"noticed: {noticed} of {total}, {noticed / total:.1%}\n")
    return 0 if noticed >= ENOUGH * total else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
