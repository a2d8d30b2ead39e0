"""What is told of logs and of source code."""

from typing import Literal

from pydantic import BaseModel, Field

LogFormat = Literal[
    "android", "apache_access", "apache_error", "epoch", "glog", "hdfs", "iso8601", "kernel", "logfmt", "syslog",
    "syslog_rfc5424",
]  # fmt: skip


class LogFacts(BaseModel):
    format: LogFormat = Field(description="How its lines begin.")
    entries: int = Field(description="Lines with a time stamp of this format.")
    continuation_lines: int = Field(description="Lines without one that belong to the entry above: stack traces.")
    other_lines: int = Field(description="Lines without one that stand by themselves, and before the first entry.")
    longest_entry: int = Field(description="Lines of the longest entry.")
    levels: dict[str, int] = Field(
        description="Entries of each level, called as in syslog: emergency, alert, critical, error, warning, notice, "
        "info, debug; and trace."
    )
    statuses: dict[str, int] = Field(description="Requests of each class of HTTP status, in access logs.")
    first: str | None = Field(
        description="The earliest time, ISO 8601, with its zone where it has one. Without a year the first in the "
        "file, as --MM-DDThh:mm:ss. Of kernel logs, seconds since the start."
    )
    last: str | None = Field(description="The latest time, in the same way.")
    seconds: float | None = Field(description="From the first to the last; none where the year isn't known.")
    has_year: bool = Field(description="Whether the time stamps tell their year.")
    has_zone: bool = Field(description="Whether all time stamps tell their zone.")
    out_of_order: int = Field(description="Entries with an earlier time than the entry above.")


class SourceFacts(BaseModel):
    language: str = Field(description="In lower case, as of the table below.")
    language_source: Literal["name", "shebang", "modeline", "content"] = Field(description="What told the language.")
    code_lines: int = Field(description="Lines that hold any code.")
    comment_lines: int = Field(description="Lines that hold comments and no code; doc strings of Python are comments.")
    blank_lines: int = Field(description="Lines that hold white space at most, also within comments.")
