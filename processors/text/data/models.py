"""What may be asked of data, and what is told of it."""

from typing import Literal

from pydantic import BaseModel, Field

from processors.base import Params

ColumnType = Literal["boolean", "integer", "number", "date", "datetime", "string"]
JsonType = Literal["null", "boolean", "integer", "number", "string", "array", "object"]
TableFormat = Literal["sqlite", "parquet"]


class Csv(Params):
    """How to read CSV and TSV."""

    delimiter: Literal["auto", ",", ";", "\t", "|"] = Field("auto", description="What stands between two cells.")
    header: Literal["auto", "present", "absent"] = Field("auto", description="Whether the first row names the columns.")
    max_columns: int = Field(1000, ge=1, le=5000, description="How many columns to describe. All are counted.")
    max_record_characters: int = Field(
        1 << 20, ge=1000, le=4 << 20, description="A longer row is a bad one. So is one whose quote is closed later."
    )


class Structure(Params):
    """How to read JSON and NDJSON."""

    max_depth: int = Field(512, ge=1, le=10_000, description="How deep arrays and objects may be nested.")
    max_record_characters: int = Field(
        4 << 20, ge=1000, le=16 << 20, description="NDJSON only: a longer record is a bad one."
    )
    max_paths: int = Field(500, ge=0, le=5000, description="How many paths to tell the types of; 0 tells none.")


class Tables(Params):
    formats: tuple[TableFormat, ...] = Field(
        ("sqlite",), min_length=1, max_length=2, description="parquet needs the extra `tables`."
    )


class BadRecord(BaseModel):
    record: int = Field(description="Which record of the file it is, from 1; a header counts.")
    line: int = Field(description="The line where it begins, from 1.")
    column: int = Field(description="CSV: the first cell that is missing or too much, from 1. NDJSON: the character.")
    reason: str = Field(description="What is wrong with it.")
    text: str = Field(description="Its beginning, safe to show.")


class CsvColumn(BaseModel):
    name: str = Field(description="As the header has it, safe to show, or `column_3` where it has none.")
    type: ColumnType = Field(description="What every cell of the whole file is that isn't empty.")
    null_count: int = Field(description="Empty cells.")


class CsvTable(BaseModel):
    delimiter: str = Field(description="What stands between two cells.")
    header: bool = Field(description="Whether the first row names the columns.")
    column_count: int = Field(description="Cells in a row.")
    columns: list[CsvColumn] = Field(description="The first `max_columns` of them.")
    row_count: int = Field(description="Rows with as many cells as there are columns, without the header.")
    blank_rows: int = Field(description="Lines with nothing in them. They are no rows.")
    embedded_newlines: int = Field(description="Line ends inside cells.")
    formula_cells: int = Field(
        description="Cells that a spreadsheet would take for a formula: `=`, `+`, `-`, `@`, tab or CR in front, and no "
        "number."
    )
    bad_row_count: int = Field(description="Rows that were left out.")
    bad_rows: list[BadRecord] = Field(description="The first five of them.")


class SchemaPath(BaseModel):
    path: str = Field(description="Names joined by dots; `[]` is what an array holds. Empty: the record itself.")
    types: list[JsonType] = Field(description="What was found there. `number` includes `integer`.")
    optional: bool = Field(description="Whether some of the objects that could have it haven't.")


class JsonError(BaseModel):
    line: int = Field(description="From 1.")
    column: int = Field(description="In characters, from 1.")
    reason: str = Field(description="What is wrong there.")


class JsonDocument(BaseModel):
    valid: bool = Field(description="Whether it is JSON as RFC 8259 has it: NaN, comments and more are errors.")
    error: JsonError | None = Field(description="The first error. Nothing behind it was read.")
    top_type: JsonType | None = Field(description="What the document is.")
    max_depth: int = Field(description="How deep arrays and objects are nested.")
    duplicate_keys: int = Field(description="Names that an object had already, among the first 100,000 open ones.")
    out_of_range: int = Field(description="Whole numbers beyond 64 bits, and numbers beyond a double's range.")
    paths: list[SchemaPath] = Field(description="Where there is what, over the whole file.")
    paths_truncated: bool = Field(description="Whether there are more than `max_paths`.")


class JsonLines(BaseModel):
    record_count: int = Field(description="Valid records.")
    blank_lines: int = Field(description="Lines with nothing in them. They are no records.")
    bad_record_count: int = Field(description="Records that are no JSON, nested too deep or too long.")
    bad_records: list[BadRecord] = Field(description="The first five of them.")
    duplicate_keys: int = Field(description="Names that an object had already.")
    out_of_range: int = Field(description="Whole numbers beyond 64 bits, and numbers beyond a double's range.")
    paths: list[SchemaPath] = Field(description="Where there is what, over the whole file.")
    paths_truncated: bool = Field(description="Whether there are more than `max_paths`.")


class TablesMade(BaseModel):
    outputs: list[str] = Field(description="The files that were made.")
    columns: list[str] = Field(description="The columns' names in them: no two alike, none empty.")
    rows: int = Field(description="In each of the tables.")
    rejected: int = Field(description="Records that are in none.")
    rejected_kept: int = Field(description="How many of them stand in `rejected.ndjson`.")
