"""The pages of the call graph, over fixtures/minikernel."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from web.app import create_app


@pytest.fixture(scope="module")
def client(minikernel_index: Path) -> FlaskClient:
    return create_app(minikernel_index).test_client()


def _page(client: FlaskClient, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    return answer.text


def test_the_calls_of_a_function_have_their_proof(client):
    page = _page(client, "/minikernel/calls/inet_sendmsg")
    assert "/minikernel/calls/tcp_sendmsg" in page
    assert "struct proto.sendmsg" in page
    assert "/minikernel/source/net/ipv4/tcp_ipv4.c#L" in page
    assert "/minikernel/calls/__sock_sendmsg" in page


def test_a_path(client):
    page = _page(client, "/minikernel/path?from=sys_sendto&to=tcp_sendmsg&context=tcp4")
    names = ["sys_sendto", "sock_sendmsg", "__sock_sendmsg", "inet_sendmsg", "tcp_sendmsg"]
    places = [page.index(f"/minikernel/calls/{name}") for name in names]
    assert places == sorted(places)
    assert "No path from" in _page(client, "/minikernel/path?from=udp_sendmsg&to=tcp_sendmsg")
    assert "<form" in _page(client, "/minikernel/path")


def test_a_system_call(client):
    page = _page(client, "/minikernel/syscall/sendto?context=udp4")
    assert "sys_call_table[" in page
    assert "/minikernel/calls/udp_sendmsg" in page
    assert "/minikernel/calls/tcp_sendmsg" not in page


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/minikernel/calls/no_such_function", 404),
        ("/minikernel/syscall/no_such_call", 404),
        ("/minikernel/path?from=sys_sendto", 400),
        ("/minikernel/path?from=sys_sendto&to=tcp_sendmsg&context=nothing", 400),
        ("/minikernel/path?from=nowhere&to=tcp_sendmsg", 404),
    ],
)
def test_what_is_not_there(client, address, status):
    assert client.get(address).status_code == status


def test_the_page_of_a_name_leads_there(client):
    assert "/minikernel/calls/tcp_sendmsg" in _page(client, "/minikernel/ident/tcp_sendmsg")
