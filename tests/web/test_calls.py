"""The pages of the call graph, over fixtures/minikernel."""

from __future__ import annotations

import json
import re
import threading
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from web.app import create_app
from web.settings import Settings
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


def test_a_search_that_takes_too_long_says_so_and_is_not_kept(minikernel_index):
    app = create_app(minikernel_index, Settings(path_seconds=-1))
    client = app.test_client()
    page = _page(client, "/minikernel/path?from=sys_sendto&to=dev_queue_xmit&most=3")
    assert "The search gave up" in page
    assert "The search was cut" in _page(client, "/minikernel/reaches/dev_queue_xmit")
    answer = client.get("/api/v1/minikernel/path?from=sys_sendto&to=dev_queue_xmit&most=3")
    assert (answer.json, answer.headers["X-Cut"], answer.headers["X-Why-Not"]) == ([], "1", "cut")
    # who has the time finds it
    patient = create_app(minikernel_index).test_client()
    assert patient.get("/api/v1/minikernel/path?from=sys_sendto&to=dev_queue_xmit&most=3").json
    assert "The search was cut" not in _page(patient, "/minikernel/reaches/dev_queue_xmit")


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


# -- the explorer -----------------------------------------------------------------------------------------


def test_a_call_through_a_pointer_is_one_site_with_its_functions(client):
    record = client.get("/api/v1/minikernel/calls/inet_sendmsg").json
    sites = [each for each in record["callees"]["items"] if each["via"] == "struct proto.sendmsg"]
    assert len(sites) == 1
    assert sites[0]["one_of"]
    targets = {branch["node"] for branch in sites[0]["branches"]}
    assert {"tcp_sendmsg", "udp_sendmsg"} <= targets
    assert all(branch["edge"]["evidence"] for branch in sites[0]["branches"])


def test_a_context_rules_functions_out_and_says_how_many(client):
    every = client.get("/api/v1/minikernel/calls/inet_sendmsg").json
    some = client.get("/api/v1/minikernel/calls/inet_sendmsg?context=tcp4").json
    (site,) = [each for each in some["callees"]["items"] if each["via"] == "struct proto.sendmsg"]
    (whole,) = [each for each in every["callees"]["items"] if each["via"] == "struct proto.sendmsg"]
    assert [branch["node"] for branch in site["branches"]] == ["tcp_sendmsg"]
    assert site["ruled_out"] == len(whole["branches"]) - 1
    assert "ruled out by the context" in _page(client, "/minikernel/calls/inet_sendmsg?context=tcp4")


def test_the_explorer_has_the_callers_that_the_command_has(client, minikernel_index):
    for name in ("tcp_transmit_skb", "ip_output", "kfree", "loopback_xmit"):
        record = client.get(f"/api/v1/minikernel/calls/{name}").json
        found = {edge["caller"] for row in record["callers"]["items"] for edge in row["edges"]}
        assert found == {edge["caller"] for edge in _command(minikernel_index, "callers", name)}


def test_branches_are_fetched_bare_and_have_an_address_of_their_own(client):
    bare = _page(client, "/minikernel/calls/inet_sendmsg?part=callees&bare=1")
    assert "<html" not in bare
    assert 'data-node="tcp_sendmsg"' in bare
    assert 'href="/minikernel/calls/tcp_sendmsg' in bare, "a link for who has no script"


def test_a_macro_has_users(client):
    page = _page(client, "/minikernel/calls/NF_HOOK")
    assert "/minikernel/calls/nf_hook_slow" in page


def test_paths_several_and_around_what_is_avoided(client):
    address = "/api/v1/minikernel/path?from=sys_sendto&to=loopback_xmit&context=tcp4"
    several = client.get(address + "&most=3").json
    assert len(several) >= 1
    (best,) = client.get(address).json
    middle = best[-3]["callee"]
    for path in client.get(f"{address}&avoid={middle}").json:
        assert middle not in [edge["callee"] for edge in path]


@pytest.mark.parametrize(
    ("query", "reason", "said"),
    [
        ("from=udp_sendmsg&to=tcp_sendmsg", "nothing", "No chain of calls leads there"),
        ("from=sys_sendto&to=udp_sendmsg&context=tcp4", "context", "this context rules each of them out"),
        ("from=tcp_sendmsg&to=sys_sendto", "nothing", "The other way round there is a path"),
    ],
)
def test_why_there_is_no_path(client, query, reason, said):
    assert client.get(f"/api/v1/minikernel/path?{query}").headers["X-Why-Not"] == reason
    assert said in _page(client, f"/minikernel/path?{query}")


def test_a_path_quotes_the_line_of_each_call(client):
    assert "sk-&gt;sk_prot-&gt;sendmsg(" in _page(client, "/minikernel/path?from=inet_sendmsg&to=tcp_sendmsg")


def test_the_system_calls_of_a_tree(client):
    page = _page(client, "/minikernel/syscall/")
    names = [row["name"] for row in client.get("/api/v1/minikernel/syscalls").json]
    assert {"write", "socketcall", "sendto"} <= set(names)
    assert all(f"/minikernel/syscall/{name}" in page for name in names)
    assert "/minikernel/syscall/write" not in _page(client, "/minikernel/syscall/?q=sendto")


def test_what_gets_here_only_later_is_told_apart(client):
    page = _page(client, "/minikernel/reaches/ip_rcv")
    assert page.index("In the course of the call") < page.index("Only by something put off")
    deferred = {each["syscall"]: each["deferred"] for each in client.get("/api/v1/minikernel/reaches/ip_rcv").json}
    assert deferred


def test_the_nearest_system_calls_come_first(client):
    page = _page(client, "/minikernel/reaches/ip_queue_xmit")
    steps = [int(each) for each in re.findall(r'class="quiet">(\d+) steps?<', page.split("Only by something put off")[0])]
    assert len(steps) > 3
    assert steps == sorted(steps)


def test_completion_of_names(client):
    names = client.get("/api/v1/minikernel/functions?q=tcp_s").json
    assert "tcp_sendmsg" in names
    assert client.get("/api/v1/minikernel/functions?q=").json == []


# -- pictures -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    [
        "of=inet_sendmsg", "of=inet_sendmsg&kind=callers&depth=3", "kind=path&from=sys_sendto&to=tcp_sendmsg",
        "kind=chain&of=sendto&context=udp4", "kind=reaches&of=loopback_xmit",
    ],
)  # fmt: skip
@pytest.mark.parametrize("bare", ["", "&bare=1"])
def test_a_picture_is_svg_that_a_strict_page_can_hold(client, query, bare):
    answer = client.get(f"/minikernel/graph.svg?{query}{bare}")
    assert (answer.status_code, answer.mimetype) == (200, "image/svg+xml")
    root = ElementTree.fromstring(answer.data)
    for element in root.iter():
        assert "style" not in element.attrib
        assert not [name for name in element.attrib if name.startswith("on")]
        assert element.tag.rpartition("}")[2] not in ("style", "script", "foreignObject")
    links = [each.get("{http://www.w3.org/1999/xlink}href") for each in root.iter("{http://www.w3.org/2000/svg}a")]
    assert links
    assert all(link.startswith("/minikernel/") for link in links)
    for link in {each.partition("#")[0] for each in links}:
        assert client.get(link).status_code == 200, link


def test_a_picture_as_text(client):
    dot = client.get("/minikernel/graph.dot?of=inet_sendmsg&kind=callees")
    assert dot.text.startswith("digraph calls {")
    assert '"inet_sendmsg" -> "tcp_sendmsg"' in dot.text
    assert client.get("/minikernel/graph.mmd?of=inet_sendmsg").text.startswith("flowchart TD\n")


def test_a_picture_is_bounded_and_says_so(client, monkeypatch):
    monkeypatch.setattr("web.explorer.MOST_DRAWN", 5)
    answer = client.get("/minikernel/graph.svg?of=tcp_transmit_skb&depth=4")
    assert int(answer.headers["X-Nodes"]) <= 5
    assert answer.headers["X-Cut"] == "1"


def test_a_layout_that_takes_too_long_is_given_up(client, monkeypatch):
    monkeypatch.setattr("web.layout._LONGEST", 0.0001)
    answer = client.get("/minikernel/graph.svg?of=ip_queue_xmit&depth=3")
    assert answer.status_code == 503
    assert "too entangled" in answer.text


@pytest.mark.parametrize(
    "query",
    ["", "of=", "of=nothing_of_the_kind", "kind=else&of=ip_output", "of=ip_output&depth=9", "kind=path&from=ip_output",
     "of=%00", "of=%22%3E%3Cscript%3E", "of=ip_output&context=none", "kind=chain&of=no_call"],
)  # fmt: skip
def test_a_picture_of_what_is_not_there(client, query):
    answer = client.get(f"/minikernel/graph.svg?{query}")
    assert answer.status_code in (400, 404)
    assert "<script>" not in answer.text


def test_all_threads_share_one_graph(client, minikernel_index):
    other = create_app(minikernel_index)
    seen = []

    def ask() -> None:
        seen.append(other.test_client().get("/api/v1/minikernel/calls/inet_sendmsg").json)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(seen) == 8
    assert all(each == client.get("/api/v1/minikernel/calls/inet_sendmsg").json for each in seen)


def test_a_path_through_pointers_offers_the_contexts(minikernel_index: Path, site: Any) -> None:
    found = type(site)(create_app(minikernel_index))
    page = found.page("/minikernel/path?from=sys_sendto&to=tcp_sendmsg")
    assert page.target("tcp4") == ["/minikernel/path?from=sys_sendto&to=tcp_sendmsg&most=1&context=tcp4"]
    bound = found.page("/minikernel/path?from=sys_sendto&to=tcp_sendmsg&context=tcp4")
    assert not bound.target("tcp4")
