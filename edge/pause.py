"""Pause: a run keeps its camera closed until it is resumed, also when it is started again in between.

A pause is a file in the folder of the run's state, one for each who may pause it: the device (``mien pause``)
and its readers (a command on the socket). A reader does not lift what the device has paused.
"""

import logging
import os
import time
from collections import deque
from contextlib import suppress
from pathlib import Path

from edge.core.errors import ModelError
from edge.core.files import flush_folder, make_folder
from edge.landmarks.assets import data_directory

DEVICE, READER = "device", "reader"

_INTERVAL_S = 0.4  # between two looks at the folder: a pause begins within a second
_log = logging.getLogger(__name__)


class PauseMarks:
    """The files that say who has paused a device."""

    def __init__(self, folder: Path, device: str) -> None:
        """
        Args:
            folder: the folder of the run's state.
            device: id of the device.
        """
        self._files = {who: folder / f"{device}.paused-by-{who}" for who in (DEVICE, READER)}

    @property
    def by(self) -> str:
        """Who has paused the device: ``DEVICE`` before ``READER``; empty: nobody."""
        return next((who for who, file in self._files.items() if os.path.lexists(file)), "")

    def add(self, who: str) -> None:
        """Pause the device in the name of ``who``; a power cut after that does not resume it.

        Raises:
            OSError: the file cannot be written.
        """
        file = self._files[who]
        try:
            make_folder(file.parent)
            with suppress(FileExistsError):
                # Root writes to a folder of the service's user: O_EXCL follows no link of theirs.
                os.close(os.open(file, os.O_CREAT | os.O_EXCL, 0o600))
            flush_folder(file.parent)
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(file)) from None

    def remove(self, who: str) -> None:
        """Take back the pause of ``who``, if there is one.

        Raises:
            OSError: the file cannot be removed.
        """
        with suppress(FileNotFoundError, NotADirectoryError):
            self._files[who].unlink()


class Pause:
    """Whether a run is paused; ``update`` looks, ``command`` is for its readers."""

    def __init__(self, device: str) -> None:
        """
        Args:
            device: id of the device.
        """
        self.by = ""
        """Who has paused the run: ``DEVICE``, ``READER``, or empty: nobody."""
        self._commands: deque[str] = deque()
        self._unwritten = False  # the reader's pause where its file cannot be written
        self._look_at = 0.0
        self.name(device)

    def name(self, device: str) -> None:
        """Change to another id of the device, whose pauses count from now on."""
        try:
            self._marks = PauseMarks(data_directory(), device)
        except ModelError:  # a user without a home: pauses end with the program
            self._marks = PauseMarks(Path(os.devnull), device)

    def command(self, name: str) -> None:
        """Take a reader's command, ``pause`` or ``resume``, for the next ``update``. Safe in any thread."""
        self._commands.append(name)

    def update(self) -> bool:
        """Obey the last command, and look at the files a few times a second.

        Returns:
            Whether ``by`` has changed.
        """
        now_s = time.monotonic()
        if now_s < self._look_at and not self._commands:
            return False
        self._look_at = now_s + _INTERVAL_S
        command = ""
        while self._commands:
            command = self._commands.popleft()
        if command:
            self._obey(command)
        before, self.by = self.by, self._marks.by or READER * self._unwritten
        if self.by == before:
            return False
        _log.info(f"paused ({self.by})" if self.by else "resumed")
        return True

    def _obey(self, command: str) -> None:
        try:
            if command == "pause":
                self._marks.add(READER)
            else:
                self._marks.remove(READER)
            self._unwritten = False
        except OSError as error:
            self._unwritten = command == "pause"
            effect = "the pause ends with the program" if self._unwritten else "the run stays paused"
            _log.warning("%s: %s (%s)", effect, error.strerror, error.filename)
