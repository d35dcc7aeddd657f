"""Labelled pairs from CSV and JSONL, and what is wrong with a file that is none."""

from __future__ import annotations

from decimal import Decimal

import pytest

from planner.errors import InputError
from planner.levers.cache import parse_pairs

CSV = "similarity,same,a,b\n0.91,true,hi,hello\n0.4,0,hi,bye\n"
JSONL = '{"similarity": 0.91, "label": "same"}\n\n{"similarity": 0.4, "same": false}\n'


def test_csv_with_texts() -> None:
    first, second = parse_pairs(CSV, "pairs.csv")
    assert (first.similarity, first.same, first.texts) == (Decimal("0.91"), True, ("hi", "hello"))
    assert (second.similarity, second.same) == (Decimal("0.4"), False)


def test_jsonl_with_either_name_of_the_label() -> None:
    assert [(p.similarity, p.same, p.texts) for p in parse_pairs(JSONL, "pairs.jsonl")] == [
        (Decimal("0.91"), True, None),
        (Decimal("0.4"), False, None),
    ]


@pytest.mark.parametrize(
    ("text", "name", "says"),
    [
        ("similarity,same\nhigh,true\n0.1,false\n", "p.csv", "p.csv:2: `similarity` is 'high'"),
        ("similarity,same\n1.5,true\n0.1,false\n", "p.csv", "not a number from -1 to 1"),
        ("similarity,same\n0.5,maybe\n0.1,false\n", "p.csv", "write true or false"),
        ("cosine,same\n0.5,true\n", "p.csv", "no `similarity`; it has `cosine`, `same`"),
        ("similarity,is\n0.5,true\n", "p.csv", "no `same`"),
        ("similarity,same\n0.5,true\n", "p.csv", "of 1 labelled, there are no different"),
        ("similarity,same\n", "p.csv", "no same and different ones"),
        (
            "similarity,same,a,b\n.9,1,Hello, you,hi\n",
            "p.csv",
            "p.csv:2: 5 cells, the header has 4",
        ),
        ("similarity,same,a,b\n.9,1\n", "p.csv", "p.csv:2: 2 cells, the header has 4"),
        ('similarity,same,a,b\n.9,1,"x,y\n.2,0,x,z\n', "p.csv", "p.csv:3: not CSV"),
        ("{]\n", "p.jsonl", "p.jsonl:1: not JSON"),
        ("[1]\n", "p.jsonl", "p.jsonl:1: not a JSON object"),
        ('{"similarity": true, "same": 1}\n', "p.jsonl", "`similarity` is True"),
    ],
)
def test_a_bad_file_is_named_with_its_line(text: str, name: str, says: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_pairs(text, name)
    assert says in caught.value.message


def test_many_problems_are_cut() -> None:
    with pytest.raises(InputError) as caught:
        parse_pairs("similarity,same\n" + "x,true\n" * 9, "p.csv")
    assert caught.value.message.endswith("… and 4 more")
