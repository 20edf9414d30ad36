package replay

import "syscall"

// freeBytes is what is free where a directory lies.
func freeBytes(dir string) (free int64, known bool) {
	var is syscall.Statfs_t
	if dir == "" || syscall.Statfs(dir, &is) != nil {
		return 0, false
	}
	return int64(is.Bavail) * is.Bsize, true
}
