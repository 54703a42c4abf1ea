"""Inputs for the models of MLPerf Tiny that are not random, for `benchmarks.agreement`.

    python -m benchmarks.inputs CHECKOUT FOLDER

CHECKOUT is a clone of https://github.com/mlcommons/tiny, models are those of
the zoo. Writes 100 of each model to FOLDER, as the model takes them:

- anomaly detection: mel energies of a recording that MLPerf's own board test plays;
- keyword spotting: MFCCs, as its training computes them, of a second of the speech
  that the runner plays, a new one every tenth of a second;
- images: cuts of the photographs of boards in its manual. They are photographs,
  but of none of the classes. Needs `pip install pillow`.
"""

from __future__ import annotations

import argparse
import sys
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from pytest_arielml.errors import ArielError
from pytest_arielml.zoo import find

Reals = NDArray[np.float64]

COUNT: Final = 100
_MELS: Final = (
    "benchmark/reference_submissions/anomaly_detection/datasets/dcase01/"
    "normal_id_01_00000000_hist_librosa.bin"
)
_SPEECH: Final = (
    "benchmark/runner/sd_card/short_wav_easy10s.wav",
    "benchmark/runner/sd_card/marvin_617de221_0.wav",
)
_PHOTOGRAPHS: Final = (
    "benchmark/runner/img/L4R5Zi.png",
    "benchmark/runner/img/STM32H573I-DK-Top.png",
    "benchmark/runner/img/STM32H573I-DK-Bottom.png",
    "benchmark/runner/img/LPM01A.png",
)
_RATE: Final = 16_000
_FRAME, _HOP, _FFT, _BANDS, _COEFFICIENTS = 480, 320, 512, 40, 10


def windows(checkout: Path) -> Reals:
    """Five frames of 128 mel energies each: [calls, 640]."""
    frames = np.frombuffer((checkout / _MELS).read_bytes(), np.float32).reshape(-1, 128)
    starts = np.arange(len(frames) - 4)[:COUNT]
    return np.stack([frames[start : start + 5].reshape(-1) for start in starts]).astype(float)


def features(checkout: Path) -> Reals:
    """MFCCs of seconds of speech: [calls, 49, 10, 1]."""
    sound = np.concatenate([_samples(checkout / name) for name in _SPEECH])
    starts = np.arange(0, len(sound) - _RATE, _RATE // 10)[:COUNT]
    made = np.stack([_mfcc(sound[start : start + _RATE]) for start in starts])
    return made[..., None]


def _samples(path: Path) -> Reals:
    with wave.open(str(path)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), np.int16) / 32768


def _mfcc(sound: Reals) -> Reals:
    count = (len(sound) - _FRAME) // _HOP + 1
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_FRAME) / _FRAME)
    frames = np.stack([sound[at * _HOP : at * _HOP + _FRAME] * window for at in range(count)])
    spectra = np.abs(np.fft.rfft(frames, _FFT))
    logs = np.log(spectra @ _bands() + 1e-6)
    places = np.arange(_BANDS)[:, None] + 0.5
    cosines = np.cos(np.pi / _BANDS * places * np.arange(_COEFFICIENTS))
    return np.asarray(logs @ cosines * 2 / np.sqrt(2 * _BANDS))


def _bands() -> Reals:
    """Weights of mel bands from 20 to 4000 Hz: triangles over the bins of the spectrum."""

    def mel(hertz: Any) -> Any:
        return 1127 * np.log1p(np.asarray(hertz) / 700)

    bins = mel(np.arange(1, _FFT // 2 + 1) * _RATE / _FFT)[:, None]
    edges = np.linspace(mel(20), mel(4000), _BANDS + 2)
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    return np.vstack([np.zeros(_BANDS), np.maximum(0, np.minimum(rising, falling))])


def photographs(checkout: Path, size: int) -> Reals:
    """Cuts of photographs, 0 to 255: [calls, size, size, 3]."""
    from PIL import Image

    random = np.random.default_rng(0)
    pictures = [Image.open(checkout / name).convert("RGB") for name in _PHOTOGRAPHS]
    cuts = []
    for at in range(COUNT):
        picture = pictures[at % len(pictures)]
        side = int(random.integers(min(picture.size) // 8, min(picture.size) // 2))
        left = int(random.integers(0, picture.width - side))
        top = int(random.integers(0, picture.height - side))
        cut = picture.crop((left, top, left + side, top + side)).resize((size, size))
        cuts.append(np.asarray(cut, float))
    return np.stack(cuts)


MAKERS: Final[dict[str, Callable[[Path], Reals]]] = {
    "mlperf-tiny-ad": windows,
    "mlperf-tiny-kws": features,
    "mlperf-tiny-ic": lambda checkout: photographs(checkout, 32),
    "mlperf-tiny-vww": lambda checkout: photographs(checkout, 96),
}
#: Those that take pixels, as they are but for 128.
_PIXELS: Final = ("mlperf-tiny-ic", "mlperf-tiny-vww")


def quantized(model: Path, reals: Reals) -> NDArray[np.int8]:
    """Inputs in the steps that the model reads its own in."""
    graph = onnx.load(model).graph
    constants = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
    first = next(
        node
        for node in graph.node
        if node.op_type == "DequantizeLinear" and node.input[0] not in constants
    )
    scale, zero = (float(constants[name]) for name in first.input[1:3])
    return np.clip(np.rint(reals / scale) + zero, -128, 127).astype(np.int8)


def main() -> int:
    """Writes the files; the status to exit with."""
    parser = argparse.ArgumentParser(description="make inputs for the models of MLPerf Tiny")
    parser.add_argument("checkout", type=Path, help="a clone of mlcommons/tiny")
    parser.add_argument("folder", type=Path, help="where the files go")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    for name, maker in MAKERS.items():
        try:
            model = find(name)
            reals = maker(options.checkout)
        except (ArielError, OSError, ImportError) as error:
            sys.stderr.write(f"{name} is left out: {error}\n")
            continue
        made = (reals - 128).astype(np.int8) if name in _PIXELS else quantized(model, reals)
        path = options.folder / f"{model.stem}.npy"
        np.save(path, made)
        print(f"{path}: {len(made)} inputs of {list(made.shape[1:])}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
