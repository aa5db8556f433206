"""Operations of a traced program, to check the counts by hand."""

import math

import jax
from jax.extend import core


def traced_macs(function, *arguments):
    """Multiply-adds of the convolutions and products in the traced program.

    What a strided transposed convolution would multiply by the zeros between its
    inputs is not counted.
    """
    traced = jax.make_jaxpr(function)(*arguments).jaxpr
    return sum(times * _macs(equation) for equation, times in _equations(traced))


def _equations(program, times=1):
    """All equations and how often each runs, also of the programs inside: loops, ..."""
    for equation in program.eqns:
        yield equation, times
        inside = times * equation.params.get("length", 1)  # of a scan
        for value in equation.params.values():
            if isinstance(value, core.ClosedJaxpr):
                yield from _equations(value.jaxpr, inside)
            elif isinstance(value, core.Jaxpr):
                yield from _equations(value, inside)


def _macs(equation):
    name, options = equation.primitive.name, equation.params
    result = equation.outvars[0].aval
    operands = [variable.aval for variable in equation.invars]
    if name == "conv_general_dilated":
        kernel = operands[1].shape
        out_channels = kernel[options["dimension_numbers"].rhs_spec[0]]
        taps = math.prod(kernel) // out_channels
        return result.size * taps // math.prod(options["lhs_dilation"])
    if name == "dot_general":
        (contracted, _), _ = options["dimension_numbers"]
        left = operands[0].shape
        return result.size * math.prod(left[axis] for axis in contracted)
    return 0
