"""The supervisor: takes the data folder, migrates, binds, starts web and worker processes and starts them again.

It does nothing else, so that there is little in it that can die. Its children die with it: each holds a leash.
"""

import fcntl
import importlib.util
import logging
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ingest import logs
from ingest.dispatch import open_dispatch
from ingest.jobs import migrate
from ingest.jobs.base import StoreRefused
from ingest.leash import DRAIN, STOP
from ingest.search import open_search
from ingest.search.base import IndexUnavailable
from ingest.settings import Settings, SettingsError, listed
from processors import registry, vet
from storage import open_files
from storage.base import StorageError

log = logging.getLogger("ingest.serve")  # __name__ is __main__ here

SHORT_LIFE_SECONDS = 2.0  # a child that dies sooner than this is started again later and later
RESTART_CAP_SECONDS = 5.0
BACKLOG = 2048
MODULES = {"vips": "pyvips", "heif": "pillow_heif"}  # what each extra brings
FAREWELL_SECONDS = 10.0  # beyond the grace period, before a child is killed


class Refused(Exception):
    """The server can't start; says why."""


@dataclass(slots=True)
class Child:
    """A process that shall always run: how to start it, and the one that runs now."""

    name: str
    module: str
    pass_descriptors: Mapping[str, int]
    environment: Mapping[str, str]
    process: subprocess.Popen[bytes] | None = None
    leash: socket.socket | None = None
    pidfd: int = -1
    started_at: float = 0.0
    short_lives: int = 0
    start_at: float = field(default=0.0)

    def start(self) -> None:
        ours, theirs = socket.socketpair()
        descriptors = {**self.pass_descriptors, "leash": theirs.fileno()}
        command = [sys.executable, "-m", self.module]
        for flag, descriptor in descriptors.items():
            command += [f"--{flag}", str(descriptor)]
        with theirs:
            # A session of its own: Ctrl-C at the terminal reaches the supervisor alone, which then drains.
            self.process = subprocess.Popen(
                command,
                pass_fds=tuple(descriptors.values()),
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        try:
            self.pidfd = os.pidfd_open(self.process.pid)
        except OSError:
            self.process.kill()
            self.process.wait()
            self.process = None
            ours.close()
            raise
        self.leash = ours
        self.started_at = time.monotonic()

    def tell(self, command: str) -> None:
        if self.leash is not None:
            try:
                self.leash.sendall(f"{command}\n".encode())
            except OSError:
                log.debug("%s is gone already", self.name)

    def bury(self) -> int:
        """After its death: collect the exit status and set the time of the next start."""
        assert self.process is not None
        status = self.process.wait()
        os.close(self.pidfd)
        if self.leash is not None:
            self.leash.close()
        self.process, self.leash, self.pidfd = None, None, -1
        lived = time.monotonic() - self.started_at
        self.short_lives = self.short_lives + 1 if lived < SHORT_LIFE_SECONDS else 0
        delay = 0.0 if self.short_lives <= 1 else min(0.1 * 2**self.short_lives, RESTART_CAP_SECONDS)
        self.start_at = time.monotonic() + delay
        return status


class Supervisor:
    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.run_folder = settings.data / "run"
        self.run_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = lock_folder(self.run_folder)
        check_extras(settings)
        prepare(settings)
        self.listener = bind(settings)
        environment = {**os.environ, "DROPOFF_KINDS": ",".join(offered_kinds(settings))}
        web = {"socket": self.listener.fileno()}
        self.webs = [Child(f"web-{n}", "ingest.web_process", web, environment) for n in range(settings.web_processes)]
        self.worker = Child("worker", "ingest.worker_process", {}, environment)
        self._draining = False
        self._signals = signal_pipe((signal.SIGTERM, signal.SIGINT))
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._signals, selectors.EVENT_READ)

    @property
    def url(self) -> str:
        host, port = self.listener.getsockname()[:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def run(self) -> None:
        """Keep the children running until a signal asks to stop; then drain, and only then stop listening."""
        try:
            while not self._signalled():
                self._start_due()
                self._wait(self._next_start())
            self._drain()
        finally:
            self._end_all()

    def _start_due(self) -> None:
        now = time.monotonic()
        for child in (*self.webs, self.worker):
            if child.process is None and child.start_at <= now:
                self._start(child)

    def _start(self, child: Child) -> None:
        try:
            child.start()
        except OSError as error:  # no memory, no process: the others shall not die of it
            log.error("%s can't be started now: %s", child.name, error)
            child.start_at = time.monotonic() + RESTART_CAP_SECONDS
        else:
            self._selector.register(child.pidfd, selectors.EVENT_READ, child)

    def _next_start(self) -> float | None:
        waiting = [child.start_at for child in (*self.webs, self.worker) if child.process is None]
        return max(0.0, min(waiting) - time.monotonic()) if waiting else None

    def _wait(self, timeout: float | None) -> None:
        """Until a child dies, a signal comes, or it is time to start one."""
        for key, _ in self._selector.select(timeout):
            if isinstance(key.data, Child):
                child = key.data
                self._selector.unregister(child.pidfd)
                level = logging.INFO if self._draining else logging.WARNING
                log.log(level, "%s ended with status %d", child.name, child.bury())

    def _signalled(self) -> bool:
        try:
            return bool(self._signals.recv(64))
        except BlockingIOError:
            return False

    def _drain(self) -> None:
        """No new uploads; running jobs get the grace period; the listener closes last. A second signal hurries."""
        self._draining = True
        log.info("draining: running jobs have %g s", self.settings.grace_seconds)
        for child in (*self.webs, self.worker):
            child.tell(DRAIN)
        self._await_end([self.worker], self.settings.grace_seconds + FAREWELL_SECONDS)
        for child in self.webs:
            child.tell(STOP)
        self._await_end(self.webs, FAREWELL_SECONDS)

    def _await_end(self, children: list[Child], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while any(child.process for child in children) and time.monotonic() < deadline:
            self._wait(deadline - time.monotonic())
            if self._signalled():
                return

    def _end_all(self) -> None:
        for child in (*self.webs, self.worker):
            if child.process is not None:
                child.process.kill()
                child.bury()
        self.listener.close()
        os.close(self._lock)


def lock_folder(run_folder: Path) -> int:
    """One server a data folder. The lock goes with the process, so a kill leaves nothing to clean up."""
    descriptor = os.open(run_folder / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise Refused(f"another Dropoff serves the data folder {run_folder.parent}") from None
    return descriptor


def check_extras(settings: Settings) -> None:
    """Without one, no worker could start. None is imported here."""
    for extra, setting in settings.extras.items():
        if importlib.util.find_spec(MODULES[extra]) is None:
            raise Refused(f"{setting} needs the extra {extra!r}: install dropoff[{extra}]")


def prepare(settings: Settings) -> None:
    """Migrate, and open what every child will open: a wrong address stops the start, not the children for ever."""
    if settings.files_url.startswith("memory:"):
        raise Refused("DROPOFF_FILES=memory: lives in one process, and a server has several")
    try:
        migrate(settings.jobs_url)
        open_files(settings.files_url).close()
        prepare_search(settings)
        open_dispatch(settings.dispatch_url).close()
    except ValueError as wrong:
        raise Refused(str(wrong)) from None
    except StorageError as error:
        raise Refused(f"the file store can't be used: {error.detail}") from None


def prepare_search(settings: Settings) -> None:
    """Nothing waits for the index: what is wrong with it now, the worker puts right."""
    if settings.search_bytes:
        index = open_search(settings.search_url)
        try:
            index.prepare()
        except IndexUnavailable as error:
            log.warning("search has to wait: %s", error)
        finally:
            index.close()


def bind(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        raise Refused(f"can't listen on {settings.host}:{settings.port}: {error.strerror}") from None
    # From here on connections wait in the kernel: for the first web process, and for the next one after a death.
    listener.listen(BACKLOG)
    return listener


def offered_kinds(settings: Settings) -> list[str]:
    """The kinds that the children shall load: what is installed, less third parties' that fail the vetting."""
    wanted = listed(settings.kinds)
    if unknown := set(wanted) - set(registry.names()):
        there = ", ".join(registry.names())
        raise Refused(f"DROPOFF_KINDS={settings.kinds!r}: {', '.join(sorted(unknown))} is not installed; {there} are")
    refused = set()
    for name in registry.third_party():
        reason = vet.vet(name) if not wanted or name in wanted else None
        if reason is not None:
            refused.add(name)
            log.error("the kind %s is not offered: %s", name, reason)
    return [name for name in wanted or registry.names() if name not in refused]


def signal_pipe(signals: tuple[signal.Signals, ...]) -> socket.socket:
    """A socket that becomes readable when one of `signals` arrives."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.setblocking(False)
    for number in signals:
        signal.signal(number, lambda *_: None)
    signal.set_wakeup_fd(theirs.detach())
    return ours


def main() -> int:
    try:
        settings = Settings.from_env()
        logs.set_up(settings.log_format, settings.log_level)
        supervisor = Supervisor(settings)
    except (SettingsError, Refused, StoreRefused, OSError) as error:
        print(f"dropoff: {error}", file=sys.stderr)
        return 1
    print(f"Dropoff serves on {supervisor.url} (data in {settings.data.absolute()})", flush=True)
    supervisor.run()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
