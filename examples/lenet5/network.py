"""LeNet-5 in NumPy: forward, backward and Adam. Activations are NHWC, float32."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Array = NDArray[np.float32]
Parameters = dict[str, Array]

KERNEL = 5
#: name -> (outputs, inputs of one output); a convolution's inputs are (channel, row, column).
LAYERS = {
    "conv1": (6, 1 * KERNEL * KERNEL),
    "conv2": (16, 6 * KERNEL * KERNEL),
    "fc1": (120, 16 * KERNEL * KERNEL),
    "fc2": (84, 120),
    "fc3": (10, 84),
}


def initial_parameters(rng: np.random.Generator) -> Parameters:
    """He-normal weights and zero biases (He et al. 2015, arXiv 1502.01852, eq. 10)."""
    parameters: Parameters = {}
    for name, (outputs, inputs) in LAYERS.items():
        weight = rng.normal(0.0, np.sqrt(2.0 / inputs), (outputs, inputs))
        parameters[f"{name}.weight"] = weight.astype(np.float32)
        parameters[f"{name}.bias"] = np.zeros(outputs, np.float32)
    return parameters


def logits(parameters: Parameters, images: Array) -> Array:
    """Class scores [n, 10] of `images` [n, 28, 28] in 0..1."""
    return _forward(parameters, images)[-1]


def gradients(
    parameters: Parameters, images: Array, labels: NDArray[np.uint8]
) -> tuple[float, Parameters]:
    """Mean cross-entropy over the batch, and its gradient by each parameter."""
    cols1, act1, cols2, act2, flat, hidden1, hidden2, scores = _forward(parameters, images)
    count = len(images)
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_probability = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    loss = -float(log_probability[np.arange(count), labels].mean())
    grad = np.exp(log_probability)
    grad[np.arange(count), labels] -= 1.0
    grad /= count

    result: Parameters = {}

    def dense(name: str, inputs: Array, grad: Array) -> Array:
        result[f"{name}.weight"] = grad.T @ inputs
        result[f"{name}.bias"] = grad.sum(axis=0)
        back: Array = grad @ parameters[f"{name}.weight"]
        return back

    grad = dense("fc3", hidden2, grad) * (hidden2 > 0)
    grad = dense("fc2", hidden1, grad) * (hidden1 > 0)
    grad = dense("fc1", flat, grad)
    grad = grad.reshape(count, 16, KERNEL, KERNEL).transpose(0, 2, 3, 1)
    grad = _unpool(act2, grad) * (act2 > 0)
    grad = dense("conv2", cols2, grad.reshape(-1, 16))
    grad = _unfold(grad.reshape(count, 10, 10, 6, KERNEL, KERNEL))
    grad = _unpool(act1, grad) * (act1 > 0)
    dense("conv1", cols1, grad.reshape(-1, 6))
    return loss, result


@dataclass
class Adam:
    """Adam (Kingma and Ba 2015, arXiv 1412.6980, algorithm 1)."""

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    step: int = 0
    mean: Parameters = field(default_factory=dict)
    square: Parameters = field(default_factory=dict)

    def update(self, parameters: Parameters, gradients: Parameters, rate: float) -> None:
        """Move `parameters` in place."""
        self.step += 1
        for name, grad in gradients.items():
            mean = self.mean.setdefault(name, np.zeros_like(grad))
            square = self.square.setdefault(name, np.zeros_like(grad))
            mean += (1 - self.beta1) * (grad - mean)
            square += (1 - self.beta2) * (grad * grad - square)
            unbiased = mean / (1 - self.beta1**self.step)
            scale = np.sqrt(square / (1 - self.beta2**self.step)) + self.epsilon
            parameters[name] -= (rate * unbiased / scale).astype(np.float32)


def _forward(parameters: Parameters, images: Array) -> tuple[Array, ...]:
    count = len(images)

    def dense(name: str, inputs: Array) -> Array:
        return inputs @ parameters[f"{name}.weight"].T + parameters[f"{name}.bias"]

    padded = np.pad(images[..., None], ((0, 0), (2, 2), (2, 2), (0, 0)))
    cols1 = _fold(padded)
    act1 = np.maximum(dense("conv1", cols1), 0).reshape(count, 28, 28, 6)
    cols2 = _fold(_pool(act1))
    act2 = np.maximum(dense("conv2", cols2), 0).reshape(count, 10, 10, 16)
    # The ONNX graph flattens NCHW, so fc1's inputs run (channel, row, column).
    flat = _pool(act2).transpose(0, 3, 1, 2).reshape(count, -1)
    hidden1 = np.maximum(dense("fc1", flat), 0)
    hidden2 = np.maximum(dense("fc2", hidden1), 0)
    return cols1, act1, cols2, act2, flat, hidden1, hidden2, dense("fc3", hidden2)


def _fold(x: Array) -> Array:
    """One row per output pixel, of the 5x5 window over every channel."""
    windows = sliding_window_view(x, (KERNEL, KERNEL), axis=(1, 2))
    return np.ascontiguousarray(windows).reshape(-1, x.shape[3] * KERNEL * KERNEL)


def _unfold(windows: Array) -> Array:
    """The transpose of `_fold`: sum [n, h, w, c, 5, 5] windows back onto pixels."""
    count, height, width, channels = windows.shape[:4]
    x = np.zeros((count, height + KERNEL - 1, width + KERNEL - 1, channels), np.float32)
    for row in range(KERNEL):
        for column in range(KERNEL):
            x[:, row : row + height, column : column + width] += windows[..., row, column]
    return x


def _pool(x: Array) -> Array:
    count, height, width, channels = x.shape
    pooled: Array = x.reshape(count, height // 2, 2, width // 2, 2, channels).max(axis=(2, 4))
    return pooled


def _unpool(x: Array, grad: Array) -> Array:
    """Send each gradient to the pixels that were the maximum of their 2x2."""
    largest = _pool(x).repeat(2, axis=1).repeat(2, axis=2)
    back: Array = (x == largest) * grad.repeat(2, axis=1).repeat(2, axis=2)
    return back
