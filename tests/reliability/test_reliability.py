"""What must hold whenever the suite runs: nothing acknowledged is lost, and a hanging database takes nobody with it.

Short forms of some experiments; `python -m tests.reliability` runs all of them at full size.
"""

import signal
from collections.abc import AsyncIterator

import asyncpg
import pytest

from tests.conftest import copy_of, drop
from tests.reliability import experiments, loads, once
from tests.reliability.service import Service, key_for, serving

pytestmark = pytest.mark.slow


@pytest.fixture
async def address() -> AsyncIterator[str]:
    """A database of the experiment's own."""
    made = await copy_of("template")
    yield made
    await drop(made)


@pytest.fixture(scope="module")
async def small() -> AsyncIterator[tuple[Service, str, str]]:
    """A service with eight connections, its database and a key."""
    made = await copy_of("template")
    async with serving(made, read_connections="4", write_connections="4") as service:
        yield service, made, await key_for(made)
    await drop(made)


async def test_nothing_acknowledged_is_lost_when_workers_die_right_after_the_answer(address: str) -> None:
    # Each of two workers dies at its tenth: however they share 25 writes, one has come to that by the nineteenth.
    found = await experiments.crash(address, "after_answer", every=10, writes=25, clients=3)
    assert not found.wrong, found


async def test_a_database_that_swallows_everything_costs_only_503_and_is_found_again_at_once(
    address: str,
) -> None:
    found = await experiments.unreachable(address, before=1.2, mute=3, after=1.3, clients=6, budget=1.5)
    assert not found.wrong, found


@pytest.mark.parametrize(("how", "workers"), [(signal.SIGINT, 1), (signal.SIGHUP, 1), (signal.SIGHUP, 2)])
async def test_what_outlasts_the_end_of_the_service_is_refused_or_seen_to_be_cut_off(
    address: str, how: signal.Signals, workers: int
) -> None:
    found = await experiments.cut_off(address, how, workers=workers)
    assert not found.wrong, found


async def test_every_acknowledged_append_under_if_match_is_in_the_record(
    small: tuple[Service, str, str],
) -> None:
    service, _, key = small
    found = await experiments.lost_update(service.port, key, writers=8, each=3)
    assert not found.wrong, found


async def test_five_hundred_clients_on_a_small_pool_are_served_or_turned_away(
    small: tuple[Service, str, str],
) -> None:
    service, address, key = small
    found = await experiments.many(service, address, key, clients=500, seconds=1.5)
    assert not found.wrong, found


async def test_eight_at_once_under_one_key_are_one_record_one_load_and_one_job(
    small: tuple[Service, str, str],
) -> None:
    service, address, key = small
    found = await once.same_key(service, address, key, at_once=8)
    assert not found.wrong, found


@pytest.mark.parametrize("jobs", [False, True], ids=["load", "job"])
async def test_a_load_that_is_broken_off_and_sent_again_is_done_once(
    small: tuple[Service, str, str], *, jobs: bool
) -> None:
    service, address, key = small

    async def connections(_: Service) -> None:
        connection = await asyncpg.connect(address)
        await connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where datname = current_database() and application_name = 'workplan'"
        )
        await connection.close()

    faults = {"client": loads.gone, "connections": connections}
    found = await loads.interrupted(service, address, key, faults, rows=800, times=2, jobs=jobs)
    assert not found.wrong, found
