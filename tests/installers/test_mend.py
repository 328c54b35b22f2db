from mcpgw.installers.drift import Drift, Drifted
from mcpgw.installers.mend import forget
from mcpgw.registry.ledger import LedgerEntry, Step, append, done_record, entries, plan_record
from support.client_home import client_home

FS, DB = (LedgerEntry(f"claude-code:user:{name}", name, "claude-code", "user", None, "/h/f") for name in ("fs", "db"))


def test_what_its_owner_deleted_is_forgotten_and_the_rest_is_not(tmp_path):
    layout = client_home(tmp_path).layout
    step = Step(1, "/h/f", "/h/f", "0", "1", (), (FS, DB))
    append(layout, plan_record(step, at=1.0), done_record(step, at=1.0))
    forget(layout, (), now=2.0)
    assert entries(layout) == (FS, DB)
    forget(layout, [Drifted(Drift.GONE, FS.entry_id, "fs", "claude-code", "/h/f", None, None, None)], now=2.0)
    assert entries(layout) == (DB,)
