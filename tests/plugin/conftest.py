from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def lenet5_test(pytester: pytest.Pytester, lenet5_model: Path) -> pytest.Pytester:
    """A folder with a test helper that names the example model and a digit."""
    pytester.makepyfile(
        lenet5=f"""
        import numpy as np
        MODEL = {str(lenet5_model)!r}
        DIGITS = np.load({str(lenet5_model.parent / "digits-500.npz")!r})
        IMAGES = (DIGITS["images"].astype(np.float32) / 255.0)[:, None]
        LABELS = DIGITS["labels"]
        IMAGE = IMAGES[:1]
        """
    )
    return pytester
