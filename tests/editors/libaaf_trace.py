"""What Ardour's libaaf says of an AAF, object by object. Run under the loader of the system that has it.

Arguments: the library, the AAF. Prints the trace, then ``loaded 0`` where it took the file.
"""

import ctypes
import sys

_WARNINGS_TOO = 2


def main(library: str, path: str) -> None:
    """Let libaaf read a file, and print what it says."""
    aaf, c = ctypes.CDLL(library), ctypes.CDLL(None)
    pointer, number, words = ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p
    c.fdopen.restype = aaf.aafi_alloc.restype = pointer
    aaf.aafi_alloc.argtypes = [pointer]
    aaf.aafi_set_debug.argtypes = [pointer, number, number, pointer, pointer, pointer]
    aaf.aafi_set_option_int.argtypes = [pointer, words, number]
    aaf.aafi_load_file.argtypes = [pointer, words]
    out = c.fdopen(1, b"w")
    reader = aaf.aafi_alloc(None)
    callback = ctypes.cast(aaf.laaf_log_callback, pointer)
    aaf.aafi_set_debug(reader, _WARNINGS_TOO, 0, out, callback, None)
    aaf.aafi_set_option_int(reader, b"trace", 1)
    answer = aaf.aafi_load_file(reader, path.encode())
    c.fflush(None)
    sys.stdout.write(f"loaded {answer}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
