import pytest

from mcpgw.registry.dangerous_env import dangerous_env


@pytest.mark.requirement("trust.dangerous-env")
@pytest.mark.parametrize(
    "name",
    ["NODE_OPTIONS", "LD_PRELOAD", "PYTHONPATH", "DYLD_INSERT_LIBRARIES", "BASH_ENV", "PATH", "npm_config_registry"],
)
def test_it_is_named_with_what_it_does(name):
    (sentence,) = dangerous_env([name])
    assert sentence.startswith(f"{name} ")


def test_others_are_not():
    assert dangerous_env(["TOKEN", "HOME", "path", "MY_PATH", "NODE_ENV", "PYTHONUNBUFFERED"]) == ()


def test_in_the_given_order():
    assert [each.split()[0] for each in dangerous_env(["PATH", "X", "LD_PRELOAD"])] == ["PATH", "LD_PRELOAD"]
