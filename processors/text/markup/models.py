"""What is told of Markdown and of HTML."""

from pydantic import BaseModel, Field

KEPT = 1000  # headings, links or images that are listed; all are counted
TEXT_CHARACTERS = 300  # of a heading, of a link's text and of a title
URL_CHARACTERS = 2000
KEPT_FIELDS = 100  # of front matter and of meta elements
KEPT_LANGUAGES = 100


class Heading(BaseModel):
    level: int = Field(description="From 1 to 6.")
    text: str = Field(description=f"Without markup; at most {TEXT_CHARACTERS} characters.")
    line: int = Field(description="Where it begins, counted from 1.")


class Link(BaseModel):
    text: str = Field(description=f"What it says, or what an image shows; at most {TEXT_CHARACTERS} characters.")
    url: str = Field(description=f"As it is written; at most {URL_CHARACTERS} characters. Nothing is fetched.")
    line: int = Field(description="Where it begins, counted from 1.")


class Outline(BaseModel):
    """The lists hold the first `KEPT`, or fewer where these are long: a result has its limit."""

    headings: int = Field(description="How many there are.")
    outline: list[Heading] = Field(description=f"The first of them, up to {KEPT:,}.")
    links: int = Field(description="How many there are.")
    first_links: list[Link] = Field(description=f"The first of them, up to {KEPT:,}.")
    images: int = Field(description="How many there are.")
    first_images: list[Link] = Field(description=f"The first of them, up to {KEPT:,}.")


class MarkdownFacts(Outline):
    code_blocks: int = Field(description="Fenced blocks of code.")
    code_languages: dict[str, int] = Field(
        description=f"How many of them name which language; {KEPT_LANGUAGES} languages at most."
    )
    front_matter: dict[str, str] = Field(
        description=f"The plain fields of the front matter, the first {KEPT_FIELDS}: name and value as written."
    )
    tables: int = Field(description="How many there are.")
    open_tasks: int = Field(description="List items with an empty box.")
    done_tasks: int = Field(description="List items with a ticked box.")


class HtmlFacts(Outline):
    title: str = Field(description="Of the document; empty if it has none.")
    description: str = Field(description="What the meta element says; empty if there is none.")
    lang: str = Field(description="Of the root element; empty if it says none.")
    declared_charset: str = Field(description="What a meta element says; the file was read as `encoding`.")
    canonical: str = Field(description="The canonical URL; empty if there is none.")
    open_graph: dict[str, str] = Field(description=f"The og: properties, the first {KEPT_FIELDS}.")
    main_element: str = Field(description="The element that holds the main text: main, article, or body.")
    main_characters: int = Field(
        description="Of the main text as it is written, without navigation, header, footer, asides and forms."
    )
    scripts: int = Field(description="Script elements. None is executed.")


class MainTextMade(BaseModel):
    outputs: list[str] = Field(description="The files that were made: none if there is no text.")
    characters: int = Field(description="Of main.txt: white space is one space, and a blank line parts paragraphs.")
