"""What a page consists of, as far as tests care: tags, attributes, text."""

from html.parser import HTMLParser

from tests.backdoor import Desk

HTML = {"Accept": "text/html"}
EVIL = "\"><script>alert(1)</script>'<img src=x onerror=alert(2)>{0}{name}&lt;.txt"


class Outline(HTMLParser):
    """Every start tag of a page with its attributes, and the text between tags."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def page(desk: Desk, path: str) -> Outline:
    answer = desk.client.get(path, headers=HTML)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return Outline(answer.text)
