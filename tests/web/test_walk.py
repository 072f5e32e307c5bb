"""The walkthroughs: every scenario at its first, middle and last step, records, downloads, and what is refused."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import parse_qs
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner

from web import walks
from web.app import create_app
from xref.cli import main
from xref.index.build import index_tree
from xref.stack import scenario

MINIKERNEL = Path(__file__).parents[2] / "fixtures" / "minikernel"
NAMES = list(scenario.load())


@pytest.fixture(scope="module", name="mini")
def _mini(tmp_path_factory, site):
    file = tmp_path_factory.mktemp("walk") / "minikernel.db"
    index_tree(file, MINIKERNEL, jobs=1)
    return type(site)(create_app(file))


def test_the_list_has_every_scenario_once_and_what_it_teaches(mini) -> None:
    page = mini.page("/minikernel/walk/")
    for one in scenario.load().values():
        assert page.target(one.name) == [f"/minikernel/walk/{one.name}"]
        assert one.teaches in page.texts("p")
    assert [name for group, found in walks.groups() for name in found if group == "other"] == []


def test_the_list_can_be_filtered(mini) -> None:
    shown = mini.page("/minikernel/walk/?q=RETRANSMIT").texts("code")
    assert "fast_retransmit" in shown
    assert "udp" not in shown
    assert mini.page("/minikernel/walk/?q=nothing-says-this").target("All scenarios") == ["/minikernel/walk/"]


@pytest.mark.parametrize("name", NAMES)
def test_a_scenario_at_its_first_middle_and_last_step(mini, name: str) -> None:
    count = mini.record(f"/api/v1/minikernel/walk/{name}")["steps"]
    for n in (0, count // 2, count - 1):
        page = mini.page(f"/minikernel/walk/{name}?step={n}")
        assert page.fields["step"] == str(n)
        (record,) = mini.record(f"/api/v1/minikernel/walk/{name}?steps={n}")["records"]
        assert record["n"] == n
        # it can be gone on from without a script
        if n + 1 < count:
            assert f"/minikernel/walk/{name}?step={n + 1}" in page.links


def test_a_step_tells_where_it_is_and_what_proves_it(mini) -> None:
    overview = mini.record("/api/v1/minikernel/walk/write")
    asked = mini.record("/api/v1/minikernel/walk/write?function=tcp_sendmsg&step=0")["n"]
    (record,) = mini.record(f"/api/v1/minikernel/walk/write?steps={asked}")["records"]
    assert (record["kind"], record["function"]) == ("enter", "tcp_sendmsg")
    assert record["proof"]["status"] == "proved"
    assert (record["proof"]["kind"], record["proof"]["via"]) == ("field", "struct proto.sendmsg")
    assert record["stack"][-1]["site"] == f"{record['proof']['file']}:{record['proof']['line']}"
    assert record["stack"][0]["n"] in [call["n"] for call in overview["calls"]]
    page = mini.page(f"/minikernel/walk/write?step={asked}")
    assert record["stack"][-1]["site"] in page.texts("a")
    assert "proved" in page.texts("span")
    # in the line of the call, the member through which it goes is marked, and the function where it is defined
    assert page.texts("mark") == ["sendmsg", "tcp_sendmsg"]


def test_an_event_shows_how_far_its_function_has_got(mini) -> None:
    n = mini.record("/api/v1/minikernel/walk/write?to=event&step=0")["n"]
    (record,) = mini.record(f"/api/v1/minikernel/walk/write?steps={n}")["records"]
    assert (record["kind"], record["function"]) == ("event", "sys_socket")
    assert record["after"]["caller"] == "sys_socket"
    proof = record["after"]["proof"]
    page = mini.page(f"/minikernel/walk/write?step={n}")
    assert f"{proof['file']}:{proof['line']}" in page.texts("a")
    assert any("which has called" in each for each in page.texts("h3"))
    (entered,) = mini.record(f"/api/v1/minikernel/walk/write?steps={n + 1}")["records"]
    assert (entered["kind"], entered["after"]) == ("enter", None)


def test_scenarios_to_choose_from_stand_under_readable_groups(mini) -> None:
    raw = {group for group, _ in walks.groups()}
    for language in ("en", "ko"):
        html = mini.client.get("/minikernel/walk/write", headers={"Accept-Language": language}).text
        titles = re.findall('<optgroup label="([^"]*)"', html)
        assert len(titles) == len(raw)
        assert not set(titles) & raw
        assert ("Ways to send" in titles) is (language == "en")


def test_what_is_not_in_the_tree_is_said(site) -> None:
    page = site.get("/tree/walk/write?step=20").text
    assert "not in this tree" in page
    assert "this tree has no function" in page
    assert "This tree has no function of that name" in page


def test_a_window_of_steps_is_what_the_steps_are(mini) -> None:
    window = mini.record("/api/v1/minikernel/walk/udp?steps=10-19")["records"]
    assert [each["n"] for each in window] == list(range(10, 20))
    assert window[3] == mini.record("/api/v1/minikernel/walk/udp?steps=13")["records"][0]


def test_the_panels_of_a_window_are_those_of_the_page(mini) -> None:
    found = mini.record("/api/v1/minikernel/walk/udp?steps=90-121&panels=1")
    page = mini.get("/minikernel/walk/udp?step=100").text
    for html in found["records"][10]["panels"].values():
        assert found["html"][html] in page


def test_buttons_lead_to_the_next_of_a_kind(mini) -> None:
    for query in ("to=event", "to=segment", "to=call", "function=udp_sendmsg"):
        found = mini.record(f"/api/v1/minikernel/walk/udp?{query}&step=5")["n"]
        answer = mini.get(f"/minikernel/walk/udp?{query}&step=5&payload=200", 302)
        assert parse_qs(urlsplit(answer.location).query) == {"payload": ["200"], "step": [str(found)]}
    answer = mini.get("/minikernel/walk/udp?function=no_such&step=5", 302)
    assert "no_such" in mini.get(answer.location).text


def test_a_form_leads_to_the_run_it_asks_for(mini) -> None:
    answer = mini.get("/minikernel/walk/?scenario=udp&payload=4000&mss=1460&drop=&sysctl=&offload=0&loss=0.0", 302)
    assert answer.location == "/minikernel/walk/udp?payload=4000"
    run = mini.record("/api/v1/minikernel" + answer.location.removeprefix("/minikernel"))
    assert run["options"]["payload"] == 4000
    assert len([each for each in run["segments"] if each["protocol"] == "UDP"]) == 3


@pytest.mark.parametrize("query", ["", "payload=3000&drop=2", "payload=20000&loss=5&seed=7"])
def test_a_capture_is_the_commands(mini, tmp_path: Path, query: str) -> None:
    given = [part for each in query.split("&") if each for part in (f"--{each.split('=')[0]}", each.split("=")[1])]
    file = tmp_path / "x.pcap"
    done = CliRunner().invoke(main, ["walk", "write", *given, "--pcap", str(file)])
    assert done.exit_code == 0, done.output
    assert mini.get(f"/minikernel/walk/write/capture.pcap?{query}").data == file.read_bytes()


def test_a_trace_is_the_commands(mini) -> None:
    done = CliRunner().invoke(main, ["walk", "udp", "--payload", "50", "--json"])
    assert mini.get("/api/v1/minikernel/walk/udp/trace?payload=50").json == json.loads(done.output)


@pytest.mark.parametrize(
    "query",
    [
        "payload=1000000000", "payload=-1", "payload=x", "payload=1e3", "payload=1048577", "mss=0", "mss=9000", "loss=nan",
        "loss=101", "loss=x", "drop=x", "drop=0", "drop=" + "1,"*201, "offload=2", "machine=vax", "sysctl=no_such=1",
        "sysctl=tcp_sack", "sysctl=tcp_sack=2", "sysctl=tcp_wmem=1", "sysctl=tcp_wmem=9000,5000,4000", "hz=1",
        "delay=10000001", "seed=" + "9" * 30, "step=-1", "step=x", "step=99999999", "step=1.5", "to=nowhere",
        "payload=" + "1" * 1000, "bandwidth=" + "9" * 19, "payload=1000000&mss=48",
    ],
)  # fmt: skip
def test_what_cannot_be_run_is_refused(mini, query: str) -> None:
    name = query.partition("=")[0]
    said = mini.get(f"/minikernel/walk/write?{query}", 400).text
    assert name in said or "steps" in said
    error = mini.record(f"/api/v1/minikernel/walk/write?{query}", 400)["error"]
    assert error["status"] == 400


@pytest.mark.parametrize("steps", ["x", "5-", "-5", "9-3", "0-100", "0-99999999", "1-2-3"])
def test_a_window_that_cannot_be_is_refused(mini, steps: str) -> None:
    assert "steps" in mini.record(f"/api/v1/minikernel/walk/write?steps={steps}", 400)["error"]["message"]


def test_an_unknown_scenario_is_not_found_and_near_ones_are_offered(mini) -> None:
    assert "fast_retransmit" in mini.page("/minikernel/walk/fast_retransmi", 404).texts("a")
    mini.get("/minikernel/walk/?scenario=none", 404)
    mini.record("/api/v1/minikernel/walk/none", 404)
    mini.get("/nosuch/walk/write", 404)


def test_a_run_is_made_once(mini, monkeypatch) -> None:
    made = []
    run = scenario.run
    monkeypatch.setattr(scenario, "run", lambda *args, **more: (made.append(1), run(*args, **more))[1])
    for step in (0, 1, 2):
        mini.get(f"/minikernel/walk/udp?payload=777&step={step}")
    assert len(made) == 1


def test_a_page_of_a_long_run_stays_small(mini) -> None:
    assert len(mini.get("/minikernel/walk/large_write?payload=400000&step=20000").data) < 1_500_000
