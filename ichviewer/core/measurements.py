"""All measurements of one stack, in the order in which they were drawn.

The one thing to get wrong: a number is never given twice within one collection, so whoever holds the number
of a removed measurement finds nothing, not another one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ichviewer.core.measurement import Measurement, lies_in
from ichviewer.core.plane import Plane


@dataclass(frozen=True)
class Measurements:
    """A frozen collection.

    Attributes:
        items: The measurements, first drawn first; what was drawn last lies on top.
        next_identifier: Number that the next one gets.
    """

    items: tuple[Measurement, ...] = ()
    next_identifier: int = 1

    def added(self, measurement: Measurement) -> Measurements:
        """With one more; it gets the next number, whatever number it had. It is the last of *items*."""
        numbered = replace(measurement, identifier=self.next_identifier)
        return Measurements((*self.items, numbered), self.next_identifier + 1)

    def changed(self, measurement: Measurement) -> Measurements:
        """With the measurement of the same number replaced.

        Raises:
            KeyError: There is none of this number.
        """
        self[measurement.identifier]
        same = measurement.identifier
        items = tuple(measurement if each.identifier == same else each for each in self.items)
        return replace(self, items=items)

    def removed(self, identifier: int) -> Measurements:
        """Without one of them.

        Raises:
            KeyError: There is none of this number.
        """
        self[identifier]
        return replace(self, items=tuple(each for each in self.items if each.identifier != identifier))

    def renamed(self, identifier: int, name: str) -> Measurements:
        """With another name for one of them; an empty name gives back kind and number.

        Raises:
            KeyError: There is none of this number.
        """
        return self.changed(replace(self[identifier], name=name.strip()))

    def found(self, identifier: int | None) -> Measurement | None:
        """The measurement of a number; None if there is none."""
        return next((each for each in self.items if each.identifier == identifier), None)

    def __getitem__(self, identifier: int) -> Measurement:
        measurement = self.found(identifier)
        if measurement is None:
            raise KeyError(f"There is no measurement {identifier}.")
        return measurement

    def __len__(self) -> int:
        return len(self.items)

    def on_slice(self, slice_index: int) -> tuple[Measurement, ...]:
        """Those drawn on a stored slice; a grown region is on all slices that it has voxels on."""
        return tuple(
            each
            for each in self.items
            if each.plane == slice_index
            or (each.region is not None and slice_index in each.region.slice_indices)
        )

    def on_plane(self, plane: Plane) -> tuple[Measurement, ...]:
        """Those to be drawn on a reformat, also those of stored slices that it runs along."""
        return tuple(each for each in self.items if lies_in(each, plane))


NO_MEASUREMENTS = Measurements()
