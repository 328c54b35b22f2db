"""The config.toml that `config init` writes: every key with its default, commented out, so that it changes nothing."""

TEMPLATE = """\
# mcpgw configuration. Every key below shows its default; take the "#" off to change it.
# `mcpgw config check` says what is wrong, `mcpgw config show` what is in force.
# Rules for single servers go to rules/<name>.toml beside this file, with a [match] table.

# What becomes of what the rules find: observe (nothing is blocked), balanced, or strict.
#profile = "balanced"

# Result text that is no valid Unicode: "repair" or "refuse". The profile decides unless it is set here.
#malformed_text = "repair"

# Rule packs of your own beside the default one; paths are relative to this directory.
#packs = []

[frames]
# The longest message, in bytes, and its deepest nesting; what is beyond is refused.
#max_bytes = 67108864
#max_depth = 200

[audit]
# What is recorded of a message: "metadata", "params" (found secrets masked) or "full".
#record = "params"
# A message that cannot be recorded: "block" or "allow".
#on_failure = "block"
# When records are brought to the disk: "never" (a power cut loses the last ones), "group" or "always".
#fsync = "never"
# Longest recorded string in characters, longest recorded params in bytes.
#max_value_chars = 256
#max_params_bytes = 4096
# Journals are pruned after so many days, or beyond so many bytes.
#keep_days = 90
#max_bytes = 1073741824

[server]
# When the server ends by itself: "restart" it, or "mirror" its end to the client.
#on_crash = "restart"
# true: it keeps nothing in memory, so nobody needs to be told that it was restarted.
#stateless = false
# Before the first new start; doubles up to 60. After so many deaths in a minute it is given up (0: never).
#restart_delay_seconds = 1
#deaths_a_minute = 5
# true: each sign of progress gives a request its whole time-out anew.
#progress_extends = false

[timeouts]
# Seconds until the gateway answers a request in the server's place, by method; 0: it waits as long as the client.
#initialize = 30
# For instance, for calls: "tools/call" = 120

[log]
# Lowest level in the log files: debug, info, warning or error.
#level = "info"

# One table for each rule that is to differ (`mcpgw rules list`).
#[rules.email-address]
#enabled = true
#action = "log"          # both directions
#to_server = "log"       # each direction alone wins over action
#to_client = "log"
#metadata = "log"        # what a server says about its tools
#severity = "low"
"""
