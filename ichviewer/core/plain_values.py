"""Frozen values as plain ones for JSON, and back, after the types that their fields declare.

The one thing to get wrong: what comes back is checked as a stranger's, type by type, and by the class's own
``__post_init__``; a field that is absent has its default, one that is unknown is passed over.
"""

from __future__ import annotations

import base64
import dataclasses
import math
import types
import typing
from enum import Enum
from typing import Any, TypeVar, Union

Value = TypeVar("Value")


def to_plain(value: Any) -> Any:
    """A value of frozen dataclasses, enumerations, tuples, sets, numbers, texts and bytes as plain values.

    >>> to_plain((1, b"a", frozenset({2, 1})))
    [1, 'YQ==', [1, 2]]

    Raises:
        TypeError: It holds something else.
    """
    if isinstance(value, Enum):
        return value.value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = (field.name for field in dataclasses.fields(value))
        return {name: to_plain(getattr(value, name)) for name in fields}
    if isinstance(value, frozenset):
        return sorted(to_plain(each) for each in value)
    if isinstance(value, tuple):
        return [to_plain(each) for each in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"{type(value).__name__} has no plain form.")


def from_plain(kind: type[Value], plain: Any) -> Value:
    """The value of a declared type from plain values.

    >>> from_plain(tuple[int, ...], [1, 2])
    (1, 2)

    Raises:
        ValueError: They are none of such a value.
    """
    return typing.cast(Value, _read(kind, plain))


def _read(kind: Any, plain: Any) -> Any:
    origin = typing.get_origin(kind)
    if origin in (Union, types.UnionType):
        return _one_of(typing.get_args(kind), plain)
    if origin is tuple:
        return _tuple(typing.get_args(kind), plain)
    if origin is frozenset:
        (inner,) = typing.get_args(kind)
        return frozenset(_read(inner, each) for each in _list(plain))
    if kind is None or kind is type(None):
        return _require(plain is None, None, plain, "nothing")
    if dataclasses.is_dataclass(kind):
        return _dataclass(kind, plain)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(plain)
    return _simple(kind, plain)


def _simple(kind: Any, plain: Any) -> Any:
    is_number = isinstance(plain, int | float) and not isinstance(plain, bool)
    if kind is bool:
        return _require(isinstance(plain, bool), plain, plain, "true or false")
    if kind is int:
        return _require(is_number and isinstance(plain, int), plain, plain, "a whole number")
    if kind is float:
        is_finite = is_number and math.isfinite(plain)
        return float(_require(is_finite, plain, plain, "a number"))
    if kind is str:
        return _require(isinstance(plain, str), plain, plain, "a text")
    if kind is bytes:
        return base64.b64decode(_require(isinstance(plain, str), plain, plain, "a text"), validate=True)
    raise ValueError(f"{kind} has no plain form")


def _one_of(kinds: tuple[Any, ...], plain: Any) -> Any:
    for kind in kinds:
        try:
            return _read(kind, plain)
        except (ValueError, TypeError):
            continue
    raise ValueError(f"{_short(plain)} is none of what may stand here")


def _tuple(kinds: tuple[Any, ...], plain: Any) -> tuple[Any, ...]:
    entries = _list(plain)
    if len(kinds) == 2 and kinds[1] is Ellipsis:
        return tuple(_read(kinds[0], each) for each in entries)
    if len(entries) != len(kinds):
        raise ValueError(f"{_short(plain)} has not {len(kinds)} entries")
    return tuple(_read(kind, each) for kind, each in zip(kinds, entries, strict=True))


def _dataclass(kind: Any, plain: Any) -> Any:
    if not isinstance(plain, dict):
        raise ValueError(f"{_short(plain)} is no {kind.__name__}")
    hints = typing.get_type_hints(kind)
    known = [field.name for field in dataclasses.fields(kind) if field.name in plain]
    try:
        return kind(**{name: _read(hints[name], plain[name]) for name in known})
    except TypeError as error:
        raise ValueError(f"{kind.__name__}: {error}") from error


def _list(plain: Any) -> list[Any]:
    if not isinstance(plain, list):
        raise ValueError(f"{_short(plain)} is no list")
    return plain


def _require(holds: bool, value: Any, plain: Any, what: str) -> Any:
    if not holds:
        raise ValueError(f"{_short(plain)} is not {what}")
    return value


def _short(plain: Any) -> str:
    return repr(plain)[:60]
