"""A real browser without a screen, driven over a pipe by the Chrome DevTools Protocol."""

import json
import os
import select
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.programs import require

FLAGS = (
    "--headless --remote-debugging-pipe --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync --disable-default-apps "
    "--disable-dev-shm-usage --no-pings --hide-scrollbars"
)
# The browser's own calls home must not leave this machine.
NOWHERE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
PATIENCE_SECONDS = 30.0

Message = dict[str, Any]


class Browser:
    """One page. `requests` is every address it asked for, `complaints` all that its console and its policy said."""

    def __init__(self, to_browser: int, from_browser: int) -> None:
        self._out = to_browser
        self._in = from_browser
        self._received = b""
        self._last_id = 0
        self._session: str | None = None
        self.requests: list[str] = []
        self.complaints: list[str] = []
        target = self.tell("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.tell("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log", "DOM"):
            self.tell(f"{domain}.enable")

    def open(self, url: str) -> None:
        self.tell("Page.navigate", url=url)
        self.wait_for(f"document.readyState === 'complete' && location.href === {json.dumps(url)}")

    def wait_for(self, condition: str) -> None:
        """Until a JavaScript expression is true, whatever page is there by then."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self.ask(
            "new Promise(done => { const until = Date.now() + 500; const look = () => "
            f"({condition}) ? done(true) : Date.now() > until ? done(false) : setTimeout(look, 10); look(); }})"
        ):
            assert time.monotonic() < deadline, f"{condition}: {self.text()}"

    def ask(self, expression: str) -> Any:
        """The value of a JavaScript expression, or of its promise; None if the page went away meanwhile."""
        answer = self.tell("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        return answer.get("result", {}).get("value")

    def text(self) -> str:
        return str(self.ask("document.body.innerText"))

    def choose_file(self, selector: str, *files: Path) -> None:
        root = self.tell("DOM.getDocument")["root"]["nodeId"]
        node = self.tell("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.tell("DOM.setFileInputFiles", nodeId=node, files=[str(file) for file in files])

    def tell(self, method: str, **parameters: Any) -> Message:
        self._last_id += 1
        command: Message = {"id": self._last_id, "method": method, "params": parameters}
        if self._session:
            command["sessionId"] = self._session
        os.write(self._out, json.dumps(command).encode() + b"\0")
        while True:
            message = self._receive()
            if message.get("id") == self._last_id:
                result: Message = message.get("result", {})
                return result
            self._note(message)

    def _receive(self) -> Message:
        while b"\0" not in self._received:
            assert select.select([self._in], [], [], PATIENCE_SECONDS)[0], "the browser is silent"
            data = os.read(self._in, 1 << 20)
            assert data, "the browser has gone"
            self._received += data
        message, _, self._received = self._received.partition(b"\0")
        parsed: Message = json.loads(message)
        return parsed

    def _note(self, event: Message) -> None:
        match event:
            case {"method": "Network.requestWillBeSent", "params": {"request": {"url": url}}}:
                self.requests.append(url)
            case {"method": "Runtime.exceptionThrown" | "Runtime.consoleAPICalled" | "Log.entryAdded" as name}:
                self.complaints.append(f"{name}: {json.dumps(event['params'])}")


@contextmanager
def open_browser(*flags: str) -> Iterator[Browser]:
    """The protocol's pipe is the descriptors 3 and 4 of the browser, which a shell puts in their place."""
    require("chromium")
    theirs_in, ours_out = os.pipe()
    ours_in, theirs_out = os.pipe()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [
                *("bash", "-c", f'exec "$@" 3<&{theirs_in} 4>&{theirs_out}', "sh"),
                *("chromium", *FLAGS.split(), NOWHERE, f"--user-data-dir={profile}", *flags),
            ],
            pass_fds=(theirs_in, theirs_out),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        try:
            yield Browser(ours_out, ours_in)
        finally:
            os.close(ours_out)  # the end of the pipe ends the browser
            os.close(ours_in)
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                with suppress(subprocess.TimeoutExpired):  # one that the kernel can't end must not hold the tests up
                    process.wait(timeout=10)
