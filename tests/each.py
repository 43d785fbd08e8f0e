"""One test that asks the same of many things: a test for each would take longer to be counted than to be made."""

from collections.abc import Callable, Mapping
from typing import Any

Check = Callable[..., None]


def of_each(things: Mapping[str, tuple[Any, ...]]) -> Callable[[Check], Check]:
    """Make a check one test over all things, by their names; it fails with all for which the check does not hold."""

    def decorated(check: Check) -> Check:
        def test(*test_class: Any) -> None:
            wrong = []
            for name, values in things.items():
                try:
                    check(*test_class, *values)
                except (AssertionError, LookupError) as error:
                    error.add_note(f"for {name}")
                    wrong.append(error)
            if wrong:
                raise ExceptionGroup(f"not so for {len(wrong)} of {len(things)}", wrong)

        test.__name__, test.__doc__, test.__module__ = check.__name__, check.__doc__, check.__module__
        return test

    return decorated
