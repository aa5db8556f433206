"""`lled enhance` at work: plan, enhance, tell how it went."""

import json

from lled_jax.cli import network, photo_work, pipe, stdout, video_work
from lled_jax.cli.formats import is_video
from lled_jax.cli.plan import Plan, listing, plan
from lled_jax.cli.process import exit_status
from lled_jax.cli.request import Request
from lled_jax.cli.screen import Screen, shown
from lled_jax.cli.stopping import Stopped, stoppable
from lled_jax.cli.tally import Tally
from lled_jax.errors import InputError


def work(request: Request) -> int:
    """Do it; the exit status: 0, 1, or 128 + the number of the signal that came."""
    tally, screen = Tally(), Screen(request.quiet)

    def command() -> None:
        try:
            with screen:
                _enhance(request, tally, screen)
        except InputError as error:
            tally.error = str(error)
            raise

    try:
        with stoppable():
            status = exit_status(command)
    except Stopped as stopped:
        tally.stopped, status = str(stopped), 128 + stopped.signum
        done = f"{tally.count('done')} of {tally.total} done" if tally.total else ""
        again = "begins anew" if request.overwrite else "goes on with the rest"
        again = f"the same command {again}" if tally.total > 1 else ""
        news = "; ".join(filter(None, [done, again])) or "nothing was written"
        screen.error(f"stopped by {stopped}: {news}")
    if status == 0 and tally.count("failed"):
        status = 1
    if request.json:
        try:
            stdout.say(json.dumps(tally.json(status), indent=2) + "\n")
        except InputError as error:
            screen.error(f"error: {error}")
            status = status or 1
    return status


def _enhance(request: Request, tally: Tally, screen: Screen) -> None:
    """All of it; raises `InputError` for what stops everything."""
    if request.piped:
        pipe.enhance(request, tally)
        return
    the_plan = plan(request, tally, screen)
    if request.dry_run:
        lines = listing(the_plan, tally, screen)
        if not request.json:
            stdout.say("".join(f"{line}\n" for line in lines))
    elif the_plan.tasks:
        try:
            _run(the_plan, request, tally, screen)
        finally:
            _tell(the_plan, tally, screen)
    elif not tally.entries and not request.shard:
        raise InputError(
            f"nothing to enhance in {', '.join(shown(p) for p in request.inputs)}: "
            "there is no photo or video"
        )
    else:
        _tell(the_plan, tally, screen)


def _run(the_plan: Plan, request: Request, tally: Tally, screen: Screen) -> None:
    photos = [task for task in the_plan.tasks if not is_video(task.source)]
    videos = [task for task in the_plan.tasks if is_video(task.source)]
    waiting = request.max_memory // photo_work.SHARE if len(photos) > 1 else 0
    enhancer = network.load(request, request.max_memory - waiting)
    screen.files(len(the_plan.tasks))
    photo_work.enhance(photos, enhancer, request, waiting, tally, screen)
    for task in videos:
        video_work.enhance(task, enhancer, request, tally, screen)


def _tell(the_plan: Plan, tally: Tally, screen: Screen) -> None:
    """The summary, above which the bars have gone."""
    screen.stop()
    if not the_plan.one:
        screen.line(tally.text())
    elif tally.count("done"):
        task = the_plan.tasks[0]
        screen.line(f"{shown(task.source)} -> {shown(task.target)}")
