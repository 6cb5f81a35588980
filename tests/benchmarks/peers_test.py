# SPDX-License-Identifier: GPL-3.0-or-later
"""What of benchmarks/peers needs neither peers nor torch: which images are chosen, the cases, the table, the aims."""

import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "benchmarks" / "peers"))

import aims
import cases
import images
import table


def row(case, library, **more):
    """A row of the table with figures that are easy to compute with."""
    found = {
        "experiment": "E2",
        "case": case,
        "norm": "linf",
        "library": library,
        "images": 10,
        "success_rate": 0.9,
        "mean_norm": 0.2,
        "median_norm": 0.2,
        "forwards": 40.0,
        "backwards": 20.0,
        "cpu_rounds": [10.0],
        "time_rounds": [10.0],
        "cpu_ms": 10.0,
        "images_per_second": 100.0,
        "rounds": 1,
        "violations": 0,
        "survive_8_bit": 1.0,
        "notes": [],
    }
    return {**found, **more}


class Images(unittest.TestCase):
    def test_interleaves_the_first_of_each_class(self):
        labels = [1, 0, 1, 2, 0, 2, 2, 1, 0]
        self.assertEqual(images.interleaved(labels, per_class=2, classes=3), [1, 0, 3, 4, 2, 5])

    def test_a_class_that_runs_out_leaves_the_others_in_order(self):
        self.assertEqual(images.interleaved([0, 0, 0, 2], per_class=3, classes=3), [0, 3, 1, 2])

    def test_a_shorter_choice_is_a_prefix_of_a_longer_one(self):
        labels = [i * 7 % 10 for i in range(500)]
        self.assertEqual(images.interleaved(labels, 50)[:100], images.interleaved(labels, 10))

    def test_refuses_labels_that_are_no_class(self):
        for label in (-1, 3):
            with self.assertRaises(ValueError):
                images.interleaved([0, label], classes=3)

    def test_writes_one_index_a_line(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "indices.txt"
            images.write_indices(path, [3, 2, 9999])
            self.assertEqual(path.read_text(), "3\n2\n9999\n")


class Cases(unittest.TestCase):
    def test_names_and_files_are_distinct(self):
        self.assertEqual(len({case.name for case in cases.CASES}), len(cases.CASES))
        self.assertEqual(len({case.key for case in cases.CASES}), len(cases.CASES))

    def test_chooses_by_experiment(self):
        self.assertEqual({case.experiment for case in cases.chosen(["E2", "E8"])}, {"E2", "E8"})
        self.assertEqual(cases.chosen([]), cases.CASES)
        self.assertIn("DDN-100", [case.name for case in cases.chosen(["E16"])])
        self.assertEqual([case.name for case in cases.chosen(["CW-L2 9x1000"])], ["CW-L2 9x1000"])
        with self.assertRaisesRegex(ValueError, "E99"):
            cases.chosen(["E99"])

    def test_a_case_with_a_ball_has_its_radius(self):
        for case in cases.CASES:
            self.assertTrue(not case.ball or case.parameters["epsilon"] > 0, case.name)

    def test_every_experiment_has_its_aims(self):
        self.assertEqual({case.experiment for case in cases.CASES}, set(aims.OF_EXPERIMENT))

    def test_groups_by_target(self):
        self.assertEqual(cases.by_target([10, 11, 12, 13], [9, 0, 9, 4]), [(0, [10, 12]), (1, [11]), (5, [13])])


class Table(unittest.TestCase):
    def test_numbers_keep_three_digits(self):
        for value, text in (
            (None, "-"),
            (0, "0"),
            (0.0123, "0.012"),
            (1.234, "1.23"),
            (12.34, "12.3"),
            (1234.5, "1234"),
        ):
            self.assertEqual(table.number(value), text)

    def test_ratio_is_the_median_of_the_rounds_side_by_side(self):
        self.assertEqual(table.ratio([2, 30, 9], [1, 10, 3]), 3)  # the medians alone would say the same only by chance
        self.assertEqual(table.ratio([2, 30, 8], [1, 10, 2]), 3)
        self.assertEqual(table.ratio([4, 8], [2]), 3)
        self.assertIsNone(table.ratio([1], None))

    def test_ratios_are_to_whorl_in_the_same_case(self):
        rows = [row("a", "whorl"), row("a", "foolbox", cpu_rounds=[25.0]), row("b", "foolbox"), row("b", "whorl")]
        rows.append({"experiment": "E2", "case": "c", "library": "whorl", "missing": "no such attack"})
        rows.append(row("c", "foolbox"))
        table.add_ratios(rows)
        self.assertEqual([r.get("ratio_cpu") for r in rows], [1, 2.5, 1, 1, None, None])

    def test_a_missing_attack_is_a_row_of_dashes_with_its_reason_below(self):
        rows = [{"experiment": "E4", "case": "CW", "library": "whorl", "missing": "Whorl has no attack cw"}]
        lines = table.comparison(rows).splitlines()
        self.assertEqual(len({len(line) for line in lines}), 1)
        self.assertEqual([cell.strip() for cell in lines[2].split("|")[1:-1]], ["CW", "whorl", *["-"] * 11])
        self.assertEqual(table.notes(rows), "- whorl (CW): Whorl has no attack cw")

    def test_the_same_remark_on_many_attacks_is_said_once(self):
        rows = [row("a", "art", notes=["slow"]), row("b", "art", notes=["slow"])]
        self.assertEqual(table.notes(rows), "- art (a, b): slow")


class Aims(unittest.TestCase):
    def judged(self, *rows):
        rows = list(rows)
        table.add_ratios(rows)
        return {aim: met for _, aim, _, _, met in aims.judged(rows, "cpu")}

    def test_speed_is_against_the_fastest_that_does_the_job(self):
        found = self.judged(
            row("PGD-40 Linf 0.2", "whorl"),
            row("PGD-40 Linf 0.2", "hasty", success_rate=0.5, cpu_rounds=[1.0]),
            row("PGD-40 Linf 0.2", "slow", cpu_rounds=[50.0]),
            row("PGD-40 Linf 0.2", "quick", cpu_rounds=[13.0]),
        )
        self.assertIs(found["times as fast as quick, the fastest rival"], False)
        self.assertIs(found["success beside the best peer's"], True)
        self.assertIs(found["backwards an image"], True)

    def test_better_success_leaves_the_best_peers_as_rivals(self):
        found = self.judged(
            row("PGD-40 Linf 0.2", "whorl", success_rate=1.0),
            row("PGD-40 Linf 0.2", "hasty", success_rate=0.5, cpu_rounds=[1.0]),
            row("PGD-40 Linf 0.2", "best", cpu_rounds=[20.0]),
        )
        self.assertIs(found["times as fast as best, the fastest rival"], True)

    def test_a_larger_change_is_no_rival_to_a_smallest_norm(self):
        whorl = row("CW-L2 6x200", "whorl", experiment="E4", norm="l2", mean_norm=1.68, success_rate=1.0)
        frozen = {**whorl, "library": "frozen", "mean_norm": 2.29, "cpu_rounds": [1.0]}
        exact = {**whorl, "library": "adv_lib", "mean_norm": 1.67, "cpu_rounds": [31.0], "backwards": 100.0}
        found = self.judged(whorl, frozen, exact)
        self.assertIs(found["times as fast as adv_lib, the fastest rival"], True)
        self.assertIs(found["mean norm against adv_lib's"], True)
        self.assertIs(found["backwards against adv_lib's"], True)

    def test_nothing_is_judged_without_whorl(self):
        self.assertEqual(self.judged(row("PGD-40 Linf 0.2", "foolbox")), {})


if __name__ == "__main__":
    unittest.main()
