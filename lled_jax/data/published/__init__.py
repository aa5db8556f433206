"""The sets of the literature, from what was downloaded by hand to pairs for training.

`download` lists the files, `lol`, `fivek` and `sid` find the pairs among them and say
what is missing, `conversion` writes them as folders, `lled_jax.data.builders` as TFDS
sets.
"""
