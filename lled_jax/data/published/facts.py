"""The published sets: where they are, what they hold, whom to cite."""

from typing import NamedTuple


class Facts(NamedTuple):
    """What is known of a published set.

    Attributes:
        title: its name in the literature.
        page: the official page, where to download it by hand.
        download: what to download from there, and what to do with it.
        counts: pairs of each split.
        licence: in a sentence.  Nothing of these sets is distributed with this package.
        citation: BibTeX.
    """

    title: str
    page: str
    download: str
    counts: dict[str, int]
    licence: str
    citation: str


_LOL_V2_PAGE = "https://github.com/flyywh/CVPR-2020-Semi-Low-Light"
_LOL_V2_DOWNLOAD = "LOL-v2.zip; keep it or unpack it (LOL-v2/{}/{{Train,Test}}/...)"
_LOL_V2_LICENCE = "No licence is stated; published for research."
_LOL_V2_CITATION = """\
@article{yang2021sparse,
  title   = {Sparse Gradient Regularized Deep Retinex Network for Robust Low-Light
             Image Enhancement},
  author  = {Yang, Wenhan and Wang, Wenjing and Huang, Haofeng and Wang, Shiqi and
             Liu, Jiaying},
  journal = {IEEE Transactions on Image Processing},
  volume  = {30},
  pages   = {2072--2086},
  year    = {2021}
}"""

PUBLISHED = {
    "lol": Facts(
        title="LOL",
        page="https://daooshee.github.io/BMVC2018website/",
        download="LOLdataset.zip; keep it or unpack it (our485/, eval15/)",
        counts={"train": 485, "test": 15},
        licence="No licence is stated; published for research.",
        citation="""\
@inproceedings{wei2018deep,
  title     = {Deep Retinex Decomposition for Low-Light Enhancement},
  author    = {Wei, Chen and Wang, Wenjing and Yang, Wenhan and Liu, Jiaying},
  booktitle = {British Machine Vision Conference},
  year      = {2018}
}""",
    ),
    "lol_v2_real": Facts(
        title="LOL-v2, real captured",
        page=_LOL_V2_PAGE,
        download=_LOL_V2_DOWNLOAD.format("Real_captured"),
        counts={"train": 689, "test": 100},
        licence=_LOL_V2_LICENCE,
        citation=_LOL_V2_CITATION,
    ),
    "lol_v2_synthetic": Facts(
        title="LOL-v2, synthetic",
        page=_LOL_V2_PAGE,
        download=_LOL_V2_DOWNLOAD.format("Synthetic"),
        counts={"train": 900, "test": 100},
        licence=_LOL_V2_LICENCE,
        citation=_LOL_V2_CITATION,
    ),
    "fivek": Facts(
        title="MIT-Adobe FiveK, expert C",
        page="https://data.csail.mit.edu/graphics/fivek/",
        download=(
            "the DNGs (fivek_dataset.tar, unpacked) and expert C's TIFFs (tiff16_c/), "
            "in one folder"
        ),
        counts={"train": 4500, "test": 500},
        licence=(
            "Research only: LicenseAdobe.txt and LicenseAdobeMIT.txt of the official "
            "page, each for the files of a list that is there too."
        ),
        citation="""\
@inproceedings{bychkovsky2011learning,
  title     = {Learning Photographic Global Tonal Adjustment with a Database of
               Input / Output Image Pairs},
  author    = {Bychkovsky, Vladimir and Paris, Sylvain and Chan, Eric and
               Durand, Fr{\\'e}do},
  booktitle = {IEEE Conference on Computer Vision and Pattern Recognition},
  year      = {2011}
}""",
    ),
    "sid_sony": Facts(
        title="See in the Dark, Sony",
        page="https://github.com/cchen156/Learning-to-See-in-the-Dark",
        download=(
            "Sony.zip (kept or unpacked: Sony/short, Sony/long) and "
            "dataset/Sony_{train,val,test}_list.txt beside it"
        ),
        counts={"train": 1865, "val": 234, "test": 598},
        licence="MIT, by the official repository.",
        citation="""\
@inproceedings{chen2018learning,
  title     = {Learning to See in the Dark},
  author    = {Chen, Chen and Chen, Qifeng and Xu, Jia and Koltun, Vladlen},
  booktitle = {IEEE Conference on Computer Vision and Pattern Recognition},
  year      = {2018}
}""",
    ),
}
