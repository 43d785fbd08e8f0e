"""The limit of the framework: FastAPI routes with the same parameters that return the same bytes from memory."""

import os
from pathlib import Path
from typing import Annotated

from fastapi import FastAPI, Query, Response
from fastapi import Path as InPath

app = FastAPI()
BODIES = {path.stem: path.read_bytes() for path in Path(os.environ["BENCH_BODIES"]).glob("*.json")}


@app.get("/livez")
async def alive() -> str:
    return "ok"


@app.get("/v1/events/stats")
async def counts(group_by: Annotated[str, Query()]) -> Response:
    return Response(BODIES["counts"], media_type="application/json")


@app.get("/v1/events/{name}")
async def one(name: Annotated[str, InPath()]) -> Response:
    return Response(BODIES["get"], media_type="application/json")


@app.get("/v1/events")
async def some(
    kind: Annotated[str, Query()], sort: Annotated[str, Query()], limit: Annotated[int, Query()] = 50
) -> Response:
    return Response(BODIES["list"], media_type="application/json")
