package gateway

import (
	"context"
	"log/slog"

	klog "github.com/go-kratos/kratos/v2/log"
)

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
