"""The pages of the call graph, over fixtures/minikernel."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from web.app import create_app
from xref.cli import main


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


def _command(index: Path, *arguments: str) -> object:
    result = CliRunner().invoke(main, ["--index", str(index), *arguments, "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.mark.parametrize(
    ("address", "command"),
    [
        ("callers/inet_sendmsg", ["callers", "inet_sendmsg"]),
        ("callees/inet_sendmsg", ["callees", "inet_sendmsg"]),
        ("callers/NF_HOOK", ["callers", "NF_HOOK"]),
        ("path?from=sys_sendto&to=loopback_xmit&context=tcp4",
         ["path", "sys_sendto", "loopback_xmit", "--context", "tcp4"]),
        ("chain/sendto?context=udp4", ["chain", "sendto", "--context", "udp4", "--depth", "5", "--most", "300"]),
        ("chain/sendto?context=udp4&to=ip_output", ["chain", "sendto", "--context", "udp4", "--to", "ip_output"]),
        ("reaches/loopback_xmit", ["reaches", "loopback_xmit"]),
        ("contexts", ["contexts"]),
    ],
)  # fmt: skip
def test_the_records_are_those_of_the_command(client, minikernel_index, address, command):
    found = client.get(f"/api/v1/minikernel/{address}").json
    assert found
    assert found == _command(minikernel_index, *command)


def test_a_record_in_a_record_is_an_object_too(client):
    for record in client.get("/api/v1/minikernel/reaches/loopback_xmit").json:
        assert record["path"][-1]["callee"] == "loopback_xmit"


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("callers/no_such_function", 404),
        ("path?from=sys_sendto", 400),
        ("path?to=sys_sendto", 400),
        ("path?from=sys_sendto&to=nowhere", 404),
        ("path?from=sys_sendto&to=ip_output&context=nothing", 400),
        ("chain/no_such_call", 404),
        ("reaches/no_such_function", 404),
    ],
)
def test_records_of_what_is_not_there(client, address, status):
    answer = client.get(f"/api/v1/minikernel/{address}")
    assert answer.status_code == status
    assert answer.json["error"]["status"] == status
