"""Evaluation of JMESPath on one answer: exact numbers, and a bounded number of steps.

An expression of 500 characters can double a list at each of its steps: whoever wrote it, and
whatever the provider answers, it must not keep other accounts waiting.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from decimal import Decimal
from typing import Any, Final

from jmespath import Options, functions
from jmespath.visitor import TreeInterpreter

#: The content of :class:`Document` if there is no answer to select from.
MISSING: Final = object()
#: For all expressions on one answer. The largest documented answer needs some hundreds, and a list
#: of 10,000 entries, summed up, 30,000. All of them take a fraction of a second.
MAX_STEPS: Final = 100_000
_CHARACTERS_PER_STEP: Final = 256


class BudgetError(Exception):
    """The expressions of a definition need too many steps on this answer."""

    def __init__(self) -> None:
        super().__init__(
            f"the definition's expressions need more than {MAX_STEPS} steps on this answer"
        )


class Document:
    """An answer to select from, and its remaining steps."""

    __slots__ = ("_keeping", "_plain", "_steps_left", "body")

    def __init__(self, body: object) -> None:
        self.body = body
        self._steps_left = MAX_STEPS
        self._plain = _Interpreter(self.spend)
        self._keeping = _KeepingInterpreter(self.spend, self._plain)

    def within(self, part: object) -> Document:
        """Return a part of the answer as a document of its own; the steps left are the same."""
        document = copy(self)
        document.body = part
        return document

    def spend(self, steps: int) -> None:
        """Take ``steps`` from the remaining ones.

        Raises:
            BudgetError: when there are not as many.
        """
        self._steps_left -= steps
        if self._steps_left < 0:
            raise BudgetError

    def evaluate(self, tree: Any, *, keeps_missing: bool) -> Any:  # noqa: ANN401 -- jmespath's tree
        """Return what the parsed expression ``tree`` selects; see :class:`Expression`."""
        return (self._keeping if keeps_missing else self._plain).visit(tree, self.body)


def is_true(value: object) -> bool:
    """Return whether ``value`` is true to JMESPath: not null, false or empty; 0 is true."""
    return not (value is None or value is False or value in ("", [], {}))


class _Functions(functions.Functions):
    """JMESPath's functions with ``Decimal`` as a number."""

    @functions.signature({"types": []})
    def _func_type(self, arg: object) -> object:
        if isinstance(arg, Decimal):
            return "number"
        return super()._func_type(arg)  # type: ignore[misc]  # the stubs leave it out


_OPTIONS: Final = Options(custom_functions=_Functions())


class _Interpreter(TreeInterpreter):
    """Evaluates as JMESPath specifies, and spends a step for each node and element it visits."""

    def __init__(self, spend: Callable[[int], None]) -> None:
        super().__init__(_OPTIONS)
        self._spend = spend

    def visit(self, node: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 -- any JSON value
        self._spend(1)
        return super().visit(node, *args, **kwargs)

    def visit_flatten(self, node: Any, value: Any) -> Any:  # noqa: ANN401 -- as above
        base = self.visit(node["children"][0], value)
        if not isinstance(base, list):
            return None
        merged: list[Any] = []
        for element in base:
            parts = element if isinstance(element, list) else [element]
            self._spend(len(parts) + 1)
            merged += parts
        return merged

    def visit_slice(self, node: Any, value: Any) -> Any:  # noqa: ANN401 -- as above
        self._spend(len(value) if isinstance(value, list) else 0)
        return super().visit_slice(node, value)

    def visit_comparator(self, node: Any, value: Any) -> Any:  # noqa: ANN401 -- as above
        return super().visit_comparator(self._measured(node, value), value)

    def visit_function_expression(self, node: Any, value: Any) -> Any:  # noqa: ANN401 -- as above
        if node["value"] in ("contains", "keys"):
            node = self._measured(node, value)
        return super().visit_function_expression(node, value)

    def _measured(self, node: Any, value: Any) -> Any:  # noqa: ANN401 -- as above
        """Return ``node`` with its operands evaluated, and spend what comparing them takes."""
        operands = [self.visit(child, value) for child in node["children"]]
        self._spend_size(operands)
        return {**node, "children": [{"type": "literal", "value": found} for found in operands]}

    def _spend_size(self, value: object) -> None:
        """Spend a step for each value in ``value``, which a comparison may have to look at."""
        todo = [value]
        while todo:
            part = todo.pop()
            self._spend(1 + (len(part) // _CHARACTERS_PER_STEP if isinstance(part, str) else 0))
            if isinstance(part, list):
                todo += part
            elif isinstance(part, dict):
                todo += part.values()


class _KeepingInterpreter(_Interpreter):
    """Keeps an element for which a projection selects nothing, as None.

    JMESPath drops it, and ``packages[].left`` would be the sum of the packages that still have the
    field: a number, and a wrong one.
    """

    def __init__(self, spend: Callable[[int], None], plain: _Interpreter) -> None:
        super().__init__(spend)
        self._plain = plain

    def visit_projection(self, node: Any, value: Any) -> Any:  # noqa: ANN401 -- any JSON value
        base = self.visit(node["children"][0], value)
        return self._each(node, base) if isinstance(base, list) else None

    def visit_value_projection(self, node: Any, value: Any) -> Any:  # noqa: ANN401 -- as above
        base = self.visit(node["children"][0], value)
        return self._each(node, list(base.values())) if isinstance(base, dict) else None

    def visit_filter_projection(self, node: Any, value: Any) -> Any:  # noqa: ANN401 -- as above
        base = self.visit(node["children"][0], value)
        if not isinstance(base, list):
            return None
        condition = node["children"][2]
        # The condition is a question, not an amount: a None kept in it would be one more element.
        return self._each(node, [e for e in base if is_true(self._plain.visit(condition, e))])

    def _each(self, node: Any, elements: list[Any]) -> list[Any]:  # noqa: ANN401 -- as above
        return [self.visit(node["children"][1], element) for element in elements]
