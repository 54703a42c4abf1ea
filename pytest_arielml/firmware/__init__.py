"""Compiled models in, images for a board out."""

from pytest_arielml.firmware.archive import archive_path
from pytest_arielml.firmware.formats import image_bytes
from pytest_arielml.firmware.image import Image
from pytest_arielml.firmware.link import link_bringup, link_image, link_mlperf_tiny
from pytest_arielml.firmware.size import SizeReport
from pytest_arielml.firmware.symbols import Location, Symbols

__all__ = [
    "Image",
    "Location",
    "SizeReport",
    "Symbols",
    "archive_path",
    "image_bytes",
    "link_bringup",
    "link_image",
    "link_mlperf_tiny",
]
