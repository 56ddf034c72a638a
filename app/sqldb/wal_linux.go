package sqldb

import (
	"os"
	"syscall"
)

// syncData makes what was written to f durable, and its length; not its times,
// which cost one more write and which nobody reads.
func syncData(f *os.File) error {
	for {
		if err := syscall.Fdatasync(int(f.Fd())); err != syscall.EINTR {
			return os.NewSyscallError("fdatasync", err)
		}
	}
}
