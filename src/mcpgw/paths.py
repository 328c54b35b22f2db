"""Where everything lies below the one state directory. Pure: nothing here touches the disk."""

from mcpgw.values import NamedTuple


class StateLayout(NamedTuple):
    """Absolute paths (as str: the data plane does not import pathlib) below `root`, the state directory (mode 0700)."""

    root: str

    @property
    def config_file(self) -> str:
        return f"{self.root}/config.toml"

    @property
    def rules_dir(self) -> str:
        return f"{self.root}/rules"

    @property
    def policy_dir(self) -> str:
        return f"{self.root}/policy"

    @property
    def policy_current(self) -> str:
        """A file that holds the digest of the snapshot in force, replaced by rename."""
        return f"{self.root}/policy/current"

    def snapshot_dir(self, digest: str) -> str:
        return f"{self.root}/policy/{digest}"

    @property
    def policy_problem(self) -> str:
        """What stopped the last compile, for `status`; absent when the sources compile."""
        return f"{self.root}/policy/problem.json"

    @property
    def compile_lock(self) -> str:
        return f"{self.root}/policy/compile.held"

    @property
    def instances_dir(self) -> str:
        return f"{self.root}/instances"

    def instance_dir(self, instance: str) -> str:
        return f"{self.root}/instances/{instance}"

    def control_file(self, instance: str) -> str:
        """What a person asks of one instance, which looks at it when it is woken."""
        return f"{self.root}/instances/{instance}/control"

    def stderr_file(self, instance: str) -> str:
        """The end of the stderr of an instance's server, as that ended last; found secrets masked."""
        return f"{self.root}/instances/{instance}/stderr"

    @property
    def audit_dir(self) -> str:
        return f"{self.root}/audit"

    @property
    def heads_file(self) -> str:
        return f"{self.root}/audit/heads.jsonl"

    @property
    def ledger_file(self) -> str:
        return f"{self.root}/ledger.jsonl"

    @property
    def installer_lock(self) -> str:
        """Held by the one install or uninstall that runs."""
        return f"{self.root}/ledger.held"

    @property
    def trust_dir(self) -> str:
        """What a person approved of entries in shared project files, one file an entry."""
        return f"{self.root}/trust"

    @property
    def fingerprint_key(self) -> str:
        """32 random bytes (0600) that key the fingerprints of detected secrets."""
        return f"{self.root}/fingerprint.key"

    @property
    def log_dir(self) -> str:
        return f"{self.root}/log"

    @property
    def runtime_dir(self) -> str:
        return f"{self.root}/runtime"

    @property
    def bin_dir(self) -> str:
        return f"{self.root}/bin"

    @property
    def launcher(self) -> str:
        return f"{self.root}/bin/mcpgw"

    @property
    def rollback_script(self) -> str:
        return f"{self.root}/bin/mcpgw-rollback"

    @property
    def cold_command(self) -> str:
        """JSON list: the argv prefix that starts the cold side (`[python, "-I", "-m"]`), for recompiling the policy."""
        return f"{self.root}/runtime/cold.json"

    @property
    def search_path(self) -> str:
        """PATH as it was at `install`: where a command is looked for that a client's own PATH does not lead to."""
        return f"{self.root}/runtime/path"
