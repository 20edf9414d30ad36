package gateway

import (
	"context"
	"net/http"
	"time"

	"tillstream/events"
	"tillstream/gateway/wirejson"
)

// aheadMost is how far in the future a business time may lie: clocks differ, and the business day of a shop may be ahead
// of UTC.
const aheadMost = 24 * time.Hour

// businessTime reads when it was so, what a command is about to say; zero for now. Only staff may say that it was not now:
// a customer could order at the price of another day.
func (g *Gateway) businessTime(who events.Actor, header string) (time.Time, error) {
	if header == "" {
		return time.Time{}, nil
	}
	if !sees(who) {
		return time.Time{}, problem(http.StatusForbidden, "business_time_refused",
			"only staff may say that something was so at another time: ask as X-Actor: staff:…, or without %s", headerAt)
	}
	stamp, err := wirejson.Time(headerAt, header)
	if err != nil {
		return time.Time{}, err
	}
	at := timeOf(stamp)
	return at, g.checkBusinessTime(headerAt, at)
}

func (g *Gateway) checkBusinessTime(field string, at time.Time) error {
	if at.Year() < 1900 || at.After(g.deps.Now().Add(aheadMost)) {
		return badField(field, "must be from 1900 to %s from now", aheadMost)
	}
	return nil
}

// now is the business time of the command that is asked.
func (g *Gateway) now(ctx context.Context) time.Time {
	if at := callOf(ctx).at; !at.IsZero() {
		return at
	}
	return g.deps.Now()
}

// saidAt is the business time as part of what was asked: the same body of another day is another request.
func (c *call) saidAt() string {
	if c.at.IsZero() {
		return ""
	}
	return c.at.Format(time.RFC3339Nano)
}
