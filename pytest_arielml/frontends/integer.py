"""Operators of the integer form, which ONNX has not: a domain of our own.

They stand in normal forms only, between the passes that make them and the
importer that lowers them.

`Requantize(accumulator, factors?)`: int32 tensor and int32 factors ([] or
[channels]) to integers of 8 bits,
``clip(((accumulator * factors + 2**(shift - 1)) >> shift) + zero_point, low, high)``
in 64 bits; without factors, ``accumulator + 2**(shift - 1)`` fits in 32.
Attributes: `shift` (1 to 62), `zero_point`, `low`, `high`, `to`, `even` (1: a half goes to the
even integer in place of up), `near` (where `even`: so near to a half, in ``2**-shift``, is
one), and `axis` of the channels.

`Lookup(x, table)`: for each integer of 8 bits the entry (of 256) that its
bits, read as unsigned, number.

`Softmax(x, table)`: for integers of 8 bits along `axis`, with ``e = table[max(x) - x]`` (int32),
``clip(round(e * steps / sum(e)) + zero_point, low, high)``, a half to the even integer.
Attributes: `axis`, `steps` (so many are 1), `zero_point`, `low`, `high`, `to`. Twice the sum
of `e`, and ``e * steps``, fit in 32 bits without a sign.

`Flip(x)`: int8 from uint8 or the other way, 128 less or more: the first bit changes.
"""

from __future__ import annotations

from typing import Final

DOMAIN: Final = "arielml"
VERSION: Final = 1
REQUANTIZE: Final = "Requantize"
LOOKUP: Final = "Lookup"
SOFTMAX: Final = "Softmax"
FLIP: Final = "Flip"
