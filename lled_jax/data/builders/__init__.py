"""The published sets as TensorFlow Datasets: prepared once, read without TensorFlow.

    lled prepare lol SRC --tfds
    python train.py --config configs/teacher.py:tfds:lol

A folder of pairs (`lled prepare lol SRC DEST`) serves as well; this is for those who
keep their sets as TFDS sets.
"""
