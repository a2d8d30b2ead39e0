"""Lets a test make the web process's store fail, after the start: a socket takes one fault at a time.

`{"calls": [...], "nth": 2, "error": 5, "when": "before"}` arms it and is answered with a line; the next line, or the
end of the connection, disarms it, and the answer says whether it fired.
"""

import json
import os
import socketserver
import sys
import threading
from pathlib import Path


class Switch(socketserver.StreamRequestHandler):
    """One connection, one fault."""

    def handle(self) -> None:
        from tests.faults import Fault

        options = json.loads(self.rfile.readline())
        with Fault(**options) as fault:
            self.wfile.write(b"armed\n")
            self.rfile.readline()
        self.wfile.write(json.dumps({"fired": fault.fired, "log": fault.log}).encode() + b"\n")


if "ingest.web_process" in sys.orig_argv:
    address = Path(os.environ["DROPOFF_TEST_FAULTS"])
    address.unlink(missing_ok=True)  # of a process that was killed
    switchboard = socketserver.UnixStreamServer(str(address), Switch)
    threading.Thread(target=switchboard.serve_forever, name="faults", daemon=True).start()
