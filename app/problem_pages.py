"""Where the `type` of a problem leads: one page per kind of problem, and the list of all."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from app.errors import NotFound, Problem, every_problem

router = APIRouter(prefix="/problems", include_in_schema=False)


def catalogue() -> dict[str, type[Problem]]:
    """Every problem by its code."""
    return {kind.code: kind for kind in every_problem()}


def _page(kind: type[Problem]) -> dict[str, object]:
    about = " ".join((kind.__doc__ or "").split())
    return {"type": f"/problems/{kind.code}", "title": kind.title, "status": kind.status, "about": about}


@router.get("")
async def list_problems() -> JSONResponse:
    return JSONResponse({"items": [_page(kind) for _, kind in sorted(catalogue().items())]})


@router.get("/{code}")
async def read_problem(request: Request) -> JSONResponse:
    kind = catalogue().get(request.path_params["code"])
    if kind is None:
        raise NotFound("There is no such problem. /problems lists all.")
    return JSONResponse(_page(kind))
