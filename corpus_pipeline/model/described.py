"""Models whose fields are described by the docstrings below them, read when a schema is made.

Pydantic's `use_attribute_docstrings` reads and parses the source of every model at its import: a
sixth of a second at each start, for descriptions that only the JSON Schema of configs shows.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from functools import cache
from typing import Any

from pydantic import BaseModel, GetJsonSchemaHandler


class Described(BaseModel):
    """A model of options.  A docstring below a field is its description in the JSON Schema."""

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: Any, handler: GetJsonSchemaHandler, /
    ) -> dict[str, Any]:
        """The schema with the descriptions of the fields that have none of their own."""
        made = handler(schema)
        fields = handler.resolve_ref_schema(made).get("properties", {})
        for model in cls.__mro__:
            if issubclass(model, Described):
                for name, text in _docstrings(model).items():
                    if name in fields:
                        fields[name].setdefault("description", text)
        return made


@cache
def _docstrings(model: type[BaseModel]) -> dict[str, str]:
    """The docstrings below the fields of a class; none where its source is not there."""
    try:
        source = textwrap.dedent(inspect.getsource(model))
    except (OSError, TypeError):  # made by `create_model`, or at a prompt
        return {}
    (definition,) = ast.parse(source).body
    assert isinstance(definition, ast.ClassDef)
    found = {}
    for field, below in zip(definition.body, definition.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            match below:
                case ast.Expr(value=ast.Constant(value=str(text))):
                    found[field.target.id] = inspect.cleandoc(text)
    return found
