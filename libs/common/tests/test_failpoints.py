"""What an armed process does at a named instant, and that it says so before."""

import os
import signal
import subprocess
import sys

PROGRAM = "from common.failpoints import failpoint; failpoint('here'); failpoint('here'); print('through')"


def a_process(armed):
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "FAILPOINTS": armed},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_armed_with_kill_it_dies_there_and_its_last_words_name_the_place():
    process = a_process("elsewhere=kill,here=kill")
    said, last_words = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    assert (said, last_words) == ("", "failpoint here=kill\n")


def test_armed_with_one_stop_it_sleeps_there_once_and_goes_on_when_it_is_woken():
    process = a_process("here=stop*1")
    _, status = os.waitpid(process.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    os.kill(process.pid, signal.SIGCONT)
    try:
        said, words = process.communicate(timeout=60)
    finally:
        process.kill()
    assert (process.returncode, said, words) == (0, "through\n", "failpoint here=stop\n")


def test_armed_with_raise_it_fails_there():
    process = a_process("here=raise")
    _, words = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "RuntimeError: failpoint here" in words


def test_armed_with_nothing_for_this_place_it_goes_through():
    process = a_process("elsewhere=kill")
    assert process.communicate(timeout=60) == ("through\n", "")
