from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from urllib.error import URLError

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from pytest_arielml.errors import Unavailable, UsageError
from pytest_arielml.zoo import ZooModel, cache_folder, find, locate, model, models
from pytest_arielml.zoo.content import content_sha256

CONTENT = b"the bytes of a model"


def entry(**changes: object) -> ZooModel:
    values = {
        "name": "tiny",
        "file": "tiny.onnx",
        "folder": "some",
        "size": len(CONTENT),
        "sha256": hashlib.sha256(CONTENT).hexdigest(),
        "licence": "MIT",
        "input": "float32 [1]",
        "macs": 1,
        "note": "",
        "source": "download",
        "url": "https://example.org/tiny.onnx",
    }
    return ZooModel(**{**values, **changes})  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty cache, no folders, and the one model `tiny`."""
    monkeypatch.setattr(locate.platformdirs, "user_cache_path", lambda *a, **k: tmp_path / "cache")
    monkeypatch.delenv("ARIELML_MODELS", raising=False)
    monkeypatch.setattr(locate, "model", lambda name: entry())
    return tmp_path / "cache" / "models"


class Server:
    """Serves `content`, and counts."""

    def __init__(self, content: bytes = CONTENT) -> None:
        self.content = content
        self.urls: list[str] = []

    def __call__(self, url: str) -> io.BytesIO:
        self.urls.append(url)
        return io.BytesIO(self.content)


def no_network(url: str) -> io.BytesIO:
    pytest.fail(f"went to the network: {url}")


@pytest.mark.parametrize("place", ["tiny.onnx", "some/tiny.onnx"])
def test_in_a_folder_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, place: str
) -> None:
    path = tmp_path / "second" / place
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT)
    monkeypatch.setenv("ARIELML_MODELS", f"{tmp_path / 'first'}:{tmp_path / 'second'}")
    assert find("tiny", opener=no_network) == path


def test_another_file_of_that_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tiny.onnx").write_bytes(CONTENT + b"!")
    with pytest.raises(UsageError, match=r"not the zoo's tiny") as refused:
        find("tiny", folders=[tmp_path], opener=no_network)
    assert str(tmp_path / "tiny.onnx") in str(refused.value)


def test_download_once(cache: Path) -> None:
    server = Server()
    path = find("tiny", opener=server)
    assert path.read_bytes() == CONTENT
    assert cache in path.parents
    assert path.is_relative_to(cache_folder())
    assert find("tiny", opener=server) == path
    assert server.urls == ["https://example.org/tiny.onnx"]


def test_a_damaged_cache_is_downloaded_anew() -> None:
    path = find("tiny", opener=Server())
    path.write_bytes(b"damaged")
    assert find("tiny", opener=Server()).read_bytes() == CONTENT


@pytest.mark.parametrize(
    "content", [b"", CONTENT[:-1], CONTENT + b"!", CONTENT[:-1] + b"!", b"x" * 10**6]
)
def test_a_wrong_download_is_not_kept(cache: Path, content: bytes) -> None:
    with pytest.raises(Unavailable, match="tiny is not here") as refused:
        find("tiny", opener=Server(content))
    assert "download is another file" in str(refused.value)
    assert not list(cache.rglob("*.onnx*"))


def test_no_network_says_where_to_get_it() -> None:
    def fail(url: str) -> io.BytesIO:
        raise URLError("no route")

    with pytest.raises(Unavailable) as refused:
        find("tiny", opener=fail)
    assert "no route" in str(refused.value)
    assert "https://example.org/tiny.onnx" in str(refused.value)
    assert "ARIELML_MODELS" in str(refused.value)


def test_downloads_can_be_off() -> None:
    with pytest.raises(Unavailable, match="tiny"):
        find("tiny", download=False, opener=no_network)


def test_only_https() -> None:
    with pytest.raises(UsageError, match="https"):
        locate._open("file:///etc/hostname")


@pytest.fixture
def converted(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], bytes]:
    """`tiny` is now a converted model; gives its file with tensors named after `prefix`."""

    def build(prefix: str) -> bytes:
        graph = helper.make_graph(
            [helper.make_node("Add", [prefix + "x", prefix + "w"], [prefix + "y"])],
            "graph",
            [helper.make_tensor_value_info(prefix + "x", TensorProto.FLOAT, [1])],
            [helper.make_tensor_value_info(prefix + "y", TensorProto.FLOAT, [1])],
            [numpy_helper.from_array(np.ones(1, np.float32), prefix + "w")],
        )
        content: bytes = helper.make_model(graph).SerializeToString()
        return content

    measured = build("measured")
    converted = entry(
        source="convert",
        url=None,
        sha256=hashlib.sha256(measured).hexdigest(),
        content_sha256=content_sha256(measured),
        origin_url="https://example.org/tiny.tflite",
        recipe="convert tiny.tflite",
    )
    monkeypatch.setattr(locate, "model", lambda name: converted)
    return build


def test_a_new_conversion_is_the_same_model(
    tmp_path: Path, converted: Callable[[str], bytes]
) -> None:
    path = tmp_path / "tiny.onnx"
    for prefix in ("measured", "anew"):
        path.write_bytes(converted(prefix))
        assert find("tiny", folders=[tmp_path], opener=no_network) == path
    proto = onnx.load_from_string(converted("anew"))
    proto.graph.node[0].op_type = "Mul"
    for other in (proto.SerializeToString(), b"\xff"):
        path.write_bytes(other)
        with pytest.raises(UsageError, match="not the zoo's"):
            find("tiny", folders=[tmp_path], opener=no_network)


@pytest.mark.usefixtures("converted")
def test_a_converted_model_has_no_download() -> None:
    with pytest.raises(Unavailable) as refused:
        find("tiny", opener=no_network)
    assert "https://example.org/tiny.tflite" in str(refused.value)
    assert "convert tiny.tflite" in str(refused.value)


def test_unknown_names_get_the_near_ones() -> None:
    with pytest.raises(UsageError) as refused:
        model("mlperf-tiny-kvs")
    assert "did you mean 'mlperf-tiny-kws'" in str(refused.value)


def test_the_catalogue_says_where_each_comes_from() -> None:
    assert len({each.name for each in models()}) == len(models()) == 5
    for each in models():
        where = each.url if each.source == "download" else each.origin_url
        assert where is not None
        # A commit, so that what is there does not change.
        assert len([part for part in where.split("/") if len(part) == 40]) == 1
        if each.source == "convert":
            assert each.url is None
            assert each.recipe is not None
            assert each.file in each.recipe
            assert Path(where).name in each.recipe
            assert each.content_sha256 is not None
            assert each.origin_sha256 is not None
        else:
            assert each.source == "download"
            assert Path(where).name == each.file
