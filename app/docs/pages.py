"""`/docs` to try the service out, `/reference` to read about it, and the files that both need."""

from collections.abc import Callable
from dataclasses import dataclass
from html import escape

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.docs import files

# Everything comes from this server; nothing else is allowed.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src {styles}; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
# Redoc makes its styles in the browser: elements that are empty when they are put in and then filled by
# script, and one for scroll bars. Their hashes are allowed, so that no other inline style need be. After a
# new version of Redoc read them from the browser's console.
REDOC_STYLES = (
    "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='",
    "'sha256-QMIg+bpjm3JdElJ388KYke01izlUW0UoNOeKjpMxdgc='",
)


@dataclass(frozen=True)
class Page:
    """A view of the OpenAPI document."""

    path: str
    name: str
    about: str
    styles: tuple[str, ...]
    scripts: tuple[str, ...]
    inline_styles: tuple[str, ...] = ()
    frame: str = "div"  # Swagger UI brings a <main> of its own

    def policy(self) -> str:
        return _POLICY.format(styles=" ".join(("'self'", *self.inline_styles)))

    def html(self, service: str) -> str:
        links = "\n".join(_link(each, here=each is self) for each in PAGES)
        styles = "\n".join(f'<link rel="stylesheet" href="{files.address(name)}">' for name in self.styles)
        scripts = "\n".join(f'<script defer src="{files.address(name)}"></script>' for name in self.scripts)
        return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{self.name} · {escape(service)}</title>
<link rel="icon" type="image/svg+xml" href="{files.address("icon.svg")}">
{styles}
{scripts}
</head>
<body>
<a class="skip" href="#ui">Skip to the operations</a>
<header class="bar">
<p class="service">{escape(service)}</p>
<nav aria-label="Documentation">
<ul>
{links}
<li><a href="openapi.json">openapi.json</a></li>
<li><a href="openapi-3.0.json">openapi-3.0.json</a></li>
</ul>
</nav>
<p class="about">{self.about}</p>
</header>
<{self.frame} id="ui" tabindex="-1">
<noscript>
<p>This page is made by a script. Without scripts, read <a href="openapi.json">openapi.json</a>.</p>
</noscript>
</{self.frame}>
</body>
</html>
"""


PAGES = (
    Page(
        "/docs",
        "Try it out",
        "Send requests to this server from here. A key that you enter is forgotten when you leave the page.",
        ("swagger-ui.css", "pages.css"),
        ("swagger-ui-bundle.js", "docs.js"),
    ),
    Page(
        "/reference",
        "Reference",
        "Every operation on one page, to read and to search with the browser. Drawing it takes some seconds.",
        ("pages.css",),
        ("redoc.standalone.js", "reference.js"),
        REDOC_STYLES,
        frame="main",
    ),
)


def _link(page: Page, *, here: bool) -> str:
    current = ' aria-current="page"' if here else ""
    return f'<li><a href="{page.path[1:]}"{current}>{page.name}</a></li>'


def docs_routes(service: str) -> list[Route]:
    """The routes of the pages and their files, for the service of this name."""
    pages = [
        Route(page.path, _serving(page, service), name=page.path[1:], include_in_schema=False)
        for page in PAGES
    ]
    return [*pages, Route("/docs/assets/{name}", _file, name="docs_file", include_in_schema=False)]


def _serving(page: Page, service: str) -> Callable[[Request], Response]:
    body = page.html(service).encode()
    headers = {
        "Content-Security-Policy": page.policy(),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-cache",
    }

    def serve(request: Request) -> Response:
        return files.answer(request, body, "text/html", headers)

    return serve


def _file(request: Request) -> Response:
    name: str = request.path_params["name"]
    if name not in files.NAMES:
        raise HTTPException(404)
    return files.file_answer(request, name)
