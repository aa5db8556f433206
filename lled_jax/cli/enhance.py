"""`lled enhance`: from the options to the work."""

import os
import sys
from pathlib import Path

import typer

from lled_jax.cli import options
from lled_jax.cli.request import PIPE, Request
from lled_jax.data.parallel import cores
from lled_jax.errors import InputError
from lled_jax.look import Look

USUAL_JOBS = 8


def enhance(
    inputs: options.Inputs,
    out: options.Out = None,
    strength: options.Strength = 1.0,
    exposure: options.Exposure = 0.0,
    saturation: options.Saturation = 1.0,
    denoise: options.Denoise = 0.0,
    spare_bright: options.SpareBright = False,
    compare: options.Compare = None,
    format: options.Format = None,
    quality: options.Quality = 92,
    overwrite: options.Overwrite = False,
    keep_times: options.KeepTimes = False,
    model: options.Model = None,
    ckpt: options.Ckpt = None,
    backend: options.Backend = "jax",
    device: options.Device = None,
    max_memory: options.MaxMemory = "5.5G",
    jobs: options.Jobs = None,
    shard: options.Shard = None,
    dry_run: options.DryRun = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Brighten photos and videos.

    [bold]Examples[/bold]

      lled enhance dark.jpg                    writes dark_enhanced.jpg
      lled enhance dark.jpg -o bright.png      that file, as PNG
      lled enhance holiday                     a folder, into holiday_enhanced
      lled enhance holiday -o out --jobs 4     into out, the structure kept
      lled enhance 'raw/*.dng' --format jpeg   camera files to JPEG
      lled enhance clip.mp4 --strength 0.7     a video, a little less of it
      lled enhance dark.jpg --compare side     before and after in one picture
      lled enhance - < dark.jpg > bright.jpg   from and to other programs
      lled enhance photos -o out --shard 3/8   one of eight machines' share

    What exists is never replaced without --overwrite. For a single file
    that is an error; of many files those are skipped, so that the same
    command goes on where it was broken off.

    Exit status: 0 all is well; 1 something could not be enhanced; 2 the
    command line is wrong; 130 or 143 stopped by Ctrl-C or SIGTERM.
    """
    request = Request(
        inputs=tuple(inputs),
        out=None if out is None else Path(out),
        out_is_folder=out is not None and out.endswith(("/", os.sep)),
        look=_checked(Look(strength, exposure, saturation, denoise, spare_bright)),
        compare=compare,
        format=format,
        quality=quality,
        overwrite=overwrite,
        keep_times=keep_times,
        model=model,
        ckpt=ckpt,
        backend=backend,
        device=device,
        max_memory=options.memory(max_memory),
        jobs=jobs or min(USUAL_JOBS, cores()),
        shard=options.shard(shard) if shard else None,
        dry_run=dry_run,
        json=json,
        quiet=quiet,
    )
    _check_together(request)
    from lled_jax.cli.work import work

    raise typer.Exit(work(request))


def _checked(look: Look) -> Look:
    try:
        return look.checked()
    except InputError as error:
        raise typer.BadParameter(f"--{error}") from error


def _check_together(request: Request) -> None:
    """Raise `BadParameter` for options that do not go together."""
    problems = {
        options.EITHER: request.model and request.ckpt,
        "- stands for standard input and must be the only input": (
            PIPE in request.inputs and len(request.inputs) > 1
        ),
        "-o - writes one picture: give one input": (
            request.out == PIPE and len(request.inputs) > 1
        ),
        "--json needs standard output for itself: write the picture to a file": (
            request.json and request.to_stdout
        ),
        "--dry-run lists files, and - is none": request.dry_run and request.piped,
        "--shard and --keep-times are for files, and - is none": (
            (request.shard or request.keep_times) and request.piped
        ),
        "standard output is this terminal: add > FILE or -o FILE": (
            request.to_stdout and sys.stdout is not None and sys.stdout.isatty()
        ),
        f"--device {request.device} is JAX's: leave it out with --backend "
        f"{request.backend}": (
            request.device not in (None, "cpu") and request.backend != "jax"
        ),
    }
    for problem, found in problems.items():
        if found:
            raise typer.BadParameter(problem)
