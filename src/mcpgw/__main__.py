"""Looks at argv[1] before it imports: `run` and `stdio` are the data plane, anything else is the cold side."""

import sys

from mcpgw import interrupts

DATA_PLANE_VERBS = ("run", "stdio")


def main() -> None:
    """Entry point of the console scripts. Ends the process with the documented exit code."""
    interrupts.leave_at_once()
    if len(sys.argv) > 1 and sys.argv[1] in DATA_PLANE_VERBS:
        _run_ad_hoc()
    try:
        from mcpgw.cli.main import main as run_cli

        code = run_cli(sys.argv[1:])
        interrupts.ignore()
    except KeyboardInterrupt:  # while the outcome of another fault was being told
        interrupts.end()
    sys.exit(code)


def _run_ad_hoc() -> None:
    """`run` from the console script: state directory from the environment, policy compiled first if there is none."""
    import os

    from mcpgw.config.root import prepare_ad_hoc
    from mcpgw.relay.run import run

    run(sys.argv[1:], root=prepare_ad_hoc(os.environ), baked=False)


if __name__ == "__main__":
    main()
