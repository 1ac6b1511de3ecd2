"""How the planner looks for tables: its weights, limits and rules, under a name."""

from enum import StrEnum

import msgspec

from engine.model.floor import Weights


class AdjacencyMode(StrEnum):
    """What touching means for a set of several tables."""

    CONNECTED = "connected"
    """One can walk from any of its tables to any other over tables of the set; the platform's default."""
    PAIRWISE = "pairwise"
    """Every two of them touch."""
    NEIGHBORS = "neighbors"
    """One of them touches all others."""
    OFF = "off"
    """They only share a zone."""


class Strategy(msgspec.Struct, frozen=True):
    """One way to quote: a name, weights and limits, and what touching means."""

    name: str
    weights: Weights = Weights()
    adjacency: AdjacencyMode = AdjacencyMode.CONNECTED
    relaxes: bool = True
    """Rules give way one after the other while nothing is free: smallest party, then adjacency, then overage."""


class Rules(msgspec.Struct, frozen=True):
    """What the planner makes of a floor whatever the strategy; the platform's known faults can be put in here."""

    drops_lone_tables: bool = False
    """A table without any adjacency row serves nobody while the strategy wants adjacency, as on the platform: it is
    filtered out before any set is looked for, so that not even a relaxed quote brings it back."""
    directed: bool = False
    """Adjacency rows are read in the direction they are stored in only: of those that join two tables the planner
    misses the ones that run from the smaller to the larger, as it looks for neighbours from the larger on."""
    fails_hard: bool = False
    """A start in no service is refused; else it sits by lunch's turn times."""
