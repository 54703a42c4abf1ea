// A data segment too large to be embedded in the FlatBuffer, so that it
// follows it; `build.sh` puts this module into a ZIP file.
vm.module @external {
  vm.rodata private @large dense<7> : tensor<4200xi8>
  vm.rodata private @small "small"

  vm.export @segments
  vm.func @segments() -> (!vm.buffer, !vm.buffer) {
    %0 = vm.const.ref.rodata @large : !vm.buffer
    %1 = vm.const.ref.rodata @small : !vm.buffer
    vm.return %0, %1 : !vm.buffer, !vm.buffer
  }
}
