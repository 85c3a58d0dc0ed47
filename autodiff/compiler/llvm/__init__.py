"""Machine code through LLVM, whose intermediate representation is written as text.

In the order in which a program goes through it:

    native       the backend: runners for a program, and whole runs of an optimiser
    emit         the functions of `write.loops` and `write.descent` as instructions
    rows           the loop over examples: blocks, lines, vectors and tiles
    statements     statements and expressions, `reading` what the text says
    arithmetic     values and operations, one at a time or a vector of them
    code           loops, and in them every value once, as far out as can be
    vector_math  exp, log, tanh and so on for all lanes of a vector at once
    entry        how Python calls what comes out
    machine      the host's processor; text to machine code, loaded into memory

`builder` writes instructions from Python expressions. llvmlite (the extra `native`) is imported
when something is compiled or loaded, not before.
"""
