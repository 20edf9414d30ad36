package gateway

import (
	"context"
	"errors"
	"time"

	"tillstream/commands"
	"tillstream/events"
)

// abandonedAfter is how old a claim must be before another may take it over, when its account was never opened. An
// opening takes milliseconds; one that is this slow finds its claim gone and fails.
const abandonedAfter = time.Minute

// claim takes an address for one customer. An address whose holder never opened the account, because something crashed
// in between and nobody asked again, is taken over.
func (g *Gateway) claim(ctx context.Context, blind, customer string) error {
	cmd := commands.Ask(commands.ClaimEmail{Blind: blind, CustomerID: customer})
	_, err := g.send(ctx, cmd)
	var no *commands.Rejection
	if !errors.As(err, &no) || no.Reason != "email_taken" {
		return err
	}
	holder, since, lookErr := g.holder(ctx, blind)
	if lookErr != nil {
		return lookErr
	}
	if holder != "" {
		c, lookErr := g.customer(ctx, holder)
		if lookErr != nil || c.Exists() || g.deps.Now().Sub(since) <= abandonedAfter {
			return errors.Join(lookErr, err)
		}
		// Of one command, each step on a stream needs an id of its own.
		if err := g.release(ctx, events.DerivedID(callOf(ctx).command, 1), blind, holder, "the account was never opened"); err != nil {
			return err
		}
	}
	_, err = g.send(ctx, cmd)
	return err
}

// holder is who claimed an address last, and when.
func (g *Gateway) holder(ctx context.Context, blind string) (customer string, since time.Time, err error) {
	for r, err := range g.deps.Histories.Read(ctx, string(events.Email(blind)), 0) {
		if err != nil {
			return "", time.Time{}, err
		}
		switch e := r.Event.(type) {
		case events.EmailClaimed:
			customer, since = e.CustomerID, r.Rec
		case events.EmailReleased:
			customer = ""
		}
	}
	return customer, since, nil
}

// release gives an address back; one that is held by another by now stays theirs.
func (g *Gateway) release(ctx context.Context, command, blind, customer, reason string) error {
	_, err := g.sendAs(ctx, command, commands.Ask(commands.ReleaseEmail{Blind: blind, CustomerID: customer, Reason: reason}))
	var no *commands.Rejection
	if errors.As(err, &no) && no.Reason == "email_not_held" {
		return nil
	}
	return err
}
