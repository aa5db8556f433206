"""The rows of the paper's ablation (table 5), all but one thing alike.

    python train.py --config configs/ablation.py:sobel --workdir runs/ablation/sobel

The rows: base (no gradient branch), canny, origin, sobel (what that branch sees),
sobel_kd (with distillation from runs/teacher) and teacher.  The schedule is the
student's of the paper for each row but the teacher; --config.seed, --config.total_steps
and the rest can be set as everywhere.
"""

from ml_collections import ConfigDict

from configs import _rows, student, teacher

ROWS = {
    "base": "student_base",
    "canny": "student_canny",
    "origin": "student_origin",
    "sobel": "student",
    "sobel_kd": "student",
    "teacher": "teacher",
}


def get_config(row: str = "sobel") -> ConfigDict:
    _rows.check(row, tuple(ROWS))
    if row == "teacher":
        return teacher.get_config()
    config = student.get_config()
    config.model = ROWS[row]
    if row != "sobel_kd":
        config.teacher = ""
    return config
