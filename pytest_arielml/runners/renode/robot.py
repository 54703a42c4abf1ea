"""The conversation with Renode's robot server: keywords over XML-RPC."""

from __future__ import annotations

import http.client
import re
from importlib.util import find_spec
from typing import Any, Final

from pytest_arielml.errors import Unavailable

ADDRESS: Final = "127.0.0.1"

# The server takes `word=...` for a named argument wherever it stands.
_NAMED: Final = re.compile(r"[a-zA-Z0-9_]+=")
_LOST: Final = "Connection to remote server broken"
_GARBLED: Final = "Processing XML-RPC return value failed"


class KeywordFailed(Exception):
    """Renode did not do what it was asked; the text is what it says."""


class ServerLost(Exception):
    """Renode's robot server gives no answer, or none that can be understood."""


def check_library() -> None:
    """Raises: Unavailable when Robot Framework is not installed."""
    if find_spec("robot") is None:
        raise Unavailable(
            "Robot Framework is not installed, with which Renode is driven",
            expected="the package robotframework",
            advice="pip install 'pytest-arielml[renode]'",
        )


class RobotServer:
    """The robot server of a Renode, one request at a time.

    Every method raises KeywordFailed when Renode refuses, and ServerLost when
    it has not answered after `timeout` seconds, or never will. After ServerLost
    only its end helps: a request that hangs blocks all that come later.
    """

    def __init__(self, port: int, *, timeout: float) -> None:
        self._uri = f"http://{ADDRESS}:{port}"
        self.timeout = timeout

    def names(self, timeout: float) -> list[str]:
        """The keywords that there are."""
        names = self._ask(timeout, lambda remote: remote.get_keyword_names())
        if not isinstance(names, list):
            raise ServerLost(f"its list of keywords is none: {names!r:.200}")
        return names

    def run(self, keyword: str, *arguments: str, timeout: float | None = None) -> Any:
        """What a keyword returns; an empty string when it returns nothing."""
        return self._ask(
            timeout or self.timeout,
            lambda remote: remote.run_keyword(keyword, list(arguments), {}),
        )

    def execute(self, command: str, *, timeout: float | None = None) -> str:
        """What the monitor prints for a command, without the empty lines between."""
        argument = f"command={command}" if _NAMED.match(command) else command
        text = self.run("ExecuteCommand", argument, timeout=timeout)
        return "\n".join(line for line in str(text).splitlines() if line.strip())

    def script(self, path: str, *, timeout: float | None = None) -> None:
        """Runs a file of commands."""
        argument = f"path={path}" if _NAMED.match(path) else path
        self.run("ExecuteScript", argument, timeout=timeout)

    def evaluate(self, expression: str, *, timeout: float | None = None) -> str:
        """The value of a Python expression in Renode."""
        argument = f"command={expression}" if _NAMED.match(expression) else expression
        return str(self.run("ExecutePython", argument, timeout=timeout))

    def stop(self, timeout: float) -> bool:
        """Asks the server to end, and Renode with it; whether it has heard."""
        try:
            self.run("StopRemoteServer", timeout=timeout)
        except (KeywordFailed, ServerLost):
            return False
        return True

    def _ask(self, timeout: float, question: Any) -> Any:
        # Robot Framework is optional, and only this runner needs it.
        from robot.errors import RemoteError
        from robot.libraries.Remote import Remote

        try:
            return question(Remote(self._uri, timeout))  # type: ignore[no-untyped-call]
        except RemoteError as error:
            raise KeywordFailed(str(error).strip() or "it gives no reason") from None
        except RuntimeError as error:
            text = str(error)
            if _LOST in text or _GARBLED in text or text.startswith("Invalid remote result"):
                raise ServerLost(text) from None
            # A fault: the keyword, or one with such arguments, does not exist.
            raise KeywordFailed(text) from None
        except (OSError, TypeError, http.client.HTTPException) as error:
            raise ServerLost(f"{type(error).__name__}: {error}") from None


def integer(text: str) -> int:
    """A number as the monitor prints it, which is in hex unless it was told otherwise.

    Raises: KeywordFailed when it is none.
    """
    try:
        return int(text.strip(), 0)
    except ValueError:
        raise KeywordFailed(f"expected a number, found {text.strip()!r:.200}") from None
