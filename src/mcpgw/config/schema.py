"""What the policy files may hold. Every model refuses unknown keys and never converts a value to another type."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

ProfileName = Literal["observe", "balanced", "strict"]
ActionName = Literal["log", "alert", "redact", "block"]
SeverityName = Literal["low", "medium", "high", "critical"]
MalformedText = Literal["refuse", "repair"]
RecordLevel = Literal["metadata", "params", "full"]
OnFailure = Literal["block", "allow"]
Fsync = Literal["never", "group", "always"]
OnCrash = Literal["restart", "mirror"]
Boundary = Literal["word", "digits", "base64"]
LogLevel = Literal["debug", "info", "warning", "error"]

# TOML arrays arrive as lists; strictness holds for their items.
Texts = Annotated[tuple[str, ...], Field(strict=False)]

KEBAB = r"^[a-z0-9]+(-[a-z0-9]+)*$"
MIN_FRAME_BYTES = 64 * 1024  # an `initialize` answer with its instructions fits
MAX_FRAME_BYTES = 1024**3  # a frame is held in memory whole
MIN_DEPTH = 16  # the protocol's own nesting
MAX_DEPTH = 900  # below the interpreter's recursion limit, which the JSON reader meets
MIN_JOURNAL_BYTES = 1024**2
MIN_WINDOW_BYTES = 1
MAX_DELAY_SECONDS = 60  # the longest delay between two starts
MAX_TIMEOUT_SECONDS = 86400  # a day: longer is none
MAX_WINDOW_BYTES = 16384  # the longest match that is looked at; the same bound as for a repeat


class Section(BaseModel):
    """Base of every table: closed, immutable, no conversions."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class FramesSection(Section):
    """Limits of one JSON-RPC frame; a frame over a limit is refused."""

    max_bytes: int | None = Field(None, ge=MIN_FRAME_BYTES, le=MAX_FRAME_BYTES, description="Longest frame, bytes.")
    max_depth: int | None = Field(None, ge=MIN_DEPTH, le=MAX_DEPTH, description="Deepest nesting of a frame.")


class RecordSection(Section):
    """What the audit journal holds of a message."""

    record: RecordLevel | None = Field(None, description="How much of a message is recorded.")
    on_failure: OnFailure | None = Field(None, description="What becomes of a message that cannot be recorded.")
    fsync: Fsync | None = Field(None, description="When a record is brought to the disk.")
    max_value_chars: int | None = Field(None, ge=0, le=65536, description="Longest recorded string, characters.")
    max_params_bytes: int | None = Field(None, ge=0, le=1024**2, description="Longest recorded params, bytes.")


class AuditSection(RecordSection):
    """What the audit journal holds, and for how long."""

    keep_days: int | None = Field(None, ge=1, le=36500, description="Days that journals are kept.")
    max_bytes: int | None = Field(None, ge=MIN_JOURNAL_BYTES, description="Bytes that all journals may take.")


class RuleSection(Section):
    """What is changed about one rule; `to_server`, `to_client` and `metadata` win over `action` beside them."""

    enabled: bool | None = Field(None, description="false: the rule finds nothing.")
    action: ActionName | None = Field(None, description="Action in both directions.")
    to_server: ActionName | None = Field(None, description="Action on what goes to the server.")
    to_client: ActionName | None = Field(None, description="Action on what goes to the client.")
    metadata: ActionName | None = Field(None, description="Action on names, descriptions and schemas of tools.")
    severity: SeverityName | None = Field(None, description="Severity of its findings.")


class ServerSection(Section):
    """What becomes of a server that ends by itself."""

    on_crash: OnCrash | None = Field(None, description="Start it again, or end as it ended.")
    stateless: bool | None = Field(None, description="true: nothing is lost with the server's memory.")
    restart_delay_seconds: int | None = Field(
        None, ge=0, le=MAX_DELAY_SECONDS, description="Delay before the first new start; it doubles up to 60."
    )
    deaths_a_minute: int | None = Field(None, ge=0, le=1000, description="Given up after so many; 0: never.")
    progress_extends: bool | None = Field(None, description="true: progress gives a request its time anew.")


Method = Annotated[str, Field(pattern=r"^[A-Za-z0-9_/-]+$", max_length=64)]
Seconds = Annotated[int, Field(ge=0, le=MAX_TIMEOUT_SECONDS)]


class LogSection(Section):
    """Diagnostics, not the audit."""

    level: LogLevel | None = Field(None, description="Lowest level that is written to the log files.")


class PolicyFile(Section):
    """The keys that config.toml and the overlays share."""

    profile: ProfileName | None = Field(None, description="What becomes of a rule's declared action.")
    malformed_text: MalformedText | None = Field(
        None, description="Lone surrogates and invalid UTF-8 in result strings."
    )
    frames: FramesSection = FramesSection()
    server: ServerSection = ServerSection()
    timeouts: dict[Method, Seconds] = Field({}, description="Seconds to wait for an answer, by method; 0: for ever.")
    rules: dict[str, RuleSection] = Field({}, description="Changes to single rules, by rule id.")


class ConfigFile(PolicyFile):
    """config.toml: the policy of every server."""

    packs: Texts = Field((), description="Rule packs beside the default one; paths relative to the state directory.")
    audit: AuditSection = AuditSection()
    log: LogSection = LogSection()


class MatchSection(Section):
    """The servers that an overlay is for; every key that is given must match."""

    name: str | None = Field(None, min_length=1, description="Server name; `*`, `?` and `[...]` are wildcards.")
    client: str | None = Field(None, min_length=1, description="Client, as `mcpgw list` names it.")
    scope: str | None = Field(None, min_length=1, description="Scope, as `mcpgw list` names it.")
    project: str | None = Field(None, min_length=1, description="Project directory.")
    entry: str | None = Field(None, min_length=1, description="Entry id, as `mcpgw list --json` names it.")

    @model_validator(mode="after")
    def _names_a_target(self) -> "MatchSection":
        if not self.model_fields_set:
            raise ValueError("needs at least one of name, client, scope, project, entry")
        return self


class OverlayFile(PolicyFile):
    """rules/<slug>.toml: the policy of some servers, over config.toml."""

    match: MatchSection
    audit: RecordSection = RecordSection()


class Examples(Section):
    """Texts that hold a rule to its word: each of `match` is found, none of `no_match` is."""

    match: Texts = ()
    no_match: Texts = ()


class PackRule(Section):
    """One detection rule."""

    id: str = Field(pattern=KEBAB, max_length=64)
    description: str = Field(min_length=1, max_length=200)
    category: str = Field("secret", pattern=KEBAB, max_length=32)
    severity: SeverityName
    action: ActionName = Field(description="The declared action, before the profile.")
    pattern: str = Field(min_length=1, description="What a finding is, in the pattern dialect.")
    trigger: str | Texts | None = Field(None, min_length=1, description="Looked for first, where not `pattern`.")
    keywords: Texts = ()
    max_length: int = Field(ge=MIN_WINDOW_BYTES, le=MAX_WINDOW_BYTES, description="Longest match, bytes.")
    boundary: Boundary | None = Field(None, description="What may not touch a match.")
    validator: str | None = Field(None, description="Name of the check that a match must pass.")
    entropy: float | None = Field(None, ge=0, le=8, description="Least Shannon entropy of a match, bits a byte.")
    allow: Texts = Field((), description="Patterns of matches that are no findings.")
    caseless: bool = False
    examples: Examples = Examples()


class PackSection(Section):
    """The pack itself."""

    name: str = Field(pattern=KEBAB, max_length=64)
    version: int = Field(1, ge=1)


class PackFile(Section):
    """A rule pack."""

    pack: PackSection | None = None
    rule: Annotated[tuple[PackRule, ...], Field(strict=False)]
