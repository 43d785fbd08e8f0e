"""The documentation pages need nothing but this service, and allow nothing else."""

import gzip
import re
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from app.docs import files
from app.docs.pages import PAGES, docs_routes

ASSETS = Path(files.__file__).parent / "assets"
PATHS = [page.path for page in PAGES]


@pytest.fixture
def service() -> FastAPI:
    made = FastAPI(title="Law & <Justice>", docs_url=None, redoc_url=None)
    made.router.routes.extend(docs_routes(made.title))
    made.add_api_route("/openapi-3.0.json", made.openapi, include_in_schema=False)
    return made


@pytest.fixture
async def browser(service: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(service), base_url="http://here") as made:
        made.headers["Accept-Encoding"] = "identity"
        yield made


def referred(html: str) -> list[str]:
    return re.findall(r'(?:src|href)="([^"#]+)"', html)


@pytest.mark.parametrize("path", PATHS)
async def test_a_page_allows_nothing_from_elsewhere(browser: httpx.AsyncClient, path: str) -> None:
    page = await browser.get(path)
    policy = dict(each.split(" ", 1) for each in page.headers["content-security-policy"].split("; "))
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == "'self'"
    assert "unsafe" not in page.headers["content-security-policy"]
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["cross-origin-opener-policy"] == "same-origin"


@pytest.mark.parametrize("path", PATHS)
async def test_a_page_holds_no_script_style_or_foreign_address(browser: httpx.AsyncClient, path: str) -> None:
    html = (await browser.get(path)).text
    assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=|javascript:|//", html[15:])
    assert "Law &amp; &lt;Justice&gt;" in html


@pytest.mark.parametrize("path", PATHS)
async def test_all_that_a_page_needs_is_here(browser: httpx.AsyncClient, path: str) -> None:
    found = [await browser.get(each) for each in referred((await browser.get(path)).text)]
    kept = [each for each in found if each.url.path.startswith("/docs/assets/")]
    assert {each.status_code for each in found} == {200}
    assert {"/docs", "/reference", "/openapi.json"} <= {each.url.path for each in found}
    assert len(kept) >= 4
    assert {each.headers["cache-control"] for each in kept} == {"public, max-age=31536000, immutable"}
    assert {each.headers["x-content-type-options"] for each in kept} == {"nosniff"}


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("swagger-ui-bundle.js", "text/javascript; charset=utf-8"),
        ("swagger-ui.css", "text/css; charset=utf-8"),
        ("icon.svg", "image/svg+xml"),
        ("redoc.LICENSE", "text/plain; charset=utf-8"),
    ],
)
async def test_a_file_comes_as_what_it_is(browser: httpx.AsyncClient, name: str, media_type: str) -> None:
    file = await browser.get(f"/docs/assets/{name}")
    assert file.headers["content-type"] == media_type
    assert file.content == (ASSETS / name).read_bytes()
    assert file.headers["cache-control"] == "no-cache", "an address without the hash may change its content"


@pytest.mark.parametrize("name", ["nothing.js", "VERSIONS.md", "..%2Fpages.py", "%2Fetc%2Fpasswd", ""])
async def test_no_other_file_can_be_had(browser: httpx.AsyncClient, name: str) -> None:
    assert (await browser.get(f"/docs/assets/{name}")).status_code == 404


@pytest.mark.parametrize("path", [*PATHS, "/docs/assets/swagger-ui.css"])
async def test_what_a_browser_has_is_not_sent_again(browser: httpx.AsyncClient, path: str) -> None:
    first = await browser.get(path)
    again = await browser.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    for header in ("etag", "cache-control", "vary", "content-security-policy"):
        assert again.headers.get(header) == first.headers.get(header)


async def test_files_are_compressed_for_those_who_read_that(browser: httpx.AsyncClient) -> None:
    plain = await browser.get("/docs/assets/swagger-ui.css")
    packed = await browser.get("/docs/assets/swagger-ui.css", headers={"Accept-Encoding": "gzip, br"})
    refused = await browser.get("/docs/assets/swagger-ui.css", headers={"Accept-Encoding": "gzip;q=0"})
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < len(plain.content) / 4
    assert packed.content == plain.content == refused.content
    assert gzip.decompress(files._compressed(plain.content)) == plain.content
    assert len({each.headers["etag"] for each in (plain, packed, refused)}) == 2
    assert plain.headers["vary"] == packed.headers["vary"] == "Accept-Encoding"


async def test_head_works_and_post_does_not(browser: httpx.AsyncClient) -> None:
    assert (await browser.head("/docs")).status_code == 200
    assert (await browser.post("/docs")).status_code == 405


def test_the_pages_are_no_operations(service: FastAPI) -> None:
    assert service.openapi()["paths"] == {}


def test_files_from_elsewhere_are_those_that_versions_names() -> None:
    named = dict(re.findall(r"\| `([\w.-]+)` \| `([0-9a-f]{64})` \|", (ASSETS / "VERSIONS.md").read_text()))
    assert named == {name: sha256((ASSETS / name).read_bytes()).hexdigest() for name in named}
    assert set(named) == {"swagger-ui-bundle.js", "swagger-ui.css", "redoc.standalone.js"}


def test_the_style_hashes_are_those_of_this_redoc() -> None:
    assert "| redoc | 2.5.4 |" in (ASSETS / "VERSIONS.md").read_text(), (
        "Redoc is new: look at /reference, read the console, set REDOC_STYLES, then this version."
    )


def test_redoc_asks_its_maker_for_nothing() -> None:
    assert b"cdn.redoc" not in (ASSETS / "redoc.standalone.js").read_bytes()


def test_no_key_is_kept() -> None:
    assert "persistAuthorization: false" in (ASSETS / "docs.js").read_text()
