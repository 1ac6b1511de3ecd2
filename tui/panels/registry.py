"""The one place where panels are registered; keys, help, layout and full screens follow from it."""

from tui.panel import Panel
from tui.panels.alerts import AlertsPanel
from tui.panels.conflicts import ConflictsPanel
from tui.panels.connections import ConnectionsPanel
from tui.panels.events import EventsPanel
from tui.panels.ledger import LedgerPanel
from tui.panels.locks import LocksPanel
from tui.panels.map import MapPanel
from tui.panels.outcomes import OutcomesPanel
from tui.panels.passes import PassesPanel
from tui.panels.paths import PathsPanel
from tui.panels.ranking import RankingPanel
from tui.panels.slots import SlotsPanel
from tui.panels.steps import StepsPanel
from tui.panels.sweep import SweepPanel
from tui.panels.waits import WaitsPanel
from tui.panels.workers import WorkersPanel
from tui.panels.zone_locks import ZoneLocksPanel

PANELS: tuple[type[Panel], ...] = (
    StepsPanel,
    WorkersPanel,
    OutcomesPanel,
    SlotsPanel,
    ConflictsPanel,
    ZoneLocksPanel,
    LocksPanel,
    ConnectionsPanel,
    EventsPanel,
    PassesPanel,
    PathsPanel,
    LedgerPanel,
    WaitsPanel,
    AlertsPanel,
    MapPanel,
    RankingPanel,
    SweepPanel,
)
BY_NAME: dict[str, type[Panel]] = {panel.NAME: panel for panel in PANELS}
