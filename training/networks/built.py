"""A network with its parts by name, as the phases of a recipe speak of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from torch import nn


@dataclass(frozen=True, eq=False)
class Built:
    """A network ready to be trained.

    Attributes:
        module: The network.
        body: Its leading blocks, in order; together the part ``body``.
        half: How many blocks the body's first half has, for learning rates that differ.
        parts: The other parts by name: ``head``, or an architecture's own.
        last: Layers whose biases are the scores of an empty input; they can start at what is known of the
            labels.
    """

    module: nn.Module
    body: tuple[nn.Module, ...]
    half: int
    parts: Mapping[str, tuple[nn.Module, ...]]
    last: tuple[nn.Linear | nn.Conv2d, ...] = field(default=())

    def modules_of(self, part: str) -> tuple[nn.Module, ...]:
        """The modules of a part.

        Raises:
            ValueError: There is no such part; names those there are.
        """
        if part == "body":
            return self.body
        if part not in self.parts:
            known = ", ".join(("body", *self.parts))
            raise ValueError(f"The network has no part {part!r}; it has {known}.")
        return self.parts[part]

    def rate_groups(self) -> Iterator[tuple[str, tuple[nn.Module, ...]]]:
        """First half of the body, second half, the rest: the groups of ``rate_factors``."""
        yield "body, first half", self.body[: self.half]
        yield "body, second half", self.body[self.half :]
        yield "rest", tuple(module for part in self.parts.values() for module in part)
