"""The one error that is meant for the person at the keyboard."""


class InputError(ValueError):
    """Something given to us is wrong: a file, a value, a configuration.

    The message is one line that names the offending file or value and the cure.
    The scripts print it as ``error: ...`` and exit with status 1, without a
    traceback; every other exception is a defect of ours and keeps its traceback.
    """
