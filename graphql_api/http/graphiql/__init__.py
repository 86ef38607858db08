"""The GraphiQL page and its assets, all served by this server; nothing is loaded from a CDN."""

from functools import cache
from hashlib import sha256
from html import escape
from pathlib import Path
from string import Template

HERE = Path(__file__).parent
ASSETS = HERE / "assets"

CACHE_CONTROL = "public, max-age=31536000, immutable"  # of the assets: their URLs contain the revision

# GraphiQL's dialogs write a style element, and its style sheet holds its fonts and two small images as data.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "font-src data:",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)


@cache
def page(endpoint: str, dev_key: str | None) -> str:
    """Return the HTML page for an endpoint. It uses ``dev_key`` as its API key, or asks for one."""
    template = Template((HERE / "index.html").read_text(encoding="utf-8"))
    return template.substitute(endpoint=escape(endpoint), dev_key=escape(dev_key or ""), revision=revision())


@cache
def revision() -> str:
    """Return a hash of the assets, for their URLs."""
    digest = sha256()
    for path in sorted(ASSETS.iterdir()):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
