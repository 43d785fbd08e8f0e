"""Logs: one line per event, readable on a terminal, JSON elsewhere. No bodies, no query strings, no keys."""

import logging
import sys
from typing import Any

import structlog

from app.settings import Settings


def configure(config: Settings) -> None:
    """Set up logging for this process."""
    readable = config.log_format == "text" or (config.log_format == "auto" and sys.stderr.isatty())
    level = logging.getLevelName(config.log_level.upper())
    shared: list[Any] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    renderer = structlog.dev.ConsoleRenderer(colors=True) if readable else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(
        level=max(level, logging.INFO), format="%(levelname)s %(name)s %(message)s", stream=sys.stderr
    )
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.getLogger("httpx").setLevel(logging.WARNING)
