"""An answer to which expressions are applied, in a bounded number of steps.

An expression of 500 characters can double a list at each of its steps: whoever wrote it, and
whatever the provider answers, it must not keep other accounts waiting.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from jmespath.visitor import TreeInterpreter

#: The content of :class:`Document` if there is no answer to select from.
MISSING: Final = object()
#: For all expressions on one answer. The largest documented answer needs some hundreds, and a list
#: of 10,000 entries, summed up, 30,000. All of them take a fraction of a second.
MAX_STEPS: Final = 100_000


class BudgetError(Exception):
    """The expressions of a definition need too many steps on this answer."""

    def __init__(self) -> None:
        super().__init__(
            f"the definition's expressions need more than {MAX_STEPS} steps on this answer"
        )


class _Budget:
    """The steps left on an answer, and what evaluates the expressions that take them."""

    __slots__ = ("_interpreters", "steps_left")

    def __init__(self) -> None:
        self.steps_left = MAX_STEPS
        self._interpreters: tuple[TreeInterpreter, TreeInterpreter] | None = None

    def spend(self, steps: int) -> None:
        """Take ``steps`` from the remaining ones.

        Raises:
            BudgetError: when there are not as many.
        """
        self.steps_left -= steps
        if self.steps_left < 0:
            raise BudgetError

    def interpreter(self, *, keeps_missing: bool) -> TreeInterpreter:
        """Return one that spends these steps."""
        if self._interpreters is None:
            from balance_poller.definitions.language.interpreter import (  # noqa: PLC0415 -- plain paths need none
                interpreters,
            )

            self._interpreters = interpreters(self.spend)
        return self._interpreters[keeps_missing]


class Document:
    """An answer to select from, and its remaining steps."""

    __slots__ = ("_budget", "body")

    def __init__(self, body: object, budget: _Budget | None = None) -> None:
        self.body = body
        self._budget = budget or _Budget()

    def within(self, part: object) -> Document:
        """Return a part of the answer as a document of its own; the steps left are the same."""
        return Document(part, self._budget)

    def spend(self, steps: int) -> None:
        """Take ``steps`` from the remaining ones.

        Raises:
            BudgetError: when there are not as many.
        """
        self._budget.spend(steps)

    def evaluate(self, tree: Any, *, keeps_missing: bool) -> Any:  # noqa: ANN401 -- jmespath's tree
        """Return what the parsed expression ``tree`` selects; see :class:`Expression`."""
        return self._budget.interpreter(keeps_missing=keeps_missing).visit(tree, self.body)


def is_true(value: object) -> bool:
    """Return whether ``value`` is true to JMESPath: not null, false or empty; 0 is true."""
    return not (value is None or value is False or value in ("", [], {}))
