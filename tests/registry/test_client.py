import sys

from mcpgw.registry.client import Client, all_active, no_further_files, this_machine


def test_the_home_is_what_the_environment_says():
    place = this_machine({"HOME": "/somewhere"}, "/cwd")
    assert (place.home, place.cwd, place.platform, place.system_root) == ("/somewhere", "/cwd", sys.platform, "")


def test_a_client_needs_only_its_files():
    client = Client("x", "X", lambda place: ())
    place = this_machine({"HOME": "/h"}, "/")
    assert client.further is no_further_files
    assert client.further(place, ()) == ()
    assert client.judge is all_active
    assert client.judge(place, (), ()).entries == ()
