import numpy as np
import onnx

rng = np.random.default_rng(0)
labels = rng.integers(6, size=700)
samples = (rng.normal(size=(6, 48))[labels] + rng.normal(size=(700, 48))).astype("float32")
hidden = rng.normal(size=(48, 32))
output = np.linalg.lstsq(np.maximum(samples[:500] @ hidden, 0), np.eye(6)[labels[:500]], None)[0]
model = onnx.parser.parse_model("""<ir_version: 8, opset_import: ["": 17]>
    gestures (float[1, 48] sample) => (float[1, 6] scores) {
        h = MatMul(sample, hidden) r = Relu(h) scores = MatMul(r, output) }""")
for name, values in {"hidden": hidden, "output": output}.items():
    model.graph.initializer.append(onnx.numpy_helper.from_array(values.astype("float32"), name))
onnx.save(model, "gestures.onnx")
np.savez("unseen.npz", samples=samples[500:], labels=labels[500:])
