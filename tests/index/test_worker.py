"""What a worker does when our own code fails on a file: that file's facts are lost, nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from xref.index import worker
from xref.index.worker import Job
from xref.index.worker import read_chunk
from xref.parse.lessons import Lessons
from xref.parse.reader import CReader


@pytest.fixture
def jobs(tmp_path: Path) -> list[Job]:
    texts = {"a.c": b"int a_one;\n", "b.c": b"int b_two;\n", "c.S": b"c_three:\n", "d.c": b"int d_four;\n"}
    for path, data in texts.items():
        (tmp_path / path).write_bytes(data)
    worker.start(Lessons())
    return [
        Job(number, path, "asm" if path.endswith(".S") else "c", os.fsencode(tmp_path / path), len(data))
        for number, (path, data) in enumerate(texts.items())
    ]


def _defined(jobs: list[Job]) -> tuple[set[bytes], list[tuple[int, str]]]:
    result = read_chunk(jobs)
    return (
        {result.words[word] for word in result.facts.definitions[:, 1].tolist()},
        [(number, problem.reason) for number, problem in result.facts.problems],
    )


def test_a_fault_in_reading_c_costs_one_file(jobs, monkeypatch):
    real = CReader.read

    def read(self, files, paths):
        if "b.c" in paths:
            raise RecursionError("too deep")
        return real(self, files, paths)

    monkeypatch.setattr(CReader, "read", read)
    names, problems = _defined(jobs)
    assert names == {b"a_one", b"c_three", b"d_four"}
    assert problems == [(1, "the parser failed on it (RecursionError: too deep); please report this")]


def test_a_fault_in_reading_assembly_costs_one_file(jobs, monkeypatch):
    def fail(_data):
        raise IndexError("out of range")

    monkeypatch.setattr(worker, "parse_asm", fail)
    names, problems = _defined(jobs)
    assert names == {b"a_one", b"b_two", b"d_four"}
    assert problems == [(2, "the parser failed on it (IndexError: out of range); please report this")]


def test_a_fault_in_learning_costs_nothing_but_the_lesson(jobs, monkeypatch):
    real = worker.taught_by

    def learn(path, data):
        if b"a_one" in data:
            raise ValueError("odd")
        return real(path, data)

    monkeypatch.setattr(worker, "taught_by", learn)
    assert [path for path, _ in worker.learn_chunk([job for job in jobs if job.kind == "c"])] == ["b.c", "d.c"]
