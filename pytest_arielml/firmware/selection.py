"""Which parts of the runtime an image takes, by what its module needs.

The runtime reaches the parts named here through symbols that only the linker
defines: at a part's own symbol where the module needs it, at 0 where it does
not. The linker then drops what nothing refers to, and the runtime refuses a
module that needs what is not there.
"""

from __future__ import annotations

from typing import Final

from pytest_arielml.compiler import ModuleFacts, isa

#: Imports of the HAL, each a part. Those that it refuses are none.
HAL_PARTS: Final = (
    "hal.ex.file.from_memory",
    "hal.allocator.select",
    "hal.allocator.allocate",
    "hal.allocator.import",
    "hal.buffer.assert",
    "hal.buffer.allocation.preserve",
    "hal.buffer.allocation.discard",
    "hal.buffer.allocation.is_terminal",
    "hal.buffer.subspan",
    "hal.buffer.length",
    "hal.buffer.load",
    "hal.buffer.store",
    "hal.buffer_view.create",
    "hal.buffer_view.assert",
    "hal.buffer_view.buffer",
    "hal.buffer_view.element_type",
    "hal.buffer_view.encoding_type",
    "hal.buffer_view.rank",
    "hal.buffer_view.dim",
    "hal.buffer_view.trace",
    "hal.command_buffer.create",
    "hal.command_buffer.finalize",
    "hal.command_buffer.begin_debug_group",
    "hal.command_buffer.end_debug_group",
    "hal.command_buffer.execution_barrier",
    "hal.command_buffer.advise_buffer",
    "hal.command_buffer.fill_buffer",
    "hal.command_buffer.update_buffer",
    "hal.command_buffer.copy_buffer",
    "hal.command_buffer.dispatch",
    "hal.command_buffer.dispatch.indirect",
    "hal.device.allocator",
    "hal.device.query.i64",
    "hal.device.queue.alloca",
    "hal.device.queue.dealloca",
    "hal.device.queue.fill",
    "hal.device.queue.update",
    "hal.device.queue.copy",
    "hal.device.queue.read",
    "hal.device.queue.write",
    "hal.device.queue.barrier",
    "hal.device.queue.execute",
    "hal.device.queue.execute.indirect",
    "hal.device.queue.flush",
    "hal.devices.count",
    "hal.devices.get",
    "hal.executable.create",
    "hal.executable.lookup.function",
    "hal.fence.create",
    "hal.fence.join",
    "hal.fence.query",
    "hal.fence.signal",
    "hal.fence.fail",
    "hal.fence.await",
)
#: Parts of the VM.
VM_PARTS: Final = ("vm.buffers", "vm.division", "vm.extensions", "vm.lists")


def selection(module: ModuleFacts | None) -> list[str]:
    """Options of the linker that keep what `module` needs and drop the rest."""
    needed = needed_parts(module) if module else frozenset()
    options = []
    for part in (*HAL_PARTS, *VM_PARTS):
        symbol = part.replace(".", "_")
        value = f"arielml_part_{symbol}" if part in needed else "0"
        options.append(f"--defsym=arielml_{symbol}={value}")
    return options


def needed_parts(module: ModuleFacts) -> frozenset[str]:
    """Names of the parts that a module cannot do without."""
    held = module.instructions
    core = {opcode for group, opcode in held if group == 0}
    float_buffers = {(isa.EXTENSION_F32, opcode) for opcode in isa.BUFFERS_F32} | {
        (isa.EXTENSION_F64, opcode) for opcode in isa.BUFFERS_F64
    }
    needed = set(module.imports)
    if module.floats:
        needed.add("vm.extensions")
    if core.intersection(isa.LISTS):
        needed.add("vm.lists")
    if core & isa.BUFFERS or held & float_buffers:
        needed.add("vm.buffers")
    if core & isa.DIVISION:
        needed.add("vm.division")
    return frozenset(needed)
