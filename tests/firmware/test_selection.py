from __future__ import annotations

import re
from pathlib import Path

from pytest_arielml.compiler import ModuleFacts, isa
from pytest_arielml.firmware import Image
from pytest_arielml.firmware.selection import HAL_PARTS, VM_PARTS, needed_parts, selection

FIRMWARE = Path(__file__).parents[2] / "firmware"


def facts(
    *held: tuple[int, int], floats: bool = False, imports: tuple[str, ...] = ()
) -> ModuleFacts:
    return ModuleFacts((17, 0), floats, (), imports, frozenset(held))


def test_parts_are_those_of_the_runtime() -> None:
    source = (FIRMWARE / "image/src/parts.rs").read_text("utf-8")
    symbols = set(re.findall(r'"arielml_part_(\w+)"', source))
    assert symbols == {part.replace(".", "_") for part in (*HAL_PARTS, *VM_PARTS)}
    assert len(HAL_PARTS) == 54


def test_a_module_takes_what_its_instructions_need() -> None:
    assert needed_parts(facts((0, isa.BLOCK), (0, isa.CALL))) == set()
    assert needed_parts(facts((0, 0x12))) == {"vm.lists"}
    assert needed_parts(facts((0, 0x62))) == {"vm.buffers"}
    assert needed_parts(facts((0, 0x84))) == {"vm.buffers"}
    assert needed_parts(facts((0, 0x25))) == {"vm.division"}
    assert needed_parts(facts((0, 0x30))) == {"vm.division"}
    assert needed_parts(facts((isa.EXTENSION_F64, 0x0A), floats=True)) == {"vm.extensions"}
    loads = facts((isa.EXTENSION_F32, 0x33), floats=True)
    assert needed_parts(loads) == {"vm.extensions", "vm.buffers"}
    assert needed_parts(facts(imports=("hal.fence.create",))) == {"hal.fence.create"}


def test_every_part_is_defined_for_the_linker() -> None:
    options = selection(facts((0, 0x12), imports=("hal.fence.create", "other.thing")))
    assert len(options) == len(HAL_PARTS) + len(VM_PARTS)
    assert "--defsym=arielml_vm_lists=arielml_part_vm_lists" in options
    assert "--defsym=arielml_hal_fence_create=arielml_part_hal_fence_create" in options
    assert sum(option.endswith("=0") for option in options) == len(options) - 2


def test_an_image_leaves_out_what_its_model_does_not_use(image: Image) -> None:
    names = image.symbols
    assert "arielml_part_hal_fence_create" in names
    assert "arielml_part_hal_fence_fail" not in names
    assert "arielml_part_vm_lists" not in names
    assert "arielml_part_vm_extensions" not in names
