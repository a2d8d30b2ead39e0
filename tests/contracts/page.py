"""What a page in docs/ that tells of params and results must hold; several may tell of parts of one kind."""

import re
from collections.abc import Sequence
from typing import ClassVar

from pydantic import BaseModel

from tests.architecture import REPOSITORY
from tests.model_tables import allowed, examples, keys, params_table, result_table

Model = type[BaseModel]


def page(name: str, sections: Sequence[str] = ()) -> str:
    """A page of docs/, or those of its `sections` alone."""
    text = (REPOSITORY / "docs" / f"{name}.md").read_text(encoding="utf-8")
    parts = re.split(r"^(?=##? )", text, flags=re.MULTILINE)
    return "".join(part for part in parts if not sections or part.partition("\n")[0].strip("# ") in sections)


class Page:
    """Subclasses say what the `document` is, and which models it tells of, each in a table."""

    document: str
    params: Sequence[Model]
    results: Sequence[Model]
    also: ClassVar[Sequence[Model]] = ()  # told of in other words

    def test_every_parameter_stands_in_a_table_with_default_and_range(self) -> None:
        assert [model for model in self.params if params_table(model) not in self.document] == []

    def test_every_field_of_the_results_stands_in_a_table(self) -> None:
        assert [model for model in self.results if result_table(model) not in self.document] == []

    def test_everything_explains_itself(self) -> None:
        models = (*self.params, *self.results, *self.also)
        fields = [(model, name, field) for model in models for name, field in model.model_fields.items()]
        assert [(model, name) for model, name, field in fields if not field.description] == []

    def test_every_parameter_stands_in_an_example(self) -> None:
        shown = set(keys(examples(self.document)))
        assert {name for model in self.params for name in model.model_fields} - shown == set()

    def test_every_option_stands_in_the_document(self) -> None:
        options = {
            option for model in self.params for field in model.model_fields.values() for option in allowed(field)
        }
        assert {option for option in options if option not in self.document} == set()
