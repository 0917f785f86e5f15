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
    """Return a column in another type: times as GitHub writes them, and labels by name.

    Raises:
        pyarrow.ArrowException: It cannot be read so.
    """
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if pa.types.is_string(of) and pa.types.is_timestamp(values.type):
        seconds = pc.cast(values, pa.timestamp("s", values.type.tz), safe=False)
        return pc.strftime(seconds, "%Y-%m-%dT%H:%M:%SZ")
    if of == NAMED and pa.types.is_list(values.type) and not pa.types.is_struct(values.type.value_type):
        names = pa.StructArray.from_arrays([as_type(values.flatten(), pa.string())], fields=list(of.value_type))
        return pa.ListArray.from_arrays(_offsets(values), names)
    try:
        return pc.cast(values, of)
    except pa.ArrowInvalid:
        if not pa.types.is_string(of) or not pa.types.is_binary(values.type):
            raise
        return pa.array([text and text.decode(errors="replace") for text in values.to_pylist()], of)


def _offsets(values: pa.ListArray) -> pa.Array:
    """Return where each list begins in the items of all; lists that are null are empty."""
    lengths = pc.fill_null(pc.list_value_length(values), 0)
    return pa.concat_arrays([pa.array([0], pa.int32()), pc.cast(pc.cumulative_sum(lengths), pa.int32())])
