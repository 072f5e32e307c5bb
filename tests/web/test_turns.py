"""Requests of one process, one after another."""

from __future__ import annotations

import threading

import pytest

from web.turns import Turns


class Site:
    """An application whose requests go on when they are told to; `busy` are those within."""

    def __init__(self):
        self.go = {"slow": threading.Event(), "quick": threading.Event()}
        self.within = {"slow": threading.Event(), "quick": threading.Event()}

    def __call__(self, environ, start_response):
        name = environ["PATH_INFO"]
        self.within[name].set()
        assert self.go[name].wait(30)
        if environ.get("fails"):
            raise ValueError("refused")
        return [b"done"]


def ask(app, name, **environ):
    def work():
        body = app({"PATH_INFO": name, **environ}, lambda *_: None)
        b"".join(body)
        body.close()

    thread = threading.Thread(target=work)
    thread.start()
    return thread


@pytest.fixture
def site():
    return Site()


def test_the_next_waits_until_the_first_is_done_with(site):
    app = Turns(site, patience=30)
    slow = ask(app, "slow")
    assert site.within["slow"].wait(30)
    quick = ask(app, "quick")
    assert not site.within["quick"].wait(0.2)
    site.go["slow"].set()
    assert site.within["quick"].wait(30)
    site.go["quick"].set()
    slow.join(30)
    quick.join(30)


def test_who_takes_long_lets_the_next_in(site):
    app = Turns(site, patience=0.05)
    slow = ask(app, "slow")
    assert site.within["slow"].wait(30)
    site.go["quick"].set()
    quick = ask(app, "quick")
    quick.join(30)
    assert not quick.is_alive()
    assert slow.is_alive()
    site.go["slow"].set()
    slow.join(30)


def test_a_request_that_fails_gives_its_turn_back(site):
    app = Turns(site, patience=3600)
    site.go["slow"].set()
    with pytest.raises(ValueError, match="refused"):
        app({"PATH_INFO": "slow", "fails": True}, lambda *_: None)
    site.go["quick"].set()
    quick = ask(app, "quick")
    quick.join(30)
    assert not quick.is_alive()
