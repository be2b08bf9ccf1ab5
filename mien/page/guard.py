"""The guard before the page: who may ask, and what every answer says to the browser."""

import json

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HOSTS = ("localhost", "127.0.0.1", "[::1]")
_CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "media-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = [
    (b"content-security-policy", _CONTENT_POLICY.encode("ascii")),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(self), microphone=(), geolocation=()"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
]


class Guard:
    """Lets through requests of this page and of programs on this machine, and none of another site.

    A site could point its own name at this machine (DNS rebinding), so ``Host`` must be one of this machine.
    A site could let the browser send a request here, so ``Origin`` and ``Sec-Fetch-Site`` must be the page's.
    A link may lead from another site to the page itself, which then stands alone in its tab.
    """

    def __init__(self, app: ASGIApp, port: int) -> None:
        """Guard ``app``, which is served at ``port`` of localhost."""
        self._app = app
        self._hosts = {f"{host}:{port}" for host in _HOSTS}
        if port == 80:
            self._hosts |= {*_HOSTS}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        cache = b"no-store" if scope["path"].startswith("/api/") else b"no-cache"

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *_HEADERS, (b"cache-control", cache)]
            await send(message)

        refusal = self._refusal(scope)
        if refusal is None:
            await self._app(scope, receive, send_with_headers)
            return
        status, text = refusal
        body = json.dumps({"error": text}).encode("ascii")
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        headers.append((b"connection", b"close"))  # its body is not read
        await send_with_headers({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        """Status and reason why a request is refused; None where it is not."""

        def values(name: bytes) -> set[str]:
            return {value.decode("latin-1") for key, value in scope["headers"] if key == name}

        hosts, origins, sites = values(b"host"), values(b"origin"), values(b"sec-fetch-site")
        modes, destinations = values(b"sec-fetch-mode"), values(b"sec-fetch-dest")
        if len(hosts) != 1 or not hosts <= self._hosts:
            return 421, f"expected the address of this page: one of {', '.join(sorted(self._hosts))}"
        if not origins <= {f"http://{host}" for host in hosts}:
            return 403, "the request comes from another site"
        opens_page = scope["method"] == "GET" and scope["path"] == "/"
        if opens_page and modes == {"navigate"} and destinations <= {"document"}:
            return None
        if not sites <= ({"same-origin", "none"} if scope["method"] in ("GET", "HEAD") else {"same-origin"}):
            return 403, "the request comes from another site, or not from this page"
        return None
