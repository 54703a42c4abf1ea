"""Models in their normal form in, kernels and bytecode for a board out."""

from pytest_arielml.compiler.bytecode import ModuleFacts, read_module
from pytest_arielml.compiler.cache import Cache, digest_of
from pytest_arielml.compiler.compile import (
    CompiledModel,
    Statistics,
    compile_digest,
    compile_model,
)
from pytest_arielml.compiler.objects import KERNEL_NAME
from pytest_arielml.compiler.process import Finished, run_tool
from pytest_arielml.compiler.profiles import PROFILES, Profile, check_profile, find_profile
from pytest_arielml.compiler.tools import tool_path, tool_paths, tool_version

__all__ = [
    "KERNEL_NAME",
    "PROFILES",
    "Cache",
    "CompiledModel",
    "Finished",
    "ModuleFacts",
    "Profile",
    "Statistics",
    "check_profile",
    "compile_digest",
    "compile_model",
    "digest_of",
    "find_profile",
    "read_module",
    "run_tool",
    "tool_path",
    "tool_paths",
    "tool_version",
]
