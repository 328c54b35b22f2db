"""Looks at argv[1] before it imports: `run` and `stdio` are the data plane, anything else is the cold side."""

import sys

DATA_PLANE_VERBS = ("run", "stdio")


def main() -> None:
    """Entry point of the console scripts. Ends the process with the documented exit code."""
    if len(sys.argv) > 1 and sys.argv[1] in DATA_PLANE_VERBS:
        _run_ad_hoc()
    from mcpgw.cli.main import main as run_cli

    sys.exit(run_cli(sys.argv[1:]))


def _run_ad_hoc() -> None:
    """`run` from the console script: state directory from the environment, policy compiled first if there is none."""
    import os

    from mcpgw.config.root import prepare_ad_hoc
    from mcpgw.relay.run import run

    run(sys.argv[1:], root=prepare_ad_hoc(os.environ), baked=False)


if __name__ == "__main__":
    main()
