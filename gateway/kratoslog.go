package gateway

import (
	"context"
	"log/slog"
	"sync"

	klog "github.com/go-kratos/kratos/v2/log"
)

// kratosLogged sees to it that Kratos is told once where to log: in a process with several gateways, where the first does.
var kratosLogged sync.Once

// kratosLog lets Kratos, whose log is one per process, say what it says where we do.
type kratosLog struct{ *slog.Logger }

// Log implements klog.Logger. What Kratos tells in the normal course is detail to us.
func (l kratosLog) Log(level klog.Level, keyvals ...any) error {
	to := map[klog.Level]slog.Level{klog.LevelWarn: slog.LevelWarn, klog.LevelError: slog.LevelError, klog.LevelFatal: slog.LevelError}[level]
	if to == 0 {
		to = slog.LevelDebug
	}
	l.Logger.Log(context.Background(), to, "kratos", keyvals...)
	return nil
}
