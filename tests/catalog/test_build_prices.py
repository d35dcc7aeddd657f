"""The script that makes the shipped data: every trap of the tables it reads."""

from __future__ import annotations

import csv
import importlib.util
import json
import sys
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from planner.catalog.rows import RawRow
from planner.catalog.snapshot import load_snapshot

_PRICE_COLUMNS = [
    "instance_type",
    "gpu_name",
    "region",
    "on_demand_usd_h",
    "ri_1yr_no_upfront_usd_h",
    "spot_median_usd_h",
    "source",
    "date",
]
_SPEC_COLUMNS = [
    "instance_type",
    "accelerator",
    "count",
    "mem_mib_each",
    "vcpu",
    "mem_mib",
    "local_nvme_gb",
    "network",
    "efa",
    "arch",
    "usage_classes",
    "regions",
]

_KARPENTER = "aws/karpenter-provider-aws@1d92708 (Apache-2.0)"
_AWS_GPU = "tsaol/aws-gpu@77fcd9f (Vantage/AWS price list)"
_SPOT = "skypilot-org/skypilot-catalog@00148f2 v8 (spot)"


@pytest.fixture(scope="module")
def script(request: pytest.FixtureRequest) -> ModuleType:
    path = request.config.rootpath / "scripts" / "build_prices.py"
    spec = importlib.util.spec_from_file_location("build_prices", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Its dataclasses look their own module up.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def _line(**fields: str) -> dict[str, str]:
    line = dict.fromkeys(_PRICE_COLUMNS, "")
    line |= {
        "instance_type": "g6e.xlarge",
        "region": "us-east-1",
        "on_demand_usd_h": "1.861",
        "ri_1yr_no_upfront_usd_h": "1.17243",
        "source": _AWS_GPU,
        "date": "2026-01-21",
    }
    return line | fields


def _spec(**fields: str) -> dict[str, str]:
    spec = {
        "instance_type": "g6e.xlarge",
        "accelerator": "L40S",
        "count": "1",
        "mem_mib_each": "45776",
        "vcpu": "4",
        "mem_mib": "32768",
        "local_nvme_gb": "250",
        "network": "Up to 20 Gigabit",
        "efa": "False",
        "arch": "x86_64",
        "usage_classes": "on-demand/spot",
        "regions": "us-east-1",
    }
    return spec | fields


def _rows(
    script: ModuleType, lines: list[dict[str, str]], specs: list[dict[str, str]]
) -> dict[tuple[str, str, str], RawRow]:
    tables = script.Tables(prices=lines, specs=specs, services=[])
    rows = script.instance_rows(tables, script.read_terms("instance_terms.yaml"))
    return {(r["item"], r["region"], r["purchase"]): r for r in rows}


def test_of_two_dates_the_newer_is_on_demands_only(script: ModuleType) -> None:
    line = _line(source=f"{_KARPENTER} + {_AWS_GPU}", date="2026-07-20 / 2026-01-21")
    rows = _rows(script, [line], [_spec()])
    on_demand = rows["g6e.xlarge", "us-east-1", "on_demand"]
    reserved = rows["g6e.xlarge", "us-east-1", "ri_1y_no_upfront"]
    assert (on_demand["observed"], on_demand["source"]) == ("2026-07-20", _KARPENTER)
    assert (reserved["observed"], reserved["source"]) == ("2026-01-21", _AWS_GPU)
    assert (on_demand["usd"], reserved["usd"]) == ("1.861", "1.17243")


def test_a_spot_source_dates_nothing_and_its_price_is_left_out(script: ModuleType) -> None:
    line = _line(
        source=f"{_AWS_GPU} + {_SPOT}", date="2026-01-21 / early 2026", spot_median_usd_h="0.9"
    )
    rows = _rows(script, [line], [_spec()])
    assert rows["g6e.xlarge", "us-east-1", "on_demand"]["observed"] == "2026-01-21"
    assert {purchase for _, _, purchase in rows} == {"on_demand", "ri_1y_no_upfront"}


@pytest.mark.parametrize(
    ("text", "day"), [("2026-01-21", "2026-01-21"), ("early 2026", None), ("2022", None)]
)
def test_only_a_day_is_a_date(script: ModuleType, text: str, day: str | None) -> None:
    assert script.iso_or_none(text) == day


def test_a_line_with_a_spot_price_only_has_no_price(script: ModuleType) -> None:
    line = _line(
        instance_type="p5e.48xlarge",
        region="us-east-2",
        on_demand_usd_h="",
        ri_1yr_no_upfront_usd_h="",
        spot_median_usd_h="40.8658",
        source=_SPOT,
        date="early 2026",
    )
    spec = _spec(
        instance_type="p5e.48xlarge",
        accelerator="H200",
        regions="us-east-2",
        usage_classes="capacity-block/on-demand/spot",
    )
    row = _rows(script, [line], [spec])["p5e.48xlarge", "us-east-2", "on_demand"]
    assert row["usd"] is None
    assert "no on-demand price of p5e.48xlarge in any region: Capacity Blocks" in str(
        row["reason_null"]
    )


def test_an_offered_region_without_a_price_is_a_row_with_the_reason(script: ModuleType) -> None:
    lines = [_line(), _line(instance_type="g5.xlarge", region="eu-west-1")]
    specs = [_spec(regions="us-east-1 eu-west-1 af-south-1"), _spec(instance_type="g5.xlarge")]
    rows = _rows(script, lines, specs)
    assert rows["g6e.xlarge", "eu-west-1", "on_demand"]["reason_null"] == (
        "offered in eu-west-1 without a known on-demand price"
    )
    assert rows["g6e.xlarge", "af-south-1", "on_demand"]["reason_null"] == (
        "the price sources do not cover af-south-1"
    )


def test_a_price_without_an_offering_is_unconfirmed(script: ModuleType) -> None:
    line = _line(instance_type="p4d.24xlarge", region="ap-southeast-1")
    spec = _spec(
        instance_type="p4d.24xlarge", accelerator="A100", mem_mib_each="40960", regions="us-east-1"
    )
    row = _rows(script, [line], [spec])["p4d.24xlarge", "ap-southeast-1", "on_demand"]
    assert row["usd"] == "1.861"
    assert "unconfirmed" in str(row["source"])
    tables = script.Tables(prices=[line], specs=[spec], services=[])
    (built,) = script.instance_types(tables, script.read_terms("instance_terms.yaml"))
    assert built["regions"] == ["us-east-1"]
    assert built["notes"] == ["ap-southeast-1 has a price but no offering: unconfirmed"]


def test_six_decimals_are_kept(script: ModuleType) -> None:
    line = _line(on_demand_usd_h="21.957642")
    row = _rows(script, [line], [_spec()])["g6e.xlarge", "us-east-1", "on_demand"]
    assert row["usd"] == "21.957642"


@pytest.mark.parametrize(
    ("accelerator", "memory", "name"),
    [
        ("RTX PRO Server 6000", "98304", "RTX PRO 6000"),
        ("A100", "40960", "A100-40GB"),
        ("A100", "81920", "A100-80GB"),
        ("L4", "22888", "L4"),
    ],
)
def test_accelerators_get_the_catalogs_names(
    script: ModuleType, accelerator: str, memory: str, name: str
) -> None:
    spec = _spec(accelerator=accelerator, mem_mib_each=memory)
    assert script.accelerator_name(spec, script.read_terms("instance_terms.yaml")) == name


def test_the_memory_of_trainium2_is_overridden(script: ModuleType) -> None:
    spec = _spec(
        instance_type="trn2.48xlarge", accelerator="Trainium2", count="16", mem_mib_each="524288"
    )
    tables = script.Tables(prices=[], specs=[spec], services=[])
    (built,) = script.instance_types(tables, script.read_terms("instance_terms.yaml"))
    assert built["accelerator_mem_mib"] == 98_304
    assert any("524,288" in note for note in built["notes"])


def test_an_empty_instance_store_is_zero(script: ModuleType) -> None:
    spec = _spec(instance_type="inf2.xlarge", accelerator="Inferentia2", local_nvme_gb="")
    tables = script.Tables(prices=[], specs=[spec], services=[])
    (built,) = script.instance_types(tables, script.read_terms("instance_terms.yaml"))
    assert built["local_nvme_gb"] == 0


# --- services ------------------------------------------------------------------------------------


def _service(item: str, price: str, source: str, note: str = "", service: str = "S") -> Any:
    return {
        "service": service,
        "item": item,
        "unit": "u",
        "us_east_1_usd": price,
        "note": note,
        "source": source,
    }


def _service_rows(script: ModuleType, lines: list[Any], items: list[Any]) -> list[RawRow]:
    terms = {**script.read_terms("service_items.yaml"), "items": items}
    terms |= {"given": [], "unpriced": []}
    tables = script.Tables(prices=[], specs=[], services=lines)
    return list(script.service_rows(tables, terms))


def test_same_is_the_source_of_the_line_above(script: ModuleType) -> None:
    lines = [
        _service("a", "1", "infracost a_test.golden"),
        _service("b", "2", "same"),
        _service("c", "3", "same"),
    ]
    found = script.resolved_services(lines)
    assert [line["source"] for line in found] == ["infracost a_test.golden"] * 3


@pytest.mark.parametrize(
    ("source", "day"),
    [
        ("infracost lb_test.golden", "2026-08-21"),
        ("infracost a_test.golden; aws.amazon.com/cloudwatch/pricing", "2026-08-21"),
        ("LeanerCloud (2025-04-24)", "2025-04-24"),
        ("github nishinoshake/aws-rough#37 quoting aws.amazon.com/cloudwatch/pricing (2022)", None),
        ("three public pricing guides of 2025 that agree (second-hand)", None),
    ],
)
def test_service_dates_come_from_the_source(
    script: ModuleType, source: str, day: str | None
) -> None:
    items = [{"id": "x", "service": "S", "item": "a", "unit": "GB"}]
    (row,) = _service_rows(script, [_service("a", "1", source)], items)
    assert row["observed"] == day


def test_an_item_that_the_table_lacks_is_given_with_its_source(script: ModuleType) -> None:
    tables = script.Tables(prices=[], specs=[], services=[])
    given = {"id": "x", "unit": "month", "usd": "0.50", "source": "page"}
    terms = {**script.read_terms("service_items.yaml"), "items": [], "unpriced": []}
    (row,) = script.service_rows(tables, {**terms, "given": [given]})
    assert (row["item"], row["usd"], row["source"]) == ("x", "0.5", "page")


def test_a_price_in_the_note_is_a_row_of_its_own(script: ModuleType) -> None:
    line = _service("duration x86", "0.0000166667", "infracost", "arm64 0.0000133334 (first 7.5B)")
    items = [
        {"id": "x86", "service": "S", "item": "duration x86", "unit": "GB-second"},
        {
            "id": "arm64",
            "service": "S",
            "item": "duration x86",
            "unit": "GB-second",
            "note": "arm64 ([0-9.]+)",
        },
    ]
    rows = _service_rows(script, [line], items)
    assert {row["item"]: row["usd"] for row in rows} == {
        "x86": "0.0000166667",
        "arm64": "0.0000133334",
    }


def test_a_note_that_changed_is_an_error_and_not_a_silent_loss(script: ModuleType) -> None:
    items = [{"id": "x", "service": "S", "item": "a", "unit": "GB", "note": "arm64 ([0-9.]+)"}]
    with pytest.raises(ValueError, match=r"x: .* not in note 'nothing'"):
        _service_rows(script, [_service("a", "1", "infracost", "nothing")], items)


def test_an_anomaly_alarm_is_three_standard_metrics(script: ModuleType) -> None:
    items = [{"id": "x", "service": "S", "item": "a", "unit": "alarm-month", "per": 3}]
    (row,) = _service_rows(script, [_service("a", "0.10", "infracost")], items)
    assert row["usd"] == "0.3"


# --- the whole -----------------------------------------------------------------------------------


def _write(path: Path, columns: list[str], lines: list[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, columns)
        writer.writeheader()
        writer.writerows(lines)


def test_a_run_writes_files_the_catalog_reads(
    script: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _write(tmp_path / "aws_gpu_prices.csv", _PRICE_COLUMNS, [_line()])
    _write(tmp_path / "aws_gpu_specs_offerings.csv", _SPEC_COLUMNS, [_spec()])
    terms = script.read_terms("service_items.yaml")
    services = {(e["service"], e["item"]) for e in terms["items"]}
    # Every pattern finds its figure in this one note.
    note = (
        "same in us-west-2, eu-west-1, eu-central-1; ap-northeast-1 0.1; us-east-1<->us-east-2 1; "
        "10 alarm metrics free; 3 dashboards of up to 50 metrics free; next 240k 0.1, next 750k "
        "0.05, over 1M 0.02; 10 free; 1M API requests free; 5 GB free; 0.9 above 300M; 2 next "
        "667M; 2 next 19B; 1 above 20B; arm64 1; 0.6 under extended support; Valkey 0.1; 0.05 per "
        "10k API calls; advanced 0.05 per month; 0.05 per 10k interactions; email over 1k: 2 per "
        "100k; HTTPS 0.06 per 100k; 1.00 per rule; 0.6 per 1M requests; 0.03 per 10k requests; "
        "first 62 budget-days a month free"
    )
    _write(
        tmp_path / "aws_service_prices.csv",
        ["service", "item", "unit", "us_east_1_usd", "note", "source"],
        [_service(item, "1", "infracost", note, service) for service, item in sorted(services)],
    )
    out = tmp_path / "out"
    out.mkdir()
    assert script.main([str(tmp_path), "--as-of", "2026-11-21", "--out", str(out)]) == 0
    assert sorted(path.name for path in out.iterdir()) == [
        "free_allowances.json",
        "instances.json",
        "prices.json",
    ]
    found = load_snapshot(out / "prices.json")
    assert found.as_of == date(2026, 11, 21)
    assert found.items("instance") == ("g6e.xlarge",)
    assert json.loads((out / "instances.json").read_text())[0]["name"] == "g6e.xlarge"
    assert "prices.json" in capsys.readouterr().out
