"""The processor that we run on: text becomes machine code for it, and is loaded into memory."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final


@dataclass(frozen=True)
class Processor:
    """What code is made for. `cpu` and `features` as LLVM names them: "znver4", "+avx2,+fma"."""

    cpu: str
    features: str

    @property
    def lanes(self) -> int:
        """How many doubles a vector register holds."""
        features = self.features.split(",")
        return 8 if "+avx512f" in features else 4 if "+avx2" in features else 2


@cache
def host() -> Processor:
    """The processor of this machine."""
    import llvmlite.binding as llvm

    try:
        features = llvm.get_host_cpu_features().flatten()
    except RuntimeError:  # LLVM cannot ask this kind of machine
        features = ""
    return Processor(llvm.get_host_cpu_name(), features)


@cache
def _target(processor: Processor) -> Any:
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    target = llvm.Target.from_default_triple()
    return target.create_target_machine(
        cpu=processor.cpu, features=processor.features, opt=1, reloc="pic", codemodel="jitdefault"
    )


# Passes of LLVM's that find nothing to do in text that is written as it should run: indices are
# what they should be (so no "reduction of strength"), what a loop does not change is before it.
_IDLE: Final = {
    "disable-branch-fold": "true",
    "disable-lsr": "true",
    "disable-machine-licm": "true",
    "disable-tail-duplicate": "true",
    "enable-misched": "false",
    "enable-post-misched": "false",
}


def assemble(text: str, processor: Processor | None = None, inline: bool = False) -> bytes:
    """Machine code for a module of LLVM instructions, as an object file.

    The module is verified first; RuntimeError says what is wrong with it. No pass improves it.

    inline  put functions marked "alwaysinline" where they are called
    """
    import llvmlite.binding as llvm

    target = _target(processor or host())
    module = llvm.parse_assembly(text)
    module.triple, module.data_layout = target.triple, str(target.target_data)
    module.verify()
    if inline:
        passes = llvm.create_new_module_pass_manager()
        passes.add_always_inliner_pass()
        options = llvm.create_pipeline_tuning_options(speed_level=1)
        passes.run(module, llvm.create_pass_builder(target, options))
    try:
        for option, idle in _IDLE.items():
            llvm.set_option("", f"-{option}={idle}")
        return bytes(target.emit_object(module))
    finally:  # others in this process may use LLVM
        for option, idle in _IDLE.items():
            llvm.set_option("", f"-{option}={'false' if idle == 'true' else 'true'}")


@cache
def _linker() -> Any:
    import llvmlite.binding as llvm

    return llvm.create_lljit_compiler(_target(host()))


_NUMBERS = itertools.count()


class Loaded:
    """An object file of `assemble` in memory, as long as this object lives.

    used     addresses of functions that it calls
    address  where the function `name` begins
    """

    def __init__(self, code: bytes, name: str, used: Mapping[str, int]) -> None:
        import llvmlite.binding as llvm

        library = llvm.JITLibraryBuilder().add_object_img(code).add_current_process()
        for function, address in used.items():
            library.import_symbol(function, address)
        library.export_symbol(name)
        self._tracker = library.link(_linker(), f"glassgrad_{next(_NUMBERS)}")
        self.address: int = self._tracker[name]
