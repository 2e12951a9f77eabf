"""Continuous glucose of people at risk of type 2 diabetes (Colas et al. 2019), as a question of forecasting."""

from collections.abc import Mapping
from pathlib import Path

from salus.contract.dataset import ListDataset
from salus.data.entry import Entry, Loaded
from salus.data.glucose import QUESTION, forecasts, parts, read_series


def load(folder: Path, options: Mapping[str, str]) -> Loaded:
    """Read up to 48 h of readings a person and cut them into windows, one start every half hour."""
    series = read_series(folder / "colas2019_cgm.csv.gz")
    horizon = int(options.get("horizon_min", "30")) // 5
    part = parts([one.id for one in series])
    samples = [sample for one in series for sample in forecasts(one, horizon, stride=6, split=part[one.id])]
    return Loaded(
        dataset=ListDataset(samples),
        question=QUESTION,
        notes=(
            f"{len(series)} people, {sum(len(one.values) for one in series):,} readings; dates are nominal.",
            "Windows of one person overlap in time and stay in one part, because parts hold whole people.",
        ),
    )


ENTRY = Entry(
    name="cgm_colas2019",
    title="Continuous glucose monitoring of 208 people at risk of type 2 diabetes, two days each",
    modality="signal",
    tasks=("forecasting",),
    licence="CC BY 4.0",
    citation="Colas A, Vigil L, Vargas B, Cuesta-Frau D, Varela M. Detrended Fluctuation Analysis in the prediction of "
    "type 2 diabetes mellitus in patients at risk. PLoS ONE 14(12):e0225817, 2019.",
    homepage="https://doi.org/10.1371/journal.pone.0225817",
    patient="the person (id)",
    split="by person; inside a person only forward in time",
    traps=(
        "some recordings pause for most of an hour: a window must not run across a gap",
        "two hours of two people can resemble each other so closely that the firewall asks about them",
        "shuffled windows put the future of a person into training",
        "dates are nominal, all recordings begin on one day",
    ),
    options={"horizon_min": ("30", "60")},
    load=load,
)
