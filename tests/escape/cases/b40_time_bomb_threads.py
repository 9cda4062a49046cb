# expect: timeout — threads in C code that never gives the interpreter back, with every signal blocked
import ctypes
import os
import signal
import threading

signal.pthread_sigmask(signal.SIG_BLOCK, set(range(1, signal.NSIG)) - {9, 19, 32, 33})
libc = ctypes.PyDLL(None)
print("blocking", flush=True)
threading.Thread(target=libc.sleep, args=(10**6,)).start()
libc.sleep(10**6)
