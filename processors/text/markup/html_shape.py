"""HTML: what it says of itself, where it leads, and its main text."""

from collections.abc import Mapping
from html import unescape

from processors.text.content import Text
from processors.text.markup.elements import BLOCKS, KNOWN, Place, level_of
from processors.text.markup.kept import Kept
from processors.text.markup.models import (
    KEPT_FIELDS,
    TEXT_CHARACTERS,
    URL_CHARACTERS,
    Heading,
    HtmlFacts,
    Link,
)
from processors.text.markup.tags import Token, Tokens
from processors.text.shape import Examined, Shape

FEW_CHARACTERS = 200  # an article with fewer is not the main text


class _Page:
    """What the first reading finds."""

    def __init__(self) -> None:
        self._place = Place()
        self._characters = {"main": 0, "article": 0, "body": 0}
        self._headings = Kept[Heading]()
        self._heading_count = 0
        self._heading: tuple[int, int] | None = None
        self._heading_text = ""
        self.title = ""
        self.lang = self.charset = self.canonical = self.description = ""
        self.open_graph: dict[str, str] = {}
        self.links = Kept[Link]()
        self.images = Kept[Link]()
        self.link_count = self.image_count = self.scripts = self.known_tags = 0
        self._is_title = False
        self._has_title = False
        self._link: tuple[str, int] | None = None
        self._link_text = ""

    def take(self, token: Token) -> None:
        if token.kind == "text":
            self._take_text(token.text)
            return
        self._place.move(token)
        if token.name in BLOCKS:
            self._end_heading()
            if level := level_of(token):
                self._heading = level, token.line
        if token.kind == "end":
            self._end(token.name)
        else:
            self._start(token)

    def _take_text(self, text: str) -> None:
        if self._is_title:
            self.title = _longer(self.title, text)
            return
        if self._link:
            self._link_text = _longer(self._link_text, text)
        if self._place.is_left_out:
            return
        if self._heading:
            self._heading_text = _longer(self._heading_text, text)
        length = len(text.strip())
        self._characters["body"] += length
        for name, depth in self._place.depths.items():
            self._characters[name] += length if depth else 0

    def _end_heading(self) -> None:
        if self._heading and (text := _line(unescape(self._heading_text))):
            self._heading_count += 1
            self._headings.add(Heading(level=self._heading[0], text=text, line=self._heading[1]))
        self._heading, self._heading_text = None, ""

    def _end(self, name: str) -> None:
        if name == "title" and self._is_title:
            self._is_title, self._has_title = False, True
        elif name == "a":
            self._keep_link()

    def _start(self, token: Token) -> None:
        self.known_tags += token.name in KNOWN
        match token.name:
            case "title":
                self._is_title = not self._has_title
            case "script":
                self.scripts += 1
            case "html":
                self.lang = self.lang or token.attributes().get("lang", "")[:TEXT_CHARACTERS]
            case "meta":
                self._meta(token.attributes())
            case "link":
                attributes = token.attributes()
                if "canonical" in attributes.get("rel", "").lower().split():
                    self.canonical = self.canonical or attributes.get("href", "")[:URL_CHARACTERS]
            case "a":
                self._keep_link()
                if (url := token.attributes().get("href")) is not None:
                    self._link = url, token.line
            case "img":
                self.image_count += 1
                attributes = token.attributes()
                self.images.add(_link(attributes.get("alt", ""), attributes.get("src", ""), token.line))

    def _keep_link(self) -> None:
        if self._link:
            self.link_count += 1
            self.links.add(_link(unescape(self._link_text), *self._link))
        self._link, self._link_text = None, ""

    def _meta(self, attributes: Mapping[str, str]) -> None:
        content = _line(attributes.get("content", ""))
        name = (attributes.get("property") or attributes.get("name") or "").lower()
        if "charset" in attributes and not self.charset:
            self.charset = attributes["charset"].strip()[:40]
        elif attributes.get("http-equiv", "").lower() == "content-type" and "charset=" in content:
            self.charset = self.charset or content.rpartition("charset=")[2].strip("\"' ")[:40]
        if name == "description":
            self.description = self.description or content
        elif name.startswith("og:") and len(self.open_graph) < KEPT_FIELDS:
            self.open_graph.setdefault(name.removeprefix("og:")[:100], content)

    def facts(self) -> HtmlFacts:
        self._keep_link()
        self._end_heading()
        main = next((name for name, count in self._characters.items() if count >= FEW_CHARACTERS), "body")
        return HtmlFacts(
            headings=self._heading_count,
            outline=self._headings.items,
            links=self.link_count,
            first_links=self.links.items,
            images=self.image_count,
            first_images=self.images.items,
            title=_line(unescape(self.title)),
            description=self.description,
            lang=self.lang,
            declared_charset=self.charset,
            canonical=self.canonical,
            open_graph=self.open_graph,
            main_element=main,
            main_characters=self._characters[main],
            scripts=self.scripts,
        )


def _longer(text: str, more: str) -> str:
    """Bounded: white space becomes less."""
    return text if len(text) >= 4 * TEXT_CHARACTERS else text + more[: 4 * TEXT_CHARACTERS]


def _line(text: str) -> str:
    return " ".join(text.split())[:TEXT_CHARACTERS]


def _link(text: str, url: str, line: int) -> Link:
    return Link(text=_line(text), url=url.strip()[:URL_CHARACTERS], line=line)


def examine(text: Text) -> Examined:
    page = _Page()
    for token in Tokens(text.blocks("html")):
        page.take(token)
    is_proved = page.known_tags > 0
    return Examined(is_proved, page.facts() if is_proved else None)


def looks_like_html(head: str) -> bool:
    beginning = head[:4096].lstrip().lower()
    return beginning.startswith(("<!doctype html", "<html", "<head", "<body")) or (
        beginning.startswith("<") and "<html" in beginning  # behind a comment; in a program's string it is none
    )


SHAPE = Shape(
    "html",
    frozenset({"htm", "html", "xhtml"}),
    frozenset({"application/xhtml+xml", "text/html"}),
    looks_like_html,
    examine,
)
