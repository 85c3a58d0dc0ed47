"""Machine code through LLVM, whose intermediate representation is written as text.

    builder      instructions from Python expressions
    vector_math  exp, log, tanh and so on for all lanes of a vector at once, of `doubles`,
                 `polynomials` and, for sines, `circle`
    machine      the host's processor; text to machine code, loaded and callable
    cache        machine code kept in the user's cache folder

llvmlite (the extra `native`) is imported when something is compiled or loaded, not before.
"""
