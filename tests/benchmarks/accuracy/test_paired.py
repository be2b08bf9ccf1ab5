"""``mien benchmark compare``: two runs on the same pictures as pairs."""

import pytest

from benchmarks.accuracy.paired import Pairs
from tests.benchmarks.accuracy.test_answers import HEADER


@pytest.fixture
def write(tmp_path):
    """Write answers, given as name → (true, predicted), and give the file's path."""

    def run(name, **answers):
        lines = [f"{key},{true},{predicted},true,ok,,,\n" for key, (true, predicted) in answers.items()]
        (tmp_path / name).write_text("".join([HEADER, *lines]))
        return str(tmp_path / name)

    return run


@pytest.fixture
def compare(benchmark_json, capsys):
    """Run the command; its result, stdout and stderr."""
    return lambda first, second: (benchmark_json("compare", first, second), *capsys.readouterr())


def test_the_exact_test_of_few_pairs():
    # Airway hyper-responsiveness before and after a transplantation (Bentur et al., 2009), the example of
    # Fagerland et al., 2014: 1 and 7 discordant pairs of 21. p = 2 (1 + 8) / 2⁸.
    pairs = Pairs(21, 1, 1, 7)
    assert pairs.exact
    assert pairs.p_value() == pytest.approx(18 / 256)
    # 2/23 and 8/23: 0.2609 ± 1.96 √((10/23 − 0.2609²) / 23).
    assert pairs.difference() == pytest.approx(6 / 21)
    assert pairs.interval() == pytest.approx((0.0134, 0.5084), abs=1e-4)


def test_chi_square_with_continuity_correction():
    # Approval ratings (Agresti, 1990, p. 350), the example of R's mcnemar.test: χ² = 16.818, p = 4.115e-05.
    pairs = Pairs(1600, 794, 150, 86)
    assert not pairs.exact
    assert pairs.p_value() == pytest.approx(4.115e-05, rel=1e-3)
    # 151/1602 and 87/1602: −0.03995 ± 1.96 √((238/1602 − 0.03995²) / 1602).
    assert pairs.interval() == pytest.approx((-0.05872, -0.02118), abs=1e-5)


@pytest.mark.parametrize(
    ("b", "c", "exact", "p"),
    [
        (0, 0, True, 1.0),
        (12, 12, True, 1.0),
        (0, 5, True, 0.0625),
        (13, 12, False, 1.0),
        (20, 20, False, 1.0),
    ],
)
def test_pairs_that_show_nothing_and_the_border_between_the_tests(b, c, exact, p):
    pairs = Pairs(100, 30, b, c)
    assert (pairs.exact, pairs.p_value()) == (exact, pytest.approx(p))
    assert Pairs(100, 30, c, b).p_value() == pairs.p_value()


def test_the_interval_stays_within_what_is_possible():
    assert Pairs(1, 0, 1, 0).interval()[0] == -1.0
    assert Pairs(1, 0, 0, 1).interval()[1] == 1.0


def test_two_runs_picture_by_picture(write, compare):
    first = write(
        "a.csv", one=("happy", "happy"), two=("happy", "sad"), three=("sad", "sad"), four=("sad", "")
    )
    second = write(
        "b.csv", four=("sad", "sad"), three=("sad", "sad"), two=("happy", "sad"), one=("happy", "")
    )
    result, printed, said = compare(first, second)
    assert (result["kind"], result["n"], result["files"]) == ("compare", 4, [first, second])
    assert (result["accuracy"], result["difference"]) == ([0.5, 0.5], 0.0)
    assert (result["b"], result["c"], result["p"], result["exact"]) == (1, 1, 1.0, True)
    # Twice 2/6: 0 ± 1.96 √((4/6) / 6).
    assert result["interval"] == pytest.approx([-1.96 / 3, 1.96 / 3], abs=1e-4)
    assert result["per_class"] == {
        "happy": {"n": 2, "recall": [0.5, 0.0], "difference": -0.5, "b": 1, "c": 0},
        "sad": {"n": 2, "recall": [0.5, 1.0], "difference": 0.5, "b": 0, "c": 1},
    }
    assert (result["only_in"], result["warnings"]) == ([[], []], [])
    assert "B − A, 95 %: -65.3 to +65.3 points" in printed
    assert "McNemar's test: p = 1 (exact)" in printed
    assert said == ""


def test_pictures_of_one_run_are_counted_and_named(write, compare):
    alone = {f"a{number}": ("sad", "") for number in range(7)}
    first = write("a.csv", common=("sad", "sad"), **alone)
    second = write("b.csv", here=("happy", "happy"), common=("sad", "sad"))
    result, _, said = compare(first, second)
    assert result["n"] == 1
    assert result["only_in"] == [list(alone), ["here"]]
    assert f"not compared, 7 only in {first}: 'a0', 'a1', 'a2', 'a3', 'a4' and 2 more" in said
    assert f"not compared, 1 only in {second}: 'here'" in said


def test_another_truth_is_an_error(write, refused):
    first, second = write("a.csv", x=("sad", "sad")), write("b.csv", x=("fear", "sad"))
    refused(1, f"'x' is 'sad' in {first} and 'fear' in {second}: ", "compare", first, second)


def test_runs_on_other_data_are_an_error(write, refused):
    first, second = write("a.csv", x=("sad", "sad")), write("b.csv", y=("sad", "sad"))
    refused(1, "have no picture in common: expected runs on the same data", "compare", first, second)


def test_the_answers_of_two_bundles(class_folders, benchmark_json, compare, tmp_path, capsys):
    files, shares = [tmp_path / f"{bundle}.csv" for bundle in ("everyday", "landmarks")], []
    for file in files:
        flags = ("--bundle", file.stem, "--data", class_folders, "--workers", 1, "--answers", file)
        shares.append(benchmark_json("accuracy", *flags)["accuracy"])
    capsys.readouterr()
    result, printed, said = compare(*files)
    assert (result["n"], result["accuracy"]) == (3, pytest.approx(shares))
    assert "3 pictures in both" in printed
    assert said == ""
