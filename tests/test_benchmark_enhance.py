"""The benchmark of whole folders starts, and its candidates make the same pictures.

Slow: it starts Python three times.
"""

from test_benchmarks import _check_table, _needs, _run


def test_ours_and_the_command(tmp_path):
    data, printed = _run("enhance.py", "--peers", "command", cwd=tmp_path)
    _check_table(data, printed, "| lled |")
    assert [row["candidate"] for row in data["rows"]] == ["lled", "command"]
    assert data["skipped"] == {}
    for row in data["rows"]:
        assert row["distance"] <= 0.25
        assert row["photos_per_s"] > 0


def test_the_loops_make_our_pictures(tmp_path):
    _needs("torch", "onnx", "onnxruntime", "openvino")
    loops = ["loop:torch_channels_last", "loop:onnxruntime", "loop:openvino"]
    data, _ = _run("enhance.py", "--peers", ",".join(loops), cwd=tmp_path)
    assert data["skipped"] == {}
    assert [row["candidate"] for row in data["rows"]] == ["lled", *loops]
