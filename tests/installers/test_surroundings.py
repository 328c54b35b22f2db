import pytest

from mcpgw.installers.surroundings import file_system, surroundings
from mcpgw.installers.symptom import Weight

MOUNTS = """\
/dev/sda1 / ext4 rw 0 0
server:/home /home nfs4 rw 0 0
/dev/sdb1 /home/ada/my\\040disk ext4 rw 0 0
tmpfs /home2 tmpfs rw 0 0
"""
FINE = (3, 51, 3)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/srv/x", "ext4"),
        ("/home/ada/s", "nfs4"),
        ("/home/ada/my disk/s", "ext4"),
        ("/home2/s", "tmpfs"),
        ("/home", "nfs4"),
    ],
)
def test_the_longest_mount_point_decides(path, kind):
    assert file_system(path, MOUNTS) == kind


def test_without_a_list_of_mounts_nothing_is_said():
    assert file_system("/srv/x", "") is None
    assert file_system("/srv/x", "broken\n") is None


@pytest.mark.requirement("doctor.surroundings")
def test_a_remote_state_directory_wants_action():
    (one,) = surroundings((3, 11), FINE, "/home/ada/s", MOUNTS)
    assert (one.check, one.weight) == ("file-system", Weight.ACTION)


@pytest.mark.parametrize(
    ("python", "sqlite", "checks"),
    [((3, 11), FINE, []), ((3, 14), FINE, ["python"]), ((3, 11), (3, 40, 1), ["sqlite"]), ((3, 11), (3, 6, 9), [])],
)
def test_versions_are_notes(python, sqlite, checks):
    found = list(surroundings(python, sqlite, "/srv/x", MOUNTS))
    assert [each.check for each in found] == checks
    assert all(each.healthy for each in found)
