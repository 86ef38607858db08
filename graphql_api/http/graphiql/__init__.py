"""GraphiQL from the project's own files: nothing is fetched from anywhere else."""

from functools import cache
from hashlib import sha256
from html import escape
from pathlib import Path
from string import Template

HERE = Path(__file__).parent
ASSETS = HERE / "assets"

CACHE_CONTROL = "public, max-age=31536000, immutable"  # of the assets: their addresses change as they change

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
    """The HTML page for one endpoint. It sends ``dev_key`` by itself; without one the reader types a key."""
    template = Template((HERE / "index.html").read_text(encoding="utf-8"))
    return template.substitute(endpoint=escape(endpoint), dev_key=escape(dev_key or ""), revision=revision())


@cache
def revision() -> str:
    """A name for the assets as they are: another one as soon as a byte of them changes."""
    digest = sha256()
    for path in sorted(ASSETS.iterdir()):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
