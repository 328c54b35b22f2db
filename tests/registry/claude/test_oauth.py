import json

import pytest

from mcpgw.installers.guard import Tolerance
from mcpgw.installers.install import install, plan_install
from mcpgw.installers.uninstall import plan_uninstall, uninstall
from mcpgw.registry.claude.oauth import has_login, login_key, stored_logins
from mcpgw.registry.claude.settings import JsonFiles
from mcpgw.registry.entry import Entry, Scope, Standing, Transport
from mcpgw.registry.select import Choice
from support.client_home import furnished, write

SENTRY = "sentry|800cb29a3ac61727"  # as the client computes it
LOGINS = frozenset({SENTRY})


def remote(name="sentry", transport=Transport.HTTP, **value):
    value = {"type": str(transport), "url": "https://mcp.sentry.dev/mcp", **value}
    url = value["url"]
    return Entry("claude-code", Scope.USER, "/f", None, name, transport, None, None, (), url, json.dumps(value))


def test_the_key_is_the_clients():
    assert login_key("sentry", "http", "https://mcp.sentry.dev/mcp", {}) == SENTRY


@pytest.mark.requirement("list.login")
@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (remote(), True),
        (remote(headers={}), True),
        (remote(url="https://${HOST:-mcp.sentry.dev}/mcp"), True),
        (remote(type="streamable-http"), True),
        (remote(headers={"X": "1"}), False),
        (remote(name="other"), False),
        (remote(name="other", oauth={"clientId": "x"}), True),
        (remote(name="other", headersHelper="./token"), True),
        (remote(transport=Transport.WS), False),
    ],
)
def test_a_login_belongs_to_name_type_url_and_headers(entry, expected):
    assert has_login(entry, LOGINS, {}) is expected


@pytest.mark.requirement("list.login")
def test_a_stored_login_survives_install_and_uninstall(tmp_path):
    home = furnished(tmp_path)
    write(home.home / ".claude" / ".credentials.json", {"mcpOAuth": {SENTRY: {"accessToken": "t"}}})
    assert stored_logins(home.place, JsonFiles()) == LOGINS
    assert home.entries()["sentry"].standing is Standing.OAUTH

    def key():
        value = json.loads(home.entries()["sentry"].value)
        return login_key("sentry", value["type"], value["url"], value.get("headers") or {})

    before = key()
    plan = plan_install(home.place, home.layout, Choice(), Tolerance(), ())
    install(home.layout, plan, observe=False, now=1.0)
    assert key() == before == SENTRY
    uninstall(home.layout, plan_uninstall(home.place, home.layout, Choice(), Tolerance(), ()), now=2.0)
    assert key() == before


def test_a_broken_credentials_file_names_nobody(tmp_path):
    home = furnished(tmp_path)
    write(home.home / ".claude" / ".credentials.json", {"mcpOAuth": []})
    assert stored_logins(home.place, JsonFiles()) == frozenset()
