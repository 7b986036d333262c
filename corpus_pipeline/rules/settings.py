"""Numbers of packs: with a reason in the file, plain in the code.

Enters: `{value: 9, reason: …}` in a file.  Leaves: a number in a frozen dataclass.
Errors: pydantic's, for a number without a reason, or with one of less than ten characters.
"""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, Generic, TypeVar, get_type_hints

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    StringConstraints,
    create_model,
)


class Strict(BaseModel):
    """A part of a pack: unknown keys are refused, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


NumberT = TypeVar("NumberT", int, float)


class Setting(Strict, Generic[NumberT]):
    """A number and why it is this number."""

    value: NumberT
    reason: Annotated[str, StringConstraints(min_length=10)]


class Settings:
    """Marks a frozen dataclass of numbers: in the file each of its fields is a `Setting`.

    `bounds: Annotated[LineBounds, Settings()]` reads `bounds: {window: {value: 9, reason: …}}`
    and gives `LineBounds(window=9)`.
    """

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> Any:
        """The schema of the settings, then the dataclass with their values."""

        def values(settings: BaseModel) -> Any:
            return source(**{name: setting.value for name, setting in settings})

        return handler.generate_schema(Annotated[settings_of(source), AfterValidator(values)])


@cache
def settings_of(limits: type) -> type[Strict]:
    """The model of a dataclass of numbers as a pack writes it."""
    fields: dict[str, Any] = {
        name: (Setting[int] if kind is int else Setting[float], ...)
        for name, kind in get_type_hints(limits).items()
    }
    model: type[Strict] = create_model(limits.__name__, __base__=Strict, **fields)
    return model
