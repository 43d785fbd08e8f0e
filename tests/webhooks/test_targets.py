"""Where the register does not send to: what lies inside, by whatever name, then or later."""

import asyncio
import gc
import socket
import threading
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from app.webhooks import lookups
from app.webhooks.sending import send
from app.webhooks.targets import Forbidden, Targets, Unresolved
from tests.webhooks.receiver import Receiver

FORBIDDEN = [
    ("http://hooks.example.org/", "url_scheme"),
    ("https://hooks.example.org:8080/", "url_port"),
    ("https://hooks.example.org:22/", "url_port"),
    ("https://user:secret@hooks.example.org/", "url_credentials"),
    ("https://hooks.example.org@127.0.0.1/", "url_credentials"),
    ("https://hooks.example.org/#part", "url_malformed"),
    ("https://hooks.example.org\\@127.0.0.1/", "url_malformed"),
    ("https:///path", "url_host"),
    ("https://hooks.example.org:/", "url_malformed"),
    ("https://hooks.example.org:443443/", "url_malformed"),
    ("https://[]/", "url_malformed"),
    ("https://[::1/", "url_malformed"),
    ("https://hooks.example.org]/", "url_malformed"),
    ("https://hooks.example.org:0/", "url_malformed"),
    ("https://hooks.example.org:0443/", "url_malformed"),
    ("https://hooks.example.org./", "url_host"),
    ("https://8.8.8.8./", "url_host"),
    ("https://134744072/", "url_host"),
    ("https://localhost/", "url_host"),
    ("https://localhost./", "url_host"),
    ("https://database/", "url_host"),
    ("https://metadata.google.internal/", "url_host"),
    ("https://printer.local/", "url_host"),
    ("https://127.1/", "url_host"),
    ("https://2130706433/", "url_host"),
    ("https://0x7f000001/", "url_host"),
    ("https://0177.0.0.1/", "url_host"),
    ("https://%31%32%37.0.0.1/", "url_host"),
    ("https://127.0.0.1/", "url_address"),
    ("https://127.8.8.8/", "url_address"),
    ("https://0.0.0.0/", "url_address"),
    ("https://10.0.0.1/", "url_address"),
    ("https://172.16.0.1/", "url_address"),
    ("https://192.168.1.1/", "url_address"),
    ("https://169.254.169.254/latest/meta-data/", "url_address"),
    ("https://168.63.129.16/", "url_address"),
    ("https://192.0.0.192/", "url_address"),
    ("https://100.64.0.1/", "url_address"),
    ("https://100.100.100.200/", "url_address"),
    ("https://198.18.0.1/", "url_address"),
    ("https://224.0.0.1/", "url_address"),
    ("https://240.0.0.1/", "url_address"),
    ("https://255.255.255.255/", "url_address"),
    ("https://[::1]/", "url_address"),
    ("https://[::]/", "url_address"),
    ("https://[fe80::1]/", "url_address"),
    ("https://[fe80::1%25eth0]/", "url_address"),
    ("https://[fc00::1]/", "url_address"),
    ("https://[fd00:ec2::254]/", "url_address"),
    ("https://[fec0::1]/", "url_address"),
    ("https://[ff02::1]/", "url_address"),
    ("https://[2001:db8::1]/", "url_address"),
    ("https://[::ffff:127.0.0.1]/", "url_address"),
    ("https://[::ffff:10.0.0.1]/", "url_address"),
    ("https://[::127.0.0.1]/", "url_address"),
    ("https://[2002:7f00:1::]/", "url_address"),
    ("https://[64:ff9b::a9fe:a9fe]/", "url_address"),
    ("https://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/", "url_address"),
]


@pytest.mark.parametrize(("url", "code"), FORBIDDEN)
def test_an_address_inside_is_refused(url: str, code: str) -> None:
    with pytest.raises(Forbidden) as refused:
        Targets().target(url)
    assert refused.value.code == code


async def test_it_is_refused_at_registration_with_the_rule(
    client: httpx.AsyncClient, receiver: Receiver
) -> None:
    for url, code in (
        FORBIDDEN[0],
        FORBIDDEN[3],
        FORBIDDEN[20],
        ("http://127.0.0.1:1/", "url_scheme"),
    ):
        answer = await client.post("/v1/webhooks", json={"url": url})
        assert answer.status_code == 422, answer.text
        (error,) = answer.json()["errors"]
        assert (error["pointer"], error["code"]) == ("/url", code)
        assert url not in answer.text


@pytest.mark.parametrize(
    "url",
    [
        "https://93.184.215.14/x?y=1",
        "https://[2606:4700::1111]:8443/",
        "https://hooks.example.org",
        "HTTPS://A.example/",
    ],
)
def test_what_lies_outside_is_taken(url: str) -> None:
    if url.startswith("HTTPS"):
        with pytest.raises(Forbidden):
            Targets().target(url)
        return
    assert Targets().target(url).path.startswith("/")


class _Names:
    """A resolver that answers from a list, one answer a question."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def __call__(self, owner: UUID, host: str, port: int) -> list[str]:
        self.asked += 1
        return self.answers[min(self.asked, len(self.answers)) - 1]


async def _sent(receiver: Receiver, names: _Names) -> Any:
    targets = Targets([f"127.0.0.1:{receiver.port}"], names)
    return await send(targets, uuid4(), f"http://hooks.example.org:{receiver.port}/named", {}, "{}", 2)


async def test_a_name_is_looked_up_once_an_attempt_and_the_connection_goes_to_what_was_judged(
    receiver: Receiver,
) -> None:
    names = _Names(["127.0.0.1"], ["127.0.0.2"])
    assert (await _sent(receiver, names)).result == "delivered"
    assert names.asked == 1
    assert receiver.calls["/named"][0].headers["host"] == f"hooks.example.org:{receiver.port}"
    assert (await _sent(receiver, names)).result == "forbidden_address"
    assert len(receiver.calls["/named"]) == 1


async def test_one_bad_address_refuses_the_name(receiver: Receiver) -> None:
    assert (await _sent(receiver, _Names(["127.0.0.1", "10.0.0.1"]))).result == "forbidden_address"
    assert (
        await _sent(receiver, _Names(["::ffff:169.254.169.254", "127.0.0.1"]))
    ).result == "forbidden_address"
    assert (await _sent(receiver, _Names([]))).result == "unresolved"
    assert receiver.calls["/named"] == []


async def test_no_proxy_of_the_environment_is_used(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert (await _sent(receiver, _Names(["127.0.0.1"]))).result == "delivered"


async def test_names_that_nobody_answers_for_hold_up_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor do they hold up another name of the same owner, as long as there is only one of them."""
    over = threading.Event()
    asked: list[str] = []

    def answer(host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        if host.startswith("silent"):
            over.wait(10)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", port))]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    targets, bad, good = Targets(), uuid4(), uuid4()

    async def found(owner: UUID, host: str) -> list[str]:
        async with asyncio.timeout(2):
            return await targets.addresses(targets.target(f"https://{host}/"), owner)

    try:
        alone = [asyncio.create_task(found(bad, "silent.example.org")) for _ in range(20)]
        assert await found(bad, "hooks.example.org") == ["93.184.216.34"]
        silent = [asyncio.create_task(found(bad, f"silent{each}.example.org")) for each in range(48)]
        while len(asked) < 3:  # noqa: ASYNC110  (a thread)
            await asyncio.sleep(0.01)
        assert await found(good, "hooks.example.org") == ["93.184.216.34"]
        assert sum(each.startswith("silent") for each in asked) <= lookups.AT_A_TIME
        assert not any(each.done() for each in (*alone, *silent))
    finally:
        over.set()
    assert await asyncio.gather(*alone, *silent) == [["93.184.216.34"]] * 68


async def test_who_asks_for_a_name_that_nobody_answers_for_does_not_wait_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    over = threading.Event()
    monkeypatch.setattr(lookups, "_SECONDS", 0.01)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait(10) and [])
    targets, owner = Targets(), uuid4()
    unseen: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, said: unseen.append(said))
    try:
        for host in ("a", "b", "c"):  # the last gets no turn
            with pytest.raises(Unresolved):
                await targets.addresses(targets.target(f"https://{host}.example.org/"), owner)
        await asyncio.sleep(0.02)
        gc.collect()
    finally:
        over.set()
    assert not unseen, "what nobody waited for is told in the log"
