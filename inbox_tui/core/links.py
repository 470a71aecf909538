"""Which links may be opened, and what to show of them first (design, section 10)."""

from __future__ import annotations

from urllib.parse import SplitResult, quote, urlsplit, urlunsplit

_WEB = frozenset({"http", "https"})
_SCHEMES = _WEB | {"mailto", "tel"}
_KEEP = "!#$%&'()*+,/:;=?@[]~"
"""ASCII that may stand in a link as it is; everything else is percent-encoded."""


def _split(url: str) -> tuple[SplitResult, str] | None:
    """The parts of an acceptable link and its host (ASCII, with a port if it names one), or its address."""
    # A backslash is a slash to browsers and not to parsers: the host shown would not be the host opened.
    if not url.isprintable() or " " in url or "\\" in url:
        return None
    try:
        parts = urlsplit(url)
        if parts.scheme not in _SCHEMES:
            return None
        if parts.scheme not in _WEB:
            return (parts, parts.path) if parts.path and not parts.netloc else None
        host, port = parts.hostname, parts.port
        if not host:
            return None
        if ":" in host:
            host = f"[{host}]"
        elif not host.isascii():
            host = host.encode("idna").decode("ascii")
    except ValueError:
        # UnicodeError of an impossible host name included.
        return None
    return parts, host if port is None else f"{host}:{port}"


def safe_url(url: str) -> str | None:
    """The link in ASCII, fit to be opened or put in a terminal hyperlink; None when it must not be.

    Only http, https, mailto and tel; no control, format or white space characters, no backslash. A host
    name in other scripts comes back as punycode, the rest percent-encoded.
    """
    split = _split(url)
    if split is None:
        return None
    parts, host = split
    if parts.scheme in _WEB:
        user, at, _ = parts.netloc.rpartition("@")
        parts = parts._replace(netloc=user + at + host)
    return quote(urlunsplit(parts), safe=_KEEP)


def url_host(url: str) -> str | None:
    """What to show before opening: host and port (punycode), or the address or number; None: unsafe."""
    split = _split(url)
    return None if split is None else split[1]
