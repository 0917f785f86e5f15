"""Columns of Arrow, from whatever wrote them, as columns of the table of events."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from gis.archive.engines import ROWS_PER_GROUP
from gis.archive.tables import EVENTS
from gis.replacing import write_atomically

SCHEMA = EVENTS.to_pyarrow()
NAMED = SCHEMA.field("labels").type


def write_events(events: Path, parts: Iterable[Mapping[str, pa.Array]]) -> None:
    """Write some columns as a Parquet file of the table of events; the others are empty.

    Args:
        events: The file to write.
        parts: The columns of some rows by name, ``line`` among them.

    Raises:
        FullDiskError: There is no room for it.
        pyarrow.ArrowException: A column cannot be read as ours.
    """

    def write(temporary: Path) -> None:
        with pq.ParquetWriter(temporary, SCHEMA, compression="zstd") as writer:
            for part in parts:
                rows = len(part["line"])
                given = {**part, "file": pa.repeat(events.stem, rows)}
                columns = [
                    as_type(given[field.name], field.type) if field.name in given else pa.nulls(rows, field.type)
                    for field in SCHEMA
                ]
                writer.write_batch(pa.record_batch(columns, SCHEMA), ROWS_PER_GROUP)

    write_atomically(events, write)


def as_type(values: pa.Array, of: pa.DataType) -> pa.Array:
    """Return a column in another type: times as GitHub writes them, labels by name, and U+FFFD where a text is none.

    Raises:
        pyarrow.ArrowException: It cannot be read so.
        ValueError: Its labels have no names.
    """
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if of == NAMED:
        return _as_labels(values)
    if not pa.types.is_string(of):
        return pc.cast(values, of)
    if pa.types.is_timestamp(values.type):
        seconds = pc.cast(values, pa.timestamp("s", "UTC"), safe=False)
        return pc.strftime(seconds, "%Y-%m-%dT%H:%M:%SZ")
    try:
        texts = pc.cast(values, of)
        texts.validate(full=True)
    except pa.ArrowInvalid:
        encoded = pc.cast(values, pa.binary()).to_pylist()
        return pa.array([text and text.decode(errors="replace") for text in encoded], of)
    return texts


def _as_labels(values: pa.Array) -> pa.Array:
    """Return lists of names, or of structs with one, as lists of labels."""
    if pa.types.is_large_list(values.type):
        values = pc.cast(values, pa.list_(values.type.value_type))
    if not pa.types.is_list(values.type):
        return pc.cast(values, NAMED)
    items = values.flatten()
    if pa.types.is_struct(items.type):
        if items.type.get_field_index("name") < 0:
            raise ValueError(f"labels have no name: {items.type}")
        items = pc.struct_field(items, "name")
    names = pa.StructArray.from_arrays([as_type(items, pa.string())], fields=list(NAMED.value_type))
    return pa.ListArray.from_arrays(_offsets(values), names)


def _offsets(values: pa.ListArray) -> pa.Array:
    """Return where each list begins in the items of all; lists that are null are empty."""
    lengths = pc.fill_null(pc.list_value_length(values), 0)
    return pa.concat_arrays([pa.array([0], pa.int32()), pc.cast(pc.cumulative_sum(lengths), pa.int32())])
