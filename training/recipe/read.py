"""From a TOML file to a Recipe, strictly: every error names the file, the line and the key.

A file may say ``extends = "other"``: it then holds only what differs from ``other.toml`` beside it or, where
there is none, among the shipped recipes.
Tables are merged key by key; everything else, the list of phases too, is replaced as a whole.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, asdict, fields, is_dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from training.recipe.check import faults_of
from training.recipe.lines import line_of_key
from training.recipe.tree import Recipe

RECIPES = Path(__file__).resolve().parents[1] / "recipes"


class RecipeError(ValueError):
    """A recipe cannot be used; the message names file, line and key."""


class _Fault(Exception):
    """What is wrong, and with which key; the file and line are found later."""

    def __init__(self, key: str, fact: str) -> None:
        super().__init__(fact)
        self.key, self.fact = key, fact


def read_recipe(path: Path) -> Recipe:
    """Read a recipe file.

    Raises:
        RecipeError: The file is not a complete recipe.
    """
    files, values = _merged(path, ())
    try:
        recipe: Recipe = _value(Recipe, values, "")
        for key, fact in faults_of(recipe):
            raise _Fault(key, fact)
    except _Fault as fault:
        raise RecipeError(f"{_place(files, fault.key)}: {fault.fact}") from fault
    if recipe.name != path.stem:
        raise RecipeError(f"{_place(files, 'name')}: the name {recipe.name!r} is not the file's.")
    return recipe


def named_recipe(name: str) -> Recipe:
    """A shipped recipe by its name.

    Raises:
        RecipeError: There is none, which names those that are nearest, or it is faulty.
    """
    if name not in recipe_names():
        near = get_close_matches(name, recipe_names(), n=5, cutoff=0.4)
        listed = f"near it are {', '.join(near)}" if near else f"there are {', '.join(recipe_names())}"
        raise RecipeError(
            f"There is no recipe {name!r}; {listed}. A recipe of your own is named by its .toml file."
        )
    return read_recipe(RECIPES / f"{name}.toml")


def recipe_of(text: str) -> Recipe:
    """A recipe as it is asked for on a command line: a shipped one's name, or the path of a .toml file, with
    another seed after an @. With one, its runs are its own: they are named NAME@SEED.

    Raises:
        RecipeError: There is none, it is faulty, or the seed is no number.
    """
    where, at, seed = text.partition("@")
    recipe = read_recipe(Path(where)) if where.endswith(".toml") else named_recipe(where)
    if not at:
        return recipe
    if not (seed.isascii() and seed.isdigit()):
        raise RecipeError(f"{text}: the seed {seed!r} is no whole number.")
    return replace(recipe, name=f"{recipe.name}@{seed}", seed=int(seed))


def recipe_names() -> list[str]:
    """The shipped recipes, sorted."""
    return sorted(path.stem for path in RECIPES.glob("*.toml"))


def recipe_to_dict(recipe: Recipe) -> dict[str, Any]:
    """As plain values, whole, for a card or a run's folder; what came later stands there only where it is
    used, so that finished runs stay what they are.
    """
    values = {**asdict(recipe), "preprocessing": recipe.preprocessing.to_dict()}
    if not recipe.smoothing_mm:
        del values["smoothing_mm"]
    if recipe.label_level == "slice":
        del values["label_level"]
    if not recipe.sampling.bleed_patch_share:
        del values["sampling"]["bleed_patch_share"]
    return values


WORDS = frozenset(("summary", "reports", "assumed", "remark"))
"""Of a recipe, what changes no score."""


def learned_part(values: Mapping[str, Any]) -> dict[str, Any]:
    """Of what ``recipe_to_dict`` gave, what a network depends on: scores are smoothed after it learned."""
    return {key: value for key, value in values.items() if key != "smoothing_mm"}


def recipe_from_dict(values: Mapping[str, Any]) -> Recipe:
    """Read back what ``recipe_to_dict`` gave, through JSON too.

    Raises:
        RecipeError: A value is missing, unknown or of the wrong kind.
    """
    try:
        recipe: Recipe = _value(Recipe, values, "")
    except _Fault as fault:
        raise RecipeError(f"{fault.key}: {fault.fact}") from fault
    return recipe


def _merged(path: Path, below: tuple[Path, ...]) -> tuple[list[tuple[Path, str]], dict[str, Any]]:
    """All files that a recipe is made of, its own first, and their values in one."""
    if path in below:
        raise RecipeError(f"{path}: the recipe extends itself.")
    try:
        text = path.read_text(encoding="utf-8")
        values = tomllib.loads(text)
    except OSError as error:
        raise RecipeError(f"{path}: cannot be read: {error.strerror}.") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RecipeError(f"{path}: is not TOML: {error}.") from error
    extended = values.pop("extends", None)
    if extended is None:
        return [(path, text)], values
    files, base = _merged(_extended(path, text, extended), (*below, path))
    return [(path, text), *files], _overlaid(base, values)


def _extended(path: Path, text: str, name: object) -> Path:
    """The file that a recipe extends: the one beside it before the shipped one."""
    place = _place([(path, text)], "extends")
    if not isinstance(name, str):
        raise RecipeError(f"{place}: extends = {name!r} is not the name of a recipe.")
    beside, shipped = path.parent / f"{name}.toml", RECIPES / f"{name}.toml"
    for found in (beside, shipped):
        if found.exists():
            return found
    raise RecipeError(f"{place}: there is no recipe {name!r} to extend, neither {beside} nor {shipped}.")


def _overlaid(base: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in values.items():
        old = merged.get(key)
        both_tables = isinstance(old, dict) and isinstance(value, dict)
        merged[key] = _overlaid(old, value) if both_tables else value  # type: ignore[arg-type]
    return merged


def _place(files: list[tuple[Path, str]], key: str) -> str:
    """File and line of a key; of the table that should hold it where it is missing."""
    while True:
        for path, text in files:
            line = line_of_key(text, key)
            if line:
                return f"{path}, line {line}"
        if not key:
            return str(files[0][0])
        key = key.rpartition(".")[0] if "." in key else ""


def _value(kind: Any, value: Any, key: str) -> Any:
    """*value* as the annotated *kind*, or a fault that names *key*."""
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        return _one_of(get_args(kind), value, key)
    if origin is Literal:
        if value not in get_args(kind):
            raise _Fault(key, f"{key} = {value!r} is not one of {', '.join(map(repr, get_args(kind)))}.")
        return value
    if origin is tuple:
        return _sequence(get_args(kind), value, key)
    if origin is dict:
        if not isinstance(value, Mapping):
            raise _Fault(key, f"{key} is not a table.")
        return {name: _value(get_args(kind)[1], item, f"{key}.{name}") for name, item in value.items()}
    if is_dataclass(kind):
        return _dataclass(kind, value, key)
    return _plain(kind, value, key)


def _plain(kind: Any, value: Any, key: str) -> Any:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind is float and isinstance(value, float) and not math.isfinite(value):
        raise _Fault(key, f"{key} = {value} is no finite number.")
    # bool is an int to Python, not to a reader of recipes.
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        name = "nothing" if kind is NoneType else kind.__name__
        raise _Fault(key, f"{key} = {value!r} is not of the kind {name}.")
    return value


def _one_of(kinds: tuple[Any, ...], value: Any, key: str) -> Any:
    facts = []
    for kind in kinds:
        try:
            return _value(kind, value, key)
        except _Fault as fault:
            facts.append(fault.fact)
    raise _Fault(key, " Or: ".join(facts))


def _sequence(kinds: tuple[Any, ...], value: Any, key: str) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise _Fault(key, f"{key} = {value!r} is not a list.")
    if kinds[-1] is Ellipsis:
        kinds = (kinds[0],) * len(value)
    if len(value) != len(kinds):
        raise _Fault(key, f"{key} has {len(value)} values, not {len(kinds)}.")
    return tuple(
        _value(kind, item, f"{key}[{index}]")
        for index, (kind, item) in enumerate(zip(kinds, value, strict=True))
    )


def _dataclass(kind: Any, values: Any, key: str) -> Any:
    if not isinstance(values, Mapping):
        raise _Fault(key, f"{key} is not a table.")
    hints = get_type_hints(kind)
    known = {field.name: field for field in fields(kind)}
    inside = f"{key}." if key else ""
    for name in values:
        if name not in known:
            raise _Fault(
                inside + name, f"the key {inside + name!r} is not known; known are {', '.join(known)}."
            )
    given = {}
    for name, field in known.items():
        if name in values:
            given[name] = _value(hints[name], values[name], inside + name)
        elif field.default is MISSING and field.default_factory is MISSING:
            raise _Fault(inside + name, f"the key {inside + name!r} is missing.")
    try:
        return kind(**given)
    except ValueError as error:
        raise _Fault(key, f"{key}: {error}") from error
