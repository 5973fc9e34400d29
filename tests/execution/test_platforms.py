from __future__ import annotations

from devstral_ls.execution.platforms import job_limits, sandbox_argv, sandbox_profile, windows_argv


def test_the_profile_denies_by_default_and_names_what_may_be_written() -> None:
    profile = sandbox_profile(["/private/tmp/copy", "/private/tmp/t"], ["/Users/me/.pyenv"])
    assert profile.startswith("(version 1)\n(deny default)\n")
    writes = profile[profile.index("(allow file-write*") :]
    assert writes.split("(deny network*)")[0].split() == [
        *("(allow", "file-write*", "(literal", '"/dev/null")', "(subpath", '"/private/tmp/copy")'),
        *("(subpath", '"/private/tmp/t"))'),
    ]
    assert '(subpath "/Users/me/.pyenv")' in profile[: profile.index("(allow file-write*")]
    assert "(allow network" not in profile


def test_a_path_can_not_end_its_own_quotes() -> None:
    profile = sandbox_profile(['/a") (allow default) ("'])
    assert '(subpath "/a\\") (allow default) (\\"")' in profile
    assert profile.count("(") - profile.count(")") == 0


def test_the_program_runs_under_the_profile() -> None:
    assert sandbox_argv(["/bin/sh", "-c", "ls"], "P") == ["/usr/bin/sandbox-exec", "-p", "P", "/bin/sh", "-c", "ls"]


def test_a_job_ends_with_its_last_handle_and_is_bounded() -> None:
    limits = job_limits(100, 2**30)
    assert limits == {"LimitFlags": 0x2508, "ActiveProcessLimit": 100, "ProcessMemoryLimit": 2**30}


def test_cmd_takes_the_line_as_it_is() -> None:
    assert windows_argv('echo "a b" & dir') == ["cmd.exe", "/d", "/s", "/c", '"echo "a b" & dir"']
